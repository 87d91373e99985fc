"""Endpoints that no Salesforce org has: a demo changes rows and counts calls through them.

They stand outside `/services`, need no token, and exist only here.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from tests.local_org.answers import errors
from tests.local_org.conditions.journal import short_path
from tests.local_org.exchange import Answer, json_answer

if TYPE_CHECKING:
    from tests.local_org.conditions.journal import Journal
    from tests.local_org.exchange import Call
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.store.store import Store


_KINDS = ("insert", "update", "delete", "hard_delete")


class Control:
    """Levers for `make demo`."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def change(self, call: Call) -> Answer:
        """POST /local-org/change: `{"object":"Opportunity","update":40,"insert":3,"delete":2}`.

        `hard_delete` removes rows past the recycle bin, as a reconciliation finds them.
        """
        try:
            wanted = json.loads(call.body)
            name = wanted["object"]
            amounts = {kind: int(wanted.get(kind, 0)) for kind in _KINDS}
        except (ValueError, KeyError, TypeError, AttributeError):
            msg = "Expected an object name and amounts"
            raise errors.json_parser_error(msg) from None
        if name not in self._store.sobjects:
            raise errors.not_found()
        return json_answer({"object": name, **change_rows(self._store, name, amounts)})

    def journal(self, _call: Call) -> Answer:
        """GET /local-org/journal: how many calls each API has had."""
        entries = [entry for entry in self._journal.calls() if entry.path.startswith("/services")]
        by_kind = Counter(_kind(entry.path) for entry in entries)
        summary = {"calls": self._journal.api_calls, "requests": len(entries), **by_kind}
        return json_answer(summary)


def change_rows(store: Store, name: str, amounts: dict[str, int]) -> dict[str, int]:
    """Change so many rows now, those first that have not changed for longest; say how many."""
    sobject = store.sobjects[name]
    deletable, removable = (
        amounts[kind] if sobject.field("IsDeleted") else 0 for kind in ("delete", "hard_delete")
    )
    found = store.run(f"SELECT Id FROM {name} ORDER BY SystemModstamp, Id", all_rows=False)  # noqa: S608 - a known object's name
    wanted = amounts["update"] + deletable + removable
    ids = iter([str(row[0]) for row in store.fetch(found, 0, wanted)])
    updated, deleted = (list(islice(ids, count)) for count in (amounts["update"], deletable))
    gone = list(ids)
    if updated:
        store.update(name, updated, {})
    if deleted:
        store.delete(name, deleted)
    if gone:
        store.hard_delete(name, gone)
    inserted = store.insert(name, [_new_row(sobject)] * amounts["insert"])
    return {
        "insert": len(inserted),
        "update": len(updated),
        "delete": len(deleted),
        "hard_delete": len(gone),
    }


def _new_row(sobject: SObject) -> dict[str, object]:
    """A row with a name, where the object has one that can be written."""
    fields = (sobject.field(name) for name in ("Name", "LastName"))
    return {field.name: "Made for a demo" for field in fields if field and field.createable}


def _kind(path: str) -> str:
    path = short_path(path)
    if path.startswith("/services/oauth2"):
        return "sign-in"
    if path.startswith("/jobs/query"):
        return "bulk"
    if path.startswith(("/query", "/queryAll")):
        return "rest"
    return "other"
