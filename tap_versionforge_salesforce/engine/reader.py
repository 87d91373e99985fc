"""What reads the selections of one org, until somebody ends it."""

from __future__ import annotations

import logging
import threading
import weakref
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.forks import check_process
from tap_versionforge_salesforce.engine.reading import ReadFrames, Reading, reason_told
from tap_versionforge_salesforce.engine.remedies import remedies_named
from tap_versionforge_salesforce.engine.rows import Rows, counted
from tap_versionforge_salesforce.errors import RefusedError, SettingsError, UnavailableError
from tap_versionforge_salesforce.salesforce.daily_limits import read_limits
from tap_versionforge_salesforce.salesforce.frames.frame import keep_sigint_handler
from tap_versionforge_salesforce.salesforce.query.parts_read import PartsRead
from tap_versionforge_salesforce.salesforce.query.rows_once import rows_once
from tap_versionforge_salesforce.salesforce.support.interruption import RunIsOverError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

_LOGGER = logging.getLogger("tap_versionforge_salesforce")


class Reader:
    """Reads selections; looks at the daily limits before the first one.

    Args:
        org: Whose rows they are.
        options: How they are read.
        quota_warning_threshold: Fewer API calls left than this are warned of.
    """

    def __init__(self, org: Org, options: QueryOptions, quota_warning_threshold: int) -> None:
        self._org = org
        self._options = options
        self._quota_warning_threshold = quota_warning_threshold
        self._is_closed = False
        self._being_read: weakref.WeakSet[ReadFrames] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._has_looked_at_limits = False

    def rows(self, selection: Selection) -> Rows:
        """Return the rows of a selection, of which nothing is read before they are iterated over.

        Args:
            selection: What is read.
        """

        def frames() -> Generator[Frame, None, None]:
            reading = ReadFrames(self._frames(selection))
            with self._lock:
                self._being_read.add(reading)
            with closing(reading):
                for frame in reading:
                    self.check_open()
                    yield frame
            # To who goes on with what `close` has ended, it would look like the end of the rows.
            self.check_open()

        return Rows(selection, frames, _LOGGER)

    def reading(self, selection: Selection) -> Reading:
        """Return what reads a selection for who may go on with it later.

        Args:
            selection: What is read.
        """
        keep_sigint_handler()
        parts = PartsRead(
            self._org, selection.query, self._options, self._counted_rows, keeps_job=True
        )
        return Reading(self._org, selection.query.sobject, parts, self._look_at_limits)

    def close(self) -> None:
        """End what is read, and remove jobs from the org whose rows nobody wants any more."""
        self._is_closed = True
        with self._lock:
            being_read = list(self._being_read)
        for reading in being_read:
            reading.close()
        self._org.end()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Have the errors of the block say what helps, and that it is closed where it is.

        Raises:
            SettingsError: Somebody has ended it.
            TapError: That of the block.
        """
        self.check_open()
        try:
            with remedies_named():
                yield
        except RunIsOverError:
            self.check_open()
            raise

    def check_open(self) -> None:
        """See that nobody has ended it.

        Raises:
            SettingsError: Somebody has.
        """
        if self._is_closed:
            raise SettingsError(
                "This Org is closed, so nothing can be asked of it any more.",
                hint="Read inside its with block, or make another one.",
                code="invalid-argument",
            )

    def _frames(self, selection: Selection) -> Generator[Frame, None, None]:
        check_process()
        keep_sigint_handler()
        query = selection.query
        with self.asking():
            self._look_at_limits()
            if selection.is_count:
                yield counted(self._org, query)
                return
            frames = rows_once(self._org, query, self._options, self._counted_rows)
            with reason_told(self._org, query.sobject), closing(frames):
                yield from frames

    def _look_at_limits(self) -> None:
        if not self._has_looked_at_limits:
            self._has_looked_at_limits = True
            read_limits(self._org)
        if warning := self._org.quota.warning(self._quota_warning_threshold):
            _LOGGER.warning("%s", warning)

    def _counted_rows(self, name: str) -> int | None:
        try:
            return self._org.client.record_count([name]).get(name)
        except (RefusedError, UnavailableError):
            # The first page tells.
            return None
