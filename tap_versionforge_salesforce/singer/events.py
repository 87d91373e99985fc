"""What happens to the streams of a run, as values; see `salesforce.support.events` for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning


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


@dataclass(frozen=True, slots=True)
class ObjectDescribed:
    """It is known what an object has, or why that can't be known.

    Attributes:
        described: How many are by now.
        objects: How many are to be.
    """

    described: int
    objects: int


@dataclass(frozen=True, slots=True)
class StreamBegun:
    """It is a stream's turn.

    Attributes:
        stream: Its name.
        bookmark: At the beginning; None where there is none.
    """

    stream: str
    bookmark: str | None = None


@dataclass(frozen=True, slots=True)
class PageWritten:
    """Rows of a stream have been handed to the target.

    Attributes:
        stream: Its name.
        rows: How many.
        starts_page: They are the first of a page that Salesforce served.
        ends_page: They are the last of it.
        is_served: Salesforce has served them; False of no rows that only say something.
        takes_back: Those before them are read again.
        value_warnings: Values of them that could not be kept as they were.
    """

    stream: str
    rows: int
    starts_page: bool
    ends_page: bool
    is_served: bool
    takes_back: bool
    value_warnings: tuple[ValueWarning, ...]


@dataclass(frozen=True, slots=True)
class PartitionEnded:
    """A stream, or a part of what was too large for one Bulk job, was read to its proven end.

    Attributes:
        stream: Its name.
        rows: Written in this run.
        rows_before: Written by an earlier run, whose Bulk job was resumed.
        api: That served them; None where none did.
        reason: Why that one.
        proof: What the count of rows was compared with, as Salesforce calls it, and how many rows
            that said; None where nothing was there to compare with.
        calls: API calls of the stream up to here.
    """

    stream: str
    rows: int
    rows_before: int
    api: str | None
    reason: str | None
    proof: tuple[str, int] | None
    calls: int


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream's turn is over.

    Attributes:
        stream: Its name.
        bookmark: At the end; None where there is none.
        error: The code of what stopped it; None where nothing did.
        usage: What it cost; None of a stream that could not even be described.
    """

    stream: str
    bookmark: str | None = None
    error: str | None = None
    usage: Usage | None = None
