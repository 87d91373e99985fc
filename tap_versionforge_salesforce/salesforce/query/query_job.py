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
    TapError,
)
from tap_versionforge_salesforce.salesforce.http.refusals import error_in_words, known_advice
from tap_versionforge_salesforce.salesforce.http.retry import poll_intervals, refetch_incomplete
from tap_versionforge_salesforce.salesforce.query.result_chunks import chunks_of
from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage, ResultPages
from tap_versionforge_salesforce.salesforce.support.background import ahead, same
from tap_versionforge_salesforce.salesforce.support.interruption import RunIsOverError
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    import logging
    from collections.abc import Generator, Iterator, Mapping

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.download_queue import Turn
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.query.result_chunks import Chunk

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 30.0
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
# More than there is room for: the room decides.
_MOST_ARRIVED = 1_000


class QueryJob:
    """One query job.

    Args:
        org: Whose rows they are.
        options: How they are read.
        logger: Where the job's address is told.
        query: The SELECT that it reads.
        turn: Of its stream in the queue of downloads.
    """

    def __init__(
        self,
        *,
        org: Org,
        options: QueryOptions,
        logger: logging.Logger,
        query: Query,
        turn: Turn,
    ) -> None:
        self._org = org
        self._client = org.client
        self._options = options
        self._clock = org.clock
        self._logger = logger
        self._query = query
        self._state = ""
        self._turn = turn
        self._arriving: Generator[ResultPage, None, None] | None = None
        self.id = ""
        # Rows that Salesforce had found when the job was last looked at.
        self._rows_done: int | None = None
        #: Rows of the whole job, as Salesforce counts them; None where it does not tell.
        self.promised_rows: int | None = None
        self.api_version = self._client.api_version

    def create(self, *, in_haste: bool) -> None:
        """Create the job.

        Args:
            in_haste: Don't try for long.

        Raises:
            RefusedError: Salesforce validates the query at once; ``error_code`` tells what of it.
            UnavailableError: It can't be created now.
        """
        doubts: list[None] = []
        try:
            created = self._client.create_job(
                self._query.text(ordered=False),
                deleted=self._query.all_rows,
                in_haste=in_haste,
                when_in_doubt=partial(doubts.append, None),
            )
        finally:
            if doubts:
                self._tell_of_others(len(doubts))
        self.id = str(created["id"])
        self._org.quota.count_job()
        self.api_version = self._client.api_version
        self._state = str(created.get("state", ""))
        self._logger.info("Bulk job %s: %s", self.id, self._address())

    def _tell_of_others(self, jobs: int) -> None:
        # It can't be told from one that another run has made: both have the object and the user,
        # and Salesforce never repeats the query. So it is neither read nor removed.
        self._logger.warning(
            "The creation of a Bulk job for %s got no proper answer: Salesforce may have made %s "
            "that nobody reads. Setup > Bulk Data Load Jobs lists it (%s/lightning/setup/"
            "AsyncApiJobStatus/home), and Salesforce removes it after seven days.",
            self._query.sobject,
            "a job" if jobs == 1 else f"{jobs} jobs",
            self._org.url,
        )

    def resume(self, saved: JobCheckpoint, *, in_haste: bool) -> str | None:
        """Be the job of an earlier run.

        Args:
            saved: That job.
            in_haste: Don't try for long.

        Returns:
            Why that can't be gone on with; None where it can.

        Raises:
            UnavailableError: It can't be looked at now.
        """
        self.id, self.api_version = saved.id, saved.api_version
        try:
            self._look(in_haste=in_haste)
        except RefusedError as error:
            self.id = ""
            return f"it can't be found any more ({error.error_code or error.status})"
        return f"it is {self._state}" if self._state in ("Failed", "Aborted") else None

    @property
    def has_begun(self) -> bool:
        """Tell whether it is waited for."""
        return self._arriving is not None

    def begin(self, locator: str | None) -> None:
        """Begin to wait for the job and to download its pages, beside what else is done.

        Args:
            locator: Where to begin; None for the first page.
        """
        self._arriving = ahead(
            self._arrivals(locator), same, steps=_MOST_ARRIVED, drop=ResultPage.close
        )

    def slices(self, locator: str | None, rows_before: int) -> Iterator[Chunk]:
        """Wait for the job and yield its result pages slice by slice.

        A page that turns out not to be whole is fetched again, and all its slices come again. A
        job from which nothing more can be had is removed; otherwise it stays until `remove`, so
        that a run that ends early leaves it to the next one.

        Args:
            locator: Where to begin; None for the first page. As for `begin`, where that was asked
                before.
            rows_before: Rows of the pages before that.

        Raises:
            IncompleteError: Pages or rows are missing.
            RefusedError: The job failed or was aborted.
            JobQueuedError: It has not begun in time, and is left to the next run.
            JobTimeoutError: It has not ended in time.
        """
        if not self.has_begun:
            self.begin(locator)
        # One thread decodes all pages: what it holds lies in one part of the memory, which grows by
        # a quarter where each page has a thread of its own.
        decoded = ahead(self._decoded(rows_before), same, drop=_close_page)
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
        self._turn.wait()
        self._wait()
        self.promised_rows = self._rows_done
        result_pages = ResultPages(
            org=self._org,
            options=self._options,
            logger=self._logger,
            job_id=self.id,
            version=self.api_version,
            turn=self._turn,
        )
        yield from result_pages.behind(locator, rows=self.promised_rows)
        self._turn.all_requested()

    def _address(self) -> str:
        page = "lightning/setup/AsyncApiJobStatus/page?address=%2F"
        return f"{self._org.url}/{page}{self.id}"

    def _look(self, *, in_haste: bool = False) -> Mapping[str, object]:
        job = self._client.job(self.id, version=self.api_version, in_haste=in_haste)
        self._state = str(job.get("state", ""))
        done = job.get("numberRecordsProcessed")
        self._rows_done = done if isinstance(done, int) else None
        return job

    def _wait(self) -> Mapping[str, object]:
        deadline = self._clock.monotonic() + self._options.job_timeout_seconds
        for seconds in poll_intervals(_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS):
            job = self._look()
            if self._state in _ENDED:
                return self._completed(job)
            if self._clock.monotonic() + seconds > deadline:
                raise self._too_late()
            self._client.session.pause(seconds)
        raise AssertionError  # pragma: no cover  the intervals never end

    def _too_late(self) -> JobNotEndedError:
        waited = f"{self._options.job_timeout_seconds:,} seconds"
        look = f"Look at it in Setup: {self._address()}."
        if self._state == "UploadComplete":
            return JobQueuedError(
                f"Bulk job {self.id} still waited in Salesforce's queue after {waited}.",
                hint=f"It stays in the queue, to be gone on with. {look}",
            )
        error = JobTimeoutError(
            f"Bulk job {self.id} was still {self._state} after {waited}.",
            hint=f"{look} job_timeout_seconds allows more time; a later start_date or fewer "
            "columns make a smaller job.",
        )
        self.remove()
        return error

    def _completed(self, job: Mapping[str, object]) -> Mapping[str, object]:
        if self._state == "JobComplete":
            return job
        if self._state == "Aborted":
            message = f"Bulk job {self.id} was aborted by somebody else."
            raise JobAbortedError(
                message,
                hint=f"Its page in Setup tells by whom: {self._address()}. Run again.",
            )
        error_code, reason = error_in_words(one_line(job.get("errorMessage") or "no reason given"))
        message = f"Bulk job {self.id} failed: {reason.rstrip('.')}."
        advice = known_advice(error_code, reason) or (
            "A query that is too large gets smaller with a later start_date or fewer columns; "
            "api_mode rest goes without jobs."
        )
        raise JobFailedError(
            message,
            hint=f"{advice} The job's page in Setup: {self._address()}",
            error_code=error_code,
            reason=reason,
        )

    # In a thread that decodes

    def _decoded(self, rows: int) -> Iterator[tuple[Chunk, ResultPage]]:
        if self._arriving is None:
            return
        with closing(self._arriving) as pages:
            for page in pages:
                try:
                    for part in refetch_incomplete(
                        partial(chunks_of, page, self._query.columns, rows),
                        self._org.retry_log,
                    ):
                        yield part, page
                except BaseException:
                    page.close()
                    raise
                rows += page.told.rows
                self._org.quota.read_results(page.unpacked_bytes)
                if self.promised_rows is not None and rows > self.promised_rows:
                    break  # the pages may never end
        if self.promised_rows not in (None, rows):
            raise IncompleteError(
                f"Bulk job {self.id} has {self.promised_rows:,} rows, but its result pages held "
                f"{rows:,}.",
                hint="Run again.",
                code="bulk-count-mismatch",
            )

    # In the run's own thread

    def _handed_out(self, decoded: Iterator[tuple[Chunk, ResultPage]]) -> Iterator[Chunk]:
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
            part, page = found
            try:
                yield part
            except GeneratorExit:  # nobody wants the rest
                page.close()
                raise
            is_within_page = not part.ends_page
            if part.ends_page:
                page.close()

    def _awaited(self) -> str:
        """Return what the rows wait for, as far as that is known by now."""
        job = f"Bulk job {self.id}"
        if self._state in _ENDED:
            return f"result pages of {job}"
        done = f", {self._rows_done:,} rows so far" if self._rows_done else ""
        return f"{job} ({self._state or 'in turn'}{done})"

    def remove(self) -> None:
        """Take the job out of the org, tried once; that it stays is only told."""
        job_id, self.id = self.id, ""
        if not job_id:
            return
        try:
            self._org.cleanup.check_time()
            if self._state not in _ENDED:
                # Refused where it has ended since it was last looked at.
                with suppress(RefusedError):
                    self._client.abort_job(job_id, version=self.api_version)
            if not self._options.keep_jobs:
                self._client.delete_job(job_id, version=self.api_version)
        except RunIsOverError:  # somebody has asked it to end at once
            return
        except TapError as error:
            self._org.cleanup.note_failed(error)
            self._logger.info(
                "Bulk job %s stays in the org, which removes it after seven days: %s",
                job_id,
                error.message,
            )


def _close_page(decoded: tuple[Chunk, ResultPage]) -> None:
    decoded[1].close()
