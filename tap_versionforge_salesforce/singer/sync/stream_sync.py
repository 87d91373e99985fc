"""One stream's rows from its bookmark to the present: which windows, which jobs, and when STATE."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobEndedBadlyError,
    JobTimeoutError,
    QuotaError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarnings
from tap_versionforge_salesforce.salesforce.http.quota import StreamUsage, usage_counted_in
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query import api_choice as planner
from tap_versionforge_salesforce.salesforce.query.partitions import Partition, split_partition
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.run_report import StreamReport, Usage

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from tap_versionforge_salesforce.errors import TapError
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
    from tap_versionforge_salesforce.singer.sync.partition_read import PartitionRead, PartitionReads


# What says nothing of the job itself: the next run may go on with it.
_MAY_PASS = (RedirectedError, SessionRefusedError, UnavailableError)


class StateSink(Protocol):
    """What an extraction writes beside its rows."""

    def write_state(self) -> None:
        """Write STATE now."""

    def begin_version(self, version: int | None) -> None:
        """Let every row from now on carry this version; None for no version."""

    def activate_version(self) -> None:
        """Tell the target that the rows of the version are all there are, if they have one."""


class StreamSync:
    """The extraction of one stream in one run.

    Args:
        run: What the streams of the run share. It takes the stream's place in the queue of
            downloads, so that extractions are made in the order of their streams.
        logger: The stream's.
        name: The stream's.
        readings: Makes what reads it, part by part.
        bookmark: Where to begin; moved on as far as the rows have been emitted.
        outlet: Where STATE goes, and what says that a version is whole.
        has_versions: Rows carry a version, by which a target deletes what the org has no longer.
        is_test: A few rows are wanted, and nothing is remembered.
    """

    def __init__(
        self,
        *,
        run: Run,
        logger: logging.Logger,
        name: str,
        readings: PartitionReads,
        bookmark: Bookmark,
        outlet: StateSink,
        has_versions: bool,
        is_test: bool,
    ) -> None:
        self._run = run
        self._logger = logger
        self._name = name
        self._bookmark = bookmark
        self._readings = readings
        self._outlet = outlet
        self._has_versions = has_versions
        self._is_test = is_test
        self._version: int | None = None
        self._early: PartitionRead | None = None
        self._turn = run.downloads.join()
        # Behind what is read now comes what has changed since an earlier run began with it.
        self._reads_again = False
        # Nobody has looked yet whether it needs a Bulk job for sure.
        self._choice_is_open = True
        #: Its pages have all been asked for, or it has failed.
        self.is_over = False
        #: What was begun before its turn has a Bulk job, in the org and in the state.
        self.has_job = False
        #: What is told of it at the end.
        self.report = StreamReport(name, bookmark_before=bookmark.text)
        #: What it has used, also before its turn.
        self.tally = StreamUsage()
        # Of its calls, those that a reading before has told.
        self._calls_told = 0
        self._value_warnings = ValueWarnings(name)

    # Before its turn

    def create_job(self) -> bool:
        """Create the Bulk job before the stream's turn, if it is clear that it needs one.

        Salesforce works on it while other streams are read.

        Returns:
            Whether a job of the stream is in the org, and so in the state.
        """
        if self.has_job or self._is_test or not (self._choice_is_open or self.may_need_job):
            return self.has_job
        self._choice_is_open = False
        with usage_counted_in(self.tally):
            try:
                reading = self._early or self._taken_up(in_haste=True) or self._new_reading()
            except (*_MAY_PASS, QuotaError) as error:
                self._logger.info(
                    "The Bulk job of an earlier run can't be looked at early, and is again in the "
                    "turn of %s: %s",
                    self._name,
                    error.message,
                )
                return False
            self.has_job = reading.is_taken_up or self._create_job(reading)
        if self.has_job or reading.paginator.is_refused:
            self._early = reading
        return self.has_job

    def request_first_page(self) -> bool:
        """Ask for the first REST page before the stream's turn, if that is what comes first.

        It tells whether a Bulk job is needed, and often is all there is.

        Returns:
            Whether it was asked for, now or before.
        """
        # The job of an earlier run is taken up first, in the stream's turn if not before.
        if self.has_job or self._is_test or self._bookmark.saved_job is not None:
            return False
        reading = self._early or self._new_reading()
        with usage_counted_in(self.tally):
            if reading.window.is_empty or not reading.paginator.request_first_page():
                return False
        self._early = reading
        return True

    @property
    def may_need_job(self) -> bool:
        """Tell whether the first REST page has come and no job has been submitted."""
        return self._early is not None and not self.has_job and self._early.paginator.has_first_page

    def start_download(self) -> None:
        """Begin to download what was submitted."""
        if self._early is not None:
            with usage_counted_in(self.tally):
                self._early.paginator.start_download()

    def write_state(self) -> None:
        """Write STATE now."""
        self._outlet.write_state()

    def end(self) -> None:
        """Drop what was begun and not read: nothing more is asked for."""
        self.is_over = True
        if self._early is not None:
            self._early.paginator.stop()
        self._turn.leave()

    def pages(self) -> Iterator[Page]:
        """Yield every page, and write STATE behind each that allows it.

        Raises:
            TapError: As `SalesforcePaginator`, where the rows can't be read in parts either.
        """
        self._turn.begin()
        reading = self._early or self._taken_up() or self._new_reading()
        self._early = None
        if reading.window.is_empty:
            self._logger.warning(
                "Nothing is read yet: the bookmark or start_date of %s lies ahead of "
                "Salesforce's clock.",
                self._name,
            )
            return
        yield from self._read_all(reading)
        if self._reads_again:
            # What has changed since the job was created is read in this run, too. Of a table that
            # is read whole that is everything: no stamp tells what is gone, or was counted anew.
            reading = self._new_reading()
            if not reading.window.is_empty:
                yield from self._read_all(reading)

    def fail(self, error: TapError) -> None:
        """Leave in the state only what is right after an error."""
        if isinstance(error, IncompleteError):
            self._bookmark.rollback()
        # What can't be had now may be had by the next run.
        if not isinstance(error, _MAY_PASS) or isinstance(error, JobTimeoutError):
            self._forget_job()

    def tell(self, usage: Usage) -> None:
        """Say what was odd, and complete the report.

        Args:
            usage: Of the run while it was the stream's turn.
        """
        self.report.bookmark_after = self._bookmark.text
        self.report.usage = replace(
            usage, calls=self.tally.calls, received_bytes=self.tally.received_bytes
        )
        self._value_warnings.log_summary(self._logger)

    # Which parts

    def _read_all(self, reading: PartitionRead) -> Iterator[Page]:
        """Yield the pages of a reading and of what follows it in its window."""
        self._outlet.begin_version(self._version)
        pending, failures = _behind(reading.scope), 0
        while True:
            following = None
            try:
                yield from self._read(reading)
            except (RefusedError, UnavailableError) as error:
                if reading.is_taken_up and isinstance(error, JobEndedBadlyError):
                    following, pending = self._afresh(error), []
                else:
                    pending += self._halved(reading, error, failures)
                    failures += 1
            else:
                following, failures = self._end(reading, pending), 0
            if following is None and not pending:
                return
            reading = following or self._next_part(pending)

    def _afresh(self, error: TapError) -> PartitionRead:
        """Return what reads everything from the bookmark, instead of an earlier run's job."""
        self._logger.info(
            "The job of an earlier run is of no use any more: %s It is made again.", error.message
        )
        self._forget_job()
        reading = self._new_reading()
        self._outlet.begin_version(self._version)
        return reading

    def _halved(self, reading: PartitionRead, error: TapError, failures: int) -> list[Partition]:
        """Return the halves of what was too large for a job, the one to be read first last."""
        halves = None
        if planner.may_be_too_large(error, failures):
            halves = split_partition(
                reading.scope,
                query=reading.query,
                client=self._run.client,
            )
        if halves is None:
            raise error
        self._logger.warning(
            "%s %s is read in two parts, before and from %s.",
            error.message,
            self._name,
            halves.border,
        )
        self._forget_job()
        return [halves.second, halves.first]

    def _end(self, reading: PartitionRead, pending: list[Partition]) -> PartitionRead | None:
        """Remember that the rows of a reading have been emitted.

        Returns:
            The next part, if its job has been created already.
        """
        following = None
        if reading.scope.is_last:
            self._outlet.activate_version()
            self._bookmark.forget_job()
            if not self._is_test:
                self._bookmark.advance(reading.window.upper)
                self._bookmark.commit()
                self._outlet.write_state()
        else:
            # Its job takes the place of this one's in the state: there is no moment in which it
            # would be forgotten how far the parts have come.
            following = self._next_part(pending)
            self._create_job(following)
            self._outlet.write_state()
        reading.paginator.finish()
        return following

    def _taken_up(self, *, in_haste: bool = False) -> PartitionRead | None:
        """Return what the Bulk job of an earlier run reads; None where there is none."""
        saved = None if self._is_test else self._bookmark.saved_job
        if saved is None:
            return None
        ids = IdRange(saved.id_lower, saved.id_upper)
        scope = Partition(saved.upper_bound, ids, goes_on=saved.goes_on)
        reading = self._readings.of(scope, self._turn)
        if self._is_taken_up(reading, saved, in_haste=in_haste):
            self._reads_again = True
            self._version = saved.version if self._has_versions else None
            return replace(reading, is_taken_up=True)
        self._forget_job()
        return None

    def _is_taken_up(self, reading: PartitionRead, saved: JobCheckpoint, *, in_haste: bool) -> bool:
        try:
            return reading.paginator.resume(saved, in_haste=in_haste)
        except UnavailableError as error:
            is_auto = self._run.settings.api_mode == "auto"
            if in_haste or not is_auto or not self._run.org.can_be_reached():
                raise
            self._logger.info(
                "Bulk job %s of an earlier run is not taken up: %s", saved.id, error.message
            )
            reading.paginator.finish()
            return False

    # One part

    def _read(self, reading: PartitionRead) -> Iterator[Page]:
        paginator, report = reading.paginator, self.report
        rows = rows_certain = 0
        for page in reading.pages():
            yield page
            rows += page.frame.height
            if page.takes_back:
                report.rows_again += rows - rows_certain
                rows_certain = rows
            report.rows += page.frame.height
            report.pages += page.ends_page and page.is_served
            self._value_warnings.record(
                page.frame.value_warnings, starts_page=page.starts_page, ends_page=page.ends_page
            )
            self._remember(page, reading)
            self._run.prefetcher.after_page()
            self._run.org.interruption.check()
        self._logger.info(
            "%s: %s by %s in %s.",
            self._name,
            counted(rows, "row"),
            paginator.choice.api.value if paginator.choice else "no API",
            counted(self.tally.calls - self._calls_told, "API call"),
        )
        self._calls_told = self.tally.calls
        if paginator.choice is not None:
            report.api, report.reason = paginator.choice.api.value, paginator.choice.reason
        if paginator.proof is not None:
            report.proven_by, promised = paginator.proof
            report.promised_rows = (report.promised_rows or 0) + promised
            report.rows_before += paginator.rows_before

    def _remember(self, page: Page, reading: PartitionRead) -> None:
        if self._is_test:
            return
        if page.takes_back:
            self._bookmark.rollback()
            self._renew_version(reading)
            if page.drops_job:
                self._bookmark.forget_job()
        elif page.checkpoint is not None:
            self._bookmark.advance(page.checkpoint)
        elif page.job is not None:
            self._save(page.job, reading)
        else:
            return
        self._outlet.write_state()

    def _renew_version(self, reading: PartitionRead) -> None:
        """Take another version for rows that are all read again.

        What was served before may be gone by then. Of a part, the parts before it have the version
        that is going to be activated.
        """
        if reading.scope.ids.is_whole:
            self._version = self._new_version()
            self._outlet.begin_version(self._version)

    def _create_job(self, reading: PartitionRead) -> bool:
        job = None if reading.window.is_empty else reading.paginator.create_job()
        if job is not None:
            self._save(job, reading)
        return job is not None

    def _save(self, job: JobCheckpoint, reading: PartitionRead) -> None:
        self._bookmark.save_job(replace(job, version=self._version, goes_on=reading.scope.goes_on))

    def _forget_job(self) -> None:
        self._bookmark.forget_job()
        self._outlet.write_state()

    def _new_reading(self) -> PartitionRead:
        """Return what reads everything from the bookmark to the present."""
        # Targets delete what the version does not name: it is a new one, and activated late.
        self._version = self._new_version()
        self._reads_again = False
        # The server's clock, from an answer that came before the query is sent.
        return self._readings.of(Partition(self._run.org.server_time()), self._turn)

    def _next_part(self, pending: list[Partition]) -> PartitionRead:
        return self._readings.of(pending.pop(), self._turn)

    def _new_version(self) -> int | None:
        if not self._has_versions:
            return None
        return int(self._run.org.clock.now().timestamp() * 1000)


def _behind(scope: Partition) -> list[Partition]:
    """Return what is left of the window of a scope."""
    if scope.is_last:
        return []
    return [replace(scope, ids=IdRange(lower=scope.ids.upper), depth=scope.depth + 1)]
