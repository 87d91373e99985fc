"""One paginator with two kinds of page: it starts on REST and moves to a Bulk job when it must."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    QuotaError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.frames.frame import no_rows
from tap_versionforge_salesforce.salesforce.query.api_choice import Api, Choice
from tap_versionforge_salesforce.salesforce.query.api_chooser import ApiChooser
from tap_versionforge_salesforce.salesforce.query.child_pages import ChildPages
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.salesforce.query.query_job import QueryJob
from tap_versionforge_salesforce.salesforce.query.rest_pages import RestPages
from tap_versionforge_salesforce.salesforce.support.events import ApiChosen, JobResumed
from tap_versionforge_salesforce.salesforce.support.interruption import RunIsOverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_versionforge_salesforce.salesforce.objects.soql import Window
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext


class SalesforcePaginator:
    """Yields every page of one query, and ends only when all of them were proven.

    Nothing outside it knows which API served a page, except who listens to events.

    Args:
        context: Of the query.
        window: What of the object is read.
        count_rows: Returns the approximate rows of an object; None where nobody tells.
        is_part: It is a part of what was too large for one Bulk job.
    """

    def __init__(
        self,
        context: ReadContext,
        *,
        window: Window,
        count_rows: Callable[[str], int | None],
        is_part: bool = False,
    ) -> None:
        self._context = context
        self._window = window
        self._chooser = ApiChooser(
            context, is_full=window.is_full, is_part=is_part, count_rows=count_rows
        )
        self._job = QueryJob(context)
        parent = context.query.parent
        self._rest_pages = RestPages(context) if parent is None else ChildPages(context, parent)
        # The job that was created or resumed before its pages are asked for.
        self._checkpoint: JobCheckpoint | None = None
        # Of a job that was to be created before its pages are asked for.
        self._prefetch_error: TapError | None = None
        #: Rows of the job that is resumed, which were read before.
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
        choice = self._chooser.opening()
        if self._checkpoint is not None:
            yield from self._job_or_rest(self._checkpoint, self._rest_pages.total_rows)
        elif choice.api is Api.BULK:
            yield from self._bulk(choice, rows=None)
        else:
            yield from self._rest(choice)

    # Before the pages are asked for

    def prefetch_page(self) -> bool:
        """Ask for the first REST page, if that is what comes first.

        Returns:
            Whether it was asked for.
        """
        is_asked = self._context.query.parent is None and self._chooser.opening().api is Api.REST
        if is_asked:
            self._rest_pages.prefetch(briefly=self._chooser.may_move_to_bulk)
        return is_asked

    @property
    def has_page_asked(self) -> bool:
        """Tell whether `prefetch_page` has asked for the first page."""
        return self._rest_pages.is_asked

    @property
    def has_page(self) -> bool:
        """Tell whether the first page has come, so that `prefetch_job` may know more."""
        return self._rest_pages.is_ready

    @property
    def is_refused(self) -> bool:
        """Tell whether `prefetch_job` asked in vain for what has to be told."""
        return self._prefetch_error is not None and not self._may_pass

    @property
    def _may_pass(self) -> bool:
        """Tell whether a job that could not be created may be later."""
        return isinstance(self._prefetch_error, UnavailableError)

    def prefetch_job(self) -> JobCheckpoint | None:
        """Create the Bulk job now, if it is clear already that there has to be one.

        Returns:
            The job; None where there is none, and where Salesforce refuses it: that is looked at
            when the pages are asked for.
        """
        choice = None if self._may_pass else self._foreseen()
        if choice is None or choice.api is not Api.BULK or self._chooser.is_bulk_tried:
            if choice is not None and choice.api is Api.REST and choice.is_final:
                self._context.turn.all_requested()
            return None
        try:
            self._checkpoint = self._created(briefly=True)
        except RefusedError as error:
            self._chooser.is_bulk_tried = True
            self._prefetch_error = error
            return None
        except (QuotaError, RedirectedError, SessionRefusedError) as error:
            # It is told where the pages are asked for.
            self._prefetch_error = error
            return None
        except UnavailableError as error:
            # Where the pages are asked for it is tried for longer.
            self._prefetch_error = error
            self._context.remark(
                f"The Bulk job of {self._context.query.title} can't be created early, and is "
                f"tried again in its turn: {error.message}"
            )
            return None
        self._rest_pages.drop()
        self._tell(choice)
        return self._checkpoint

    def _foreseen(self) -> Choice | None:
        choice = self._chooser.opening()
        if choice.is_final or not self._rest_pages.is_ready:
            return choice
        try:
            first = self._rest_pages.first(briefly=self._chooser.may_move_to_bulk)
        except TapError:
            # It is raised again where the pages are asked for, or leads to Bulk.
            return None
        return self._chooser.after_first_page(first)

    def resume(self, checkpoint: JobCheckpoint, *, briefly: bool) -> bool:
        """Go on with a Bulk job that was created earlier, if that can be done.

        A job that does not fit the query any more is taken out of the org.

        Args:
            checkpoint: The job.
            briefly: Don't try for long.

        Raises:
            UnavailableError: It can't be looked at now.
        """
        reason = self._job.resume(checkpoint, briefly=briefly)
        if reason is None and self._context.options.api_mode == "rest":
            reason = "api_mode is rest"
        if reason is None and checkpoint.query_sha256 != self._query_sha256:
            reason = "the query is another one now"
        if reason is not None:
            self._leave(checkpoint, reason)
            return False
        self._checkpoint, self.rows_before = checkpoint, checkpoint.rows_emitted
        resumed = JobResumed(
            self._context.query.title, checkpoint.id, self._job.address, self.rows_before
        )
        self._context.org.events.tell(resumed)
        behind = (
            f"Bulk job {checkpoint.id} of an earlier run is taken up behind row "
            f"{checkpoint.rows_emitted:,}"
        )
        self._tell(Choice(Api.BULK, behind, is_final=True))
        return True

    def abandon(self, checkpoint: JobCheckpoint, reason: str) -> None:
        """Take a Bulk job that was created earlier out of the org, tried once.

        Args:
            checkpoint: The job.
            reason: Why nobody goes on with it.
        """
        try:
            self._job.resume(checkpoint, briefly=True)
        except RunIsOverError:
            return
        except TapError:
            # Its removal says it.
            pass
        self._leave(checkpoint, reason)

    def _leave(self, checkpoint: JobCheckpoint, reason: str) -> None:
        self._context.remark(
            f"Bulk job {checkpoint.id} of an earlier run is not taken up, because {reason}."
        )
        self._job.remove()

    def prefetch_result_pages(self) -> None:
        """Begin to download the pages of the job that was created or resumed."""
        if self._checkpoint is not None and not self._job.has_started:
            self._job.start(self._checkpoint.locator)

    def stop(self) -> None:
        """Drop what was begun: nobody will ask for the pages."""
        self._job.stop()

    def removing_job(self) -> AbstractContextManager[None]:
        """Have the job taken out of the org where the run ends before the block."""
        return self._context.org.cleanup.owing(self._job.remove)

    def finish(self) -> None:
        """Take the job out of the org, now that its rows are safe with whoever asked for them."""
        self._context.org.cleanup.do(self._job.remove)

    @property
    def _query_sha256(self) -> str:
        query = self._context.query
        operation = "queryAll" if query.all_rows else "query"
        text = f"{operation} {query.text(ordered=False)}"
        return hashlib.sha256(text.encode()).hexdigest()

    # REST

    def _rest(self, choice: Choice, *, leaves_job: bool = False) -> Iterator[Page]:
        """Yield the pages by REST, or where they lead to Bulk.

        Args:
            choice: Why REST.
            leaves_job: There was a job, whose rows come by REST now.
        """
        may_move = self._chooser.may_move_to_bulk
        following: Choice | None = None
        # Of a query that REST has not served to its end nobody knows how many there are.
        rows: int | None = None
        too_much: TapError | None = None
        try:
            first = self._rest_pages.first(briefly=may_move)
            if not choice.is_final:
                choice = self._chooser.after_first_page(first)
            if choice.api is Api.BULK:
                # The page is dropped: its rows come again with the job.
                following, rows = choice, first.total_size
            elif (too_much := self._chooser.too_much_for_rest(first)) is None:
                if leaves_job:
                    self.rows_before = 0
                    yield self._beginning_again()
                    self.finish()
                yield from self._all_rest_pages(choice)
        except (IncompleteError, RefusedError, UnavailableError) as error:
            following = self._chooser.instead_of_rest(error, may_move=may_move)
            self._rest_pages.drop()
            yield self._beginning_again()
        if too_much is not None:
            raise too_much
        if following is not None:
            yield from self._bulk(following, rows=rows)

    def _all_rest_pages(self, choice: Choice) -> Iterator[Page]:
        self._context.turn.all_requested()
        self._tell(choice)
        yield from self._rest_pages.pages()
        if self._rest_pages.total_rows is not None:
            self.proof = ("totalSize", self._rest_pages.total_rows)

    def _beginning_again(self) -> Page:
        """Return no rows, behind which everything is as it was before any of these."""
        return self._nothing(takes_back=True)

    def _nothing(
        self,
        *,
        takes_back: bool = False,
        job: JobCheckpoint | None = None,
    ) -> Page:
        return Page(
            no_rows(self._context.query.columns),
            self._context.org.clock.now(),
            takes_back=takes_back,
            job=job,
            is_served=False,
        )

    # Bulk API 2.0

    def _bulk(self, choice: Choice, *, rows: int | None) -> Iterator[Page]:
        instead = checkpoint = None
        try:
            if self._prefetch_error is not None and not self._may_pass:
                raise self._prefetch_error
            checkpoint = self._created(briefly=False)
        except (RefusedError, UnavailableError) as error:
            instead = self._chooser.instead_of_bulk(error, rows)
        if checkpoint is None:
            yield from self._rest(instead or choice)
            return
        self._tell(choice)
        # From here on another run could wait for it, too.
        yield self._nothing(job=checkpoint)
        yield from self._job_or_rest(checkpoint, rows)

    def _created(self, *, briefly: bool) -> JobCheckpoint:
        self._job.create(briefly=briefly)
        return JobCheckpoint(
            id=self._job.id,
            api_version=self._job.api_version,
            query_sha256=self._query_sha256,
            locator=None,
            rows_emitted=0,
            lower_bound=self._window.lower_bound,
            partition=Partition(self._window.upper, self._context.query.ids),
        )

    def _job_or_rest(self, checkpoint: JobCheckpoint, rows: int | None) -> Iterator[Page]:
        instead = None
        try:
            yield from self._job.pages(checkpoint)
            if self._job.promised_rows is not None:
                self.proof = ("numberRecordsProcessed", self._job.promised_rows)
        except (IncompleteError, RefusedError, UnavailableError) as error:
            # A job says in its end what a refused creation says at once.
            instead = self._chooser.instead_of_bulk(error, rows)
        if instead is not None:
            yield from self._rest(instead, leaves_job=True)

    def _tell(self, choice: Choice) -> None:
        self.choice = choice
        chosen = ApiChosen(self._context.query.title, choice.api.value, choice.reason)
        self._context.org.events.tell(chosen)
