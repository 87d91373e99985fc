"""The pages of one REST query, from the first to a proven end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError, RefusedError
from tap_versionforge_salesforce.salesforce.client import query_call, room_in_query
from tap_versionforge_salesforce.salesforce.frames.frame import no_rows
from tap_versionforge_salesforce.salesforce.frames.json_pages import (
    QueryResult,
    from_json,
    no_result,
)
from tap_versionforge_salesforce.salesforce.http.retry import refetch_incomplete
from tap_versionforge_salesforce.salesforce.query.api_choice import is_too_long
from tap_versionforge_salesforce.salesforce.query.download_queue import StreamIsOverError
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.page_chain import PageChain
from tap_versionforge_salesforce.salesforce.query.rest_parts import RestParts
from tap_versionforge_salesforce.salesforce.support.background import in_background
from tap_versionforge_salesforce.salesforce.support.events import PageArrived, RowsCounted
from tap_versionforge_salesforce.salesforce.support.timestamps import (
    EARLIEST,
    format_instant,
    parse_instant,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from concurrent.futures import Future
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.http.call import Call
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.column_groups import ColumnGroups
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.rest_parts import RestPart

# "Working with Salesforce Connect External Objects" in the Apex guide: the total of a query whose
# rows are paged by another system.
_EXTERNAL, _NOT_COUNTED = "__x", -1
# A window that does not add up, or whose cursor expired, is read again this often.
_READS_OF_A_WINDOW = 3


@dataclass(slots=True)
class _Cursor:
    """One REST query being paged through.

    Attributes:
        promised_rows: Of the whole query, as its first page says; None where nobody counts them.
        began_after: The last row before it; None from the beginning.
        after: The last row whose place in the order is certain.
        safe: The instant up to which the page in hand, as far as it has been read, has all rows.
        rows: Rows served so far.
        chain: Of its pages.
        problem: Why the cursor did not lead to the end; None while it does.
    """

    promised_rows: int | None
    began_after: tuple[datetime, str] | None
    after: tuple[datetime, str] | None = field(init=False)
    safe: datetime | None = None
    rows: int = 0
    problem: str | None = None
    chain: PageChain = field(init=False)

    def __post_init__(self) -> None:
        self.after = self.began_after
        self.chain = PageChain(self.promised_rows)


class RestPages:
    """The pages of one REST query, read again where they do not add up.

    Args:
        context: Of the query.
        may_be_grouped: Where no request has room for it, its columns are asked for in groups.
    """

    def __init__(self, context: ReadContext, *, may_be_grouped: bool = True) -> None:
        self._context = context
        self._may_be_grouped = may_be_grouped
        self._org = context.org
        self._query = context.query
        self._parts = RestParts(context.org, self._whole)
        self._prefetched: Future[QueryResult] | None = None
        # Where no request has room for the whole query.
        self._groups: ColumnGroups | None = None
        #: Rows of the query, as its first answer says; None before that has come, or says nothing.
        self.total_rows: int | None = None

    # The first page

    def prefetch(self, *, briefly: bool) -> Future[QueryResult]:
        """Ask for the first page beside what else is done, or beside those of other queries.

        Args:
            briefly: As for `first`.

        Returns:
            Where it will be.
        """
        if self._prefetched is None:
            self._prefetched = self._begun(briefly=briefly)
        return self._prefetched

    def _begun(self, *, briefly: bool) -> Future[QueryResult]:
        alone = partial(self._asked, self._query, briefly=briefly)
        composites, coverage = self._context.composites, self._context.coverage
        call = None if composites is None else self._call_of_part()
        if composites is not None and call is not None:
            return composites.ask_page(
                call, decoded=self._decoded, alone=alone, coverage=coverage, is_brief=briefly
            )
        if composites is not None and coverage is not None:
            composites.ask_coverage(coverage)
        return in_background(partial(self._when_covered, alone))

    def _when_covered(self, ask: Callable[[], QueryResult]) -> QueryResult:
        if self._context.coverage is not None:
            self._context.coverage.wait()
        return ask()

    def _call_of_part(self) -> Call | None:
        """Return the request for the first page; None where it is better sent alone."""
        # A whole object is worth a call, and what is asked for elsewhere has to be waited for.
        coverage = self._context.coverage
        is_asked = coverage is not None and coverage.is_asked
        is_whole = self._query.range is None or self._query.range.lower is None
        if is_asked or (is_whole and not self._query.parent_ids):
            return None
        try:
            return query_call(self._soql(self._query), deleted=self._query.all_rows)
        except RefusedError:  # too long; it is told where the page is wanted
            return None

    @property
    def is_asked(self) -> bool:
        """Tell whether `prefetch` has asked for the first page."""
        return self._prefetched is not None

    @property
    def is_ready(self) -> bool:
        """Tell whether `first` would not wait."""
        return self._prefetched is not None and self._prefetched.done()

    def first(self, *, briefly: bool) -> QueryResult:
        """Return what the first page says of the query; `pages` has its rows.

        Args:
            briefly: Don't repeat a request that timed out: there is another way.

        Raises:
            RefusedError: Salesforce refuses the query.
        """
        page = self.prefetch(briefly=briefly)
        if self._context.composites is not None:
            self._context.composites.send()
        try:
            with self._org.interruption.waiting(self._page):
                first = page.result()
        except RefusedError as error:
            if not briefly and is_too_long(error):
                self._groups = self._column_groups()
            if self._groups is None:
                raise
            return no_result(self._query.columns)
        self.total_rows = first.total_size
        if first.total_size is not None:
            self._org.events.tell(RowsCounted(self._query.title, first.total_size))
        return first.without_rows()

    def _column_groups(self) -> ColumnGroups | None:
        """Return the query in groups of columns; None where that makes it no shorter."""
        # Rows are put together by their Ids.
        if not self._may_be_grouped or self._query.parent or "Id" not in self._query.fields:
            return None
        # They read each other: the groups of a row's columns are queries as well.
        from tap_versionforge_salesforce.salesforce.query.column_groups import ColumnGroups  # noqa: PLC0415

        groups = ColumnGroups(self._context)
        return groups if len(groups.columns) > 1 else None

    def _page(self) -> str:
        return f"a page of {self._query.title} from the REST API"

    def drop(self) -> None:
        """Hold the first page no longer."""
        self._prefetched = None

    def _asked(self, query: Query, *, briefly: bool = False) -> QueryResult:
        if self._context.turn.is_over:
            # Another query of its stream has failed meanwhile.
            raise StreamIsOverError
        soql, client = self._soql(query), self._org.client
        # Where there is a way to Bulk, that is the better one.
        composites = self._context.composites
        is_offered = composites is not None and composites.bring_pages
        if room_in_query(soql) < 0 and not briefly and is_offered:
            self._context.remark(
                f"The query of {query.title} is too long for a URL: it goes in the body of a "
                "composite request."
            )
            return self._whole(partial(client.query_in_body, soql, deleted=query.all_rows))
        ask = partial(client.query, soql, deleted=query.all_rows)
        return self._whole(partial(ask, briefly=briefly))

    def _soql(self, query: Query) -> str:
        return query.text(ordered=query.range is not None)

    def _whole(self, fetch: Callable[[], Response]) -> QueryResult:
        def fetched() -> tuple[QueryResult]:
            response = fetch()
            return (self._decoded(response.body, response.received_bytes),)

        (page,) = refetch_incomplete(fetched, self._org.retry_log)
        return page

    def _decoded(self, body: bytes, received_bytes: int | None = None) -> QueryResult:
        page = from_json(body, self._query.columns)
        arrived = PageArrived(self._query.title, page.height, received_bytes)
        self._org.events.tell(arrived)
        is_external = self._query.sobject.lower().endswith(_EXTERNAL)
        if is_external and page.total_size == _NOT_COUNTED:
            return replace(page, total_size=None)
        return page

    def pages(self) -> Iterator[Page]:
        """Yield the pages of the window, read again from a safe place where they do not add up."""
        if self._groups is not None:
            yield from self._groups.pages()
            self.total_rows = self._groups.total_rows
            return
        first = self.prefetch(briefly=False)
        self.drop()
        cursor, parts = self._begin(first.result(), after=None)
        del first
        for reads_left in reversed(range(_READS_OF_A_WINDOW)):
            yield from self._read(cursor, parts)
            if cursor.problem is None:
                return
            if reads_left:
                self._org.retry_log.record(
                    "A REST query did not lead to its end",
                    f"Reading on from the last safe row: {cursor.problem}.",
                    calls=1,
                )
                cursor, parts = self._begin(
                    self._asked(self._restarted(cursor)), after=cursor.after
                )
        raise IncompleteError(
            f"{self._query.title} could not be proven complete: {cursor.problem}.",
            hint="Run again. Rows that are deleted or unshared while they are read cause this; a "
            "Bulk job reads a snapshot.",
            code="rest-count-mismatch",
        )

    def _begin(
        self, first: QueryResult, *, after: tuple[datetime, str] | None
    ) -> tuple[_Cursor, Generator[RestPart, None, None]]:
        return _Cursor(first.total_size, after), self._parts.ahead(first)

    def _read(self, cursor: _Cursor, parts: Generator[RestPart, None, None]) -> Iterator[Page]:
        is_within_page = False
        try:
            while part := self._awaited(parts, is_within_page=is_within_page):
                is_within_page = not part.ends_page
                checkpoint = self._pass(cursor, part)
                yield Page(
                    part.frame,
                    part.arrived,
                    starts_page=part.starts_page,
                    ends_page=part.ends_page,
                    checkpoint=checkpoint,
                )
                if part.ends_page and cursor.problem is not None:
                    break
        except RefusedError as error:
            if error.error_code != "INVALID_QUERY_LOCATOR":
                raise
            cursor.problem = "the query's cursor has expired"
            if cursor.after != cursor.began_after:
                yield self._nothing(may_repeat=True)
                return
        finally:
            parts.close()
        promised = cursor.promised_rows
        if promised is not None and cursor.rows < promised and cursor.problem is None:
            cursor.problem = f"{promised:,} rows were promised and {cursor.rows:,} came"
        if cursor.problem is not None:
            # Which rows are missing is not known, so all of this cursor's are read again.
            cursor.after = cursor.began_after
            yield self._nothing(takes_back=True)

    def _nothing(self, *, takes_back: bool = False, may_repeat: bool = False) -> Page:
        return Page(
            no_rows(self._query.columns),
            self._org.clock.now(),
            takes_back=takes_back,
            may_repeat=may_repeat,
            is_served=False,
        )

    def _awaited(self, parts: Iterator[RestPart], *, is_within_page: bool) -> RestPart | None:
        # Who can stop between two pages alone is not ended by a signal within one.
        interruption = self._org.interruption
        with (
            interruption.watch.telling(self._page)
            if is_within_page
            else interruption.waiting(self._page)
        ):
            return next(parts, None)

    def _pass(self, cursor: _Cursor, part: RestPart) -> datetime | None:
        """Count rows in; return the checkpoint behind them, if there is one."""
        if part.starts_page:
            cursor.problem = cursor.chain.problem(part.page_rows, part.following)
            cursor.safe = None
        cursor.rows += part.frame.height
        cursor.safe = self._served_up_to(cursor, part.frame) or cursor.safe
        # Which rows are missing is not known once they do not add up.
        return cursor.safe if part.ends_page and cursor.problem is None else None

    def _served_up_to(self, cursor: _Cursor, frame: Frame) -> datetime | None:
        # With a part by Id, rows of the same time are still to come.
        if self._query.range is None or not self._query.ids.is_whole:
            return None
        if self._query.range.upper is None:
            return None
        bound = format_instant(self._query.range.upper)
        last = frame.last_below(self._query.range.key, bound)
        # No query can name an instant before the earliest, so none can go on from it.
        if last is None or last[0] < format_instant(EARLIEST):
            return None
        stamp = parse_instant(last[0])
        # Rows without an Id of their own have no place among those of the same instant.
        if frame.key_problem(("Id",)) is None:
            cursor.after = (stamp, last[1])
        return stamp

    def _restarted(self, cursor: _Cursor) -> Query:
        if self._query.range is None:
            return self._query
        return replace(self._query, range=replace(self._query.range, after=cursor.after))
