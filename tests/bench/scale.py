"""What a run of very many rows takes of the machine, and one whose target is slow.

`python -m tests.bench.scale` reads one million rows of 10 columns and fifty million, and then some
million into a target that takes a tenth of what the tap could write. It takes a quarter of an hour;
`--rows` and `--slow-rows` make it less.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import runs
from tests.bench.aims import MEGABYTE, Aim
from tests.bench.measure import Result, measure
from tests.bench.org import ReadyOrgProcess
from tests.bench.report import AIM_HEAD, SCALE, SCALE_HEAD, machine, markdown, today, write_part
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = 10
_FEW, _MANY, _SLOW = 1_000_000, 50_000_000, 4_000_000
# Of one million, which is short.
_REPEATS = 3
# About 22 MB each, packed: as many of the usual size as may wait never fill the room.
_ROWS_OF_LARGE_PAGE = 400_000
_SLOWER = 10
_SPOOL_MEGABYTES = 100


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        way: What it was.
        result: What was measured.
    """

    way: str
    result: Result

    def cells(self) -> tuple[str, ...]:
        """Return it as a line of a table."""
        result, most = self.result, self.result.most
        return (
            self.way,
            f"{result.rows:,}",
            f"{result.seconds:.1f}",
            f"{result.rows / result.seconds:,.0f}",
            f"{most.usual_bytes / MEGABYTE:,.0f}",
            f"{result.peak_bytes / MEGABYTE:,.0f}",
            str(most.open_files),
            str(most.threads),
            f"{most.spool_bytes / MEGABYTE:,.1f}",
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as name:
        folder = Path(name)
        fast = _fast(folder / "fast", options.rows)
        slow = _slow(folder / "slow", options.slow_rows)
    lines = _lines(load, [*fast, slow], _aims(fast, slow))
    sys.stdout.write("\n".join(lines) + "\n")
    if options.markdown:
        write_part(SCALE, lines)


def _fast(folder: Path, many: int) -> list[Measured]:
    rows = {runs.FEW: _FEW, runs.THING: many}
    with ReadyOrgProcess(folder, columns=_COLUMNS, rows=rows) as org:
        few = [_run(org, runs.FEW, _FEW) for _ in range(_REPEATS)]
        few.sort(key=lambda result: result.peak_bytes)
        return [
            Measured("one million, the second of three by memory", few[_REPEATS // 2]),
            Measured("very many", _run(org, runs.THING, many)),
        ]


def _slow(folder: Path, rows: int) -> Measured:
    settings = {"spool_megabytes": _SPOOL_MEGABYTES, "bulk_page_rows": _ROWS_OF_LARGE_PAGE}
    with ReadyOrgProcess(
        folder,
        columns=_COLUMNS,
        rows={runs.FEW: _FEW, runs.THING: rows},
        page_rows=_ROWS_OF_LARGE_PAGE,
    ) as org:
        fast = _run(org, runs.FEW, _FEW, **settings)
        rate = fast.output_bytes / fast.seconds / _SLOWER
        slow = _run(org, runs.THING, rows, bytes_per_second=rate, **settings)
    return Measured(f"a target {_SLOWER} times slower", slow)


def _run(
    org: ReadyOrgProcess,
    name: str,
    rows: int,
    *,
    bytes_per_second: float | None = None,
    **settings: object,
) -> Result:
    spool = org.config.parent / "spool"
    spool.mkdir(exist_ok=True)
    config = org.tap_config(objects=[name], api_mode="bulk", spool_dir=str(spool), **settings)
    command: list[str | Path] = [processes.TAP, "--config", config]
    return runs.checked(measure(command, bytes_per_second=bytes_per_second, spool=spool), rows)


def _aims(fast: Sequence[Measured], slow: Measured) -> list[Aim]:
    few, many = (each.result for each in fast)
    return [
        Aim(
            what=f"Usual memory of {many.rows:,} rows against {few.rows:,}",
            value=many.most.usual_bytes / few.most.usual_bytes,
            at_most=1.05,
            remark=f"{many.most.usual_bytes / MEGABYTE:,.0f} MB against "
            f"{few.most.usual_bytes / MEGABYTE:,.0f} MB",
        ),
        Aim(
            what=f"Peak memory of {many.rows:,} rows against {few.rows:,}",
            value=many.peak_bytes / few.peak_bytes,
            at_most=1.05,
            remark=f"{many.peak_bytes / MEGABYTE:,.0f} MB against "
            f"{few.peak_bytes / MEGABYTE:,.0f} MB",
        ),
        Aim(
            what="Most on disk while the target is slow",
            value=slow.result.most.spool_bytes / MEGABYTE,
            at_most=_SPOOL_MEGABYTES,
            unit=" MB",
            remark=f"`spool_megabytes: {_SPOOL_MEGABYTES}`, result pages of "
            f"{_ROWS_OF_LARGE_PAGE:,} rows",
        ),
    ]


def _lines(load: float, found: Sequence[Measured], aims: Sequence[Aim]) -> list[str]:
    return [
        (
            f"Measured on {today()} by `python -m tests.bench.scale --markdown`: {machine()}, load "
            f"before {load:.1f}; {_COLUMNS} columns, by Bulk API 2.0."
        ),
        "",
        markdown(SCALE_HEAD, (each.cells() for each in found)),
        "",
        "Of fifty looks a second: the most open files, threads and spool, the median of memory.",
        "",
        markdown(AIM_HEAD, (aim.cells() for aim in aims)),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=_MANY, help="of the run of very many")
    parser.add_argument("--slow-rows", type=int, default=_SLOW, help="into the slow target")
    parser.add_argument(
        "--markdown", action="store_true", help="write the tables into docs/performance.md, too"
    )
    return parser


if __name__ == "__main__":
    main()
