"""The life of one Bulk API 2.0 query job: created, waited for, read page by page, removed."""

from __future__ import annotations

from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobAbortedError,
    JobFailedError,
    JobNotEndedError,
    JobQueuedError,
    JobTimeoutError,
    RefusedError,
    Remedy,
    TapError,
)
from tap_versionforge_salesforce.salesforce.http.refusals import (
    Advice,
    error_in_words,
    known_advice,
)
from tap_versionforge_salesforce.salesforce.http.retry import poll_intervals, refetch_incomplete
from tap_versionforge_salesforce.salesforce.query.download_queue import StreamIsOverError
from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage, ResultPages
from tap_versionforge_salesforce.salesforce.query.result_rows import checkpoint_behind, pages_of
from tap_versionforge_salesforce.salesforce.support.background import ahead, same
from tap_versionforge_salesforce.salesforce.support.events import JobCreated, JobLookedAt
from tap_versionforge_salesforce.salesforce.support.interruption import RunIsOverError
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.page import Page

_SMALLER = Advice(
    "A query that is too large gets smaller with fewer rows or columns; REST goes without jobs.",
    (Remedy.FEWER_ROWS, Remedy.FEWER_COLUMNS, Remedy.REST),
)
_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 30.0
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
# More than there is room for: the room decides.
_MOST_ARRIVED = 1_000


