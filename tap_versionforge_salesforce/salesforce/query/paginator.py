"""One paginator with two kinds of page: it starts on REST and moves to a Bulk job when it must."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobNotEndedError,
    JobsUsedUpError,
    QuotaError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.frames import frame as frames
from tap_versionforge_salesforce.salesforce.query import api_choice as planner
from tap_versionforge_salesforce.salesforce.query.api_choice import Api, Choice
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.query_job import QueryJob
from tap_versionforge_salesforce.salesforce.query.rest_pages import RestPages
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.frames.json_pages import RestPage
    from tap_versionforge_salesforce.salesforce.objects.soql import Query, Window
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.download_queue import Turn
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions


class SalesforcePaginator:
    """Yields every page of one extraction, and ends only when all of them were proven.

    Nothing outside it knows which API served a page, except the log.

    Args:
        org: Whose rows they are.
        options: How they are read.
        logger: Where the choice of API is told.
        query: The SELECT, its range included.
        window: What the extraction covers.
        turn: Of the stream in the queue of downloads.
        count_rows: Returns the approximate rows of an object; None where nobody tells.
        is_part: It is a part of what was too large for one Bulk job.
    """

    def __init__(
        self,
        *,
        org: Org,
        options: QueryOptions,
        logger: logging.Logger,
        query: Query,
        window: Window,
        turn: Turn,
        count_rows: Callable[[str], int | None],
        is_part: bool = False,
    ) -> None:
        self._org = org
        self._options = options
        self._logger = logger
        self._query = query
        self._window = window
        self._turn = turn
        self._count_rows = count_rows
        self._is_part = is_part
        # Bulk has refused the query, or could not serve it.
        self._is_bulk_tried = False
        # What became of the query by REST, where that has led to Bulk.
        self._rest_error: TapError | None = None
        # Why Bulk is no way out of what REST refuses; None while it may be one.
        self._no_bulk: str | None = None
        # Of a job that was to be created before its turn.
        self._refusal: TapError | None = None
        # Of the query, as its first page said before its turn; None where that was not asked.
        self._rows_foreseen: int | None = None
        # In its turn it is tried for longer.
        self._was_tried_early = False
        # Why Bulk could not serve what REST may, if it is little enough.
        self._trouble: UnavailableError | IncompleteError | None = None
        # There was a job, whose rows come by REST now.
        self._leaves_job = False
        self._job = QueryJob(org=org, options=options, logger=logger, query=query, turn=turn)
        self._rest_pages = RestPages(org=org, query=query)
        self._saved: JobCheckpoint | None = None
        #: Rows of the job that is taken up, which an earlier run has written.
        self.rows_before = 0
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
        choice = self._opening()
        if self._saved is not None:
            yield from self._job_or_rest(self._saved, rows=self._rows_foreseen)
        elif choice.api is Api.BULK:
            yield from self._bulk(choice, rows=None)
        else:
            yield from self._rest(choice)

    def _opening(self) -> Choice:
        counts = self._options.api_mode == "auto" and self._window.is_full and not self._is_test
        return planner.opening(
            mode=self._options.api_mode,
            is_full=self._window.is_full,
            is_part=self._is_part,
            counted_rows=self._count_rows(self._query.sobject) if counts else None,
            is_test=self._is_test,
        )

    # Before its turn

    def request_first_page(self) -> bool:
        """Ask for the first REST page before the turn, if that is what comes first.

        Returns:
            Whether it was asked for.
        """
        is_asked = self._opening().api is Api.REST
        if is_asked:
            self._rest_pages.ask_early(in_haste=self._may_move)
        return is_asked

    @property
    def is_refused(self) -> bool:
        """Tell whether `create_job` asked in vain."""
        return self._refusal is not None

    @property
    def has_first_page(self) -> bool:
        """Tell whether the first page has come, so that `create_job` may know more."""
        return self._rest_pages.is_ready

    def create_job(self) -> JobCheckpoint | None:
        """Create the Bulk job now, if it is clear already that there has to be one.

        Returns:
            The job; None where there is none, and where Salesforce refuses it: that is looked at
            when the pages are asked for.
        """
        choice = None if self._was_tried_early else self._foreseen()
        if choice is None or choice.api is not Api.BULK or self._is_bulk_tried:
            if choice is not None and choice.api is Api.REST and choice.is_final:
                self._turn.all_requested()
            return None
        try:
            self._saved = self._created(in_haste=True)
        except RefusedError as error:
            self._is_bulk_tried = True
            self._refusal = error
            return None
        except (QuotaError, RedirectedError, SessionRefusedError) as error:
            # It is told in the turn of the stream that it belongs to.
            self._refusal = error
            return None
        except UnavailableError as error:
            self._was_tried_early = True
            self._logger.info(
                "The Bulk job of %s can't be created early, and is tried again in its turn: %s",
                self._query.sobject,
                error.message,
            )
            return None
        self._rest_pages.drop()
        self._tell(choice)
        return self._saved

    def _foreseen(self) -> Choice | None:
        choice = self._opening()
        if choice.is_final or not self._rest_pages.is_ready:
            return choice
        try:
            first = self._rest_pages.first(in_haste=self._may_move)
        except TapError:
            # In its turn it is raised again, or leads to Bulk.
            return None
        self._rows_foreseen = first.total_size
        return self._after_first_page(first)

    def resume(self, saved: JobCheckpoint, *, in_haste: bool) -> bool:
        """Go on with the Bulk job of an earlier run, if that can be done.

        A job that does not fit the query any more is taken out of the org.

        Args:
            saved: The job.
            in_haste: Don't try for long.

        Raises:
            UnavailableError: It can't be looked at now.
        """
        reason = self._job.resume(saved, in_haste=in_haste)
        if reason is None and self._options.api_mode == "rest":
            reason = "api_mode is rest"
        if reason is None and saved.query_sha256 != self._query_sha256:
            reason = "the query is another one now"
        if reason is None:
            self._saved, self.rows_before = saved, saved.rows_emitted
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

    def start_download(self) -> None:
        """Begin to download the pages of the job that was created or taken up before its turn."""
        if self._saved is not None and not self._job.has_begun:
            self._job.begin(self._saved.locator)

    def stop(self) -> None:
        """Drop what was begun: nobody will ask for the pages."""
        self._job.stop()

    def finish(self) -> None:
        """Take the job out of the org, now that its rows are remembered as emitted."""
        self._org.cleanup.do(self._job.remove)

    @property
    def _query_sha256(self) -> str:
        operation = "queryAll" if self._query.all_rows else "query"
        query = f"{operation} {self._query.text(ordered=False)}"
        return hashlib.sha256(query.encode()).hexdigest()

    @property
    def _is_test(self) -> bool:
        return self._query.limit is not None

    # REST

    @property
    def _may_move(self) -> bool:
        may_move = self._options.api_mode == "auto" and not self._is_test
        return may_move and not self._is_bulk_tried

    def _rest(self, choice: Choice) -> Iterator[Page]:
        may_move, following, rows = self._may_move, None, None
        too_much: TapError | None = None
        try:
            first = self._rest_pages.first(in_haste=may_move)
            if not choice.is_final:
                choice = self._after_first_page(first)
            if choice.api is Api.BULK:
                # The page is dropped: its rows come again with the job.
                following, rows = choice, first.total_size
            elif (too_much := self._too_much(first)) is None:
                yield from self._all_rest_pages(choice, first)
        except (IncompleteError, RefusedError, UnavailableError) as error:
            reason = planner.reason_to_use_bulk(error) if may_move else None
            if reason is None or self._is_all_down(error):
                raise planner.of_both(error, self._trouble, self._no_bulk) from None
            self._rest_error = error
            following = Choice(Api.BULK, reason, is_final=True)
            yield self._beginning_again()
        if too_much is not None:
            raise too_much
        if following is not None:
            yield from self._bulk(following, rows=rows)

    def _too_much(self, first: RestPage) -> TapError | None:
        """Return what is wrong with Bulk where REST would cost too much in its place."""
        trouble, rows = self._trouble, first.total_size
        is_all = first.next_records_url is None
        daily = self._org.quota.daily
        if trouble is None or is_all or self._rest_can_stand_in(rows):
            return None
        why = f"REST would take too many of the API calls left for its {counted(rows, 'row')}"
        if daily is None:
            why = f"nobody tells how many API calls are left for its {counted(rows, 'row')}"
        return trouble.reworded(f"{trouble.message} There is no other way: {why}.")

    def _rest_can_stand_in(self, rows: int | None) -> bool:
        return planner.rest_can_stand_in(
            rows, self._org.quota.daily, few_rows=self._options.bulk_threshold
        )

    def _all_rest_pages(self, choice: Choice, first: RestPage) -> Iterator[Page]:
        if self._leaves_job:
            self.rows_before = 0
            yield self._beginning_again()
            self.finish()
        self._turn.all_requested()
        self._tell(choice)
        yield from self._rest_pages.pages(first)
        self.proof = ("totalSize", first.total_size)

    def _beginning_again(self) -> Page:
        """Return no rows, behind which the bookmark stands where it was before any of these."""
        nothing, now = frames.no_rows(self._query.columns), self._org.clock.now()
        return Page(nothing, now, takes_back=True, drops_job=True, is_served=False)

    def _after_first_page(self, first: RestPage) -> Choice:
        return planner.after_first_page(
            is_full=self._window.is_full,
            total_rows=first.total_size,
            is_complete=first.next_records_url is None,
            bulk_threshold=self._options.bulk_threshold,
        )

    # Bulk API 2.0

    def _bulk(self, choice: Choice, *, rows: int | None) -> Iterator[Page]:
        following = saved = None
        try:
            if self._refusal is not None:
                raise self._refusal
            saved = self._created(in_haste=False)
        except (RefusedError, UnavailableError) as error:
            following = self._instead_of_bulk(error, rows)
        if saved is None:
            yield from self._rest(following or choice)
            return
        self._tell(choice)
        # From here on the next run could wait for it, too.
        nothing, now = frames.no_rows(self._query.columns), self._org.clock.now()
        yield Page(nothing, now, job=saved, is_served=False)
        yield from self._job_or_rest(saved, rows)

    def _created(self, *, in_haste: bool) -> JobCheckpoint:
        self._job.create(in_haste=in_haste)
        return JobCheckpoint(
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

    def _job_or_rest(self, saved: JobCheckpoint, rows: int | None) -> Iterator[Page]:
        following = None
        try:
            yield from self._job_pages(saved)
        except (IncompleteError, RefusedError, UnavailableError) as error:
            # A job says in its end what a refused creation says at once.
            following = self._instead_of_bulk(error, rows)
            self._leaves_job = True
        if following is not None:
            yield from self._rest(following)

    def _job_pages(self, saved: JobCheckpoint) -> Iterator[Page]:
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

    def _instead_of_bulk(
        self, error: IncompleteError | RefusedError | UnavailableError, rows: int | None
    ) -> Choice:
        """Return what is asked for instead of a job, or of its rows.

        Args:
            error: What came of it.
            rows: How many are wanted; None where unknown.
        """
        is_auto = self._options.api_mode == "auto"
        self._is_bulk_tried = True
        if isinstance(error, RefusedError) and planner.jobs_are_used_up(error):
            may_move = is_auto and self._rest_error is None
            return self._with_jobs_used_up(error, rows, may_move=may_move)
        way = planner.reason_to_use_rest(error, is_few=self._is_few(rows)) if is_auto else None
        if way is None or self._is_all_down(error):
            raise error
        if self._rest_error is not None:
            # What REST has refused can be mended with a smaller query; what Bulk does, can not.
            raise planner.without_bulk(self._rest_error, way)
        self._no_bulk = way
        if not isinstance(error, RefusedError):
            self._trouble = error
        return Choice(Api.REST, way, is_final=True)

    def _is_all_down(self, error: TapError) -> bool:
        """Tell whether the other API need not be asked, for Salesforce can't be reached at all."""
        is_answer = isinstance(error, (IncompleteError, RefusedError, JobNotEndedError))
        return not is_answer and not self._org.can_be_reached()

    def _is_few(self, rows: int | None) -> bool:
        if rows is None and self._window.is_full and not self._is_part:
            rows = self._count_rows(self._query.sobject)
        return rows is not None and rows <= self._options.bulk_threshold

    def _with_jobs_used_up(
        self, error: RefusedError, rows: int | None, *, may_move: bool
    ) -> Choice:
        if may_move and rows is None:
            rows = self._count_rows(self._query.sobject)
        if may_move and self._rest_can_stand_in(rows):
            self._no_bulk = "the day's Bulk jobs are used up"
            reason = f"{self._no_bulk} and {rows:,} rows are few enough"
            return Choice(Api.REST, reason, is_final=True)
        why = "can not be read by REST instead"
        if may_move and (rows is None or self._org.quota.daily is None):
            what = "rows it has" if rows is None else "API calls are left"
            why = f"is not read by REST instead, for nobody tells how many {what}"
        elif may_move:
            why = "has too many rows for REST with the API calls left"
        raise JobsUsedUpError(
            f"The org's Bulk jobs of the day are used up ({error.reason}), and "
            f"{self._query.sobject} {why}.",
            hint="Run again when the rolling 24 hours have freed jobs.",
        )

    def _tell(self, choice: Choice) -> None:
        self.choice = choice
        self._logger.info(
            "%s: %s, because %s.", self._query.sobject, choice.api.value, choice.reason
        )
