"""One paginator with two kinds of page: it starts on REST and moves to a Bulk job when it must."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce import frames, planner
from tap_versionforge_salesforce.ahead import ahead
from tap_versionforge_salesforce.bulk import QueryJob
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    QuotaError,
    RefusedError,
    TapError,
)
from tap_versionforge_salesforce.instants import EARLIEST, format_instant, parse_instant
from tap_versionforge_salesforce.json_pages import from_json
from tap_versionforge_salesforce.planner import Api, Choice
from tap_versionforge_salesforce.retry import until_whole
from tap_versionforge_salesforce.saved_job import SavedJob

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.answers import Reply
    from tap_versionforge_salesforce.bookmarks import Window
    from tap_versionforge_salesforce.columns import Column
    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.frames import Frame
    from tap_versionforge_salesforce.json_pages import RestPage
    from tap_versionforge_salesforce.soql import Query

# A window that does not add up, or whose cursor expired, is read again this often.
_READS_OF_A_WINDOW = 3


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and what is safe to remember once they are written.

    Attributes:
        frame: The rows.
        arrived: When they were here, by this machine's clock.
        starts_page: They are the first of the page that Salesforce served. They come again where
            the page was not whole.
        ends_page: They are the last of it, and it is whole.
        checkpoint: Every row of the window up to here has been served; None where a page says
            nothing of the kind.
        takes_back: The checkpoints before it may have passed rows that did not come.
        job: The Bulk job with which a later run can go on behind these rows.
        is_served: Salesforce has served them; False of no rows that only say something.
    """

    frame: Frame
    arrived: datetime
    starts_page: bool = True
    ends_page: bool = True
    checkpoint: datetime | None = None
    takes_back: bool = False
    job: SavedJob | None = None
    is_served: bool = True


@dataclass(slots=True)
class _Cursor:
    """One REST query being paged through.

    Attributes:
        page: The page in hand.
        after: The last row whose place in the order is certain.
        rows: Rows served so far.
        problem: Why the cursor did not lead to the end; None while it does.
    """

    page: RestPage
    after: tuple[datetime, str] | None
    rows: int = 0
    problem: str | None = None
    promised_rows: int = field(init=False)
    began_after: tuple[datetime, str] | None = field(init=False)

    def __post_init__(self) -> None:
        self.promised_rows = self.page.total_size
        self.began_after = self.after


