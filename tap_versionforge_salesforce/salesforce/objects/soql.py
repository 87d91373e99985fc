"""SOQL text from values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.objects.columns import select_columns
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject


#: Of an Id in a list in a URL, with its quotes and its comma.
BYTES_PER_ID = 18 + len("%27%27%2C")


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
class Window:
    """What one extraction of a stream reads.

    Attributes:
        range: The rows; None for a stream that is read whole each time (FULL_TABLE).
        upper: The bound, frozen for the extraction.
        lower_bound: From which the window was made; None where there was none.
        is_full: There was neither a bookmark nor a start_date to begin from.
    """

    range: Range | None
    upper: datetime
    is_full: bool
    lower_bound: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether the window ends before it begins, as after a clock was put back."""
        lower = None if self.range is None else self.range.lower
        return lower is not None and lower >= self.upper


@dataclass(frozen=True, slots=True)
class IdRange:
    """Rows whose Id lies in ``[lower, upper)``.

    Attributes:
        lower: First Id that belongs to the range; None for no lower end.
        upper: First Id that no longer does; None for no upper end.
    """

    lower: str | None = None
    upper: str | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether every Id belongs to it."""
        return self.lower is None and self.upper is None

    def condition(self) -> str:
        """Return the WHERE condition; empty where the range holds every row."""
        ends = ((">=", self.lower), ("<", self.upper))
        return " AND ".join(
            f"Id {sign} {text_literal(end)}" for sign, end in ends if end is not None
        )


@dataclass(frozen=True, slots=True)
class Parent:
    """By whose Ids Salesforce answers queries of an object, and by no others.

    Attributes:
        field: Of the object, which holds them.
        sobject: Whose Ids these are.
    """

    field: str
    sobject: str


# What the refusals of other queries ask for: "requires a filter by a single Id on ... or multiple
# Id's using the IN operator".
_PARENTS = {
    "contentdocumentlink": Parent("ContentDocumentId", "ContentDocument"),
    "contentfolderitem": Parent("ParentContentFolderId", "ContentFolder"),
    "contentfoldermember": Parent("ParentContentFolderId", "ContentFolder"),
}


def parent_of(name: str) -> Parent | None:
    """Return by whose Ids an object is read; None where it is read by itself, as nearly all are.

    Args:
        name: The object's API name, in whatever case.
    """
    return _PARENTS.get(name.lower())


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT.

    Attributes:
        sobject: API name of the object.
        columns: The columns queried, in the order in which their values come.
        range: Which rows; None for all.
        ids: Which of these rows.
        all_rows: It is sent to ``queryAll``, which has the rows in the recycle bin and archived
            tasks and events.
        living: Only those of them that are not in the recycle bin.
        limit: Most rows wanted; None for all.
        parent: By whose Ids it is answered; None where it is answered by itself.
        parent_ids: Those of them whose rows are wanted; those of all of them where there are none.
        condition: Which of these rows, in SOQL; empty for all. Unlike a range it gives the rows no
            order, and whoever reads them again begins from the start.
        given: The whole SELECT, where somebody has written it: nothing is added to it, so that it
            can't be read in parts.
        only_rest: Why no Bulk job can answer it; empty where one can.
        stream: What its rows are called where they are told of; empty for the object's name.
    """

    sobject: str
    columns: tuple[Column, ...]
    range: Range | None = None
    ids: IdRange = IdRange()
    all_rows: bool = True
    living: bool = False
    limit: int | None = None
    parent: Parent | None = None
    parent_ids: tuple[str, ...] = ()
    condition: str = ""
    given: str = ""
    only_rest: str = ""
    stream: str = ""

    @property
    def title(self) -> str:
        """Return what messages and events call its rows."""
        return self.stream or self.sobject

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def is_full(self) -> bool:
        """Tell whether it reads the whole object, so that the object's count is its own.

        How many rows a range, a condition or what somebody has written leaves, nobody knows.
        """
        return self.range is None and not self.condition and not self.given

    def text(self, *, ordered: bool) -> str:
        """Return the SOQL.

        Args:
            ordered: Sort by (replication key, Id), which makes a page a checkpoint. Never for a
                Bulk job: ORDER BY or LIMIT would switch off its PK chunking (Bulk API 2.0
                developer guide, "Troubleshoot query timeouts").
        """
        if self.given:
            return self.given
        # Names come from describes; what a user writes is a literal, and quoted.
        parts = [f"SELECT {', '.join(self.fields)} FROM {self.sobject}", *self._where()]  # noqa: S608
        if self.range is not None and ordered:
            parts.append(f"ORDER BY {self.range.key} ASC NULLS FIRST, Id ASC")
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}")
        return " ".join(parts)

    def count(self) -> str:
        """Return the SOQL that counts its rows, and has none of them."""
        # Names come from describes; what a user writes is a literal, and quoted.
        return " ".join([f"SELECT COUNT() FROM {self.sobject}", *self._where()])  # noqa: S608

    def edge(self, name: str, *, last: bool) -> str:
        """Return the SOQL of the row that a field puts first or last; it has no other field."""
        select = f"SELECT {name} FROM {self.sobject}"  # noqa: S608
        order = f"ORDER BY {name} {'DESC' if last else 'ASC'} NULLS LAST LIMIT 1"
        return " ".join([select, *self._where(), order])

    def _where(self) -> list[str]:
        rows = "" if self.range is None else self.range.condition()
        living = "IsDeleted = false" if self.living else ""
        terms = (self._by_parents(), rows, self.ids.condition(), living, self.condition)
        wanted = [term for term in terms if term]
        return [f"WHERE {' AND '.join(wanted)}"] if wanted else []

    def _by_parents(self) -> str:
        if self.parent is None or not self.parent_ids:
            return ""
        return f"{self.parent.field} IN ({','.join(map(text_literal, self.parent_ids))})"


def query_of(sobject: SObject, columns: tuple[Column, ...], *, include_deleted: bool) -> Query:
    """Return the query of an object's rows.

    Only ``queryAll`` has archived tasks and events, so that it is asked for rows outside the
    recycle bin, too, where an object has one.

    Args:
        sobject: The object.
        columns: What is wanted of it; the query names the parts of compound ones.
        include_deleted: Rows in the recycle bin too.
    """
    living = sobject.has_recycle_bin and not include_deleted
    return Query(
        sobject.name,
        select_columns(columns, sobject.keys),
        all_rows=include_deleted or living,
        living=living,
        parent=parent_of(sobject.name),
    )
