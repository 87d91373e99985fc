"""What was measured, as text for people and as docs/performance.md."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.processes import ROOT
from tests.support.text_table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.aims import Aim
    from tests.bench.runs import Cell

DOCUMENT = ROOT / "docs" / "performance.md"
MEBIBYTE = 1 << 20
REFUSED = "the tap refuses the settings"
CELL_HEAD = (*("Columns", "Way", "Rows", "Seconds", "Rows/s", "CPU s", "Peak MiB", "Output MiB"),)
AIM_HEAD = ("What", "Is", "Wanted", "Met", "How")
_NUMBERS = frozenset(CELL_HEAD) - {"Way"}


@dataclass(frozen=True)
class Report:
    """One run of the benchmark.

    Attributes:
        command: What was typed.
        load: How many processes wanted to run in the minute before.
        cells: The table of ways and widths.
        aims: What is wanted.
    """

    command: str
    load: float
    cells: Sequence[Cell]
    aims: Sequence[Aim]

    def text(self) -> str:
        """Return it for a terminal."""
        facts = "\n".join(f"{name}: {value}" for name, value in self._facts())
        cells = "\n".join(table([CELL_HEAD, *map(cell_row, self.cells)]))
        aims = "\n".join(table([AIM_HEAD, *(aim.cells() for aim in self.aims)]))
        return f"{facts}\n\n{cells}\n\n{aims}\n"

    def markdown(self) -> str:
        """Return the whole of docs/performance.md."""
        facts = _markdown(("What", "With"), self._facts())
        cells = _markdown(CELL_HEAD, map(cell_row, self.cells))
        aims = _markdown(AIM_HEAD, (aim.cells() for aim in self.aims))
        return _TEXT.format(facts=facts, cells=cells, aims=aims)

    def _facts(self) -> list[tuple[str, str]]:
        versions = ", ".join(
            f"{name} {importlib.metadata.version(name)}"
            for name in ("tap-versionforge-salesforce", "singer-sdk", "polars", "requests")
        )
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return [
            ("Date", f"{datetime.now(timezone.utc):%Y-%m-%d}"),
            ("Machine", f"{os.cpu_count()} cores ({_processor()}), {_memory()} of memory"),
            ("Load before", f"{self.load:.1f}"),
            ("System", system),
            ("Versions", versions),
            ("Command", self.command),
        ]


_TEXT = """\
# Performance

This page is written by the command in the table; `make bench` measures the same and only prints it.

{facts}

## Ways and widths

![Rows per second of each way, by the number of columns](pictures/benchmark.svg)

{cells}

The tap runs as a process and writes into a pipe whose other end throws everything away.
Its start, sign-in, describe and the Bulk job are in the time.
The org is a stand-in on the same machine that serves bytes made before: Bulk pages of about 43 MB of CSV (of 10 columns 10 MB, as 50,000 rows are the most), packed with gzip, and REST pages of 2,000 rows.
*floor* is no tap: it downloads the same Bulk pages with requests, reads them with polars as text, and writes lines of JSON.
*record by record* is what `stream_maps` costs: the way of the SDK over the same pages.
At 40 columns floor and Bulk are the fastest of a few runs by turns; everything else has run once.
The output of BATCH is its files and what announces them.
The numbers are those of one machine and of an org that never lets wait: compare them with each other, not with those of another machine.

## What is wanted

{aims}
"""  # noqa: E501  in Markdown a sentence is a line


def cell_row(cell: Cell) -> tuple[str, ...]:
    """Return what stands in the table."""
    result = cell.result
    if result is None:
        return (str(cell.columns), f"{cell.way}: {REFUSED}", *[""] * 6)
    return (
        str(cell.columns),
        cell.way,
        f"{result.rows:,}",
        f"{result.seconds:.1f}",
        f"{result.rows / result.seconds:,.0f}",
        f"{result.cpu_seconds:.1f}",
        f"{result.peak_bytes / MEBIBYTE:,.0f}",
        f"{result.output_bytes / MEBIBYTE:,.0f}",
    )


def _markdown(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    rule = ["--:" if name in _NUMBERS else "---" for name in head]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
