"""How far the streams of a run are, as events tell it. Values in, values out."""

from __future__ import annotations

import enum
import threading
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    JobLookedAt,
    JobResumed,
    PageArrived,
    RowsCounted,
)
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionBegun,
    PartitionEnded,
    Reconciled,
    RunBegun,
    StreamBegun,
    StreamEnded,
    SweepBegun,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNKNOWN, _QUEUED, _COMPLETE = "", "UploadComplete", "JobComplete"
_BAD_ENDS = ("Failed", "Aborted")


class Activity(enum.Enum):
    """What is done for a stream."""

    ASKING = "asking Salesforce"
    CREATED = "its job is with Salesforce"
    QUEUED = "queued at Salesforce"
    PROCESSING = "Salesforce is at it"
    DOWNLOADING = "downloading"
    WRITING = "writing"


@dataclass(slots=True)
class Job:
    """A Bulk job that is waited for, or whose rows are read.

    Attributes:
        id: The job's.
        address: Of its page in Setup.
        state: As Salesforce calls it; empty before it has been looked at.
        rows: That Salesforce has found so far; None where it has not told.
    """

    id: str
    address: str
    state: str = _UNKNOWN
    rows: int | None = None


@dataclass(slots=True)
class Rows:
    """The rows of a stream, or of its sweep.

    Attributes:
        proven: Of the parts that have been read to their end.
        since: Behind them.
        arrived: That are here, written or not.
        counted: Of the query that is read now, as its first REST page says; None where it does not.
        estimate: Of the whole object, about; None where nobody tells.
    """

    proven: int = 0
    since: int = 0
    arrived: int = 0
    counted: int | None = None
    estimate: int | None = None

    @property
    def done(self) -> int:
        """Return how many there are by now, with those of earlier runs of the same job."""
        return self.proven + self.since


