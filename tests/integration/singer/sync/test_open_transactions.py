"""No bookmark passes a transaction that is still running: its rows come late, with old stamps."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import Run, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 30, tzinfo=timezone.utc)
BEGAN = NOW - timedelta(minutes=47, seconds=20)
# To the minute, as Salesforce tells it.
HELD = "2026-11-23T09:13:00.000Z"
PRESENT = "2026-11-23T10:00:30.000Z"
TWO = ["Account", "Contact"]
MODES = pytest.mark.parametrize(
    "how",
    [
        pytest.param({"start_date": "2000-01-01"}, id="incremental"),
        pytest.param({}, id="full by REST"),
        pytest.param({"api_mode": "bulk"}, id="full by Bulk"),
        pytest.param({"start_date": "2000-01-01", "api_mode": "bulk"}, id="incremental by Bulk"),
        pytest.param({"start_date": "2000-01-01", "bulk_threshold": 3}, id="moved to Bulk"),
    ],
)


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    org.clock.freeze(NOW)
    org.settings.job_transition = "immediate"
    return {name: org.store.insert(name, [{}] * 5, stamp=NOW - timedelta(days=1)) for name in TWO}


@pytest.fixture
def late(org: LocalOrg, rows: dict[str, list[str]]) -> str:
    """A contact that is inserted now, as of 47 minutes ago, and committed in an hour."""
    assert rows
    commits = NOW + timedelta(hours=1)
    (row_id,) = org.store.insert("Contact", [{}], stamp=BEGAN, visible_from=commits)
    return row_id


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": TWO, "state": state, **more})


@MODES
def test_the_bookmark_stays_where_it_began(
    org: LocalOrg, tap: TapRunner, late: str, how: dict[str, Any]
) -> None:
    """Of every object, for nobody tells whose rows it writes; and the rows come once committed."""
    first = read(tap, **how)
    assert first.exit_code == 0, first.log
    assert late not in first.ids("Contact")
    assert {first.bookmark(name) for name in TWO} == {HELD}
    org.clock.advance(1_800)
    second = read(tap, first.state, **how)
    assert {second.bookmark(name) for name in TWO} == {HELD}
    org.clock.advance(3_600)
    third = read(tap, second.state, **how)
    assert third.ids("Contact") == [late]
    assert {third.bookmark(name) for name in TWO} == {"2026-11-23T11:30:30.000Z"}


@MODES
def test_where_nothing_runs_the_bookmark_is_the_windows_end(
    tap: TapRunner, rows: dict[str, list[str]], how: dict[str, Any]
) -> None:
    """Though the answer has no seconds."""
    run = read(tap, **how)
    assert run.exit_code == 0, run.log
    assert {run.bookmark(name) for name in rows} == {PRESENT}


def test_the_end_of_a_minute_is_not_the_future(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """There, the answer is the end that was asked for."""
    org.clock.freeze(NOW.replace(second=0))
    run = read(tap, start_date="2000-01-01")
    assert "still to be committed" not in run.log
    assert {run.bookmark(name) for name in rows} == {"2026-11-23T10:00:00.000Z"}


def test_a_bookmark_that_has_passed_it_goes_back(org: LocalOrg, tap: TapRunner, late: str) -> None:
    """As an earlier run has left it that nobody told of the transaction."""
    first = read(tap, start_date="2000-01-01", composite_queries=False)
    assert {first.bookmark(name) for name in TWO} == {PRESENT}
    second = read(tap, first.state)
    assert {second.bookmark(name) for name in TWO} == {HELD}
    org.clock.advance(7_200)
    assert read(tap, second.state).ids("Contact") == [late]


def test_pages_in_the_middle_do_not_pass_it(org: LocalOrg, tap: TapRunner, late: str) -> None:
    """A run that breaks off behind rows that are newer than the transaction loses nothing."""
    org.settings.page_rows = 1
    org.store.insert("Contact", [{}] * 3, stamp=NOW - timedelta(minutes=5))
    org.faults.add("GET /query/*", outages.unknown_exception(), skip=10, times=None)
    first = read(tap, start_date="2000-01-01", api_mode="rest")
    assert first.exit_code == 7, first.log
    assert len(first.ids("Contact")) > 6
    assert first.bookmark("Contact") == HELD
    org.faults.clear()
    org.clock.advance(7_200)
    second = read(tap, first.state)
    assert late in second.ids("Contact")


def test_a_job_that_is_resumed_keeps_it(org: LocalOrg, tap: TapRunner, late: str) -> None:
    """What was running when the job was created counts, not what is running at its end."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap, api_mode="bulk")
    job = first.job("Contact")
    assert job is not None
    assert job["covered_until"] == HELD
    org.faults.clear()
    org.clock.advance(7_200)
    second = read(tap, first.state, api_mode="bulk")
    assert second.exit_code == 0, second.log
    assert late in second.ids("Contact")
    assert str(second.bookmark("Contact")).startswith("2026-11-23T12:0")