class QueryJob:
    """One query job, from its creation to its removal.

    Args:
        context: Of the query that it reads.
    """

    def __init__(self, context: ReadContext) -> None:
        self._context = context
        self._org = context.org
        self._client = context.org.client
        self._state = ""
        self._arriving: Generator[ResultPage, None, None] | None = None
        self.id = ""
        self._is_removed = False
        # Rows that Salesforce had found when the job was last looked at.
        self._rows_done: int | None = None
        #: Rows of the whole job, as Salesforce counts them; None where it does not tell.
        self.promised_rows: int | None = None
        self.api_version = self._client.api_version

    def create(self, *, briefly: bool) -> None:
        """Create the job.

        Args:
            briefly: Don't try for long.

        Raises:
            RefusedError: Salesforce validates the query at once; ``error_code`` tells what of it.
            UnavailableError: It can't be created now.
        """
        self._context.wait_until_covered()
        doubts: list[None] = []
        try:
            created = self._client.create_job(
                self._context.query.text(ordered=False),
                deleted=self._context.query.all_rows,
                briefly=briefly,
                when_in_doubt=partial(doubts.append, None),
            )
        finally:
            if doubts:
                self._tell_of_others(len(doubts))
        self.id, self._is_removed = str(created["id"]), False
        self._org.quota.count_job()
        self.api_version = self._client.api_version
        self._state = str(created.get("state", ""))
        self._org.events.tell(JobCreated(self._context.query.title, self.id, self.address))

    def _tell_of_others(self, jobs: int) -> None:
        # It can't be told from one that another run has made: both have the object and the user,
        # and Salesforce never repeats the query. So it is neither read nor removed.
        what = "a job" if jobs == 1 else f"{jobs} jobs"
        self._context.remark(
            f"The creation of a Bulk job for {self._context.query.title} got no proper answer: "
            f"Salesforce may have made {what} that nobody reads. Setup > Bulk Data Load Jobs lists "
            f"it ({self._org.url}/lightning/setup/AsyncApiJobStatus/home), and Salesforce removes "
            "it after seven days.",
            is_warning=True,
        )

    def resume(self, saved: JobCheckpoint, *, briefly: bool) -> str | None:
        """Be the job of an earlier run.

        Args:
            saved: That job.
            briefly: Don't try for long.

        Returns:
            Why that can't be gone on with; None where it can.

        Raises:
            UnavailableError: It can't be looked at now.
        """
        self.id, self.api_version = saved.id, saved.api_version
        try:
            self._look(briefly=briefly)
        except RefusedError as error:
            self.id = ""
            return f"it can't be found any more ({error.error_code or error.status})"
        return f"it is {self._state}" if self._state in ("Failed", "Aborted") else None

    @property
    def has_started(self) -> bool:
        """Tell whether it is waited for."""
        return self._arriving is not None

    def start(self, locator: str | None) -> None:
        """Begin to wait for the job and to download its pages, beside what else is done.

        Args:
            locator: Where to begin; None for the first page.
        """
        self._arriving = ahead(
            self._arrivals(locator), same, steps=_MOST_ARRIVED, drop=ResultPage.close
        )

    def pages(self, checkpoint: JobCheckpoint) -> Iterator[Page]:
        """Wait for the job and yield its result pages slice by slice.

        A page that turns out not to be whole is fetched again, and all its slices come again. A
        job from which nothing more can be had is removed; otherwise it stays until `remove`, so
        that a run that ends early leaves it to the next one.

        Args:
            checkpoint: The job, with what was read of it before; `start` was asked for the same
                locator, if it was asked before.

        Raises:
            IncompleteError: Pages or rows are missing.
            RefusedError: The job failed or was aborted.
            JobQueuedError: It has not begun in time, and is left to the next run.
            JobTimeoutError: It has not ended in time.
        """
        if not self.has_started:
            self.start(checkpoint.locator)
        # One thread decodes all pages: what it holds lies in one part of the memory, which grows by
        # a quarter where each page has a thread of its own.
        decoded = ahead(self._decoded(checkpoint), same, drop=_close_page)
        try:
            yield from self._handed_out(decoded)
        except (IncompleteError, RefusedError):
            self.remove()
            raise
        finally:
            decoded.close()

    def stop(self) -> None:
        """Wait for the job no more, whose pages nobody has asked for; drop those that are here."""
        if self._arriving is not None:
            self._arriving.close()

    # In a thread of its own

    def _arrivals(self, locator: str | None) -> Iterator[ResultPage]:
        self._context.turn.wait()
        self.wait()
        result_pages = ResultPages(self._context, job_id=self.id, version=self.api_version)
        yield from result_pages.pages_from(locator, rows=self.promised_rows)
        self._context.turn.all_requested()

    @property
    def address(self) -> str:
        """Return the address of its page in Setup."""
        page = "lightning/setup/AsyncApiJobStatus/page?address=%2F"
        return f"{self._org.url}/{page}{self.id}"

    def _look(self, *, briefly: bool = False) -> Mapping[str, object]:
        job = self._client.job(self.id, version=self.api_version, briefly=briefly)
        self._state = str(job.get("state", ""))
        done = job.get("numberRecordsProcessed")
        self._rows_done = done if isinstance(done, int) else None
        looked = JobLookedAt(self._context.query.title, self.id, self._state, self._rows_done)
        self._org.events.tell(looked)
        return job

    def wait(self) -> None:
        """Wait until the job has ended.

        Raises:
            JobNotEndedError: It has not, in the time that it may take.
            StreamIsOverError: Nobody wants its rows any more.
            RefusedError: It failed or was aborted.
        """
        deadline = self._org.clock.monotonic() + self._context.options.job_timeout_seconds
        for seconds in poll_intervals(_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS):
            self._check_wanted()
            job = self._look()
            self._check_wanted()
            if self._state in _ENDED:
                self._check_end(job)
                self.promised_rows = self._rows_done
                return
            if self._org.clock.monotonic() + seconds > deadline:
                raise self._too_late()
            self._client.session.pause(seconds)
        raise AssertionError  # pragma: no cover  the intervals never end

    def _check_wanted(self) -> None:
        if self._context.turn.is_over:
            raise StreamIsOverError

    def _too_late(self) -> JobNotEndedError:
        waited = f"{self._context.options.job_timeout_seconds:,} seconds"
        look = f"Look at it in Setup: {self.address}."
        if self._state == "UploadComplete":
            return JobQueuedError(
                f"Bulk job {self.id} still waited in Salesforce's queue after {waited}.",
                hint=f"It stays in the queue, to be gone on with. {look}",
            )
        error = JobTimeoutError(
            f"Bulk job {self.id} was still {self._state} after {waited}.",
            hint=f"{look} With fewer rows or columns it takes less time.",
        ).offering(Remedy.MORE_TIME, Remedy.FEWER_ROWS, Remedy.FEWER_COLUMNS)
        self.remove()
        return error

    def _check_end(self, job: Mapping[str, object]) -> None:
        if self._state == "JobComplete":
            return
        if self._state == "Aborted":
            message = f"Bulk job {self.id} was aborted by somebody else."
            raise JobAbortedError(
                message,
                hint=f"Its page in Setup tells by whom: {self.address}. Run again.",
            )
        error_code, reason = error_in_words(one_line(job.get("errorMessage") or "no reason given"))
        message = f"Bulk job {self.id} failed: {reason.rstrip('.')}."
        advice, remedies = known_advice(error_code, reason) or _SMALLER
        raise JobFailedError(
            message,
            hint=f"{advice} The job's page in Setup: {self.address}",
            error_code=error_code,
            reason=reason,
        ).offering(*remedies)

    # In a thread that decodes

    def _decoded(self, checkpoint: JobCheckpoint) -> Iterator[tuple[Page, ResultPage]]:
        if self._arriving is None:
            return
        columns = self._context.query.columns
        with closing(self._arriving) as result_pages:
            for result_page in result_pages:
                try:
                    for page in refetch_incomplete(
                        partial(pages_of, result_page, columns, checkpoint), self._org.retry_log
                    ):
                        yield page, result_page
                except BaseException:
                    result_page.close()
                    raise
                checkpoint = checkpoint_behind(result_page, checkpoint)
                self._org.quota.read_results(result_page.unpacked_bytes)
                if self.promised_rows is not None and checkpoint.rows_emitted > self.promised_rows:
                    break  # the pages may never end
        if self.promised_rows not in (None, checkpoint.rows_emitted):
            raise IncompleteError(
                f"Bulk job {self.id} has {self.promised_rows:,} rows, but its result pages held "
                f"{checkpoint.rows_emitted:,}.",
                hint="Run again.",
                code="bulk-count-mismatch",
            )

    # In the run's own thread

    def _handed_out(self, decoded: Iterator[tuple[Page, ResultPage]]) -> Iterator[Page]:
        is_within_page = False
        while True:
            # Between two pages a signal may end the run while it waits; a page in hand is finished.
            with (
                self._org.interruption.watch.telling(self._awaited)
                if is_within_page
                else self._org.interruption.waiting(self._awaited)
            ):
                found = next(decoded, None)
            if found is None:
                return
            page, result_page = found
            try:
                yield page
            except GeneratorExit:  # nobody wants the rest
                result_page.close()
                raise
            is_within_page = not page.ends_page
            if page.ends_page:
                result_page.close()

    def _awaited(self) -> str:
        """Return what the rows wait for, as far as that is known by now."""
        job = f"Bulk job {self.id}"
        if self._state in _ENDED:
            return f"result pages of {job}"
        done = f", {self._rows_done:,} rows so far" if self._rows_done else ""
        return f"{job} ({self._state or 'in turn'}{done})"

    def remove(self) -> None:
        """Take the job out of the org, tried once; that it stays is only told."""
        job_id = self.id
        if self._is_removed or not job_id:
            return
        # Its id stays: another thread may be looking at it.
        self._is_removed = True
        try:
            self._org.cleanup.check_time()
            with self._org.interruption.cleaning_up():
                self._take_out(job_id)
        except RunIsOverError:  # somebody has asked it to end at once
            return
        except TapError as error:
            self._org.cleanup.note_failed(error)
            self._context.remark(
                f"Bulk job {job_id} stays in the org, which removes it after seven days: "
                f"{error.message}"
            )

    def _take_out(self, job_id: str) -> None:
        if self._state not in _ENDED:
            # Refused where it has ended since it was last looked at.
            with suppress(RefusedError):
                self._client.abort_job(job_id, version=self.api_version)
        if not self._context.options.keep_jobs:
            self._client.delete_job(job_id, version=self.api_version)


def _close_page(decoded: tuple[Page, ResultPage]) -> None:
    decoded[1].close()
