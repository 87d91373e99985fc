"""How much faster more executors of Spark read the same job, where each connection is slow.

`python -m tests.bench.spark` measures 1, 2 and 4 executors, each a process with one core's worth of
tasks, against an org whose connections carry 4 MB of CSV a second, and the tap on the same machine
beside them. It takes about eleven minutes, and wants a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import runs
from tests.bench.org import ReadyOrgProcess
from tests.bench.report import SPARK, machine, today, write_part
from tests.support import processes
from tests.support.spark import missing, session

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXECUTORS = (1, 2, 4)
_BYTES_PER_SECOND = 4_000_000
# A multiple of the executors, so that none waits for the last page of another.
_PAGES, _ROWS_OF_PAGE = 40, 10_000
_OF_LINEAR = 0.8
_OPTIONS = {"apiMode": "bulk", "discoveryCache": "false"}
_SPARK_SETTINGS = {"spark.ui.enabled": "false", "spark.log.level": "ERROR"}


@dataclass(frozen=True)
class Measured:
    """One way of reading the job.

    Attributes:
        way: What read it.
        seconds: How long it took.
        share: Of a linear speed-up against one executor; None where there is none.
    """

    way: str
    seconds: float
    share: float | None = None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, or read once with so many executors."""
    options = _parser().parse_args(arguments)
    if options.read:
        seconds = _read(options.read, json.loads(options.config.read_text("utf-8")), options.rows)
        sys.stdout.write(json.dumps({"seconds": seconds}))
        return
    if reason := missing():
        sys.exit(reason)
    load = os.getloadavg()[0]
    rows = options.pages * _ROWS_OF_PAGE
    with (
        tempfile.TemporaryDirectory(prefix="tap-bench-") as name,
        ReadyOrgProcess(
            Path(name),
            columns=runs.USUAL_WIDTH,
            rows={runs.THING: rows, runs.FEW: max(_EXECUTORS) * _ROWS_OF_PAGE},
            page_rows=_ROWS_OF_PAGE,
            bytes_per_second=_BYTES_PER_SECOND,
        ) as org,
    ):
        lines = _lines(rows, load, _by_spark(org, rows) + _by_tap(org, rows))
    sys.stdout.write("\n".join(lines) + "\n")
    if options.markdown:
        write_part(SPARK, lines)


def _by_spark(org: ReadyOrgProcess, rows: int) -> list[Measured]:
    found: list[Measured] = []
    for executors in _EXECUTORS:
        command = [sys.executable, "-m", "tests.bench.spark", "--read", str(executors)]
        command += ["--config", str(org.config), "--rows", str(rows)]
        written = processes.run(command, cwd=processes.ROOT).stdout
        seconds = json.loads(written.splitlines()[-1])["seconds"]
        share = found[0].seconds / seconds / executors if found else 1.0
        found.append(Measured(f"Spark, executors: {executors}", seconds, share))
    return found


def _by_tap(org: ReadyOrgProcess, rows: int) -> list[Measured]:
    return [
        Measured(
            f"the tap, connections: {connections}",
            runs.extract(
                org,
                runs.THING,
                rows,
                parallel_downloads=connections,
                bulk_page_rows=_ROWS_OF_PAGE,
            ).seconds,
        )
        for connections in _EXECUTORS
    ]


def _lines(rows: int, load: float, found: Sequence[Measured]) -> list[str]:
    what = f"{rows:,} rows of {runs.USUAL_WIDTH} columns in {rows // _ROWS_OF_PAGE} result pages"
    worst = min(each.share for each in found if each.share is not None)
    lines = [
        (
            f"Measured on {today()} by `python -m tests.bench.spark --markdown`: {machine()}, load "
            f"before {load:.1f}; {what}, {_BYTES_PER_SECOND // 1_000_000} MB of CSV a second and "
            "connection."
        ),
        "",
        "| Way | Seconds | Rows/s | Of linear |",
        "| --- | --: | --: | --: |",
    ]
    for each in found:
        share = "" if each.share is None else f"{each.share:.2f}"
        lines.append(f"| {each.way} | {each.seconds:.1f} | {rows / each.seconds:,.0f} | {share} |")
    lines += [
        "",
        f"At least {_OF_LINEAR} of linear is wanted, {worst:.2f} is the least.",
        (
            "The time of Spark is that of one action, its plan and the Bulk job included, without "
            "the start of the cluster; that of the tap is a whole run."
        ),
    ]
    return lines


def _read(executors: int, config: dict[str, Any], rows: int) -> float:
    """Return the seconds of an action that reads all rows and throws them away."""
    from tap_versionforge_salesforce.spark import SalesforceDataSource  # noqa: PLC0415  may be missing

    options = {**_OPTIONS, **{k: v for k, v in config.items() if k != "discovery_cache"}}
    with (
        tempfile.TemporaryDirectory(prefix="tap-bench-spark-") as folder,
        session(f"local-cluster[{executors},1,1024]", Path(folder), _SPARK_SETTINGS) as spark,
    ):
        spark.dataSource.register(SalesforceDataSource)
        source = spark.read.format("salesforce").options(**options)
        # Each executor's Python is there, and has imported all that it needs.
        _throw_away(source.load(runs.FEW))
        table = source.load(runs.THING)
        begin = time.perf_counter()
        _throw_away(table)
        seconds = time.perf_counter() - begin
        # The same job, whose pages come once more.
        found = table.count()
        if found != rows:
            msg = f"{found:,} rows came, not {rows:,}"
            raise processes.ProgramFailedError(msg)
    return seconds


def _throw_away(table: Any) -> None:  # noqa: ANN401  pyspark may not be there
    table.write.format("noop").mode("overwrite").save()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.spark", description=__doc__)
    parser.add_argument("--pages", type=int, default=_PAGES, help="result pages of the job")
    parser.add_argument(
        "--markdown", action="store_true", help="write the table into docs/performance.md, too"
    )
    parser.add_argument("--read", type=int, help="read once, with so many executors")
    parser.add_argument("--config", type=Path, help="of the org, with --read")
    parser.add_argument("--rows", type=int, help="that have to come, with --read")
    return parser


if __name__ == "__main__":
    main()
