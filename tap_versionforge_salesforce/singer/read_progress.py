"""How far the reading of a large stream is: now and then a line of the log."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import JobLookedAt
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import PageWritten, StreamBegun

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

_SECONDS_BETWEEN_LINES = 30.0


class ReadProgress:
    """Tells how many rows of a stream have been written; nothing of one that is soon read.

    Args:
        logger: Has a line every thirty seconds, under the stream's name.
        seconds: Returns the seconds of a clock that only grows.
    """

    def __init__(self, logger: logging.Logger, seconds: Callable[[], float]) -> None:
        self._logger = logger
        self._seconds = seconds
        # Rows that Salesforce has found for the job of a stream. Jobs are looked at in threads.
        self._found: dict[str, int] = {}
        self._rows = 0
        self._told_at = 0.0
        self._told_rows = 0

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Others than these are of no interest.
        """

    @take.register
    def _begun(self, _event: StreamBegun) -> None:
        self._rows = self._told_rows = 0
        self._told_at = self._seconds()

    @take.register
    def _looked_at(self, event: JobLookedAt) -> None:
        if event.rows is not None:
            self._found[event.sobject] = event.rows

    @take.register
    def _written(self, event: PageWritten) -> None:
        self._rows += event.rows
        now = self._seconds()
        passed = now - self._told_at
        if passed < _SECONDS_BETWEEN_LINES:
            return
        found = self._found.get(event.stream, 0)
        # What is read in parts has a job for each, and one that is resumed has rows of before.
        of_all = f" of {counted(found, 'row')}" if found > self._rows else " rows"
        per_second = (self._rows - self._told_rows) / passed
        self._logger.getChild(event.stream).info(
            "%s: %s%s written, %s a second.",
            event.stream,
            f"{self._rows:,}",
            of_all,
            f"{per_second:,.0f}",
        )
        self._told_at, self._told_rows = now, self._rows
