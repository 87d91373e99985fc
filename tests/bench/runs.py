"""What is run: each way of getting the rows out, at several widths."""

from __future__ import annotations

import gzip
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from tests.bench.measure import LINE, RECORD, Result, measure
from tests.bench.pages import REST_PAGE_ROWS
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.bench.org import ReadyOrgProcess

#: One object for each number of rows.
THING, FEW, SOME = "Thing__c", "Few__c", "Some__c"
FLOOR, FAST, SDK, REST = "floor", "Bulk", "Bulk, record by record", "REST"
WIDTHS = (10, 40, 200, 500)
#: The width at which ways are compared.
USUAL_WIDTH = 40
# Rows of fewer columns get no cheaper from here on: each is a message with its envelope.
_NARROWEST = 16
_SETTINGS_REFUSED = 2
_BATCHES = {
    "BATCH, jsonl gzip": {"format": "jsonl", "compression": "gzip"},
    "BATCH, parquet": {"format": "parquet"},
}
_EXPORTED = ("parquet", "csv", "jsonl")
_KINDS = {"Python, polars": "polars", "Python, Arrow": "arrow"}


@dataclass(frozen=True)
class Sizes:
    """How many rows of the usual width, or objects, are in a run of each kind, and how often.

    Attributes:
        thing: Fast ways.
        few: Record by record.
        some: By REST.
        large: The larger run whose memory is compared.
        small: The smaller one.
        slow: Over slow connections.
        objects: Without rows, where their number is what matters.
        repeats: Of what is compared; the fastest counts.
    """

    thing: int
    few: int
    some: int
    large: int
    small: int
    slow: int
    objects: int
    repeats: int

    def rows(self, columns: int) -> dict[str, int]:
        """Return how many rows each object has at a width."""
        share = USUAL_WIDTH / max(columns, _NARROWEST)
        usual = {THING: self.thing, FEW: self.few, SOME: self.some}
        # Whole pages of REST: each other length is one more page to make ready.
        return {
            name: max(1, round(rows * share / REST_PAGE_ROWS)) * REST_PAGE_ROWS
            for name, rows in usual.items()
        }


FULL = Sizes(
    thing=300_000,
    few=40_000,
    some=150_000,
    large=1_000_000,
    small=200_000,
    slow=160_000,
    objects=1_200,
    repeats=3,
)
QUICK = Sizes(
    thing=50_000,
    few=5_000,
    some=10_000,
    large=200_000,
    small=100_000,
    slow=80_000,
    objects=200,
    repeats=1,
)


@dataclass(frozen=True)
class Cell:
    """One way at one width.

    Attributes:
        way: The way.
        columns: The width.
        result: What was measured; None where the tap refused.
    """

    way: str
    columns: int
    result: Result | None


@dataclass(frozen=True)
class SpelledCell:
    """The whole run by Bulk beside the floor, at the usual width, over values of one spelling.

    Attributes:
        spelled: Which, as `spellings` calls it.
        floor: What was measured of the floor.
        fast: The same of the tap.
    """

    spelled: str
    floor: Result
    fast: Result

    @property
    def share(self) -> float:
        """Return how fast the tap is, the floor being 1."""
        return self.floor.seconds / self.fast.seconds


class WrongRowsError(Exception):
    """A run did not give the rows that are there."""


def cells(org: ReadyOrgProcess, sizes: Sizes, columns: int) -> Iterator[Cell]:
    """Run every way at one width."""
    rows = sizes.rows(columns)
    compared: dict[str, Callable[[], Result]] = {
        FLOOR: lambda: floor(org, rows[THING]),
        FAST: lambda: extract(org, THING, rows[THING]),
        SDK: lambda: extract(org, FEW, rows[FEW], stream_maps={FEW: {}}),
        REST: lambda: extract(org, SOME, rows[SOME], api_mode="rest"),
    }
    for way, result in zip(compared, _fastest(sizes.repeats, *compared.values()), strict=True):
        yield Cell(way, columns, result)
    for way, encoding in _BATCHES.items():
        yield Cell(way, columns, _batch(org, rows[THING], encoding))
    if columns == USUAL_WIDTH:
        for written_as in _EXPORTED:
            yield Cell(f"export, {written_as}", columns, _export(org, rows[THING], written_as))
        for way, kind in _KINDS.items():
            yield Cell(way, columns, _in_python(org, rows[THING], kind))


