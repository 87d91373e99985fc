"""Killed at any moment, any number of times, a run ends at last with every row written."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.real_process import TOO_LONG_SECONDS, finished, started, tap_run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.harness import TapRunner
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact", "Opportunity"]
DOWNLOADS = 3
# Up to the end of such a run there are some forty.
MOST_CALLS = 45


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


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kills=st.lists(st.integers(1, MOST_CALLS), max_size=4),
    mode=st.sampled_from(("bulk", "auto")),
    most_rows=st.sampled_from((None, 20)),
)
def test_every_row_comes_however_often_it_is_killed(
    org: LocalOrg,
    tap: TapRunner,
    tmp_path: Path,
    kills: list[int],
    mode: str,
    most_rows: int | None,
) -> None:
    """SIGKILL leaves no moment to tidy up: what is in the last STATE has to do.

    Of pages that were downloaded, no more come again than may wait, for each kill; what a target
    has seen behind the last STATE is not counted as seen.
    """
    org.reset()
    org.settings.page_rows = org.settings.result_page_rows = org.settings.bulk_page_rows = 10
    org.settings.job_max_rows = most_rows
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    rows = {
        name: [
            row_id
            for hours in range(5)
            for row_id in org.store.insert(name, [{}] * 9, stamp=LAST_WEEK + timedelta(hours=hours))
        ]
        for name in STREAMS
    }
    options: dict[str, Any] = {
        "objects": STREAMS,
        "api_mode": mode,
        "bulk_page_rows": 10,
        "parallel_downloads": DOWNLOADS,
        "spool_dir": str(spool),
        "bulk_threshold": 30,
        "start_date": "2000-01-01",
    }
    seen: set[str] = set()
    state: dict[str, Any] = {}
    for calls in kills:
        killer = Killer(calls)
        org.faults.add("*", killer, times=None)
        arguments = ["--config", tap.config(**options)]
        arguments += ["--state", tap.file("state.json", state)] if state else []
        with started(tap, *arguments) as process:
            killer.process = process
            killer.has_process.set()
            stdout, _ = finished(process)
        org.faults.clear()
        assert process.returncode in (0, -9)
        # The last line may be half a line, and behind the last STATE a target confirms nothing.
        whole = stdout[: stdout.rfind("\n") + 1]
        confirmed = whole[: whole.rfind('{"type":"STATE"') + 1].rpartition("\n")[0]
        if confirmed:
            seen |= set(tap_run(confirmed)["ids"])
            state = tap_run(whole)["state"]
    run = tap.sync(state=state, **options)
    assert run.exit_code == 0, run.log
    for name in STREAMS:
        assert set(rows[name]) <= seen | set(run.ids(name))
    downloads = Counter(
        (call.path, call.query.get("locator")) for call in org.journal.calls("*/results")
    )
    assert downloads.total() - len(downloads) <= len(kills) * (DOWNLOADS + 1)
    assert list(spool.iterdir()) == []