@pytest.mark.parametrize("api_mode", ["auto", "bulk"])
def test_what_is_too_large_behind_it_is_divided_by_id(
    org: LocalOrg, tap: TapRunner, late: str, api_mode: str
) -> None:
    """A half in time would begin where the first one ended, and no bookmark can stand there."""
    assert late
    org.settings.job_max_rows = 6
    ids = [
        org.store.insert("Contact", [{}], stamp=NOW - timedelta(minutes=40 - 3 * n))[0]
        for n in range(10)
    ]
    how = {"bulk_threshold": 2, "start_date": "2026-11-23T09:00:00Z", "api_mode": api_mode}
    run = tap.sync(objects=["Contact"], max_api_calls=60, **how)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Contact")) == sorted(ids)
    assert run.bookmark("Contact") == HELD
    assert "from Id" in run.log


def test_a_job_is_created_once_it_is_known_what_runs(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """What ends between the two would be in neither of them."""
    is_created = threading.Event()
    seen: list[bool] = []
    org.faults.add("POST /jobs/query", faults.before(is_created.set), times=None)
    org.faults.add("*/updated", faults.before(lambda: seen.append(is_created.wait(0.3))), times=1)
    run = read(tap, objects=["Contact"], api_mode="bulk")
    assert run.ids("Contact") == rows["Contact"]
    assert seen == [False]


def test_where_it_is_refused_no_job_waits_for_it(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Neither the first nor one that would ask for it anew, after more than a minute."""

    def asks(call: Call) -> bool:
        return call.path.endswith("/composite") and "/updated" in call.text

    refusal = errors.SalesforceError(403, "FUNCTIONALITY_NOT_ENABLED", "no")
    refused = org.faults.add(asks, outages.salesforce(refusal), times=None)
    org.faults.add("*/results", faults.before(lambda: org.clock.advance(90)), times=None)
    run = read(tap, api_mode="bulk", max_parallel_jobs=1)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in TWO} == rows
    assert refused.fired == 1


def test_a_run_that_fails_takes_it_back(org: LocalOrg, tap: TapRunner, late: str) -> None:
    """What is running is known, though the rows could not be read."""
    first = read(tap, start_date="2000-01-01", composite_queries=False)
    assert first.bookmark("Contact") == PRESENT
    org.faults.add(faults.querying("Contact"), outages.unknown_exception(), times=None)
    second = read(tap, first.state, api_mode="rest")
    assert second.exit_code == 7
    assert second.bookmark("Contact") == HELD
    org.faults.clear()
    org.clock.advance(7_200)
    third = read(tap, second.state)
    assert late in third.ids("Contact")


def test_the_second_window_of_a_run_asks_in_one_call(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Behind the job of an earlier run, what has changed since comes with what is running."""
    assert rows
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap, start_date=None, bulk_threshold=3, objects=["Contact"], api_mode="bulk")
    assert first.job("Contact") is not None
    org.faults.clear()
    org.clock.advance(3_600)
    org.journal.clear()
    second = read(tap, first.state, objects=["Contact"])
    assert second.exit_code == 0, second.log
    (both,) = [e for e in org.journal.calls("*/composite") if "SELECT" in e.body]
    assert [part.path.rpartition("/")[2] for part in both.parts] == ["updated", "queryAll"]
    assert org.journal.calls("*/queryAll") == []


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        pytest.param(outages.unknown_exception(), "UNKNOWN_EXCEPTION", id="500"),
        pytest.param(
            outages.salesforce(errors.exceeded_id_limit()), "EXCEEDED_ID_LIMIT", id="refused"
        ),
        pytest.param(faults.answer(404, [{}]), "HTTP 404", id="not there"),
        pytest.param(faults.answer(200, []), "is no date", id="a list"),
        pytest.param(faults.answer(200, {"ids": []}), "is no date", id="no instant"),
        pytest.param(
            faults.answer(200, {"latestDateCovered": "2026-11-23T10:01:00.000+0000"}),
            "lies in the future",
            id="future",
        ),
        pytest.param(
            faults.answer(200, {"latestDateCovered": "1999-01-01T00:00:00.000+0000"}),
            "1999-01-01T00:00:00.000+0000 is longer ago than any transaction takes",
            id="long ago",
        ),
        pytest.param(
            faults.answer(200, {"latestDateCovered": "soon"}), "'soon' is no date", id="words"
        ),
    ],
)
@pytest.mark.parametrize("start_date", [None, "2000-01-01"], ids=["full", "incremental"])
def test_what_can_not_be_understood_is_said_once(
    org: LocalOrg,
    tap: TapRunner,
    late: str,
    *,
    trouble: faults.Action,
    why: str,
    start_date: str | None,
) -> None:
    """Everything else is as ever; the look-back provides for what is running."""
    assert late
    org.faults.add("*/updated", trouble, times=None)
    run = read(tap, start_date=start_date)
    assert run.exit_code == 0, run.log
    told = [line for line in run.log.splitlines() if "still to be committed" in line]
    assert len(told) == 1
    assert why in told[0]
    assert {run.bookmark(name) for name in TWO} == {PRESENT}
    alone = read(tap, start_date=start_date, objects=["Contact"])
    assert alone.log.count("still to be committed") == 1


