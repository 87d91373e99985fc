"""An org of many objects, and how many calls are made for their rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local_org import LocalOrg


def calls_with_queries_of(org: LocalOrg, start: str) -> int:
    """Return how many requests had a query of objects whose names start so, or several."""
    return sum(
        any(f"FROM {start}" in soql[1] for part in (entry, *entry.parts) if (soql := part.soql))
        for entry in org.journal.calls()
    )


def many_objects(org: LocalOrg, count: int) -> list[str]:
    """Give the org so many custom objects without rows, and return their names."""
    names = [f"Thing{number}__c" for number in range(count)]
    for name in names:
        org.store.add_object(replace(org.store.sobjects["Invoice__c"], name=name))
    return names
