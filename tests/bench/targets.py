"""How long the rows take all the way into a target, and where that time goes.

`python -m tests.bench.targets` runs the tap alone, then piped into real targets, as they come and
with their fast settings, by messages and by files; each target is installed into an environment of
its own in .tools. It takes about 20 minutes, and wants a machine that does nothing else;
`--rows 10000 --only duckdb` is a look at one of them. PostgreSQL's server programs have to be here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import runs
from tests.bench.org import ReadyOrgProcess
from tests.bench.pipe import Piped, Used, piped, warm
from tests.bench.report import TARGETS, machine, markdown, today, write_part
from tests.bench.takers import EXPORT, JSONL, PARQUET, RECORD, TAKERS, Way, batch_config, exported
from tests.support import processes
from tests.support.postgres_server import NoServerProgramsError, PostgresServer
from tests.support.text_table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.takers import Taker

_ROWS = 200_000
_MEGABYTE = 1_000_000
# All others are compared with it.
_TURNS_ALONE = 3
_ALONE = "the tap alone"
_NO_BATCH = "no BATCH"
_HEAD = (
    *("Into", "How", "Seconds", "Rows/s", "Of the tap alone"),
    *("Tap, CPU s", "Target, CPU s", "Target's share", "Target, peak MB", "Loses"),
)
_TEXTS = {"Into", "How", "Loses"}


@dataclass(frozen=True)
class Cell:
    """One way of getting the rows into one of the targets.

    Attributes:
        into: What took them.
        how: The way.
        found: What was measured; None where there is no such way.
        loses: What is lost so.
    """

    into: str
    how: str
    found: Piped | None = None
    loses: str = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    load = os.getloadavg()[0]
    takers = [taker for taker in TAKERS if (options.only or "") in taker.name.lower()]
    cells: list[Cell] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tap-bench-")))
        server = None
        if any(taker.wants_postgres for taker in takers):
            try:
                server = stack.enter_context(PostgresServer())
            except NoServerProgramsError as error:
                sys.exit(str(error))
        org = stack.enter_context(
            ReadyOrgProcess(
                folder / "org",
                columns=runs.USUAL_WIDTH,
                rows={runs.THING: options.rows},
                distinct=True,
            )
        )
        warm(processes.TAP)
        for cell in _measured(org, takers, options.rows, folder / "run", server):
            cells.append(cell)
            sys.stderr.write(f"{' '.join(_row(cell, cells[0], options.rows))}\n")
    rows = [_HEAD, *(_row(cell, cells[0], options.rows) for cell in cells)]
    sys.stdout.writelines(f"{line}\n" for line in table(rows))
    if options.markdown:
        write_part(TARGETS, [_part(rows, options, load)])


def _measured(
    org: ReadyOrgProcess,
    takers: Sequence[Taker],
    rows: int,
    folder: Path,
    server: PostgresServer | None,
) -> Iterator[Cell]:
    for sent in (RECORD, JSONL, PARQUET):
        turns = [_run(org, None, Way(sent), rows, folder, server) for _ in range(_TURNS_ALONE)]
        yield Cell(_ALONE, sent, min(turns, key=lambda each: each.seconds))
    for taker in takers:
        for way in taker.ways:
            found = _run(org, taker, way, rows, folder, server)
            yield Cell(taker.name, way.name, found, way.loses)
        if not taker.takes_batch:
            yield Cell(taker.name, _NO_BATCH)


def _run(
    org: ReadyOrgProcess,
    taker: Taker | None,
    way: Way,
    rows: int,
    folder: Path,
    server: PostgresServer | None,
) -> Piped:
    folder.mkdir()
    try:
        config = org.tap_config(objects=[runs.THING], api_mode="bulk", **batch_config(way, folder))
        tap: list[str | Path] = [processes.TAP]
        tap += [*(exported(folder) if way.sent == EXPORT else ()), "--config", config]
        command = taker.command(folder, way, server) if taker else None
        is_piped = taker is None or bool(taker.packages)
        found = piped(tap, command, folder, afterwards=not is_piped)
        arrived = taker.count(folder, server) if taker else rows
        if arrived != rows:
            msg = f"{taker.name if taker else ''}: {arrived:,} rows have arrived, not {rows:,}"
            raise runs.WrongRowsError(msg)
    finally:
        shutil.rmtree(folder)
    return found


def _row(cell: Cell, alone: Cell, rows: int) -> tuple[str, ...]:
    if cell.found is None or alone.found is None:
        return (cell.into, cell.how, *[""] * (len(_HEAD) - 2))
    seconds, tap, taker = cell.found.seconds, cell.found.tap, cell.found.taker
    return (
        cell.into,
        cell.how,
        f"{seconds:.1f}",
        f"{rows / seconds:,.0f}",
        f"{seconds / alone.found.seconds:.1f}",
        f"{tap.cpu_seconds:.1f}",
        *_of_taker(tap, taker),
        cell.loses,
    )


def _of_taker(tap: Used, taker: Used | None) -> tuple[str, str, str]:
    if taker is None:
        return "", "", ""
    share = taker.cpu_seconds / (tap.cpu_seconds + taker.cpu_seconds)
    return f"{taker.cpu_seconds:.1f}", f"{share:.2f}", f"{taker.peak_bytes / _MEGABYTE:,.0f}"


def _part(rows: Sequence[Sequence[str]], options: argparse.Namespace, load: float) -> str:
    given = [f"--rows {options.rows}"] if options.rows != _ROWS else []
    given += [f"--only {options.only}"] if options.only else []
    numbers = frozenset(_HEAD) - _TEXTS
    return _PART.format(
        day=today(),
        machine=machine(),
        load=f"{load:.1f}",
        rows=f"{options.rows:,}",
        command=" ".join(["python -m tests.bench.targets --markdown", *given]),
        columns=runs.USUAL_WIDTH,
        table=markdown(rows[0], rows[1:], numbers),
    ).strip()


_PART = """\
Measured on {day} by `{command}`: {machine}, load before {load}; {rows} rows of {columns} columns by Bulk, each way once (the tap alone: the fastest of three), the rows counted where they have arrived.

{table}

Tap and target run side by side, and the target is what one waits for; *Of the tap alone* is the time against that of the first line.
What PostgreSQL's own processes use is in none of the columns; the server is on the same machine, and does not wait for its disk.
*Loses* has what becomes of values; where nothing stands there, nothing is lost ([fidelity](fidelity.md#behind-stdout)). Files bring no ACTIVATE_VERSION, in any case.
[Which settings for which target](how-to/targets.md) is a page of its own.
"""  # noqa: E501  in Markdown a sentence is a line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.targets", description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS, help="that are loaded each time")
    parser.add_argument("--only", help="what is in the names of the targets that are wanted")
    parser.add_argument(
        "--markdown", action="store_true", help="write the table into docs/performance.md, too"
    )
    return parser


if __name__ == "__main__":
    main()
