"""What the coming run would do: the API for each stream, and what that costs. No row is read."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_versionforge_salesforce.salesforce.query.api_choice import Api, Choice
from tap_versionforge_salesforce.salesforce.query.cost import (
    Cost,
    Times,
    choice_beforehand,
    cost_of,
    times_of,
)
from tap_versionforge_salesforce.singer.row_counts import FirstRead, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream

_NAMES = {Api.REST: "rest", Api.BULK: "bulk"}


class _LastRun(NamedTuple):
    """What the report of the last run says of a stream; None where it says nothing.

    Attributes:
        rows: As `StreamPlan.last_rows`.
        seconds: As `StreamPlan.last_seconds`.
    """

    rows: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What would be done for one stream, or to reconcile it.

    Attributes:
        stream: Its name.
        api: ``rest`` or ``bulk``.
        reason: Why that one.
        rows: How many are expected; None where nobody can tell beforehand.
        estimate: They are about so many: Salesforce counts objects by the way, and rows go on
            changing.
        calls: API calls, at the least.
        jobs: Bulk query jobs.
        megabytes: Of the day's storage for results.
        seconds: About how long it takes by itself.
        bookmark: From which it goes on; None where it is read whole.
        ranges: That are read again, and nothing else; none where it is read as usual.
        is_reconciliation: It is the sweep behind what is read.
        last_rows: Of the last run, as its report has it; None where there is none.
        last_seconds: Also of that.
    """

    stream: str
    api: str
    reason: str
    rows: int | None
    calls: int
    jobs: int
    megabytes: int
    seconds: int
    bookmark: str | None
    ranges: tuple[str, ...] = ()
    is_reconciliation: bool = False
    last_rows: int | None = None
    last_seconds: float | None = None
    estimate: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What the coming run would do.

    Attributes:
        streams: In the order in which they are read.
        seconds: About how long all of it takes: jobs of several streams go on at once.
        calls_left: That the run may make today; None where nobody tells.
    """

    streams: tuple[StreamPlan, ...]
    seconds: int
    calls_left: int | None

    @property
    def total(self) -> dict[str, int]:
        """Return the sums."""
        return {
            "rows": sum(each.rows or 0 for each in self.streams if not each.is_reconciliation),
            "calls": sum(each.calls for each in self.streams),
            "jobs": sum(each.jobs for each in self.streams),
            "megabytes": sum(each.megabytes for each in self.streams),
            "seconds": self.seconds,
        }

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "streams": [asdict(each) for each in self.streams],
            "total": self.total,
            "calls_left": self.calls_left,
        }


def plan_of(run: Run, streams: Iterable[SObjectStream]) -> Plan:
    """Return what a run would do.

    Args:
        run: Of the tap.
        streams: That are read, in their order.

    Raises:
        TapError: Salesforce can't be asked at all.
    """
    run.advice.look_at_quota()
    last = _last_run(run.settings.report_path)
    reads = [FirstRead(stream, stream.first_query()) for stream in streams]
    rows = count_rows(run, reads)
    extractions = [each for read in reads for each in _extractions(run, read, rows)]
    planned = [
        each.planned(run.settings, last.get(each.stream, _LastRun())) for each in extractions
    ]
    times = [each.times(run.settings) for each in extractions]
    longest_job = max((each.job_seconds for each in times), default=0.0)
    seconds = math.ceil(longest_job + sum(each.other_seconds for each in times))
    return Plan(tuple(planned), seconds, run.org.quota.allowed_calls)


@dataclass(frozen=True, slots=True)
class _Extraction:
    """One extraction of a stream, or its sweep.

    Attributes:
        stream: The stream's name.
        columns: How many values each row has.
        rows: As `StreamPlan` has them, and so the others.
        choice: Of the API.
        bookmark: From which it goes on.
        ranges: As `StreamPlan` has them.
        is_reconciliation: It is a sweep.
    """

    stream: str
    columns: int
    rows: int | None
    choice: Choice
    bookmark: str | None = None
    ranges: tuple[str, ...] = ()
    is_reconciliation: bool = False

    @property
    def cost(self) -> Cost:
        return cost_of(self.rows or 0, self.columns, is_bulk=self.choice.api is Api.BULK)

    def times(self, settings: Settings) -> Times:
        parallel = settings.parallel_downloads
        return times_of(self.rows or 0, self.columns, self.cost, parallel_downloads=parallel)

    def planned(self, settings: Settings, last: _LastRun | None) -> StreamPlan:
        cost, times = self.cost, self.times(settings)
        before = _LastRun() if last is None or self.is_reconciliation else last
        return StreamPlan(
            stream=self.stream,
            api=_NAMES[self.choice.api],
            reason=self.choice.reason,
            rows=self.rows,
            calls=cost.calls,
            jobs=cost.jobs,
            megabytes=cost.megabytes,
            seconds=math.ceil(sum(times)),
            bookmark=None if self.ranges else self.bookmark,
            ranges=self.ranges,
            is_reconciliation=self.is_reconciliation,
            last_rows=before.rows,
            last_seconds=before.seconds,
        )


def _extractions(
    run: Run, read: FirstRead, counts: Mapping[str, int | None]
) -> Iterator[_Extraction]:
    stream, query = read
    sync, is_full, rows = stream.sync_of_run, stream.is_full_extract, counts[stream.name]
    job = sync.resumed_job_id
    choice = (
        choice_beforehand(query, rows, run.query_options, is_full=is_full)
        if job is None
        else Choice(Api.BULK, f"the job {job} of an earlier run is gone on with", is_final=True)
    )
    ranges = tuple(each.text for each in stream.ranges)
    columns = len(query.columns)
    yield _Extraction(stream.name, columns, rows, choice, sync.bookmark_text, ranges)
    swept = stream.sweep_query
    if swept is not None:
        rows = run.advice.count_rows(stream.name)
        choice = choice_beforehand(swept, rows, run.query_options, is_full=True)
        columns = len(swept.columns)
        yield _Extraction(stream.name, columns, rows, choice, is_reconciliation=True)


def _last_run(path: str | None) -> dict[str, _LastRun]:
    """Return what the report of the last run says of each stream; nothing where there is none."""
    # Reading a terminal or a pipe, such as /dev/stderr, would wait for somebody.
    if path is None or not Path(path).is_file():
        return {}
    try:
        content = json.loads(Path(path).read_bytes())
        return {str(each["stream"]): _last_of(each) for each in content["streams"]}
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        # It is for comparison only: whatever else is there, the plan is the same.
        return {}


def _last_of(stream: Mapping[str, object]) -> _LastRun:
    rows, usage = stream.get("rows"), stream.get("usage")
    seconds = usage.get("seconds") if isinstance(usage, dict) else None
    return _LastRun(rows if type(rows) is int else None, _time_in(seconds))


def _time_in(value: object) -> float | None:
    # bool is a kind of int, and Python reads numbers without an end.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value
