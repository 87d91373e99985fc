"""What is installed with the tap, and how long it takes to start: in an environment of its own.

That of the tests would not do: what else is there is found by what looks for it (joblib imports
numpy where it can), and makes each start longer.
"""

from __future__ import annotations

import importlib.metadata
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.aims import MEGABYTE, Aim
from tests.bench.measure import RECORD, measure
from tests.support import packages, processes
from tests.support.org_process import OrgProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_TURNS = 7
_ROWS = 50
_LARGEST = 8
_BARE = "the SDK alone, imported by a bare Python"
_COLD = "`--version`, the first time"
_VERSION = "`--version`"
_HELP = "`--help`"
_FIRST = "a run until its first RECORD"
_SDK = "import singer_sdk, singer_sdk.tap_base, singer_sdk.streams"


@dataclass(frozen=True)
class Installation:
    """The tap with what it needs.

    Attributes:
        sizes: Bytes of each package, the largest first, by its name and version.
        seconds: How long each kind of start takes, by what it is.
    """

    sizes: Sequence[tuple[str, int]]
    seconds: Sequence[tuple[str, float]]

    def size_rows(self) -> Iterator[tuple[str, ...]]:
        """Return what stands in the table of sizes."""
        whole = sum(size for _, size in self.sizes)
        others = self.sizes[_LARGEST:]
        rows = [*self.sizes[:_LARGEST], (f"{len(others)} others", sum(size for _, size in others))]
        for name, size in [*rows, ("all", whole)]:
            yield (name, f"{size / MEGABYTE:.1f}", f"{size / whole:.0%}")

    def second_rows(self) -> Iterator[tuple[str, ...]]:
        """Return what stands in the table of times."""
        version = dict(self.seconds)[_VERSION]
        for what, seconds in self.seconds:
            yield (what, f"{seconds:.2f}", f"{seconds / version:.2f}x")

    def aims(self) -> Iterator[Aim]:
        """Return what is wanted of it."""
        seconds = dict(self.seconds)
        yield Aim(
            what="Installed, with all that the tap needs",
            value=sum(size for _, size in self.sizes) / MEGABYTE,
            at_most=280,
            unit=" MB",
            remark=f"{len(self.sizes)} packages, as uv.lock has them, without bytecode",
        )
        for what, than, at_most in (
            (_VERSION, _BARE, 1.5),
            (_HELP, _VERSION, 1.2),
            (_FIRST, _VERSION, 2),
        ):
            yield Aim(
                what=f"{what}, against {than}",
                value=seconds[what] / seconds[than],
                at_most=at_most,
                remark=f"{seconds[what]:.2f} s against {seconds[than]:.2f} s",
            )


def measured(folder: Path) -> Installation:
    """Build the wheel, install it, and start it a few times.

    Args:
        folder: An empty one.
    """
    wheel = packages.built(folder / "wheel", "wheel")
    tap = packages.install(wheel, folder / "environment")
    (site,) = (folder / "environment").glob("lib/python*/site-packages")
    sizes = sorted(_sizes(site), key=lambda pair: -pair[1])
    with OrgProcess(folder / "org", rows=_ROWS) as org:
        first = _seconds([tap, "--version"])
        turns = [
            (
                _seconds([tap.parent / "python", "-c", _SDK]),
                _seconds([tap, "--version"]),
                _seconds([tap, "--help"]),
                _seconds_until_a_record([tap, "--config", org.config]),
            )
            for _ in range(_TURNS)
        ]
    middle = [statistics.median(each) for each in zip(*turns, strict=True)]
    seconds = dict(zip((_BARE, _VERSION, _HELP, _FIRST), middle, strict=True))
    return Installation(sizes, list(({_COLD: first} | seconds).items()))


def _sizes(site: Path) -> Iterator[tuple[str, int]]:
    for package in importlib.metadata.distributions(path=[str(site)]):
        size = sum((site / path).stat().st_size for path in package.files or ())
        yield f"{package.metadata['Name']} {package.version}", size


def _seconds(command: Sequence[str | Path]) -> float:
    result = measure(command)
    if result.exit_code:
        raise processes.ProgramFailedError(result.log)
    return result.seconds


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