def spelled_cell(org: ReadyOrgProcess, sizes: Sizes, spelled: str) -> SpelledCell:
    """Run the floor and the tap, by turns, over an org of values of one spelling."""
    rows = sizes.rows(USUAL_WIDTH)[THING]
    least, fast = _fastest(
        sizes.repeats, lambda: floor(org, rows), lambda: extract(org, THING, rows)
    )
    return SpelledCell(spelled, least, fast)


def _fastest(repeats: int, *ways: Callable[[], Result]) -> list[Result]:
    """Return the fastest run of each way, by turns: what else the machine does hits all."""
    turns = [[way() for way in ways] for _ in range(repeats)]
    return [min(runs, key=lambda run: run.seconds) for runs in zip(*turns, strict=True)]


def floor(org: ReadyOrgProcess, rows: int) -> Result:
    """Run what does the least."""
    command = [sys.executable, "-m", "tests.bench.floor", org.results(THING)]
    return checked(measure(command, marker=LINE), rows)


def extract(
    org: ReadyOrgProcess, name: str, rows: int, *, at_terminal: bool = False, **settings: object
) -> Result:
    """Run the tap on one object, with a live display where it is at a terminal.

    Raises:
        WrongRowsError: The rows did not all come.
    """
    config = org.tap_config(**{"objects": [name], "api_mode": "bulk", **settings})
    return checked(measure([processes.TAP, "--config", config], at_terminal=at_terminal), rows)


def _batch(org: ReadyOrgProcess, rows: int, encoding: dict[str, str]) -> Result | None:
    folder = org.config.parent / "files"
    folder.mkdir()
    storage = {"root": folder.as_uri(), "prefix": ""}
    config = org.tap_config(
        objects=[THING], api_mode="bulk", batch_config={"encoding": encoding, "storage": storage}
    )
    result = measure([processes.TAP, "--config", config], marker=RECORD)
    if result.exit_code == _SETTINGS_REFUSED:
        shutil.rmtree(folder)
        return None
    files = list(folder.iterdir())
    written = sum(file.stat().st_size for file in files)
    counted = sum(_rows_in(file) for file in files)
    shutil.rmtree(folder)
    return checked(replace(result, rows=counted, output_bytes=result.output_bytes + written), rows)


def _export(org: ReadyOrgProcess, rows: int, written_as: str) -> Result:
    folder = org.config.parent / "export"
    config = org.tap_config(api_mode="bulk")
    options: list[str | Path] = ["--to", folder, "--format", written_as, "--config", config]
    result = measure([processes.TAP, "export", THING, *options])
    files = list((folder / THING).iterdir()) if not result.exit_code else []
    written = sum(file.stat().st_size for file in files)
    counted = sum(_rows_in(file) for file in files)
    shutil.rmtree(folder, ignore_errors=True)
    return checked(replace(result, rows=counted, output_bytes=written), rows)


def _in_python(org: ReadyOrgProcess, rows: int, kind: str) -> Result:
    config = org.tap_config(api_mode="bulk")
    command: list[str | Path] = [sys.executable, "-m", "tests.bench.python_rows"]
    command += [config, THING, kind]
    return checked(replace(measure(command, marker=LINE), output_bytes=0), rows)


def _rows_in(file: Path) -> int:
    if file.suffix == ".csv":
        return int(pl.scan_csv(file, infer_schema=False).select(pl.len()).collect().item())
    if file.suffix == ".jsonl":
        with file.open("rb") as lines:
            return sum(1 for _ in lines)
    if file.suffix == ".parquet":
        return int(pl.scan_parquet(file).select(pl.len()).collect().item())
    with gzip.open(file) as lines:
        return sum(1 for _ in lines)


def checked(result: Result, rows: int) -> Result:
    """Return what was measured.

    Raises:
        ProgramFailedError: The program failed.
        WrongRowsError: The rows did not all come.
    """
    if result.exit_code:
        raise processes.ProgramFailedError(result.log)
    if result.rows != rows:
        msg = f"{result.rows:,} rows instead of {rows:,}"
        raise WrongRowsError(msg)
    return result
