"""The pages of rows that are asked for by Ids: as many to a query as a URL has room for."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError
from tap_versionforge_salesforce.salesforce.client import room_in_query
from tap_versionforge_salesforce.salesforce.http.composite import MOST_QUERIES
from tap_versionforge_salesforce.salesforce.objects.soql import BYTES_PER_ID
from tap_versionforge_salesforce.salesforce.query.rest_pages import RestPages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.objects.soql import Parent
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.page import Page

# In a URL, of the place from which a query goes on whose cursor has expired.
_GOING_ON_BYTES = 300


class PagesByIds:
    """The pages of one query, asked for by the Ids in one of its fields, by REST.

    Args:
        context: Of the query.
        by: The field, and whose Ids it has.
        ids: Those wanted.
    """

    def __init__(self, context: ReadContext, by: Parent, ids: Sequence[str]) -> None:
        self._context = replace(
            context, query=replace(context.query, parent=by, parent_ids=()), coverage=None
        )
        self._ids = ids
        #: Rows of all queries, once they are here.
        self.total_rows = 0

    @property
    def requests(self) -> int:
        """Return how many API calls they take at least.

        Raises:
            RefusedError: The query has no room for Ids.
        """
        queries = math.ceil(len(self._ids) / self._ids_at_once)
        composites = self._context.composites
        is_together = composites is not None and composites.bring_pages
        return math.ceil(queries / MOST_QUERIES) if is_together else queries

    def pages(self) -> Iterator[Page]:
        """Yield the pages of all Ids; none of them says how far the whole has come.

        Raises:
            RefusedError: The query has no room for Ids, or Salesforce refuses it.
        """
        self.total_rows = 0
        for some in self._queries():
            some.first(briefly=False)
            for page in self._without_taking_back(some.pages()):
                yield replace(page, checkpoint=None)
            self.total_rows += some.total_rows or 0

    def _without_taking_back(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Yield the pages of one query; what it has to read again is nothing to the others."""
        if self._context.query.range is not None:
            # Rows that come again are the same for a target; others have to know of them.
            for page in pages:
                yield replace(page, takes_back=False, may_repeat=not page.is_served)
            return
        # Of a table that is read whole, one that has gone meanwhile must not have been written.
        held: list[Page] = []
        for page in pages:
            if page.is_served:
                held.append(page)
            else:
                held.clear()
        yield from held

    def _queries(self) -> Iterator[RestPages]:
        """Yield the queries, the next ones being asked for while one is read."""
        asked: deque[RestPages] = deque()
        step = self._ids_at_once
        for at, start in enumerate(range(0, len(self._ids), step), start=1):
            query = replace(self._context.query, parent_ids=tuple(self._ids[start : start + step]))
            pages = RestPages(replace(self._context, query=query))
            pages.prefetch(briefly=False)
            asked.append(pages)
            # As many as one request holds, and as many that are read meanwhile.
            while at % MOST_QUERIES == 0 and len(asked) > MOST_QUERIES:
                yield asked.popleft()
        yield from asked

    @property
    def _ids_at_once(self) -> int:
        query = replace(self._context.query, parent_ids=("",))
        room = room_in_query(query.text(ordered=query.range is not None)) - _GOING_ON_BYTES
        room //= BYTES_PER_ID
        if room < 1:
            raise RefusedError(
                f"The query of {query.title} is too long as a URL to name an Id in it.",
                hint="With fewer columns it is shorter.",
                status=414,
                error_code="URI_TOO_LONG",
            )
        return room