class SalesforcePaginator:
    """Yields every page of one extraction, and ends only when all of them were proven.

    Nothing outside it knows which API served a page, except the log.

    Args:
        connection: The org and the settings.
        logger: Where the choice of API is told.
        query: The SELECT, its range included.
        columns: The queried columns, in the query's order.
        window: What the extraction covers.
        is_part: It is a part of what was too large for one Bulk job.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        logger: logging.Logger,
        query: Query,
        columns: tuple[Column, ...],
        window: Window,
        is_part: bool = False,
    ) -> None:
        self._connection = connection
        self._client = connection.client
        self._settings = connection.settings
        self._logger = logger
        self._query = query
        self._columns = columns
        self._window = window
        self._is_part = is_part
        self._refused_by: set[Api] = set()
        self._job = QueryJob(connection=connection, logger=logger, columns=columns)
        self._saved: SavedJob | None = None
        #: The choice that the pages came from; None before the first page.
        self.choice: Choice | None = None
        #: Once all pages are here: what their rows were compared with, and how many that said.
        self.proof: tuple[str, int] | None = None

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages.

        Raises:
            IncompleteError: Rows are missing and reading again did not bring them.
            QuotaError: Bulk is used up for the day and REST would cost too much.
            RefusedError: Salesforce refuses the query in every API that may serve it.
            UnavailableError: It can't be reached.
        """
        if self._saved is not None:
            yield from self._job_pages(self._saved)
            return
        choice = self._opening()
        if choice.api is Api.BULK:
            yield from self._bulk(choice, rows=None)
        else:
            yield from self._rest(choice)

    def _opening(self) -> Choice:
        counts = self._settings.api_mode == "auto" and self._window.is_full and not self._is_test
        return planner.opening(
            mode=self._settings.api_mode,
            is_full=self._window.is_full,
            is_part=self._is_part,
            counted_rows=self._connection.count_rows(self._query.sobject) if counts else None,
            is_test=self._is_test,
        )

    def submit(self) -> SavedJob | None:
        """Create the Bulk job now, if it is clear already that there has to be one.

        Returns:
            The job; None where there is none, and where Salesforce refuses it: that is looked at
            when the pages are asked for.

        Raises:
            QuotaError: Nothing more can be asked for today.
        """
        choice = self._opening()
        if choice.api is not Api.BULK:
            return None
        try:
            self._saved = self._created()
        except RefusedError:
            return None
        self._tell(choice)
        return self._saved

    def take_up(self, saved: SavedJob) -> bool:
        """Go on with the Bulk job of an earlier run, if that can be done.

        A job that does not fit the query any more is taken out of the org.
        """
        reason = self._job.take_up(saved)
        if reason is None and self._settings.api_mode == "rest":
            reason = "api_mode is rest"
        if reason is None and saved.query_sha256 != self._query_sha256:
            reason = "the query is another one now"
        if reason is None:
            self._saved = saved
            behind = (
                f"Bulk job {saved.id} of an earlier run is taken up behind row "
                f"{saved.rows_emitted:,}"
            )
            self._tell(Choice(Api.BULK, behind, is_final=True))
            return True
        self._logger.info(
            "Bulk job %s of an earlier run is not taken up, because %s.", saved.id, reason
        )
        self._job.remove()
        return False

    def begin_early(self) -> None:
        """Begin to download the pages of the job that was created or taken up before its turn."""
        if self._saved is not None and not self._job.has_begun:
            self._job.begin(self._connection.downloads.join(), self._saved.locator)

    def finish(self) -> None:
        """Take the job out of the org, now that its rows are remembered as emitted."""
        self._connection.aside.do(self._job.remove)

    @property
    def _query_sha256(self) -> str:
        operation = "queryAll" if self._settings.include_deleted else "query"
        query = f"{operation} {self._query.text(ordered=False)}"
        return hashlib.sha256(query.encode()).hexdigest()

    @property
    def _is_test(self) -> bool:
        return self._query.limit is not None

    # REST

    def _rest(self, choice: Choice) -> Iterator[Page]:
        may_move = self._settings.api_mode == "auto" and not self._is_test
        may_move = may_move and Api.BULK not in self._refused_by
        try:
            first = self._first_page(self._query, in_haste=may_move)
        except TapError as error:
            reason = planner.way_to_bulk(error) if may_move else None
            if reason is None:
                raise
            self._refused_by.add(Api.REST)
            yield from self._bulk(Choice(Api.BULK, reason, is_final=True), rows=None)
            return
        if not choice.is_final:
            choice = planner.after_first_page(
                is_full=self._window.is_full,
                total_rows=first.total_size,
                is_complete=first.next_records_url is None,
                bulk_threshold=self._settings.bulk_threshold,
            )
        if choice.api is Api.BULK:
            # The page is dropped: its rows come again with the job.
            yield from self._bulk(choice, rows=first.total_size)
            return
        self._tell(choice)
        yield from self._rest_pages(first)

    def _first_page(self, query: Query, *, in_haste: bool = False) -> RestPage:
        soql = query.text(ordered=query.range is not None)
        deleted = self._settings.include_deleted
        return self._whole(partial(self._client.query, soql, deleted=deleted, in_haste=in_haste))

    def _whole(self, fetch: Callable[[], Reply]) -> RestPage:
        (page,) = until_whole(lambda: (from_json(fetch().body, self._columns),), self._logger)
        return page

    def _rest_pages(self, first: RestPage) -> Iterator[Page]:
        """Yield the pages of the window, read again from a safe place where they do not add up."""
        cursor = _Cursor(first, after=None)
        for reads_left in reversed(range(_READS_OF_A_WINDOW)):
            yield from self._read(cursor)
            if cursor.problem is None:
                self.proof = ("totalSize", first.total_size)
                return
            if reads_left:
                self._logger.warning("Reading on from the last safe row: %s.", cursor.problem)
                cursor = _Cursor(self._first_page(self._restarted(cursor)), after=cursor.after)
        raise IncompleteError(
            f"{self._query.sobject} could not be proven complete: {cursor.problem}.",
            hint="Run again: the bookmark stands where it was before this run. Rows that are "
            "deleted or unshared while they are read cause this; api_mode bulk reads a snapshot.",
            code="rest-count-mismatch",
        )

    def _read(self, cursor: _Cursor) -> Iterator[Page]:
        # The next page is on its way while the target takes the one in hand.
        pages = ahead(self._served(cursor.page), steps=1)
        try:
            while served := self._awaited(pages):
                cursor.page, arrived = served
                yield Page(cursor.page.frame, arrived, checkpoint=self._pass(cursor))
        except RefusedError as error:
            if error.error_code != "INVALID_QUERY_LOCATOR":
                raise
            cursor.problem = "the query's cursor has expired"
            return
        if cursor.rows != cursor.promised_rows:
            cursor.problem = f"{cursor.promised_rows:,} rows were promised and {cursor.rows:,} came"
            # Which rows are missing is not known, so all of this cursor's are read again.
            cursor.after = cursor.began_after
            nothing = frames.Frame(cursor.page.frame.table.clear())
            now = self._connection.clock.now()
            yield Page(nothing, now, takes_back=True, is_served=False)

    def _served(self, page: RestPage) -> Iterator[tuple[RestPage, datetime]]:
        while True:
            yield page, self._connection.clock.now()
            if page.next_records_url is None:
                return
            page = self._whole(partial(self._client.next_page, page.next_records_url))

    def _awaited(
        self, pages: Iterator[tuple[RestPage, datetime]]
    ) -> tuple[RestPage, datetime] | None:
        with self._connection.interruption.waiting():
            return next(pages, None)

    def _pass(self, cursor: _Cursor) -> datetime | None:
        """Count the page in; return the instant up to which all rows have now been served."""
        cursor.rows += cursor.page.frame.height
        # With a part by Id, rows of the same time are still to come.
        if self._query.range is None or not self._query.ids.is_whole:
            return None
        bound = format_instant(self._window.upper)
        last = cursor.page.frame.last_below(self._query.range.key, bound)
        # No query can name an instant before the earliest, so none can go on from it.
        if last is None or last[0] < format_instant(EARLIEST):
            return None
        stamp = parse_instant(last[0])
        cursor.after = (stamp, last[1])
        return stamp

    def _restarted(self, cursor: _Cursor) -> Query:
        if self._query.range is None:
            return self._query
        return replace(self._query, range=replace(self._query.range, after=cursor.after))

    # Bulk API 2.0

    def _bulk(self, choice: Choice, *, rows: int | None) -> Iterator[Page]:
        try:
            saved = self._created()
        except RefusedError as error:
            self._refused_by.add(Api.BULK)
            yield from self._rest(self._instead_of_bulk(error, rows))
            return
        self._tell(choice)
        # From here on the next run could wait for it, too.
        nothing, now = frames.no_rows(self._columns), self._connection.clock.now()
        yield Page(nothing, now, job=saved, is_served=False)
        yield from self._job_pages(saved)

    def _created(self) -> SavedJob:
        self._job.create(self._query.text(ordered=False))
        return SavedJob(
            id=self._job.id,
            api_version=self._job.api_version,
            query_sha256=self._query_sha256,
            locator=None,
            rows_emitted=0,
            lower_bound=self._window.bookmark,
            upper_bound=self._window.upper,
            id_lower=self._query.ids.lower,
            id_upper=self._query.ids.upper,
        )

    def _job_pages(self, saved: SavedJob) -> Iterator[Page]:
        for part in self._job.slices(saved.locator, saved.rows_emitted):
            # Behind the last page there is nothing to go on with.
            goes_on = part.ends_page and part.locator is not None
            yield Page(
                part.frame,
                part.arrived,
                starts_page=part.starts_page,
                ends_page=part.ends_page,
                job=replace(saved, locator=part.locator, rows_emitted=part.rows)
                if goes_on
                else None,
            )
        if self._job.promised_rows is not None:
            self.proof = ("numberRecordsProcessed", self._job.promised_rows)

    def _instead_of_bulk(self, error: RefusedError, rows: int | None) -> Choice:
        if self._settings.api_mode != "auto" or Api.REST in self._refused_by:
            raise error
        if planner.jobs_are_used_up(error):
            rows = self._connection.count_rows(self._query.sobject) if rows is None else rows
            if planner.rest_can_stand_in(rows, self._connection.quota.daily):
                reason = f"the day's Bulk jobs are used up and {rows:,} rows are few enough"
                return Choice(Api.REST, reason, is_final=True)
            message = (
                f"The org's Bulk jobs of the day are used up ({error.reason}), and "
                f"{self._query.sobject} has too many rows for REST with the calls left."
            )
            raise QuotaError(
                message,
                hint="Run again when the rolling 24 hours have freed jobs; the next run goes on "
                "from the last bookmark.",
                code="bulk-jobs-used-up",
            )
        way = planner.way_to_rest(error)
        if way is None:
            raise error
        return Choice(Api.REST, way, is_final=True)

    def _tell(self, choice: Choice) -> None:
        self.choice = choice
        self._logger.info(
            "%s: %s, because %s.", self._query.sobject, choice.api.value, choice.reason
        )
