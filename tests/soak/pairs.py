"""Two real processes of one state at once: at last the target equals the org."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.soak.reconciled import NAME, Reconciled
from tests.support.harness import parse
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.soak.tried import Tried
    from tests.support.harness import TapRunner

#: Up to the end of two runs there are some sixty.
MOST_CALLS = 60
_CONFIGS = ("one.json", "other.json")


class _ComeAndGo:
    """Lets rows come at one call and go at a later one."""

    def __init__(self, case: Reconciled, come_at: int, go_at: int) -> None:
        self._case = case
        self._come_at, self._go_at = come_at, go_at
        self._calls = 0
        self._short_lived: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, _: Call, real: Callable[[], Answer]) -> Answer:
        with self._lock:
            self._calls += 1
            if self._calls == self._come_at:
                self._short_lived = self._case.insert(2)
            if self._calls == self._go_at:
                self.let_go()
        return real()

    def let_go(self) -> None:
        """Delete them, where they have come and not gone."""
        self._case.org.store.hard_delete(NAME, self._short_lived)
        self._short_lived = []


def two_at_once_are_made_up_for(
    org: LocalOrg,
    tap: TapRunner,
    tried: Tried,
    *,
    mode: str,
    turns: Sequence[tuple[int, int, bool, bool]],
) -> None:
    """Let two runs begin from one state, and go on from that of either of them.

    Args:
        org: Is emptied first.
        tap: Where the files of the runs are, and the last run.
        tried: Counts what is done.
        mode: The setting api_mode.
        turns: Of each: at which call rows come, and at which one they go again; whether the second
            run reconciles, too; and whether its state is the one that is kept.
    """
    case = Reconciled(org, tap, tried, mode=mode)
    for turn, (come_at, go_at, both, second) in enumerate(turns):
        case.change(turn)
        changes = _ComeAndGo(case, come_at, go_at)
        org.faults.add("*", changes, times=None)
        lines = _both(case, hours=(0, 0 if both else None))
        org.faults.clear()
        changes.let_go()
        # What is loaded last is what the state is of.
        for written in lines if second else lines[::-1]:
            case.target.load(parse(written))
        case.take_state(lines[second])
    case.see_that_it_is_equal(f"two runs at once ({mode}, {turns})")


def _both(case: Reconciled, *, hours: Sequence[int | None]) -> list[str]:
    """Return what two processes wrote that were started at once."""
    # Before the first one begins, in whose folder no secret may be written.
    commands = [
        case.arguments(name, reconcile_every_hours=each)
        for name, each in zip(_CONFIGS, hours, strict=True)
    ]
    with ExitStack() as stack:
        processes = [stack.enter_context(started(case.tap, *each)) for each in commands]
        written = []
        for process in processes:
            stdout, stderr = finished(process)
            assert process.returncode == 0, stderr
            case.tried.runs[0] += 1
            written.append(stdout)
    return written
