"""A real process, killed at any moment and any number of times: at last every row was written."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.soak.reconciled import Reconciled
from tests.support.harness import parse
from tests.support.real_process import TOO_LONG_SECONDS, finished, started, tap_run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.soak.tried import Tried
    from tests.support.harness import TapRunner

STREAMS = ("Account", "Contact", "Opportunity")
DOWNLOADS = 3
#: Up to the end of such a run there are some thirty.
MOST_CALLS = 30
_KILLED = -9


class Killer:
    """Kills a process when the org is asked for the so-manieth time."""

    def __init__(self, calls: int) -> None:
        self._left = calls
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.has_process = threading.Event()

    def __call__(self, _: Call, real: Callable[[], Answer]) -> Answer:
        """Answer, and kill before the answer is sent."""
        answer = real()
        with self._lock:
            self._left -= 1
            is_due = self._left == 0
        if is_due and self.has_process.wait(TOO_LONG_SECONDS) and self.process is not None:
            self.process.kill()
        return answer


def every_row_comes(
    org: LocalOrg,
    tap: TapRunner,
    tried: Tried,
    *,
    kills: Sequence[int],
    mode: str,
    most_rows: int | None,
) -> None:
    """Kill runs, let a last one end, and see that every row has come.

    SIGKILL leaves no moment to tidy up: what is in the last STATE has to do. Of pages that were
    downloaded, no more come again than may wait, for each kill; what a target has seen behind the
    last STATE is not counted as seen.

    Args:
        org: Is emptied first.
        tap: Where the files of the runs are, and the last run.
        tried: Counts what is done.
        kills: After how many calls each run is killed.
        mode: The setting api_mode.
        most_rows: Most rows of one Bulk job; None for any number.
    """
    org.reset()
    org.settings.page_rows = org.settings.result_page_rows = org.settings.bulk_page_rows = 10
    org.settings.job_max_rows = most_rows
    spool = tap.folder / "spool"
    spool.mkdir(exist_ok=True)
    week_ago = datetime.now(timezone.utc) - timedelta(days=7)
    rows = {
        name: [
            row_id
            for hours in range(5)
            for row_id in org.store.insert(name, [{}] * 9, stamp=week_ago + timedelta(hours=hours))
        ]
        for name in STREAMS
    }
    options: dict[str, Any] = {
        "objects": list(STREAMS),
        "api_mode": mode,
        "bulk_page_rows": 10,
        "parallel_downloads": DOWNLOADS,
        "spool_dir": str(spool),
        "bulk_threshold": 30,
        "start_date": "2000-01-01",
    }
    seen: set[str] = set()
    state: dict[str, Any] = {}
    tried.scenarios += 1
    for calls in kills:
        arguments = ["--config", tap.config(**options)]
        arguments += ["--state", tap.file("state.json", state)] if state else []
        tried.states += bool(state)
        confirmed, whole = _killed(org, tap, tried, calls, arguments)
        if confirmed:
            seen |= set(tap_run(confirmed)["ids"])
            state = tap_run(whole)["state"]
    run = tap.sync(state=state, **options)
    assert run.exit_code == 0, run.log
    tried.runs[0] += 1
    for name in STREAMS:
        missing = set(rows[name]) - seen - set(run.ids(name))
        tried.compared += len(rows[name])
        tried.lost += len(missing)
        assert not missing
    downloads = Counter(
        (call.path, call.query.get("locator")) for call in org.journal.calls("*/results")
    )
    again = downloads.total() - len(downloads)
    problem = f"{again} pages were downloaded again after kills at {kills} ({mode}, {most_rows})"
    if again > len(kills) * (DOWNLOADS + 1):
        tried.problems.append(problem)
        raise AssertionError(problem)
    assert list(spool.iterdir()) == []


def the_target_equals_the_org(
    org: LocalOrg,
    tap: TapRunner,
    tried: Tried,
    *,
    kills: Sequence[int],
    mode: str,
    takes_all: bool,
) -> None:
    """Kill runs that reconcile, let a last one end, and compare the target with the org.

    Args:
        org: Is emptied first.
        tap: Where the files of the runs are, and the last run.
        tried: Counts what is done.
        kills: After how many calls each run is killed.
        mode: The setting api_mode.
        takes_all: The target keeps also what stands behind the last STATE of a run.
    """
    case = Reconciled(org, tap, tried, mode=mode)
    for turn, calls in enumerate(kills):
        case.change(turn)
        confirmed, whole = _killed(org, tap, tried, calls, case.arguments())
        case.target.load(parse(whole if takes_all else confirmed))
        case.take_state(whole)
    case.see_that_it_is_equal(f"kills at {kills} ({mode}, {takes_all})")


def _killed(
    org: LocalOrg, tap: TapRunner, tried: Tried, calls: int, arguments: Sequence[str]
) -> tuple[str, str]:
    """Return what a target has confirmed of a run, up to its last STATE, and all whole lines."""
    killer = Killer(calls)
    org.faults.add("*", killer, times=None)
    with started(tap, *arguments) as process:
        killer.process = process
        killer.has_process.set()
        stdout, _ = finished(process)
    org.faults.clear()
    assert process.returncode in (0, _KILLED)
    tried.runs[process.returncode] += 1
    tried.kills += process.returncode == _KILLED
    # The last line may be half a line, and behind the last STATE a target confirms nothing.
    whole = stdout[: stdout.rfind("\n") + 1]
    return whole[: whole.rfind('{"type":"STATE"') + 1].rpartition("\n")[0], whole
