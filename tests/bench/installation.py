"""What is installed with the tap, and how long it takes to start: in an environment of its own.

That of the tests would not do: what else is there is found by what looks for it (joblib imports
numpy where it can), and makes each start longer.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.aims import MEGABYTE, Aim
from tests.bench.first_request import until_first_request
from tests.bench.measure import IMPORT_OF_SDK, RECORD, measure
from tests.support import packages, processes
from tests.support.org_process import OrgProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_TURNS = 7
_ROWS = 50
_LARGEST = 8
_PYTHON = "Python alone"
_COLD = "`--help`, the first time"
_SDK = "an import of the SDK alone"
_VERSION = "`--version`"
_HELP = "`--help`"
_REQUEST = "a run, until its first request"
_RUN = "a run, until its first RECORD"
# A quarter of a second, where that import takes 0.39 s; it may take three times that where others
# use the machine, too.
_MOST_UNTIL_REQUEST = 0.64


@dataclass(frozen=True)
class Start:
    """One kind of start.

    Attributes:
        seconds: Until it is done, the fastest.
        cpu_seconds: What it used itself, the least; None where its end was not waited for.
    """

    seconds: float
    cpu_seconds: float | None


@dataclass(frozen=True)
class Installation:
    """The tap with what it needs.

    Attributes:
        sizes: Bytes of each package, the largest first, by its name and version.
        starts: How long it takes to start, by what is started.
    """

    sizes: Sequence[tuple[str, int]]
    starts: Mapping[str, Start]

    def size_rows(self) -> Iterator[tuple[str, ...]]:
        """Return what stands in the table of sizes."""
        whole = sum(size for _, size in self.sizes)
        others = self.sizes[_LARGEST:]
        rows = [*self.sizes[:_LARGEST], (f"{len(others)} others", sum(size for _, size in others))]
        for name, size in [*rows, ("all", whole)]:
            yield (name, f"{size / MEGABYTE:.1f}", f"{size / whole:.0%}")

    def start_rows(self) -> Iterator[tuple[str, ...]]:
        """Return what stands in the table of starts."""
        for what, start in self.starts.items():
            used = "" if start.cpu_seconds is None else f"{start.cpu_seconds:.2f}"
            yield (what, f"{start.seconds:.2f}", used)

    def aims(self) -> Iterator[Aim]:
        """Return what is wanted of it."""
        yield Aim(
            what="Installed, with all that the tap needs",
            value=sum(size for _, size in self.sizes) / MEGABYTE,
            at_most=280,
            unit=" MB",
            remark=f"{len(self.sizes)} packages, as uv.lock has them, without bytecode",
        )
        used, bare = self._cpu_seconds(_VERSION, _PYTHON)
        yield Aim(
            what=f"{_VERSION}: CPU, without that of {_PYTHON}",
            value=(used - bare) * 1000,
            at_most=250,
            unit=" ms",
            remark=f"CPU s: {used:.2f} and {bare:.2f}",
        )
        used, floor, bare = self._cpu_seconds(_REQUEST, _SDK, _PYTHON)
        yield Aim(
            what=f"{_REQUEST}: CPU, against {_SDK}, both without {_PYTHON}",
            value=(used - bare) / (floor - bare),
            at_most=_MOST_UNTIL_REQUEST,
            remark=f"CPU s: {used:.2f} against {floor:.2f}, and {bare:.2f}",
        )
        used, floor = self._cpu_seconds(_HELP, _SDK)
        yield Aim(
            what=f"{_HELP}, against {_SDK}",
            value=used / floor,
            at_most=1.5,
            remark=f"CPU s: {used:.2f} against {floor:.2f}",
        )
        run, floor = (self.starts[what].seconds for what in (_RUN, _SDK))
        yield Aim(
            what=f"{_RUN}, against {_SDK}",
            value=run / floor,
            at_most=2.5,
            remark=f"{run:.2f} s against {floor:.2f} s",
        )

    def _cpu_seconds(self, *names: str) -> tuple[float, ...]:
        return tuple(self.starts[name].cpu_seconds or math.nan for name in names)


def measured(folder: Path) -> Installation:
    """Build the wheel, install it, and start it a few times.

    Args:
        folder: An empty one.
    """
    wheel = packages.built(folder / "wheel", "wheel")
    tap = packages.install(wheel, folder / "environment")
    (site,) = (folder / "environment").glob("lib/python*/site-packages")
    sizes = sorted(_sizes(site), key=lambda pair: -pair[1])
    programs: dict[str, list[str | Path]] = {
        _PYTHON: [tap.parent / "python", "-c", "pass"],
        _SDK: [tap.parent / "python", "-c", IMPORT_OF_SDK],
        _VERSION: [tap, "--version"],
        _HELP: [tap, "--help"],
    }
    with OrgProcess(folder / "org", rows=_ROWS) as org:
        starts = {_COLD: _start(programs[_HELP])}
        run: list[str | Path] = [tap, "--config", org.config]
        # By turns: what else the machine does hits all of them, and only ever adds.
        turns = [
            [
                *map(_start, programs.values()),
                Start(*until_first_request(partial(_quiet_run, tap, org.config))),
                Start(_seconds_until_a_record(run), None),
            ]
            for _ in range(_TURNS)
        ]
    for what, each in zip((*programs, _REQUEST, _RUN), zip(*turns, strict=True), strict=True):
        used = [start.cpu_seconds for start in each if start.cpu_seconds is not None]
        starts[what] = Start(min(start.seconds for start in each), min(used, default=None))
    return Installation(sizes, starts)


def _quiet_run(tap: Path, config: Path, url: str) -> list[str | Path]:
    """Return the command of a run with a state, whose org is where the URL leads."""
    of_its_own, state = config.with_name("asked.json"), config.with_name("state.json")
    settings = json.loads(config.read_text(encoding="utf-8")) | {"instance_url": url}
    of_its_own.write_text(json.dumps(settings), encoding="utf-8")
    state.write_text("{}", encoding="utf-8")
    return [tap, "--config", of_its_own, "--state", state]


def _sizes(site: Path) -> Iterator[tuple[str, int]]:
    for package in importlib.metadata.distributions(path=[str(site)]):
        size = sum((site / path).stat().st_size for path in package.files or ())
        yield f"{package.metadata['Name']} {package.version}", size


def _start(command: Sequence[str | Path]) -> Start:
    result = measure(command)
    if result.exit_code:
        raise processes.ProgramFailedError(result.log)
    return Start(result.seconds, result.cpu_seconds)


def _seconds_until_a_record(command: Sequence[str | Path]) -> float:
    began = time.perf_counter()
    with processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        seconds = next(
            time.perf_counter() - began
            for line in process.stdout
            if line.startswith(RECORD.encode())
        )
        process.stdout.read()
    if process.returncode:
        msg = f"the run ended with exit code {process.returncode}"
        raise processes.ProgramFailedError(msg)
    return seconds
