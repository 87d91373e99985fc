"""How fast the tap is and how much memory it takes, against what the pages cost without it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import aims, installation, packing, runs
from tests.bench.org import ReadyOrgProcess
from tests.bench.report import DOCUMENT, Report, cell_row, spelled_row
from tests.bench.spellings import SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    load = os.getloadavg()[0]
    given = [f"--{name}" for name in ("quick", "markdown") if getattr(options, name)]
    given += ["--only", options.only] if options.only else []
    command = " ".join(["python -m tests.bench", *given])
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as name:
        folder = Path(name)
        found = installation.measured(folder / "installed")
        report = Report(command, load, found)
        if not options.only:
            sizes = runs.QUICK if options.quick else runs.FULL
            cells, spelled, wanted = _of_runs(folder, sizes)
            report = replace(report, cells=cells, spelled=spelled, aims=wanted)
    sys.stdout.write(report.text())
    if options.markdown:
        DOCUMENT.write_text(report.markdown(), encoding="utf-8")


def _of_runs(
    folder: Path, sizes: runs.Sizes
) -> tuple[list[runs.Cell], list[runs.SpelledCell], list[aims.Aim]]:
    cells: list[runs.Cell] = []
    found: list[aims.Aim] = []
    for columns in runs.WIDTHS:
        with ReadyOrgProcess(
            folder / str(columns), columns=columns, rows=sizes.rows(columns)
        ) as org:
            for cell in runs.cells(org, sizes, columns):
                _tell(" ".join(cell_row(cell)))
                cells.append(cell)
            if columns == runs.USUAL_WIDTH:
                found += aims.of_display(org, sizes)
    found = [*aims.of_widths(cells), *found]
    spelled = [_spelled(folder / f"spelled {n}", sizes, name) for n, name in enumerate(SPELLINGS)]
    found += aims.of_spellings(spelled)
    found += packing.aims()
    found += aims.of_memory(folder / "memory", sizes)
    found += aims.of_objects(folder / "objects", sizes)
    found += aims.of_discovery(folder / "discovery", sizes)
    found += aims.of_reconciliation(folder / "swept", sizes)
    found += aims.of_downloads(folder / "slow", sizes)
    found += aims.of_nine_jobs(folder / "nine", sizes)
    found += aims.of_small_runs(folder / "small")
    return cells, spelled, found


def _spelled(folder: Path, sizes: runs.Sizes, spelled: str) -> runs.SpelledCell:
    rows = {runs.THING: sizes.rows(runs.USUAL_WIDTH)[runs.THING]}
    with ReadyOrgProcess(folder, columns=runs.USUAL_WIDTH, rows=rows, spelled=spelled) as org:
        cell = runs.spelled_cell(org, sizes, spelled)
    _tell(" ".join(spelled_row(cell)))
    return cell


def _tell(line: str) -> None:
    # So that it can be seen to go on; the tables on stdout come at the end.
    sys.stderr.write(f"{line}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows, for a look")
    parser.add_argument(
        "--markdown", action="store_true", help="write the tables into docs/performance.md, too"
    )
    parser.add_argument("--only", choices=["install"], help="what is installed and how it starts")
    return parser


if __name__ == "__main__":
    main()
