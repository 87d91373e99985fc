"""Whatever happens to the org and to the runs, after one quiet run the target equals the org."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from typing_extensions import override

from tests.integration.harness import ModelTarget
from tests.local_org import faults, outages

if TYPE_CHECKING:
    from tests.integration.harness import OrgClock, TapRunner
    from tests.local_org import LocalOrg
    from tests.local_org.faults import Action

#: Read by their stamps, and one that is read whole each time.
STREAMS = ("Account", "Opportunity", "Contact")
WHOLE = "Contact"
LOOKBACK_SECONDS = 600
PAGE_ROWS = 3
# What a run may end with when somebody breaks it.
ENDS = (0, 4, 5, 6, 7)

names = st.sampled_from(STREAMS)
some = st.integers(1, 8)
picks_of_some = st.lists(st.integers(0, 99), min_size=1, max_size=4)


class Machine(RuleBasedStateMachine):
    """An org that changes, runs that break, and a target that keeps what it has confirmed."""

    def __init__(self, org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
        super().__init__()
        org.reset()
        clock.ahead_seconds = 0.0
        org.settings.page_rows = org.settings.bulk_page_rows = PAGE_ROWS
        org.settings.result_page_rows = PAGE_ROWS
        self.org, self.tap, self.clock = org, tap, clock
        self.target = ModelTarget()
        self.state: dict[str, Any] = {}
        self.written = 0
        self.catalog = tap.discover(objects=list(STREAMS))
        for entry in self.catalog["streams"]:
            if entry["tap_stream_id"] == WHOLE:
                entry["replication_method"] = "FULL_TABLE"

    # The org changes

    def _values(self) -> dict[str, object]:
        self.written += 1
        value = f"value {self.written}"
        return {"Description": value}

    def _ids(self, name: str) -> list[str]:
        return [str(row["Id"]) for row in self.org.store.rows(name)]

    def _change(self, name: str, picks: list[int]) -> None:
        ids = self._ids(name)
        chosen = {ids[pick % len(ids)] for pick in picks} if ids else set()
        for row_id in chosen:
            self.org.store.update(name, [row_id], self._values())

    @rule(name=names, count=some)
    def insert(self, name: str, count: int) -> None:
        """Rows of this second."""
        self.org.store.insert(name, [self._values() for _ in range(count)])

    @rule(name=names, count=some, age=st.integers(0, 500), delay=st.integers(1, 90))
    def insert_late(self, name: str, count: int, age: int, delay: int) -> None:
        """Rows whose transaction commits after their stamp, by less than the look-back."""
        now = self.org.clock.now()
        self.org.store.insert(
            name,
            [self._values() for _ in range(count)],
            stamp=now - timedelta(seconds=age),
            visible_from=now + timedelta(seconds=delay),
        )

    @rule(name=names, picks=picks_of_some)
    def update(self, name: str, picks: list[int]) -> None:
        """Some rows."""
        self._change(name, picks)

    @rule(name=names)
    def update_all(self, name: str) -> None:
        """All rows, with one stamp."""
        self.org.store.update(name, self._ids(name), self._values())

    @rule(
        name=names, picks=st.lists(st.integers(0, 99), min_size=1, max_size=4), gone=st.booleans()
    )
    def delete(self, name: str, picks: list[int], *, gone: bool) -> None:
        """Into the recycle bin, and out of it."""
        ids = self._ids(name)
        chosen = sorted({ids[pick % len(ids)] for pick in picks}) if ids else []
        (self.org.store.delete if gone else self.org.store.undelete)(name, chosen)

    @rule(seconds=st.sampled_from((1, 30, 599, 601, 5_000, 90_000)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.org.clock.advance(seconds)

    @rule(seconds=st.integers(-20, 20))
    def set_clock(self, seconds: int) -> None:
        """This machine is wrong about the time, if not by so much that it can not sign in."""
        self.clock.ahead_seconds = seconds

    # The runs

    @rule(data=st.data())
    def run(self, data: st.DataObject) -> None:
        """By any API, broken or not, and the org changes while rows are read."""
        self._break(data)
        settings = self._settings(data)
        run = self.tap.sync(state=self.state, catalog=self.catalog, **settings)
        self.org.faults.clear()
        self.org.limits.calls.remaining = 10_000
        self.org.settings.job_max_rows = None
        assert run.exit_code in ENDS, run.log
        assert "Traceback" not in run.log
        states = [at for at, message in enumerate(run.messages) if message["type"] == "STATE"]
        last = states[-1] if states else -1
        taken = len(run.messages)
        if data.draw(st.booleans()):
            # A target that is killed has confirmed some STATE, and may have taken rows behind it.
            last = data.draw(st.sampled_from([-1, *states[-4:]]))
            taken = last + 1 + data.draw(st.integers(0, 5))
        self.target.load(run.messages[:taken])
        if last >= 0:
            self._confirm(run.messages[last]["value"], data)

    def _settings(self, data: st.DataObject) -> dict[str, Any]:
        return {
            "api_mode": data.draw(st.sampled_from(("auto", "auto", "rest", "bulk"))),
            "bulk_threshold": data.draw(st.sampled_from((5, 10_000))),
            "bulk_page_rows": PAGE_ROWS,
            "parallel_downloads": data.draw(st.sampled_from((1, 2, 4))),
            "max_parallel_jobs": data.draw(st.sampled_from((1, 10))),
            "lookback_seconds": LOOKBACK_SECONDS,
            "job_timeout_seconds": 60,
            "max_api_calls": data.draw(st.none() | st.integers(8, 40)),
        }

    def _break(self, data: st.DataObject) -> None:
        pattern = st.sampled_from(("*/results", "*/queryAll", "GET /query/*", "*/jobs/query/*"))
        for _ in range(data.draw(st.integers(0, 2))):
            action = data.draw(st.sampled_from(sorted(self._troubles())))
            self.org.faults.add(
                data.draw(pattern),
                self._troubles()[action],
                skip=data.draw(st.integers(0, 4)),
                times=data.draw(st.sampled_from((1, 2, None))),
            )
        self.org.settings.job_max_rows = data.draw(st.sampled_from((None, None, 4)))

    def _troubles(self) -> dict[str, Action]:
        def change() -> None:
            self._change(STREAMS[self.written % len(STREAMS)], [self.written, 3, 5])

        return {
            "change": faults.before(change),
            "drop a row": faults.drop_last_row(),
            "outage": outages.maintenance_page(),
        }

    def _confirm(self, state: dict[str, Any], data: st.DataObject) -> None:
        # As Meltano does after an incomplete run: key by key, so that nothing is removed.
        self.state = _merged(self.state, state) if data.draw(st.booleans()) else state

    @rule()
    def quiet_run(self) -> None:
        """Nothing happens during one run: the target equals the org."""
        self.org.clock.advance(LOOKBACK_SECONDS + 100)
        run = self.tap.sync(
            state=self.state, catalog=self.catalog, lookback_seconds=LOOKBACK_SECONDS
        )
        assert run.exit_code == 0, run.log
        self.target.load(run.messages)
        self.state = run.state
        for name in STREAMS:
            assert self._shown(self.target.rows.get(name, {}).values()) == self._shown(
                self.org.store.rows(name)
            )

    @staticmethod
    def _shown(rows: Any) -> dict[object, tuple[object, ...]]:  # noqa: ANN401  of either side
        return {row["Id"]: (row["Description"], row["IsDeleted"]) for row in rows}

    @override
    def teardown(self) -> None:
        """Whatever was before, it ends with a quiet run."""
        self.quiet_run()


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        is_nested = isinstance(value, dict) and isinstance(before, dict)
        merged[name] = _merged(before, value) if is_nested and before is not None else value
    return merged


def test_nothing_is_lost(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """Inserts, late commits, deletes, breaks, kills, merged states, wrong clocks, any API."""
    run_state_machine_as_test(
        lambda: Machine(org, tap, clock),  # type: ignore[arg-type]  # any function will do
        settings=settings(
            max_examples=8,
            stateful_step_count=14,
            deadline=None,
            # Threads make a failure hard to repeat, so that it would be made smaller for minutes.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
