"""What is wanted of the tap, as numbers that hold on any machine: each one against another."""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.bench import objects, runs
from tests.bench.measure import IMPORT_OF_SDK, measure
from tests.bench.org import DescribedOrgProcess, ReadyOrgProcess, SweptOrgProcess
from tests.bench.pages import BULK_PAGE_ROWS, VERSION
from tests.bench.spellings import MIXED, REGULAR
from tests.bench.swept_org import SWEPT
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MEGABYTE = 1_000_000
#: The objects that the tap reads by itself.
NINE = (
    *("Account", "Contact", "Contract", "Opportunity", "User"),
    *("OpportunityLineItem", "QuoteLineItem", "OrderItem", "ContractLineItem"),
)
_ROWS_OF_NINE = 1_000
_ROUND_TRIPS = 50
# Sign-in and the list of versions, which are not counted.
_UNCOUNTED_CALLS = 2
_SMALL_RUNS = 5
_TURNS_OF_DISPLAY = 5
# So many streams, and the most calls that are wanted for them.
_QUIET_RUNS = {100: 30, 300: 80}
_LATENCY_SECONDS = 0.1
# What each stream of a catalog has once.
_STREAM = '"tap_stream_id"'
_ROWS_OF_SLOW_PAGE = 10_000
_WIDTH_OF_OBJECTS = 100
_SLOW_BYTES_PER_SECOND = 4_000_000
_FAR_AWAY_SECONDS = 0.3
_JOB_SECONDS = 6
_CALLS_OF_TWO_JOBS = 16


@dataclass(frozen=True, kw_only=True)
class Aim:
    """One number, and what it is to be.

    Attributes:
        what: What was compared.
        value: What it is.
        at_least: It is wanted to be no less; None for the other way.
        at_most: It is wanted to be no more; None for the other way.
        unit: Behind the numbers.
        remark: Where the value comes from.
    """

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"
    remark: str

    @property
    def is_met(self) -> bool:
        """Tell whether it is as wanted."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    def cells(self) -> tuple[str, ...]:
        """Return what stands in a table."""
        wanted = (
            f"≤ {self.at_most:g}{self.unit}"
            if self.at_least is None
            else f"≥ {self.at_least:g}{self.unit}"
        )
        value = f"{self.value:.2f}" if self.unit == "x" else f"{self.value:,.0f}"
        return (
            self.what,
            f"{value}{self.unit}",
            wanted,
            "yes" if self.is_met else "no",
            self.remark,
        )


def of_widths(cells: Sequence[runs.Cell]) -> Iterator[Aim]:
    """Compare the ways at each width, and what they hold in memory."""
    found = {(cell.way, cell.columns): cell.result for cell in cells if cell.result}
    speed = {at: result.rows / result.seconds for at, result in found.items()}
    for columns in runs.WIDTHS:
        yield Aim(
            what=f"The whole run by Bulk, against the floor: {columns} columns",
            value=speed[runs.FAST, columns] / speed[runs.FLOOR, columns],
            at_least=0.75,
            remark="rows/s of the table",
        )
    for way in (runs.FAST, runs.REST):
        peaks = {columns: found[way, columns].peak_bytes for columns in runs.WIDTHS}
        widest = max(peaks, key=peaks.__getitem__)
        yield Aim(
            what=f"Peak memory by {way} at any width",
            value=peaks[widest] / MEGABYTE,
            at_most=300,
            unit=" MB",
            remark=f"most at {widest} columns",
        )
    usual = runs.USUAL_WIDTH
    yield Aim(
        what=f"The whole run by REST, against Bulk record by record: {usual} columns",
        value=speed[runs.REST, usual] / speed[runs.SDK, usual],
        at_least=5,
        remark="rows/s of the table",
    )


def of_spellings(cells: Sequence[runs.SpelledCell]) -> Iterator[Aim]:
    """Compare the whole run by Bulk with the floor, over values of each spelling."""
    shares = {cell.spelled: cell.share for cell in cells}
    worst = min(shares, key=shares.__getitem__)
    for what, spelled, at_least in (
        ("regular values", REGULAR, 0.8),
        ("mixed values", MIXED, 0.7),
        ("the worst of all spellings", worst, 0.5),
    ):
        yield Aim(
            what=f"The whole run by Bulk, against the floor: {what}",
            value=shares[spelled],
            at_least=at_least,
            remark=f"of the table of spellings: {spelled}",
        )


def of_display(org: ReadyOrgProcess, sizes: runs.Sizes) -> Iterator[Aim]:
    """Compare a run at a terminal, with its live display, with one that has none."""
    rows = sizes.rows(runs.USUAL_WIDTH)[runs.THING]
    cpu_seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(_TURNS_OF_DISPLAY):  # by turns: what else the machine does hits both
        for shown, seconds in cpu_seconds.items():
            result = runs.extract(org, runs.THING, rows, at_terminal=shown)
            seconds.append(result.cpu_seconds)
    shown_seconds, plain_seconds = min(cpu_seconds[True]), min(cpu_seconds[False])
    yield Aim(
        what="CPU seconds of the whole run by Bulk with the live display, against without",
        value=shown_seconds / plain_seconds,
        at_most=1.03,
        remark=f"{shown_seconds:.2f} s against {plain_seconds:.2f} for {rows:,} rows, the least "
        f"of {_TURNS_OF_DISPLAY} turns each; of these, about 0.1 s are the import of rich",
    )


def of_memory(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Compare what a large and a small extract hold in memory."""
    objects = {"Large__c": sizes.large, "Small__c": sizes.small}
    with ReadyOrgProcess(folder, columns=runs.USUAL_WIDTH, rows=objects) as org:
        large, small = (runs.extract(org, name, rows) for name, rows in objects.items())
    yield Aim(
        what=f"Peak memory of {sizes.large:,} rows of {runs.USUAL_WIDTH} columns by Bulk",
        value=large.peak_bytes / MEGABYTE,
        at_most=350,
        unit=" MB",
        remark=f"{large.seconds:.1f} s, {large.rows / large.seconds:,.0f} rows/s",
    )
    yield Aim(
        what=f"Peak memory of that, against {sizes.small:,} rows",
        value=large.peak_bytes / small.peak_bytes,
        at_most=1.15,
        remark=f"against {small.peak_bytes / MEGABYTE:,.0f} MB",
    )


