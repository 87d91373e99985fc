"""What Salesforce asks of queries of some objects, beyond what their describes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local_org.answers import errors
from tests.local_org.soql.tree import Comparison, Junction, Membership

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.soql.tree import Condition, Query

# By the Ids of one of these.
_BY_ID = {"ContentDocumentLink": ("ContentDocumentId", "LinkedEntityId")}


def check_restrictions(sobject: SObject, query: Query) -> None:
    """Refuse what Salesforce refuses of a query of this object."""
    if sobject.name in _BY_ID:
        _check_ids(sobject.name, _BY_ID[sobject.name], query)
    if sobject.name.endswith("__b") and (query.order_by or query.where):
        # By its index a big object can be filtered, but no describe says which fields that has.
        raise errors.implementation_restriction(
            f"{sobject.name} can be filtered and sorted by the fields of its index only"
        )


def _check_ids(name: str, fields: tuple[str, ...], query: Query) -> None:
    if not any(_is_by_id(each, fields) for each in _all_of(query.where)):
        raise errors.implementation_restriction(
            f"{name} requires a filter by a single Id on {' or '.join(fields)} using the equals "
            "operator or multiple Id's using the IN operator."
        )


def _all_of(condition: Condition | None) -> Iterator[Condition]:
    """Yield what has to hold of every row."""
    if isinstance(condition, Junction) and condition.operator == "AND":
        for each in condition.conditions:
            yield from _all_of(each)
    elif condition is not None:
        yield condition


def _is_by_id(condition: Condition, fields: tuple[str, ...]) -> bool:
    if isinstance(condition, Comparison):
        is_one = condition.operator == "="
    else:
        is_one = isinstance(condition, Membership) and not condition.negated
    return (
        is_one
        and isinstance(condition, (Comparison, Membership))
        and condition.path.names[-1].lower() in {field.lower() for field in fields}
    )
