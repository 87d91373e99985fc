"""Try to lose a row, for as long as it is told: `make soak MINUTES=60`."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org import LocalOrg
from tests.soak.crowd import every_row_of_all
from tests.soak.kills import MOST_CALLS, every_row_comes, the_target_equals_the_org
from tests.soak.machine import Machine
from tests.soak.pairs import MOST_CALLS as MOST_CALLS_OF_TWO
from tests.soak.pairs import two_at_once_are_made_up_for
from tests.soak.reconciling import ReconcilingMachine
from tests.soak.tried import Tried
from tests.soak.watchdog import watchdog
from tests.support.harness import OrgClock, TapRunner
from tests.support.processes import strays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SCENARIOS_AT_ONCE = 5
_STEPS = 30
_MOST_KILLS = 6
_MOST_PAIRS = 3
_CROWDS_AT_ONCE = 5
_SECONDS_PER_MINUTE = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Try until the time is over, or something is lost; print what was tried.

    Returns:
        The exit code: 1 where a promise was broken.
    """
    options = _parser().parse_args(arguments)
    for name in strays():
        del os.environ[name]
    tried = Tried()
    with (
        LocalOrg() as org,
        LocalOrg() as other,
        tempfile.TemporaryDirectory(prefix="tap-soak-") as name,
    ):
        deadline = time.monotonic() + options.minutes * _SECONDS_PER_MINUTE
        try:
            with watchdog(
                lambda: (len(org.journal.entries), len(other.journal.entries), tried.text())
            ):
                _until(deadline, org, other, name, tried)
        except KeyboardInterrupt:
            sys.stderr.write("Stopped.\n")
        except BaseException:
            # Hypothesis tells of the last try to do it again, which threads may have made another.
            sys.stdout.write("\n".join([*tried.problems[:1], tried.text(), ""]))
            raise
    sys.stdout.write(f"{tried.markdown() if options.markdown else tried.text()}\n")
    return int(bool(tried.problems))


def _until(deadline: float, org: LocalOrg, other: LocalOrg, folder: str, tried: Tried) -> None:
    # Real processes have this machine's clock; in this process time passes as it is told.
    clock = OrgClock(org)
    in_process, processes = Path(folder, "in-process"), Path(folder, "processes")
    in_process.mkdir()
    processes.mkdir()
    tap = TapRunner(org, clock, in_process)
    killed = TapRunner(other, OrgClock(other), processes)
    chance = random.Random()  # noqa: S311  no secret depends on it
    while time.monotonic() < deadline:
        TapVersionForgeSalesforce.clock = clock
        for machine in (Machine, ReconcilingMachine):
            _try(partial(machine, org, tap, clock, tried))
        for _ in range(_CROWDS_AT_ONCE):
            every_row_of_all(org, tap, tried, seed=chance.getrandbits(32))
        TapVersionForgeSalesforce.clock = killed.clock
        every_row_comes(
            other,
            killed,
            tried,
            kills=[chance.randint(1, MOST_CALLS) for _ in range(chance.randint(1, _MOST_KILLS))],
            mode=chance.choice(("bulk", "auto", "rest")),
            most_rows=chance.choice((None, 20)),
        )
        the_target_equals_the_org(
            other,
            killed,
            tried,
            kills=[chance.randint(1, MOST_CALLS) for _ in range(chance.randint(1, _MOST_KILLS))],
            mode=chance.choice(("bulk", "auto", "rest")),
            takes_all=chance.choice((True, False)),
        )
        two_at_once_are_made_up_for(
            other,
            killed,
            tried,
            mode=chance.choice(("bulk", "auto", "rest")),
            turns=[_turn_of_two(chance) for _ in range(chance.randint(1, _MOST_PAIRS))],
        )
        sys.stderr.write(f"{tried.runs.total():,} runs, {tried.compared:,} rows compared\n")


def _turn_of_two(chance: random.Random) -> tuple[int, int, bool, bool]:
    come_at, go_at = (chance.randint(1, MOST_CALLS_OF_TWO) for _ in range(2))
    return come_at, come_at + go_at, chance.choice((True, False)), chance.choice((True, False))


def _try(machine: Callable[[], Machine]) -> None:
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]  # any function will do
        settings=settings(
            max_examples=_SCENARIOS_AT_ONCE,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            derandomize=False,
            phases=(Phase.generate,),
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to try")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
