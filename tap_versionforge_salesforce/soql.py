"""SOQL text from values. Nothing here knows HTTP or state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.instants import format_instant

if TYPE_CHECKING:
    from datetime import datetime


def text_literal(text: str) -> str:
    """Return the quoted and escaped SOQL literal of a text."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Range:
    """Rows whose replication key lies in ``[lower, upper)``.

    Attributes:
        key: The replication key's field name.
        lower: First instant that belongs to the range; None for no lower end.
        upper: First instant that no longer does; None for no upper end.
        or_null: Read rows without a key as well.
        after: Only rows behind this (key, Id) in the order (key, Id): where a broken cursor
            had got to.
    """

    key: str
    lower: datetime | None
    upper: datetime | None
    or_null: bool = False
    after: tuple[datetime, str] | None = None

    def condition(self) -> str:
        """Return the WHERE condition; empty where the range holds every row."""
        terms = []
        if self.after is not None:
            stamp, row_id = format_instant(self.after[0]), text_literal(self.after[1])
            terms.append(f"({self.key} > {stamp} OR ({self.key} = {stamp} AND Id > {row_id}))")
        elif self.lower is not None:
            terms.append(f"{self.key} >= {format_instant(self.lower)}")
        if self.upper is not None:
            terms.append(f"{self.key} < {format_instant(self.upper)}")
        condition = " AND ".join(terms)
        if condition and self.or_null and self.after is None:
            return f"(({condition}) OR {self.key} = null)"
        return condition


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT.

    Attributes:
        sobject: API name of the object.
        fields: Field names in the order wanted.
        range: Which rows; None for all.
        limit: Most rows wanted; None for all.
    """

    sobject: str
    fields: tuple[str, ...]
    range: Range | None = None
    limit: int | None = None

    def text(self, *, ordered: bool) -> str:
        """Return the SOQL.

        Args:
            ordered: Sort by (replication key, Id), which makes a page a checkpoint. Never for a
                Bulk job: ORDER BY or LIMIT would switch off its PK chunking (Bulk API 2.0
                developer guide, "Troubleshoot query timeouts").
        """
        # Names come from describes; what a user writes is a literal, and quoted.
        parts = [f"SELECT {', '.join(self.fields)} FROM {self.sobject}"]  # noqa: S608
        if self.range is not None:
            if condition := self.range.condition():
                parts.append(f"WHERE {condition}")
            if ordered:
                parts.append(f"ORDER BY {self.range.key} ASC NULLS FIRST, Id ASC")
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}")
        return " ".join(parts)
