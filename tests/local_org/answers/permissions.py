"""UserPermissionAccess: what the user may do, by the names of the permissions.

One row, which every user may read, also one without *View Setup and Configuration* ("Object
Reference", UserPermissionAccess). A permission that the API version lacks is no field of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.local_org.soql import soql_errors

if TYPE_CHECKING:
    from tests.local_org.conditions.settings import Settings

_NAME = "UserPermissionAccess"
_QUERY = re.compile(
    rf"\s*SELECT\s+([\w\s,]+?)\s+FROM\s+{_NAME}(?:\s+LIMIT\s+\d+)?\s*", re.IGNORECASE
)


def permissions_answer(soql: str, version: str, settings: Settings) -> dict[str, Any] | None:
    """The answer to a query of the user's permissions; None where it is another query."""
    asked = _QUERY.fullmatch(soql)
    if asked is None:
        return None
    granted = {"ViewSetup": settings.view_setup, **settings.permissions}
    known = {f"permissions{name}".lower(): (name, value) for name, value in granted.items()}
    row: dict[str, Any] = {
        "attributes": {
            "type": _NAME,
            "url": f"/services/data/v{version}/sobjects/{_NAME}/000000000000000AAA",
        }
    }
    for field in (part.strip() for part in asked[1].split(",")):
        if field.lower() not in known:
            raise soql_errors.invalid_field(soql, soql.index(field), field, _NAME)
        name, value = known[field.lower()]
        row[f"Permissions{name}"] = value
    return {"totalSize": 1, "done": True, "records": [row]}