def test_who_can_not_be_asked_is_not(org: LocalOrg, tap: TapRunner) -> None:
    """An object that is not replicateable, and one that is read whole each time."""
    org.clock.freeze(NOW)
    org.store.insert("LoginHistory", [{"LoginTime": NOW - timedelta(days=1)}])
    org.store.insert("AccountShare", [{}], stamp=NOW - timedelta(days=1))
    run = tap.sync(objects=["LoginHistory", "AccountShare"], start_date="2000-01-01")
    assert run.exit_code == 0, run.log
    asked = [part.path for e in org.journal.calls("*/composite") for part in e.parts]
    assert not any("LoginHistory/updated" in path for path in asked)


def test_a_test_asks_nothing(org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]) -> None:
    """A few rows move no bookmark."""
    assert rows
    tap.command("--config", tap.config(objects=TWO), "--test")
    asked = [part.path for e in org.journal.calls("*/composite") for part in e.parts]
    assert not any(path.endswith("/updated") for path in asked)


@pytest.fixture
def fresh(org: LocalOrg) -> Iterator[LocalOrg]:
    yield org
    org.reset()


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    transactions=st.lists(
        # When it begins, how long it runs, and when its row is written, in seconds.
        st.tuples(st.integers(0, 9_000), st.integers(1, 9_000), st.floats(0, 1)),
        max_size=6,
    ),
    gaps=st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
    lookback_seconds=st.sampled_from([0, 60, 600]),
    api_mode=st.sampled_from(["auto", "bulk"]),
)
def test_whatever_runs_its_rows_come(
    fresh: LocalOrg,
    tap: TapRunner,
    transactions: list[tuple[int, int, float]],
    gaps: list[int],
    lookback_seconds: int,
    api_mode: str,
) -> None:
    """Transactions of any length, and runs at any time: no row is lost."""
    org = fresh
    org.reset()
    org.settings.job_transition = "immediate"
    org.clock.freeze(NOW)
    wanted = []
    for begins, lasts, written in transactions:
        began, commits = (NOW + timedelta(seconds=n) for n in (begins, begins + lasts))
        stamp = began + (commits - began) * written
        wanted += org.store.insert(
            "Account", [{}], stamp=stamp, visible_from=commits, transaction_began=began
        )
    target, state = ModelTarget(), None
    for seconds in [*gaps, 20_000]:
        run = tap.sync(
            objects=["Account"],
            start_date="2000-01-01",
            state=state,
            lookback_seconds=lookback_seconds,
            api_mode=api_mode,
        )
        assert run.exit_code == 0, run.log
        target.load(run.messages)
        state = run.state
        org.clock.advance(seconds)
    last = tap.sync(objects=["Account"], state=state, lookback_seconds=lookback_seconds)
    target.load(last.messages)
    assert set(target.rows.get("Account", {})) == set(wanted)
