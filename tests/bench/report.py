"""What was measured, as text for people and as docs/performance.md."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.documents import part_of, with_part
from tests.support.processes import ROOT
from tests.support.text_table import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.aims import Aim
    from tests.bench.installation import Installation
    from tests.bench.runs import Cell, SpelledCell

DOCUMENT = ROOT / "docs" / "performance.md"
MEBIBYTE = 1 << 20
REFUSED = "the tap refuses the settings"
CELL_HEAD = (*("Columns", "Way", "Rows", "Seconds", "Rows/s", "CPU s", "Peak MiB", "Output MiB"),)
SPELLED_HEAD = ("Values", "Floor, rows/s", "Bulk, rows/s", "Floor, CPU s", "Bulk, CPU s", "Share")
AIM_HEAD = ("What", "Is", "Wanted", "Met", "How")
SIZE_HEAD = ("Package", "MB", "Share")
START_HEAD = ("Start", "Seconds", "CPU s")
SCALE_HEAD = (
    "Run",
    "Rows",
    "Seconds",
    "Rows/s",
    "Usual MB",
    "Peak MB",
    "Open files",
    "Threads",
    "Spool MB",
)
_TEXTS = {"Way", "Run", "Values", "Package", "Start"}
_NUMBERS = frozenset((*CELL_HEAD, *SPELLED_HEAD, *SIZE_HEAD, *START_HEAD, *SCALE_HEAD)) - _TEXTS
#: Parts of docs/performance.md that have commands of their own.
TARGETS, SPARK, SCALE = "targets", "spark", "scale"
_INSTALL = "install"


@dataclass(frozen=True)
class Report:
    """One run of the benchmark.

    Attributes:
        command: What was typed.
        load: How many processes wanted to run in the minute before.
        installation: What is installed, and how it starts.
        cells: The table of ways and widths; empty where only the installation was looked at.
        spelled: The table of values and spellings.
        aims: What is wanted.
    """

    command: str
    load: float
    installation: Installation
    cells: Sequence[Cell] = ()
    spelled: Sequence[SpelledCell] = ()
    aims: Sequence[Aim] = ()

    def text(self) -> str:
        """Return it for a terminal."""
        parts: list[Iterable[str]] = [[f"{name}: {value}" for name, value in self._facts()]]
        if self.cells:
            parts.append(table([CELL_HEAD, *map(cell_row, self.cells)]))
            parts.append(table([SPELLED_HEAD, *map(spelled_row, self.spelled)]))
        parts.append(table([SIZE_HEAD, *self.installation.size_rows()]))
        parts.append(table([START_HEAD, *self.installation.start_rows()]))
        aims = [*self.aims, *self.installation.aims()]
        parts.append(table([AIM_HEAD, *(aim.cells() for aim in aims)]))
        return "\n\n".join("\n".join(lines) for lines in parts) + "\n"

    def markdown(self) -> str:
        """Return the whole of docs/performance.md."""
        written = DOCUMENT.read_text(encoding="utf-8")
        if not self.cells:
            return with_part(written, _INSTALL, self._installed())
        facts = markdown(("What", "With"), self._facts())
        cells = markdown(CELL_HEAD, map(cell_row, self.cells))
        aims = markdown(AIM_HEAD, (aim.cells() for aim in self.aims))
        spelled = markdown(SPELLED_HEAD, map(spelled_row, self.spelled))
        text = _TEXT.format(facts=facts, cells=cells, spelled=spelled, aims=aims)
        for name in (TARGETS, SCALE, SPARK):
            text = with_part(text, name, part_of(written, name))
        return with_part(text, _INSTALL, self._installed())

    def _installed(self) -> str:
        facts = dict(self._facts())
        text = _INSTALLED.format(
            **{name.split()[0].lower(): value for name, value in facts.items()},
            sizes=markdown(SIZE_HEAD, self.installation.size_rows()),
            starts=markdown(START_HEAD, self.installation.start_rows()),
            aims=markdown(AIM_HEAD, (aim.cells() for aim in self.installation.aims())),
        )
        return text.strip()

    def _facts(self) -> list[tuple[str, str]]:
        versions = ", ".join(
            f"{name} {importlib.metadata.version(name)}"
            for name in ("tap-versionforge-salesforce", "singer-sdk", "polars", "requests")
        )
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return [
            ("Date", today()),
            ("Machine", machine()),
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
Floor, Bulk, *record by record* and REST are the fastest of a few runs by turns; everything else has run once.
The output of BATCH is its files and what announces them, that of *export* its files; *Python* is `Org.read`, whose rows are counted and thrown away.
The numbers are those of one machine and of an org that never lets wait: compare them with each other, not with those of another machine.

## Values in any spelling

{spelled}

At 40 columns, each by turns, the fastest counts.
*regular* are values as most orgs have them; *Java's exponents* are those of all amounts (`1.2345E7`), *7.0* those of all whole numbers, *escaped texts* have quotes, line breaks and characters of several bytes in each text, *2 % odd* is one in fifty of the values of each column, and *mixed* has a share of all of them (`tests/bench/spellings.py`).
[docs/fidelity.md](fidelity.md) has what is made of each.

## What is wanted

{aims}

## Into a target

<!-- targets -->
<!-- /targets -->

## Scale

<!-- scale -->
<!-- /scale -->

## Spark

<!-- spark -->
<!-- /spark -->

## Install and start

<!-- install -->
<!-- /install -->
"""  # noqa: E501  in Markdown a sentence is a line
_INSTALLED = """\
Measured on {date} by `{command}`: {machine}, load before {load}, {system}.

The wheel is installed into an environment of its own, with the packages that `uv.lock` has for it; a package is as large as its files are.

{sizes}

Each start is a process, the fastest of seven by turns; the first one after the installation has to compile all that it loads, which the container image has behind it.
What a run takes until its first request is what its process has used when the first byte of it arrives, at somebody who then ends the process: everything that has to be loaded, read, checked and signed before, in whichever thread.
The run reads from the stand-in org of `make org`, in a process beside it, from nothing but a config on: its start, sign-in, describes and the first page.

{starts}

{aims}
"""  # noqa: E501


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


def spelled_row(cell: SpelledCell) -> tuple[str, ...]:
    """Return what stands in the table of values and spellings."""
    both = (cell.floor, cell.fast)
    return (
        cell.spelled,
        *(f"{result.rows / result.seconds:,.0f}" for result in both),
        *(f"{result.cpu_seconds:.1f}" for result in both),
        f"{cell.share:.2f}",
    )


def today() -> str:
    """Return the day of the measurement."""
    return f"{datetime.now(timezone.utc):%Y-%m-%d}"


def machine() -> str:
    """Return what it is measured on."""
    return f"{os.cpu_count()} cores ({_processor()}), {_memory()} of memory"


def write_part(name: str, lines: Sequence[str]) -> None:
    """Write one part of docs/performance.md, and leave the others.

    Args:
        name: Which part.
        lines: The part.
    """
    text = with_part(DOCUMENT.read_text(encoding="utf-8"), name, "\n".join(lines))
    DOCUMENT.write_text(text, encoding="utf-8")


def markdown(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: frozenset[str] = _NUMBERS
) -> str:
    """Return a table, with the columns of these names to the right."""
    rule = ["--:" if name in numbers else "---" for name in head]
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
