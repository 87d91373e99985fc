"""What one run did and what it proved, as one JSON object."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.support.retry_log import Retries


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used up to some moment; two of them subtract.

    Attributes:
        calls: API calls.
        received_bytes: Bodies of answers, packed as they came.
        seconds: By a clock that only grows.
        waiting_seconds: Of these, waiting for Salesforce.
    """

    calls: int
    received_bytes: int
    seconds: float
    waiting_seconds: float

    def __sub__(self, before: Usage) -> Usage:
        return Usage(
            self.calls - before.calls,
            self.received_bytes - before.received_bytes,
            round(self.seconds - before.seconds, 3),
            round(self.waiting_seconds - before.waiting_seconds, 3),
        )


@dataclass(slots=True)
class StreamReport:
    """What became of one stream.

    Attributes:
        stream: Its name.
        api: Which API served its rows; None where none did.
        reason: Why that one.
        rows: Rows written.
        pages: Pages that they came in.
        proven_by: What the count of rows was compared with, as Salesforce calls it; None where
            the stream was not read to its end.
        promised_rows: How many there had to be by that.
        rows_before: How many of these an earlier run has written, whose Bulk job was gone on with.
        rows_again: How many of the rows written were read again, for the API changed or the count
            was wrong: ``rows`` less these, with those before, are what was promised.
        bookmark_before: The bookmark at the beginning.
        bookmark_after: The bookmark at the end.
        error: The code of what stopped it; None where nothing did.
        usage: What it cost.
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
    usage: Usage | None = None


@dataclass(slots=True)
class RunReport:
    """What became of all streams of a run.

    Attributes:
        streams: Those that can't be described, then the others in the order in which they were
            read.
        troubles: What was tried again.
        quota: The org's daily limits, and what the run has used of them.
    """

    streams: list[StreamReport] = field(default_factory=list)
    troubles: list[Retries] = field(default_factory=list)
    quota: dict[str, Any] = field(default_factory=dict)

    def content(self, usage: Usage) -> dict[str, Any]:
        """Return the report as JSON values.

        Args:
            usage: Of the whole run.
        """
        return {
            "rows": sum(stream.rows for stream in self.streams),
            "usage": asdict(usage),
            "streams": [asdict(stream) for stream in self.streams],
            "quota": self.quota,
            "troubles": [asdict(trouble) for trouble in self.troubles],
        }

    def tell(self, usage: Usage, path: str | None, logger: logging.Logger) -> None:
        """Log the report, and write it to the file that the setting ``report_path`` names."""
        content = self.content(usage)
        logger.info("Run report: %s", json.dumps(content))
        if path is None:
            return
        try:
            Path(path).write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
        except OSError as error:
            # The rows are where they belong: that is no reason to call the run a failure.
            logger.warning("The run report can't be written to report_path (%s).", error)
