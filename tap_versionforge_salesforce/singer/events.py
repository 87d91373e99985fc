"""What happens to the streams of a run, as values; see `salesforce.support.events` for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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
class RunBegun:
    """All is looked at, and the streams are read from here on.

    Attributes:
        streams: The names of those that will be, in their order.
    """

    streams: tuple[str, ...]


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
class PartitionBegun:
    """A stream is read, or a part of what was too large for one Bulk job.

    Attributes:
        stream: Its name.
        parts_left: How many parts of it come behind this one, as far as that is known.
    """

    stream: str
    parts_left: int


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


#: The stream of the rows that are gone; no sObject's name begins with an underscore.
DELETIONS = "_deletions"
#: The streams of what describes say.
OBJECTS, FIELDS, PICKLIST_VALUES = "_objects", "_fields", "_picklist_values"
DESCRIBE_STREAMS = (OBJECTS, FIELDS, PICKLIST_VALUES)
#: All streams that are of no sObject.
OWN_STREAMS = frozenset({DELETIONS, *DESCRIBE_STREAMS})


class DeletedRow(NamedTuple):
    """A row that is gone.

    Attributes:
        id: Its Id, with its checksum.
        found_at: When it was not there any more, as text.
        last_seen_at: When it was there last.
        was_in_recycle_bin: Whether it was in the recycle bin then; None where that is not known.
    """

    id: str
    found_at: str
    last_seen_at: str
    was_in_recycle_bin: bool | None


@dataclass(frozen=True, slots=True)
class SweepBegun:
    """What an object holds now is read, to be compared with what was read before.

    Attributes:
        stream: The stream of its rows.
        expected_rows: About how many they are; None where there was no sweep before.
    """

    stream: str
    expected_rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A stream was compared with what its object holds, and what differed has been written.

    Attributes:
        stream: Its name.
        swept: Rows that the object holds.
        gone: Rows that it holds no longer, which are told as deleted.
        hidden: Rows that it shows no longer, though they can't be deleted.
        stale: Rows with other values and the same stamp, such as formulas.
        new_behind_bookmark: Rows that nobody had read, though their stamp lies before the bookmark.
        moved_unseen: Rows that had changed before the bookmark, and nobody had read that.
        unsure: Rows that a run which died may have written or not.
        in_closed_windows: Of the new and the moved ones, those that no look-back provides for.
        read_again: Rows that were read again and written.
        calls: API calls that it took.
        jobs: Bulk jobs of it.
        generation: The sweep's name, which the state has from here on.
        not_compared: Why it could not be compared; None where it was.
    """

    stream: str
    swept: int = 0
    gone: int = 0
    hidden: int = 0
    stale: int = 0
    new_behind_bookmark: int = 0
    moved_unseen: int = 0
    unsure: int = 0
    in_closed_windows: int = 0
    read_again: int = 0
    calls: int = 0
    jobs: int = 0
    generation: str = ""
    not_compared: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream's turn is over.

    Attributes:
        stream: Its name.
        bookmark: At the end; None where there is none.
        error: The code of what stopped it; None where nothing did.
        usage: What it cost; None of a stream that could not even be described.
        is_stopped: The run was, before its end.
    """

    stream: str
    bookmark: str | None = None
    error: str | None = None
    usage: Usage | None = None
    is_stopped: bool = False
