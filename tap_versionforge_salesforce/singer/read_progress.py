"""How far the reading of a large stream is: now and then a line of the log."""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import JobLookedAt
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import PageWritten, StreamBegun
from tap_versionforge_salesforce.singer.log_fields import fields
from tap_versionforge_salesforce.singer.progress import Activity

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_versionforge_salesforce.singer.progress import Progress, StreamProgress

_SECONDS_BETWEEN_LINES = 30.0


class ReadProgress:
    """Tells how many rows of a stream are written or found; nothing of one that is soon read.

    A wait without anything new is told by `salesforce.support.watch`, less and less often.

    Args:
        logger: Has a line every thirty seconds at most, under the stream's name.
        seconds: Returns the seconds of a clock that only grows.
        progress: Has been told of what happens, before this.
    """

    def __init__(
        self, logger: logging.Logger, seconds: Callable[[], float], progress: Progress
    ) -> None:
        self._logger = logger
        self._seconds = seconds
        self._progress = progress
        # The stream whose turn it is. Jobs of others are looked at beside it, in threads.
        self._stream: str | None = None
        self._told_at = 0.0
        self._told_rows = self._told_found = 0

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Others than these are of no interest.
        """

    @take.register
    def _begun(self, event: StreamBegun) -> None:
        self._stream = event.stream
        self._told_rows = self._told_found = 0
        self._told_at = self._seconds()

    @take.register
    def _looked_at(self, event: JobLookedAt) -> None:
        if event.sobject != self._stream or not self._is_time:
            return
        stream = self._progress.of(event.sobject)
        found = event.rows or 0
        if stream.activity is not Activity.PROCESSING or found == self._told_found:
            return
        self._told_at, self._told_found = self._seconds(), found
        rows = counted(found, "row")
        text = f"Salesforce has found {rows} so far for Bulk job {event.job_id}."
        self._tell(stream, text, found_rows=found, job_id=event.job_id)

    @take.register
    def _written(self, event: PageWritten) -> None:
        if not self._is_time:
            return
        now, stream = self._seconds(), self._progress.of(event.stream)
        total = None if stream.is_estimated else stream.total_rows
        per_second = (stream.written - self._told_rows) / (now - self._told_at)
        self._told_at, self._told_rows = now, stream.written
        of_all = " rows" if total is None else f" of {counted(total, 'row')}"
        text = f"{stream.rows.done:,}{of_all} written, {per_second:,.0f} a second."
        self._tell(stream, text, total_rows=total, rows_per_second=round(per_second))

    @property
    def _is_time(self) -> bool:
        return self._seconds() - self._told_at >= _SECONDS_BETWEEN_LINES

    def _tell(self, stream: StreamProgress, text: str, **more: object) -> None:
        told = fields(
            "read_progress",
            stream.name,
            rows=stream.rows.done,
            api=stream.api,
            activity=stream.activity.value,
            **more,
        )
        self._logger.getChild(stream.name).info("%s: %s", stream.name, text, extra=told)