def of_objects(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Compare what many objects and one hold in memory."""
    for mode in objects.MODES:
        one, many = objects.peaks(
            folder / mode, mode, columns=_WIDTH_OF_OBJECTS, counts=(1, sizes.objects)
        )
        yield Aim(
            what=f"Peak memory of {sizes.objects:,} objects of {_WIDTH_OF_OBJECTS} columns over "
            f"one: {mode}",
            value=(many - one) / MEGABYTE,
            at_most=100,
            unit=" MB",
            remark=f"{many / MEGABYTE:,.0f} MB against {one / MEGABYTE:,.0f} MB",
        )


def of_discovery(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Describe a whole org of wide objects, and describe it again."""
    found = []
    with DescribedOrgProcess(
        folder, objects=sizes.objects, latency_seconds=_LATENCY_SECONDS
    ) as org:
        began = time.perf_counter()
        processes.run(
            [sys.executable, "-m", "tests.bench.bare_discovery", org.url], cwd=processes.ROOT
        )
        bare = time.perf_counter() - began
        config = org.tap_config(objects=["*"], discovery_cache=str(folder / "cache"))
        for _ in range(2):
            before = org.journal()
            result = measure([processes.TAP, "--config", config, "--discover"], marker=_STREAM)
            if result.exit_code or result.rows != sizes.objects:
                raise processes.ProgramFailedError(result.log)
            found.append((result, {key: n - before[key] for key, n in org.journal().items()}))
    (first, cost), (again, cost_again) = found
    what = f"Discovery of {sizes.objects:,} objects of 40 to 800 fields"
    far = f"{_LATENCY_SECONDS * 1000:.0f} ms to Salesforce"
    yield Aim(
        what=f"{what}, against a client that only downloads and parses",
        value=first.seconds / bare,
        at_most=2.5,
        remark=f"{far}: {first.seconds:.1f} s against {bare:.1f} s",
    )
    yield Aim(what=f"{what}: API calls", value=cost["calls"], at_most=60, unit="", remark=far)
    yield Aim(
        what=f"{what}: peak memory",
        value=first.peak_bytes / MEGABYTE,
        at_most=300,
        unit=" MB",
        remark=f"{first.output_bytes / MEGABYTE:,.0f} MB of catalog",
    )
    yield Aim(
        what=f"{what}: bytes of answers, the first time against the second",
        value=cost["sent_bytes"] / cost_again["sent_bytes"],
        at_least=5,
        remark=f"packed: {cost['sent_bytes']:,} against {cost_again['sent_bytes']:,}; the second "
        f"took {again.seconds:.1f} s",
    )


def of_reconciliation(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Sweep a table and compare it with what the target has, against extracting it."""
    store, state = folder / "store", folder / "state.json"
    rows = sizes.large
    settings: dict[str, object] = {"objects": [SWEPT], "api_mode": "bulk"}
    extracts, sweeps = [], []
    with SweptOrgProcess(folder, rows=rows) as org:
        plain = folder / "plain.json"
        plain.write_bytes(org.tap_config(**settings).read_bytes())
        settings |= {"reconcile_store": str(store), "reconcile_every_hours": 0}
        command: list[str | Path] = [processes.TAP, "--config", org.tap_config(**settings)]
        command += ["--state", state]
        # The first one keeps what it writes; from the second on, one is as the next.
        for _ in range(2):
            lines = processes.run(command).stdout.splitlines()
            states = [line for line in lines if '"type":"STATE"' in line]
            state.write_text(states[-1], encoding="utf-8")
        # By turns: what else the machine does hits both.
        for _ in range(sizes.repeats):
            extracts.append(measure([processes.TAP, "--config", plain]))
            before = org.journal()["calls"]
            sweeps.append((measure(command), org.journal()["calls"] - before))
    for result in [*extracts, *(sweep for sweep, _ in sweeps)]:
        if result.exit_code or result.rows not in (0, rows):
            raise processes.ProgramFailedError(result.log)
    extract = min(extracts, key=lambda result: result.seconds)
    sweep, calls = min(sweeps, key=lambda pair: pair[0].seconds)
    stored = [path.stat().st_size for path in store.glob("*/generations/*/*")]
    # Of runs from one state, each leaves a sweep that none has confirmed.
    in_store = len(list(store.glob("*/generations/*")))
    what = f"A reconciliation of {rows:,} rows with three formulas"
    yield Aim(
        what=f"{what}, against a Bulk extract of the same columns",
        value=extract.seconds / sweep.seconds,
        at_least=0.7,
        remark=f"whole runs, rows/s: {rows / sweep.seconds:,.0f} against "
        f"{rows / extract.seconds:,.0f}",
    )
    yield Aim(
        what=f"{what}: peak memory",
        value=max(result.peak_bytes for result, _ in sweeps) / MEGABYTE,
        at_most=400,
        unit=" MB",
        remark=f"{sum(stored) / in_store / MEGABYTE:,.0f} MB a sweep in the store, which has two",
    )
    yield Aim(
        what=f"{what}: API calls",
        value=calls,
        at_most=rows / BULK_PAGE_ROWS + _CALLS_OF_TWO_JOBS,
        unit="",
        remark=f"of which {rows // BULK_PAGE_ROWS} are result pages; with the window before it",
    )


def of_downloads(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Compare one connection with four, where each is slow."""
    rows = {runs.THING: sizes.slow}
    with ReadyOrgProcess(
        folder,
        columns=runs.USUAL_WIDTH,
        rows=rows,
        page_rows=_ROWS_OF_SLOW_PAGE,
        bytes_per_second=_SLOW_BYTES_PER_SECOND,
    ) as org:
        page_rows: dict[str, Any] = {"bulk_page_rows": _ROWS_OF_SLOW_PAGE}
        one, four = (
            runs.extract(org, runs.THING, sizes.slow, parallel_downloads=count, **page_rows)
            for count in (1, 4)
        )
    yield Aim(
        what="Four downloads at 4 MB/s of CSV each, against one",
        value=one.seconds / four.seconds,
        at_least=3,
        remark=f"{sizes.slow:,} rows in pages of {_ROWS_OF_SLOW_PAGE:,}: {four.seconds:.1f} s "
        f"against {one.seconds:.1f} s",
    )


def of_nine_jobs(folder: Path, sizes: runs.Sizes) -> Iterator[Aim]:
    """Compare nine Bulk streams with the slowest of them alone, where Salesforce is far away."""
    slowest, *others = NINE
    rows = {slowest: sizes.slow // 2, **dict.fromkeys(others, _ROWS_OF_SLOW_PAGE)}
    settings = {"api_mode": "bulk", "bulk_page_rows": _ROWS_OF_SLOW_PAGE}
    seconds = []
    with ReadyOrgProcess(
        folder,
        columns=runs.USUAL_WIDTH,
        rows=rows,
        page_rows=_ROWS_OF_SLOW_PAGE,
        bytes_per_second=_SLOW_BYTES_PER_SECOND,
        latency_seconds=_FAR_AWAY_SECONDS,
        job_seconds=_JOB_SECONDS,
    ) as org:
        for names in ([slowest], list(NINE)):
            config = org.tap_config(objects=names, **settings)
            result = measure([processes.TAP, "--config", config])
            if result.exit_code or result.rows != sum(rows[name] for name in names):
                raise processes.ProgramFailedError(result.log)
            seconds.append(result.seconds)
    alone, nine = seconds
    yield Aim(
        what="Nine Bulk streams, against the slowest of them alone",
        value=nine / alone,
        at_most=1.5,
        remark=f"{_FAR_AWAY_SECONDS * 1000:.0f} ms to Salesforce, {_JOB_SECONDS} s a job, 4 MB/s "
        f"of CSV each: {nine:.1f} s against {alone:.1f} s",
    )


def of_small_runs(folder: Path) -> Iterator[Aim]:
    """Run nine streams in which nothing is new."""
    floor = [sys.executable, "-c", IMPORT_OF_SDK]
    with ReadyOrgProcess(folder, columns=10, rows=dict.fromkeys(NINE, _ROWS_OF_NINE)) as org:
        run = _quiet_run(org, folder, NINE)
        before = org.journal()["calls"]
        _seconds(run)
        calls = org.journal()["calls"] - before
        round_trips = _round_trip_seconds(org.url) * (calls + _UNCOUNTED_CALLS)
        turns = [(_seconds(floor), _seconds(run)) for _ in range(_SMALL_RUNS)]
    bare, whole = (statistics.median(each) for each in zip(*turns, strict=True))
    yield Aim(
        what="Nine streams with nothing new, without the round trips, against an import of "
        "the SDK alone",
        value=(whole - round_trips) / bare,
        at_most=2,
        remark=f"{whole:.2f} s, of which {round_trips * 1000:.0f} ms are round trips, against "
        f"{bare:.2f} s",
    )
    yield Aim(
        what="API calls of that run",
        value=calls,
        at_most=4,
        unit="",
        remark="as the org counts them",
    )
    yield from _of_quiet_runs(folder / "quiet")
    yield _of_distance(folder / "distance")


def _of_quiet_runs(folder: Path) -> Iterator[Aim]:
    """Count what many streams cost in which nothing is new."""
    for count, at_most in _QUIET_RUNS.items():
        names = [f"Thing{n:03d}__c" for n in range(count)]
        place = folder / str(count)
        with ReadyOrgProcess(place, columns=10, rows=dict.fromkeys(names, _ROWS_OF_NINE)) as org:
            run = _quiet_run(org, place, names)
            _seconds(run)
            calls = org.journal()["calls"]
        yield Aim(
            what=f"API calls of {count} streams with nothing new",
            value=calls,
            at_most=at_most,
            unit="",
            remark=f"{count / calls:.1f} streams a call",
        )


def _of_distance(folder: Path) -> Aim:
    """Compare first pages five to a call with first pages four at once, far from the org."""
    rows = dict.fromkeys(NINE, _ROWS_OF_NINE)
    with ReadyOrgProcess(folder, columns=10, rows=rows, latency_seconds=_LATENCY_SECONDS) as org:
        turns = []
        for _ in range(_SMALL_RUNS):
            seconds = []
            for are_composite in (True, False):
                settings = {"composite_queries": are_composite}
                seconds.append(_seconds(_quiet_run(org, folder, NINE, **settings)))
            turns.append(seconds)
    together, alone = (statistics.median(each) for each in zip(*turns, strict=True))
    return Aim(
        what="Nine streams with nothing new, five to a call, against four side by side",
        value=together / alone,
        at_most=1.05,
        remark=f"{_LATENCY_SECONDS * 1000:.0f} ms to Salesforce: {together:.2f} s against "
        f"{alone:.2f} s",
    )


def _quiet_run(
    org: ReadyOrgProcess, folder: Path, names: Sequence[str], **settings: object
) -> list[str | Path]:
    state = folder / "state.json"
    state.write_text(json.dumps(_state(names)), encoding="utf-8")
    config = org.tap_config(objects=list(names), **settings)
    return [processes.TAP, "--config", config, "--state", state]


def _state(names: Sequence[str] = NINE) -> dict[str, object]:
    bookmark = datetime.now(timezone.utc) - timedelta(hours=1)
    entry = {
        "replication_key": "SystemModstamp",
        "replication_key_value": f"{bookmark:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    return {"bookmarks": dict.fromkeys(names, entry)}


def _seconds(command: Sequence[str | Path]) -> float:
    result = measure(command)
    if result.exit_code or result.rows:
        raise processes.ProgramFailedError(result.log)
    return result.seconds


def _round_trip_seconds(url: str) -> float:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    began = time.perf_counter()
    for _ in range(_ROUND_TRIPS):
        connection.request("GET", f"/services/data/v{VERSION}/limits")
        connection.getresponse().read()
    connection.close()
    return (time.perf_counter() - began) / _ROUND_TRIPS
