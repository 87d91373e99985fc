"""The rows of a query that nothing takes as a whole: in groups of columns, put together by Id.

The last way out, for an object that Bulk API 2.0 does not serve, with more columns than a URL has
room for, where composite requests are not to be had either.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.client import room_in_query
from tap_versionforge_salesforce.salesforce.frames.frame import side_by_side
from tap_versionforge_salesforce.salesforce.http.retry import refetch_incomplete
from tap_versionforge_salesforce.salesforce.objects.soql import BYTES_PER_ID, Parent, Query
from tap_versionforge_salesforce.salesforce.query.page import Page, ids_in
from tap_versionforge_salesforce.salesforce.query.rest_pages import RestPages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext

# Room in a URL for so many rows, whatever their columns.
_ROWS_AT_ONCE = 200
_STAMPS = ("SystemModstamp", "LastModifiedDate")


class ColumnGroups:
    """The pages of one query, each row of which is asked for several times.

    Args:
        context: Of the query, whose rows have Ids.
    """

    def __init__(self, context: ReadContext) -> None:
        self._context = replace(context, composites=None, coverage=None)
        self._query = context.query
        #: Of each group.
        self.columns = tuple(self._groups())
        #: Rows, once they are here.
        self.total_rows: int | None = None

    def pages(self) -> Iterator[Page]:
        """Yield the rows, some at a time.

        Raises:
            IncompleteError: The groups of some rows do not fit together, however often they are
                asked for.
        """
        self._context.remark(
            f"The query of {self._query.title} is too long for any request: its rows are asked "
            f"for in {len(self.columns)} groups of columns, and put together by their Ids."
        )
        ids = self._ids()
        rows = 0
        for start in range(0, len(ids), _ROWS_AT_ONCE):
            some = tuple(ids[start : start + _ROWS_AT_ONCE])
            together = partial(self._put_together, some)
            (frame,) = refetch_incomplete(lambda: (together(),), self._context.org.retry_log)  # noqa: B023  called at once
            rows += frame.height
            yield Page(frame, self._context.org.clock.now())
        self.total_rows = rows

    @property
    def _shared(self) -> tuple[Column, ...]:
        """Return the columns that each group has: the row's Id, and when it has changed last."""
        named = {column.name: column for column in self._query.columns}
        stamp = next((named[name] for name in _STAMPS if name in named), None)
        return (named["Id"],) if stamp is None else (stamp, named["Id"])

    def _groups(self) -> Iterator[tuple[Column, ...]]:
        """Yield columns for which there is room in one query beside the Ids of some rows."""
        group: list[Column] = []
        for column in self._query.columns:
            if column in self._shared:
                continue
            wider = (*group, column, *self._shared)
            text = self._of(wider, ("",)).text(ordered=False)
            if group and room_in_query(text) < _ROWS_AT_ONCE * BYTES_PER_ID:
                yield (*group, *self._shared)
                group = []
            group.append(column)
        yield (*group, *self._shared)

    def _of(self, columns: tuple[Column, ...], ids: tuple[str, ...]) -> Query:
        by_id = Parent("Id", self._query.sobject)
        return Query(
            self._query.sobject,
            columns,
            all_rows=self._query.all_rows,
            parent=by_id,
            parent_ids=ids,
            stream=self._query.stream,
        )

    def _ids(self) -> list[str]:
        columns = self._shared if self._query.range is None else self._shared_and_key
        pages = self._asked(replace(self._query, columns=columns))
        return ids_in(pages, self._query.sobject)

    def _asked(self, query: Query) -> Iterator[Page]:
        pages = RestPages(replace(self._context, query=query), may_be_grouped=False)
        pages.first(briefly=False)
        yield from pages.pages()

    @property
    def _shared_and_key(self) -> tuple[Column, ...]:
        key = "" if self._query.range is None else self._query.range.key
        own = [c for c in self._query.columns if c.name == key and c not in self._shared]
        return (*own, *self._shared)

    def _put_together(self, ids: tuple[str, ...]) -> Frame:
        """Return some rows with all their columns.

        Raises:
            IncompleteError: A row has changed from one group to the next, or is not in all.
        """
        whole = self._side_by_side(ids)
        if whole is not None and len(self._shared) == 1:
            # No stamp tells of a change: what is the same twice was so in between.
            again = self._side_by_side(ids)
            whole = whole if again is not None and whole.table.equals(again.table) else None
        if whole is None:
            message = f"Rows of {self._query.title} have changed while their columns were read."
            raise IncompleteError(message, hint="Run again.", code="torn-rows")
        return whole

    def _side_by_side(self, ids: tuple[str, ...]) -> Frame | None:
        frames = []
        for columns in self.columns:
            group: list[Frame] = []
            for page in self._asked(self._of(columns, ids)):
                if page.takes_back:
                    group.clear()
                elif page.is_served:
                    group.append(page.frame)
            frames.append(group)
        names = [column.name for column in self._query.columns]
        return side_by_side(frames, [column.name for column in self._shared], names)
