"""Rows per second of the whole tap, from its start to its end, by each API.

The tap runs as a process and writes to a pipe, as into a target that costs nothing. Sign-in,
describe, quota and, for Bulk API 2.0, the job are in the time. The org is a stand-in on the same
machine and takes some of it too, so the numbers compare versions of the tap with each other, on
one machine; they are no promise for a real org.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests import processes
from tests.org_process import OrgProcess
from tests.text_table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

STREAM = "Opportunity"
APIS = {"rest": "REST API", "bulk": "Bulk API 2.0"}
MEBIBYTE = 1024 * 1024
READ_BYTES = 1024 * 1024
# {"type":"RECORD" stands at the start of a line; a value further on may hold the word as well.
PREFIX_BYTES = 20


@dataclass(frozen=True)
class Result:
    """One run of the tap.

    Attributes:
        rows: RECORD lines that came out of the pipe.
        output_bytes: All that came out of it.
        seconds: From the start of the process to its end.
        cpu_seconds: What the tap alone used, on all cores together.
        peak_bytes: The most memory that it held.
    """

    rows: int
    output_bytes: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parser().parse_args(arguments)
    sys.stdout.write(_machine())
    lines: list[Sequence[str]] = [
        ("API", "Run", "Rows", "Seconds", "Rows/s", "CPU s", "Peak MiB", "Output MiB")
    ]
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as name:
        folder = Path(name)
        with OrgProcess(folder / "org", rows=options.rows) as org:
            for mode, api in APIS.items():
                config = folder / f"{mode}.json"
                settings = {**org.settings, "objects": [STREAM], "api_mode": mode}
                config.write_text(json.dumps(settings), encoding="utf-8")
                for run in range(1, options.runs + 1):
                    result = measure(config, folder / "tap.log")
                    if result.rows != options.rows:
                        sys.stderr.write(f"{api}: {result.rows} rows instead of {options.rows}\n")
                        return 1
                    lines.append((api, str(run), *_cells(result)))
    sys.stdout.write("\n".join(table(lines)) + "\n")
    return 0


def measure(config: Path, log: Path) -> Result:
    """Run the tap once and count what it writes.

    Raises:
        ProgramFailedError: It did not end with exit code 0.
    """
    rows = output_bytes = 0
    began = time.perf_counter()
    with log.open("wb") as messages:
        tap = processes.start(
            [processes.TAP, "--config", config], stdout=subprocess.PIPE, stderr=messages
        )
    rest = b""
    while tap.stdout and (block := os.read(tap.stdout.fileno(), READ_BYTES)):
        output_bytes += len(block)
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        rows += sum(b'"RECORD"' in line[:PREFIX_BYTES] for line in lines)
    _, status, usage = os.wait4(tap.pid, 0)
    seconds = time.perf_counter() - began
    # The child has been waited for; without this, Popen would look for it again.
    tap.returncode = os.waitstatus_to_exitcode(status)
    if tap.stdout:
        tap.stdout.close()
    if tap.returncode:
        raise processes.ProgramFailedError(log.read_text(encoding="utf-8"))
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Result(rows, output_bytes, seconds, cpu_seconds, usage.ru_maxrss * unit)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        f"{result.rows:,}",
        f"{result.seconds:.1f}",
        f"{result.rows / result.seconds:,.0f}",
        f"{result.cpu_seconds:.1f}",
        f"{result.peak_bytes / MEBIBYTE:,.0f}",
        f"{result.output_bytes / MEBIBYTE:,.0f}",
    )


def _machine() -> str:
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in ("tap-versionforge-salesforce", "singer-sdk", "polars")
    )
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}\n{versions}\n"
        f"{STREAM} with all its columns; the org runs on the same cores\n\n"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="rows to extract")
    parser.add_argument("--runs", type=int, default=2, help="runs of each API")
    return parser


if __name__ == "__main__":
    sys.exit(main())
