"""What the state says of a stream while it is read: the one place that changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobTimeoutError,
    RedirectedError,
    SessionRefusedError,
    TapError,
    UnavailableError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.query.coverage import Coverage
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.query.partitions import Partition
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark

#: What says nothing of the job itself: the next run may go on with it.
MAY_PASS = (RedirectedError, SessionRefusedError, UnavailableError)


class StateSink(Protocol):
    """Where a stream's STATE and versions go."""

    def write_state(self) -> None:
        """Write STATE now."""

    def begin_version(self, version: int | None) -> None:
        """Let every row from now on carry this version; None for no version."""

    def activate_version(self) -> None:
        """Tell the target that the rows of the version are all there are, if they have one."""


class Checkpoints:
    """The bookmark, the Bulk job and the version of one stream, in one run.

    Args:
        bookmark: How far the rows are known to have been emitted.
        sink: Where STATE and versions go.
        clock: This machine's, of which versions are made.
        has_versions: Rows carry a version, by which a target deletes what the org has no longer.
        is_test: A few rows are wanted, and nothing is remembered.
    """

    def __init__(
        self,
        *,
        bookmark: Bookmark,
        sink: StateSink,
        clock: Clock,
        has_versions: bool,
        is_test: bool,
    ) -> None:
        self._bookmark = bookmark
        self._sink = sink
        self._clock = clock
        self._has_versions = has_versions
        self._is_test = is_test
        self._version: int | None = None
        # Of the window that is read.
        self._coverage: Coverage | None = None
        self._resumed: JobCheckpoint | None = None

    @property
    def bookmark_text(self) -> str | None:
        """Return the bookmark as the state has it; None where there is none."""
        return self._bookmark.text

    def write_state(self) -> None:
        """Write STATE now."""
        self._sink.write_state()

    # Versions

    def new_version(self) -> None:
        """Take another version for the rows to come; `begin_version` lets them carry it."""
        if self._has_versions:
            self._version = int(self._clock.now().timestamp() * 1000)

    def begin_version(self) -> None:
        """Let every row from now on carry the version."""
        self._sink.begin_version(self._version)

    # The job in flight

    @property
    def saved_job(self) -> JobCheckpoint | None:
        """Return the Bulk job of an earlier run; None where there is none to be resumed."""
        return None if self._is_test else self._bookmark.saved_job

    def resume(self, job: JobCheckpoint) -> None:
        """Go on with the version of a job of an earlier run."""
        self._version = job.version if self._has_versions else None
        self._coverage, self._resumed = None, job

    def save_job(self, job: JobCheckpoint, partition: Partition) -> None:
        """Keep a job whose rows have not all been emitted; nothing is written."""
        self._bookmark.save_job(
            replace(
                job,
                partition=replace(partition, depth=0),
                version=self._version,
                covered_until=self.covered_until,
            )
        )

    def forget_job(self) -> None:
        """Keep no job, and write STATE."""
        self._bookmark.forget_job()
        self._sink.write_state()

    # Rows

    def begin_window(self, coverage: Coverage | None) -> None:
        """Let no bookmark of the window to come pass what is not committed yet.

        Args:
            coverage: How far the changes are committed; None where nobody asks.
        """
        self._coverage, self._resumed = coverage, None

    @property
    def covered_until(self) -> datetime | None:
        """Return up to where all changes were committed before the rows were read.

        What comes later can carry stamps from then on. None where nobody has told.
        """
        if self._coverage is not None:
            return self._coverage.until
        return None if self._resumed is None else self._resumed.covered_until

    def _advance(self, instant: datetime) -> None:
        until = self.covered_until
        self._bookmark.advance(instant if until is None else min(instant, until))

    def _hold(self) -> bool:
        """Take the bookmark back to what is committed: nobody knew when it went further.

        Returns:
            Whether it had to go back.
        """
        until, before = self.covered_until, self._bookmark.value
        if until is None or before is None or until >= before:
            return False
        self._bookmark.hold(until)
        self._bookmark.commit()
        return True

    def take(self, page: Page, partition: Partition) -> None:
        """Remember what is safe behind a page that was written, and write STATE if that is new.

        Args:
            page: The page.
            partition: Of which it is.
        """
        if self._is_test:
            return
        if page.job is None:
            # A job is gone on with from the bookmark that it was created with.
            self._hold()
        if page.takes_back:
            self._bookmark.rollback()
            if partition.ids.is_whole:
                # What was served before may be gone by the time it is read again. Of a part, the
                # parts before it have the version that is going to be activated.
                self.new_version()
                self.begin_version()
            self._bookmark.forget_job()
        elif page.checkpoint is not None:
            self._advance(page.checkpoint)
        elif page.job is not None:
            self.save_job(page.job, partition)
        else:
            return
        self._sink.write_state()

    def end_window(self, upper: datetime) -> None:
        """Remember that all rows of the window have been emitted.

        Args:
            upper: The window's end.
        """
        if self._is_test:
            return
        self._sink.activate_version()
        self._bookmark.forget_job()
        self._hold()
        self._advance(upper)
        self._bookmark.commit()
        self._sink.write_state()

    def fail(self, error: TapError) -> None:
        """Leave in the state only what is right after an error."""
        if isinstance(error, IncompleteError):
            self._bookmark.rollback()
        # What can't be had now may be had by the next run.
        if not isinstance(error, MAY_PASS) or isinstance(error, JobTimeoutError):
            self.forget_job()
        if self._bookmark.saved_job is None and self._hold():
            self._sink.write_state()
