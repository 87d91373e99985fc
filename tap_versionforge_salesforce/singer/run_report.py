"""What one run did and what it proved, as one JSON object."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import singledispatchmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.salesforce.support.events import ApiChosen, JobCreated, JobResumed
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionEnded,
    Reconciled,
    StreamBegun,
    StreamEnded,
    Usage,
)

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.support.retry_log import Retries

_OF_JOBS = "Bulk API 2.0"


@dataclass(slots=True)
class StreamReport:
    """What became of one stream.

    Attributes:
        stream: Its name.
        api: Which API served its rows, or most of them; None where none did.
        reason: Why that one.
        rows: Rows written.
        pages: Pages that they came in.
        proven_by: What the count of rows was compared with, as Salesforce calls it; None where
            the stream was not read to its end.
        promised_rows: How many there had to be by that.
        rows_before: How many of these an earlier run has written, whose Bulk job was gone on with.
        rows_again: How many of the rows written were read again, for the API changed or the count
            was wrong: ``rows`` less these and less ``reconciliation.read_again``, with those
            before, are what was promised.
        bookmark_before: The bookmark at the beginning.
        bookmark_after: The bookmark at the end.
        error: The code of what stopped it; None where nothing did.
        is_stopped: The run was, while it was read.
        jobs: Bulk jobs that were created for it.
        usage: What it cost.
        reconciliation: What came of comparing it with what the org holds; None where that was not
            done.
    """

    stream: str
    api: str | None = None
    reason: str | None = None
    rows: int = 0
    pages: int = 0
    proven_by: str | None = None
    promised_rows: int | None = None
    rows_before: int = 0
    rows_again: int = 0
    bookmark_before: str | None = None
    bookmark_after: str | None = None
    error: str | None = None
    is_stopped: bool = False
    jobs: int = 0
    usage: Usage | None = None
    reconciliation: Reconciled | None = None


@dataclass(slots=True)
class RunReport:
    """What became of all streams of a run, as events tell it.

    Attributes:
        streams: By name: those that can't be described, then the others in the order in which
            they were read.
        troubles: What was tried again.
        quota: The org's daily limits, and what the run has used of them.
        spool: The room that result pages may take on disk, and what they have taken.
        is_read_through: Nothing has ended the run before the last of its streams.
    """

    streams: dict[str, StreamReport] = field(default_factory=dict)
    troubles: list[Retries] = field(default_factory=list)
    quota: dict[str, Any] = field(default_factory=dict)
    spool: dict[str, int] = field(default_factory=dict)
    is_read_through: bool = False
    _uncertain_rows: Counter[str] = field(default_factory=Counter)
    # By object: many are created before the turn of their stream.
    _jobs: Counter[str] = field(default_factory=Counter)
    # Of the parts of a stream, in that which had the most.
    _most_rows: Counter[str] = field(default_factory=Counter)
    # By object, with the reason: of a stream that is not read to its end.
    _chosen: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Take in what has happened to a stream.

        Args:
            event: Of `singer.events`; others say nothing of what is reported.
        """

    @take.register
    def _begun(self, event: StreamBegun) -> None:
        self._of(event.stream).bookmark_before = event.bookmark

    @take.register
    def _api_chosen(self, event: ApiChosen) -> None:
        self._chosen[event.sobject] = (event.api, event.reason)

    @take.register
    def _job_resumed(self, event: JobResumed) -> None:
        self._chosen[event.sobject] = (_OF_JOBS, "the job of an earlier run is gone on with")

    @take.register
    def _job_created(self, event: JobCreated) -> None:
        self._jobs[event.sobject] += 1

    @take.register
    def _written(self, event: PageWritten) -> None:
        report = self._of(event.stream)
        report.rows += event.rows
        report.pages += event.ends_page and event.is_served
        self._uncertain_rows[event.stream] += event.rows
        if event.takes_back:
            report.rows_again += self._uncertain_rows.pop(event.stream, 0)

    @take.register
    def _partition_ended(self, event: PartitionEnded) -> None:
        report = self._of(event.stream)
        self._uncertain_rows.pop(event.stream, None)
        # Behind the job of an earlier run comes what has changed since, which may be nothing.
        if event.api is not None and event.rows >= self._most_rows[event.stream]:
            report.api, report.reason = event.api, event.reason
            self._most_rows[event.stream] = event.rows
        if event.proof is not None:
            report.proven_by, promised = event.proof
            report.promised_rows = (report.promised_rows or 0) + promised
            report.rows_before += event.rows_before

    @take.register
    def _reconciled(self, event: Reconciled) -> None:
        self._of(event.stream).reconciliation = event

    @take.register
    def _ended(self, event: StreamEnded) -> None:
        report = self._of(event.stream)
        report.bookmark_after, report.error = event.bookmark, event.error
        if report.api is None and report.rows:
            report.api, report.reason = self._chosen.get(event.stream, (None, None))
        report.usage, report.is_stopped = event.usage, event.is_stopped
        report.jobs = self._jobs[event.stream]

    def _of(self, stream: str) -> StreamReport:
        return self.streams.setdefault(stream, StreamReport(stream))

    def content(self, usage: Usage) -> dict[str, Any]:
        """Return the report as JSON values.

        Args:
            usage: Of the whole run.
        """
        streams = self.streams.values()
        return {
            "is_complete": self.is_read_through
            and not any(stream.error is not None or stream.is_stopped for stream in streams),
            "rows": sum(stream.rows for stream in streams),
            "usage": asdict(usage),
            "streams": [asdict(stream) for stream in streams],
            "quota": self.quota,
            "spool": self.spool,
            "troubles": [asdict(trouble) for trouble in self.troubles],
        }


def write_report(content: dict[str, Any], path: str, logger: logging.Logger) -> None:
    """Write the report to the file that the setting ``report_path`` names.

    Args:
        content: As `RunReport.content` returns it.
        path: Of the file.
        logger: Is told where it can't be written.
    """
    try:
        Path(path).write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
    except OSError as error:
        # The rows are where they belong: that is no reason to call the run a failure.
        logger.warning("The run report can't be written to report_path (%s).", error)