@dataclass(slots=True)
class StreamProgress:
    """How far one stream is.

    Attributes:
        name: The stream's.
        api: That serves its rows; None before that is known.
        job: Its Bulk job; None where there is none now.
        rows: Of it, or of its sweep while that is read.
        parts_left: Parts of it that come behind the one that is read.
        written: Rows that this run has written, those too that were read again.
        received_bytes: Of its pages, packed as they came.
        is_swept: What its object holds is read, to be compared.
    """

    name: str
    api: str | None = None
    job: Job | None = None
    rows: Rows = field(default_factory=Rows)
    parts_left: int = 0
    written: int = 0
    received_bytes: int = 0
    is_swept: bool = False

    @property
    def total_rows(self) -> int | None:
        """Return how many rows there will be; None where nobody knows."""
        now = self.rows.counted
        if self.job is not None and self.job.state == _COMPLETE:
            now = self.job.rows
        is_open = now is None or self.parts_left
        total = self.rows.estimate if is_open else self.rows.proven + (now or 0)
        # An estimate, and what has changed since it was counted.
        return None if total is None or total < self.rows.done else total

    @property
    def is_estimated(self) -> bool:
        """Tell whether `total_rows` is only about right."""
        counted = self.rows.counted is not None
        is_known = counted or (self.job is not None and self.job.state == _COMPLETE)
        return not is_known or self.parts_left > 0

    @property
    def activity(self) -> Activity:
        """Return what is done for it now."""
        if self.job is not None and self.job.state != _COMPLETE:
            known = {_UNKNOWN: Activity.CREATED, _QUEUED: Activity.QUEUED}
            return known.get(self.job.state, Activity.PROCESSING)
        if self.job is None and not self.rows.arrived:
            return Activity.ASKING
        is_waited_for = self.is_swept or not self.written or self.rows.arrived <= self.rows.since
        return Activity.DOWNLOADING if is_waited_for else Activity.WRITING


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is.

    Attributes:
        current: The stream whose turn it is; None between two.
        ahead: Those that something was begun for before their turn.
        waiting: How many wait for their turn besides.
        ended: How many have ended.
        written: Rows of all streams that were written.
    """

    current: StreamProgress | None
    ahead: tuple[StreamProgress, ...]
    waiting: int
    ended: int
    written: int


class Progress:
    """Takes in what happens, in any thread, and says how far the run is."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._begun: dict[str, StreamProgress] = {}
        self._current: str | None = None
        self._ended: set[str] = set()
        self._written = 0
        self._lock = threading.Lock()

    def now(self) -> RunProgress:
        """Return how far it is; what is returned stays as it is."""
        with self._lock:
            ahead = tuple(
                _copied(each)
                for name, each in self._begun.items()
                if name != self._current and (each.api or each.job)
            )
            current = None if self._current is None else _copied(self._begun[self._current])
            waiting = len(self._names - self._ended - {self._current}) - len(ahead)
            return RunProgress(current, ahead, max(0, waiting), len(self._ended), self._written)

    def of(self, stream: str) -> StreamProgress:
        """Return how far one stream is; what is returned stays as it is."""
        with self._lock:
            return _copied(self._begun.get(stream) or StreamProgress(stream))

    def take(self, event: object) -> None:
        """Take in what happens.

        Args:
            event: Of `salesforce.support.events` or `singer.events`; others say nothing of it.
        """
        with self._lock:
            self._take(event)

    def _about(self, name: str) -> Iterator[StreamProgress]:
        """Yield the stream of an object, if it is one of the run and not over.

        Parents of what is read by their Ids are read, too, and need not be streams.
        """
        is_expected = name in self._names or name in self._begun
        if is_expected and name not in self._ended:
            yield self._begun.setdefault(name, StreamProgress(name))

    @singledispatchmethod
    def _take(self, event: object) -> None:
        pass

    @_take.register
    def _run_begun(self, event: RunBegun) -> None:
        self._names = set(event.streams)

    @_take.register
    def _stream_begun(self, event: StreamBegun) -> None:
        self._begun.setdefault(event.stream, StreamProgress(event.stream))
        self._current = event.stream

    @_take.register
    def _stream_ended(self, event: StreamEnded) -> None:
        self._begun.pop(event.stream, None)
        self._ended.add(event.stream)
        self._current = None

    @_take.register
    def _partition_begun(self, event: PartitionBegun) -> None:
        for stream in self._about(event.stream):
            stream.parts_left = event.parts_left

    @_take.register
    def _partition_ended(self, event: PartitionEnded) -> None:
        for stream in self._about(event.stream):
            rows = stream.rows.since if event.proof is None else event.proof[1]
            estimate = stream.rows.estimate
            stream.rows = Rows(proven=stream.rows.proven + rows, estimate=estimate)
            stream.job = None

    @_take.register
    def _api_chosen(self, event: ApiChosen) -> None:
        for stream in self._about(event.sobject):
            stream.api = event.api
            if event.api.startswith("REST"):
                # Whatever became of it, its rows come by REST.
                stream.job = None

    @_take.register
    def _counted(self, event: RowsCounted) -> None:
        # Of those that wait for their turn nothing is shown before something is begun for them.
        for stream in self._about(event.sobject):
            if event.is_estimate:
                stream.rows.estimate = event.rows
            else:
                stream.rows.counted = event.rows

    @_take.register
    def _job_created(self, event: JobCreated) -> None:
        for stream in self._about(event.sobject):
            stream.job = Job(event.job_id, event.address)
            # A first REST page has led to it, and is dropped.
            stream.rows.arrived = 0

    @_take.register
    def _job_resumed(self, event: JobResumed) -> None:
        for stream in self._about(event.sobject):
            stream.job = Job(event.job_id, event.address)
            stream.rows.since = stream.rows.arrived = event.rows_before

    @_take.register
    def _looked_at(self, event: JobLookedAt) -> None:
        for stream in self._about(event.sobject):
            if stream.job is not None and stream.job.id == event.job_id:
                stream.job.state = event.state
                stream.job.rows = event.rows if event.rows is not None else stream.job.rows
                if event.state in _BAD_ENDS:
                    stream.job = None

    @_take.register
    def _arrived(self, event: PageArrived) -> None:
        for stream in self._about(event.sobject):
            stream.rows.arrived += event.rows
            stream.received_bytes += event.size or 0
            if stream.is_swept:
                stream.rows.since += event.rows

    @_take.register
    def _page_written(self, event: PageWritten) -> None:
        for stream in self._about(event.stream):
            if stream.is_swept:  # what differs is read again
                stream.is_swept, stream.job, stream.rows = False, None, Rows()
            stream.written += event.rows
            self._written += event.rows
            stream.rows.since = 0 if event.takes_back else stream.rows.since + event.rows
            if event.takes_back:
                stream.rows.arrived = 0

    @_take.register
    def _sweep_begun(self, event: SweepBegun) -> None:
        for stream in self._about(event.stream):
            stream.is_swept, stream.job, stream.parts_left = True, None, 0
            stream.rows = Rows(estimate=event.expected_rows)

    @_take.register
    def _reconciled(self, event: Reconciled) -> None:
        for stream in self._about(event.stream):
            stream.is_swept, stream.job = False, None


def _copied(stream: StreamProgress) -> StreamProgress:
    job = None if stream.job is None else replace(stream.job)
    return replace(stream, job=job, rows=replace(stream.rows))
