"""The life of one Bulk API 2.0 query job: created, waited for, read page by page, removed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce import frames
from tap_versionforge_salesforce.ahead import ahead
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.result_pages import ResultPages
from tap_versionforge_salesforce.retry import growing_intervals, until_whole

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.columns import Column
    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.frames import Frame
    from tap_versionforge_salesforce.result_pages import ResultPage
    from tap_versionforge_salesforce.saved_job import SavedJob

_FIRST_LOOK_SECONDS = 0.5
_LONGEST_LOOK_SECONDS = 30.0
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
# Of unpacked text: what is decoded at once, whatever the size of a page.
_SLICE_BYTES = 2 << 20
_BLOCK_BYTES = 1 << 20
_GZIP_WINDOW_BITS = 31


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a result page.

    Attributes:
        frame: The rows.
        arrived: When the page was here, by this machine's clock.
        starts_page: It is the page's first one. It comes again where the page was not whole.
        ends_page: It is the page's last one, and the page is whole.
        locator: Behind a whole page, where the next one starts; None behind the last.
        rows: Behind a whole page, those of the job up to here.
    """

    frame: Frame
    arrived: datetime
    starts_page: bool
    ends_page: bool
    locator: str | None = None
    rows: int = 0


class QueryJob:
    """One query job.

    Args:
        connection: The org and the settings.
        logger: Where the job's address is told.
        columns: The queried columns, in order.
    """

    def __init__(
        self, *, connection: Connection, logger: logging.Logger, columns: Sequence[Column]
    ) -> None:
        self._connection = connection
        self._client = connection.client
        self._settings = connection.settings
        self._clock = connection.clock
        self._logger = logger
        self._columns = columns
        self._state = ""
        self.id = ""
        #: Rows of the whole job, as Salesforce counts them; None where it does not tell.
        self.promised_rows: int | None = None
        self.api_version = self._client.api_version

    def create(self, soql: str) -> None:
        """Create the job.

        Args:
            soql: Without ORDER BY and LIMIT.

        Raises:
            RefusedError: Salesforce validates the query at once; ``error_code`` tells what of it.
        """
        created = self._client.create_job(soql, deleted=self._settings.include_deleted)
        self.id = str(created["id"])
        self.api_version = self._client.api_version
        self._state = str(created.get("state", ""))
        self._logger.info("Bulk job %s: %s", self.id, self._address())

    def take_up(self, saved: SavedJob) -> str | None:
        """Be the job of an earlier run.

        Returns:
            Why that can't be gone on with; None where it can.
        """
        self.id, self.api_version = saved.id, saved.api_version
        try:
            self._look()
        except RefusedError as error:
            self.id = ""
            return f"it can't be found any more ({error.error_code or error.status})"
        return f"it is {self._state}" if self._state in ("Failed", "Aborted") else None

    def slices(self, locator: str | None, rows_before: int) -> Iterator[Slice]:
        """Wait for the job and yield its result pages slice by slice.

        A page that turns out not to be whole is fetched again, and all its slices come again. A
        job from which nothing more can be had is removed; otherwise it stays until `remove`, so
        that a run that ends early leaves it to the next one.

        Args:
            locator: Where to begin; None for the first page.
            rows_before: Rows of the pages before that.

        Raises:
            IncompleteError: Pages or rows are missing.
            RefusedError: The job failed or was aborted.
            UnavailableError: It did not end in time. With the code ``bulk-job-queued`` it is left
                to the next run.
        """
        try:
            ended = self._wait()
            yield from self._pages(ended, locator, rows_before)
        except (IncompleteError, RefusedError):
            self.remove()
            raise

    def _address(self) -> str:
        page = "lightning/setup/AsyncApiJobStatus/page?address=%2F"
        return f"{self._settings.instance_url}/{page}{self.id}"

    def _look(self) -> Mapping[str, object]:
        job = self._client.job(self.id, version=self.api_version)
        self._state = str(job.get("state", ""))
        return job

    def _wait(self) -> Mapping[str, object]:
        deadline = self._clock.monotonic() + self._settings.job_timeout_seconds
        for seconds in growing_intervals(_FIRST_LOOK_SECONDS, _LONGEST_LOOK_SECONDS):
            job = self._look()
            if self._state in _ENDED:
                return self._completed(job)
            if self._clock.monotonic() + seconds > deadline:
                raise self._too_late()
            self._client.session.pause(seconds)
        raise AssertionError  # pragma: no cover  the intervals never end

    def _too_late(self) -> UnavailableError:
        waited = f"{self._settings.job_timeout_seconds:,} seconds"
        look = f"Look at it in Setup: {self._address()}."
        if self._state == "UploadComplete":
            return UnavailableError(
                f"Bulk job {self.id} still waited in Salesforce's queue after {waited}.",
                hint=f"Run again: the next run goes on with it. {look}",
                code="bulk-job-queued",
            )
        self.remove()
        return UnavailableError(
            f"Bulk job {self.id} was still {self._state} after {waited}.",
            hint=f"{look} job_timeout_seconds allows more time; a later start_date or fewer "
            "columns make a smaller job.",
            code="bulk-job-timeout",
        )

    def _completed(self, job: Mapping[str, object]) -> Mapping[str, object]:
        if self._state == "JobComplete":
            return job
        if self._state == "Aborted":
            message = f"Bulk job {self.id} was aborted by somebody else."
            raise RefusedError(
                message,
                hint=f"Its page in Setup tells by whom: {self._address()}. Run again.",
                code="bulk-job-aborted",
            )
        reason = str(job.get("errorMessage") or "no reason given")
        message = f"Bulk job {self.id} failed: {reason.rstrip('.')}."
        raise RefusedError(
            message,
            hint=f"Its page in Setup: {self._address()}. A query that is too large gets smaller "
            "with a later start_date or fewer columns; api_mode rest goes without jobs.",
            reason=reason,
            code="bulk-job-failed",
        )

    def _pages(self, job: Mapping[str, object], locator: str | None, rows: int) -> Iterator[Slice]:
        promised = job.get("numberRecordsProcessed")
        self.promised_rows = promised if isinstance(promised, int) else None
        result_pages = ResultPages(
            connection=self._connection,
            logger=self._logger,
            job_id=self.id,
            version=self.api_version,
        )
        for page in result_pages.behind(locator, rows=self.promised_rows):
            yield from until_whole(partial(self._slices, page, rows), self._logger)
            rows += page.told.rows
        if self.promised_rows not in (None, rows):
            raise IncompleteError(
                f"Bulk job {self.id} has {self.promised_rows:,} rows, but its result pages held "
                f"{rows:,}.",
                hint="Run again: the bookmark has not moved, so nothing is lost.",
                code="bulk-count-mismatch",
            )

    def _slices(self, page: ResultPage, rows_before: int) -> Iterator[Slice]:
        rows, held, is_first = 0, None, True
        for frame in self._frames(page):
            rows += frame.height
            if held is not None:
                yield Slice(held, page.arrived, starts_page=is_first, ends_page=False)
                is_first = False
            held = frame
        if rows != page.told.rows:
            raise IncompleteError(
                f"A result page of Bulk job {self.id} has {page.told.rows:,} rows by its header, "
                f"but {rows:,} arrived.",
                hint="Run again: the bookmark has not moved, so nothing is lost.",
                code="bulk-page-mismatch",
            )
        # The last slice waits for the proof: a page of one slice is emitted proven or not at all.
        if held is not None:
            yield Slice(
                held,
                page.arrived,
                starts_page=is_first,
                ends_page=True,
                locator=page.told.locator,
                rows=rows_before + rows,
            )

    def _frames(self, page: ResultPage) -> Iterator[Frame]:
        blocks = iter(partial(page.opened().read, _BLOCK_BYTES), b"")
        if page.told.encoding == "gzip":
            blocks = _unpacked(blocks)
        try:
            yield from ahead(frames.csv_frames(blocks, self._columns, _SLICE_BYTES))
        except (EOFError, zlib.error) as error:
            message = f"A result page of Bulk job {self.id} can't be unpacked ({error})."
            raise IncompleteError(message, hint="Run again.", code="broken-page") from None

    def remove(self) -> None:
        """Take the job out of the org, as far as that can be done; a refusal is only told."""
        if not self.id:
            return
        try:
            if self._state not in _ENDED:
                self._client.abort_job(self.id, version=self.api_version)
            if not self._settings.keep_jobs:
                self._client.delete_job(self.id, version=self.api_version)
        except TapError as error:
            self._logger.info("Bulk job %s stays in the org: %s", self.id, error.message)


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip has packed, its checksums verified.

    Python's own gzip module reads by 8 KiB, which takes a quarter longer.

    Raises:
        EOFError: It ends too early.
        zlib.error: It is none, or broken.
    """
    unpacker, is_whole = zlib.decompressobj(_GZIP_WINDOW_BITS), False
    for block in blocks:
        rest = block
        while rest:
            if unpacker.eof:  # another member of the file
                unpacker = zlib.decompressobj(_GZIP_WINDOW_BITS)
            yield unpacker.decompress(rest, _SLICE_BYTES)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            is_whole = unpacker.eof
    if not is_whole:
        raise EOFError("it ends too early")
