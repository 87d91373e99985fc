"""The org's daily API calls: watched, warned about, kept for others, and never wasted."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.local_org.conditions import faults, outages
from tests.support.harness import ModelTarget, parse

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
NINE = (
    "Account",
    "Contact",
    "Contract",
    "Opportunity",
    "User",
    "OpportunityLineItem",
    "QuoteLineItem",
    "OrderItem",
    "ContractLineItem",
)
THREE = ["Account", "Contact", "User"]


@pytest.fixture(autouse=True)
def _frozen(org: LocalOrg) -> None:
    org.clock.freeze(NOW)


def warnings(run: Run) -> list[str]:
    return [line for line in run.log.splitlines() if "daily API calls remain" in line]


def spread(org: LocalOrg, stream: str, count: int) -> list[str]:
    """Insert rows that changed a day apart, the oldest first."""
    ids: list[str] = []
    for n in range(count):
        ids += org.store.insert(stream, [{}], stamp=NOW - timedelta(days=count - n))
    return ids


def assert_clean(run: Run) -> None:
    """Whole lines only, and the reason in one sentence."""
    assert run.stdout.endswith("\n")
    assert parse(run.stdout) == run.messages
    assert "Traceback" not in run.log


# Looking


def test_limits_are_asked_once_and_first(org: LocalOrg, tap: TapRunner) -> None:
    """One `/limits` call for all streams, before the first query."""
    run = tap.sync(objects=THREE, start_date="2020-01-01")
    assert run.exit_code == 0, run.log
    seen = [part for entry in org.journal.entries for part in (entry, *entry.parts)]
    paths = [entry.path.rpartition("/")[2] for entry in seen]
    assert paths.count("limits") == 1
    assert paths.index("limits") < paths.index("queryAll")


@pytest.mark.parametrize(
    ("left", "threshold", "warned"),
    [
        pytest.param(500, 1_000, True, id="below"),
        pytest.param(1_001, 1_000, True, id="one below after the describe and this look"),
        pytest.param(1_002, 1_000, False, id="just enough"),
        pytest.param(15_000, 1_000, False, id="plenty"),
        pytest.param(50, 0, False, id="switched off"),
        pytest.param(14_000, 14_500, True, id="a higher threshold"),
    ],
)
def test_warning_below_the_threshold(
    org: LocalOrg, tap: TapRunner, left: int, threshold: int, *, warned: bool
) -> None:
    """Fewer calls than the threshold: one warning before the extraction, whatever the rest."""
    org.limits.calls.remaining = left
    run = tap.sync(objects=["Account"], start_date="2020-01-01", quota_warning_threshold=threshold)
    assert run.exit_code == 0, run.log
    assert len(warnings(run)) == warned


def test_warning_has_numbers_and_advice(org: LocalOrg, tap: TapRunner) -> None:
    """It says how many calls are left of how many, and what to do; once for all streams."""
    org.limits.calls.remaining = 500
    run = tap.sync(objects=THREE, start_date="2020-01-01")
    (line,) = warnings(run)
    assert "WARNING" in line
    assert "Only 498 of the org's 15,000 daily API calls remain (14,502 used" in line
    assert "warned below 1,000" in line
    for advice in ("another time", "fewer objects", "quota_reserve", "Company Information"):
        assert advice in line
    assert run.log.index(line) < run.log.index("REST API, because")


@pytest.mark.parametrize("form", ["plain", "per-app"])
def test_header_serves_where_limits_are_refused(
    org: LocalOrg, tap: TapRunner, form: Literal["plain", "per-app"]
) -> None:
    """Without the permission: a line that names it, and the warning still comes."""
    org.settings.view_setup = False
    org.settings.limit_info = form
    org.limits.calls.remaining = 500
    run = tap.sync(objects=THREE, start_date="2020-01-01")
    assert run.exit_code == 0, run.log
    (line,) = [line for line in run.log.splitlines() if "daily limits can't be read" in line]
    assert "HTTP 403, INSUFFICIENT_ACCESS" in line
    assert "the user lacks the permission View Setup and Configuration" in line
    assert "INFO" in line
    (line,) = warnings(run)
    assert "Only 498 of the org's 15,000 daily API calls remain" in line
    assert len(org.journal.calls("/limits")) == 1


@pytest.mark.parametrize("view_setup", [True, False], ids=["limits", "no limits"])
def test_no_header_anywhere_is_no_harm(org: LocalOrg, tap: TapRunner, *, view_setup: bool) -> None:
    """A proxy that strips the header costs nothing but the knowledge."""
    org.settings.view_setup = view_setup
    org.settings.limit_info = "absent"
    org.limits.calls.remaining = 500
    rows = org.store.seed("Account", 3, hurt=False)
    run = tap.sync(objects=["Account"], quota_reserve=10)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert len(warnings(run)) == view_setup


@pytest.mark.parametrize("form", ["plain", "per-app"])
def test_quota_is_looked_at_before_each_stream(
    org: LocalOrg, tap: TapRunner, form: Literal["plain", "per-app"]
) -> None:
    """Others use the org too: calls that vanish during a stream are noticed before the next."""
    org.settings.limit_info = form

    def others_are_busy() -> None:
        org.limits.calls.remaining = 700

    org.faults.add("GET /queryAll*", faults.before(others_are_busy))
    run = tap.sync(objects=THREE, start_date="2020-01-01", composite_queries=False)
    assert run.exit_code == 0, run.log
    (line,) = warnings(run)
    # The first pages of the next streams were on their way, too.
    assert re.search(r"Only 69[4-9] of the org's 15,000", line)
    assert run.log.index("Beginning sync of 'Contact'") < run.log.index(line)
    assert len(org.journal.calls("/limits")) == 1


# Stopping


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_reserve_is_kept_and_nothing_is_lost(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Exit code 4 before the calls fall below the reserve; the next run brings the rest."""
    org.settings.page_rows = org.settings.bulk_page_rows = 2
    rows = {name: spread(org, name, 12) for name in ("Account", "Contact")}
    how = {"objects": list(rows), "start_date": "2020-01-01", "api_mode": api_mode}
    org.limits.calls.remaining = 111 if api_mode == "rest" else 113
    first = tap.sync(**how, quota_reserve=100)
    assert first.exit_code == 4, first.log
    # Where calls are on their way side by side, the last one may not be made.
    assert org.limits.calls.remaining in ((100,) if api_mode == "rest" else (100, 101))
    assert "quota_reserve keeps 100 of them" in first.log.splitlines()[-1]
    assert_clean(first)
    org.limits.calls.remaining = 10_000
    second = tap.sync(**how, quota_reserve=100, state=first.state)
    assert second.exit_code == 0, second.log
    target = ModelTarget()
    target.load([*first.messages, *second.messages])
    assert {name: set(found) for name, found in target.rows.items()} == {
        name: set(ids) for name, ids in rows.items()
    }
    if api_mode == "rest":
        assert len(second.ids("Account")) < 12


def test_reserve_is_kept_when_another_program_uses_calls(org: LocalOrg, tap: TapRunner) -> None:
    """What each answer says counts: no call is made once fewer are left than are kept."""
    org.settings.page_rows = 1
    spread(org, "Account", 12)
    org.limits.calls.remaining = 200
    left_before: list[int] = []

    def other_program() -> None:
        left_before.append(org.limits.calls.remaining)
        org.limits.calls.spend(30)

    org.faults.add("GET /query/*", faults.before(other_program), times=None)
    run = tap.sync(objects=["Account"], start_date="2020-01-01", quota_reserve=100)
    assert run.exit_code == 4, run.log
    assert len(left_before) > 1
    assert min(left_before) > 100
    assert_clean(run)


def test_reserve_is_kept_without_the_header(org: LocalOrg, tap: TapRunner) -> None:
    """What `/limits` said once is counted down where no answer tells more."""
    org.settings.page_rows = 1
    org.settings.limit_info = "absent"
    spread(org, "Account", 12)
    org.limits.calls.remaining = 105
    run = tap.sync(objects=["Account"], start_date="2020-01-01", quota_reserve=100)
    assert run.exit_code == 4, run.log
    assert org.limits.calls.remaining == 100
    assert_clean(run)


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_call_limit_counts_as_salesforce_does(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """A run that takes n calls succeeds with max_api_calls n, and stops with one less."""
    rows = org.store.seed("Account", 5, hurt=False)
    tap.sync(objects=["Account"], api_mode=api_mode, keep_jobs=True)
    needed = org.journal.api_calls
    enough = tap.sync(objects=["Account"], api_mode=api_mode, keep_jobs=True, max_api_calls=needed)
    assert enough.exit_code == 0, enough.log
    assert sorted(enough.ids("Account")) == sorted(rows)
    short = tap.sync(
        objects=["Account"], api_mode=api_mode, keep_jobs=True, max_api_calls=needed - 1
    )
    assert short.exit_code == 4, short.log
    assert f"the {needed - 1} API calls that it may make" in short.log.splitlines()[-1]


def test_call_limit_is_met_run_by_run(org: LocalOrg, tap: TapRunner) -> None:
    """Many small runs, each within its limit, bring what one large run would have."""
    org.settings.page_rows = 2
    rows = {name: spread(org, name, 9) for name in ("Account", "Contact")}
    target, runs = ModelTarget(), 0
    state: dict[str, Any] = {}
    while runs < 9:
        org.journal.clear()
        run = tap.sync(
            objects=list(rows),
            start_date="2020-01-01",
            api_mode="rest",
            max_api_calls=5,
            state=state,
        )
        assert org.journal.api_calls <= 5
        assert_clean(run)
        target.load(run.messages)
        state, runs = run.state or state, runs + 1
        if run.exit_code == 0:
            break
        assert run.exit_code == 4, run.log
    assert runs > 2
    assert run.exit_code == 0, run.log
    assert {name: set(found) for name, found in target.rows.items()} == {
        name: set(ids) for name, ids in rows.items()
    }


@pytest.mark.parametrize(
    ("request_", "api_mode"),
    [
        ("POST /composite", "rest"),
        ("GET /limits", "rest"),
        ("GET /limits/recordCount", "auto"),
        ("GET /queryAll", "rest"),
        ("GET /query/*", "rest"),
        ("POST /jobs/query", "bulk"),
        ("GET /jobs/query/*", "bulk"),
        ("*/results", "bulk"),
    ],
)
def test_daily_limit_ends_the_run_at_once(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, request_: str, api_mode: str
) -> None:
    """403 TotalRequests: exit code 4, no second try, and the next run has everything."""
    org.settings.page_rows = 2
    org.settings.job_transition = "immediate"
    rows = spread(org, "Account", 5)
    fault = org.faults.add(request_, outages.daily_limit(), times=None)
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert run.exit_code == 4, run.log
    assert (fault.fired, clock.slept) == (1, [])
    assert "daily API calls are used up" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log
    org.faults.clear()
    again = tap.sync(objects=["Account"], api_mode=api_mode, state=run.state)
    assert again.exit_code == 0, again.log
    assert {*run.ids("Account"), *again.ids("Account")} == set(rows)


# Saving


def test_run_with_nothing_new_takes_eleven_calls(org: LocalOrg, tap: TapRunner) -> None:
    """Nine streams: one describe, one look at the limits, one query each, and no more."""
    for name in NINE:
        org.store.seed(name, 3, hurt=False)
    # The look-back reads the newest rows of a run once more: they are older than that.
    org.clock.advance(3600)
    first = tap.sync()
    assert first.exit_code == 0, first.log
    catalog = tap.discover()
    org.clock.advance(3600)
    for how in ({}, {"catalog": catalog}):
        org.journal.clear()
        run = tap.sync(state=first.state, **how)
        assert run.exit_code == 0, run.log
        assert run.messages_of("RECORD") == []
        assert org.journal.api_calls <= 11


# Both budgets, before the run and at its end


def expected(run: Run) -> str:
    (line,) = [line for line in run.log.splitlines() if "Needed at the least" in line]
    return line.split(" | ", 3)[3]


def misfits(run: Run) -> list[str]:
    return [line for line in run.log.splitlines() if "This run will not fit" in line]


def test_what_is_needed_is_told_before_anything_is_read(org: LocalOrg, tap: TapRunner) -> None:
    """Of full extracts, whose rows can be counted; the others count with one call."""
    org.store.insert("Account", [{}] * 2_001, stamp=NOW - timedelta(days=1))
    spread(org, "Contact", 3)
    state = {
        "bookmarks": {
            "User": {
                "replication_key": "SystemModstamp",
                "replication_key_value": "2026-11-22T00:00:00.000Z",
            }
        }
    }
    run = tap.sync(objects=THREE, state=state)
    assert run.exit_code == 0, run.log
    told = expected(run)
    assert "Needed at the least: 7 API calls, 1 Bulk job, " in told
    assert "nobody can tell beforehand for 1 of 3 streams" in told
    assert run.log.index(told) < run.log.index("REST API, because")
    assert misfits(run) == []
    assert run.report["usage"]["calls"] >= 7
    # Of what only goes on from its bookmarks nobody can tell.
    again = tap.sync(objects=THREE, state=run.state)
    assert "Needed at the least" not in again.log


@pytest.mark.parametrize(
    ("settings", "left", "misfit"),
    [
        pytest.param({}, {"calls": 7}, "5 API calls, of which it may make 4", id="calls"),
        pytest.param(
            {"quota_reserve": 14_993}, {}, "5 API calls, of which it may make 4", id="quota_reserve"
        ),
        pytest.param({"max_api_calls": 7}, {}, "calls, of which it may make 4", id="max_api_calls"),
        pytest.param(
            {"quota_reserve": 14_993, "api_mode": "rest"}, {}, None, id="few rows by REST, unknown"
        ),
        pytest.param({}, {"bulk_jobs": 0}, "1 Bulk job, of which 0 are left", id="jobs"),
        pytest.param({}, {"bulk_storage_kb": 1}, "MB for the results of Bulk jobs", id="storage"),
        pytest.param({}, {}, None, id="fits"),
    ],
)
def test_a_run_that_will_not_fit_is_told(
    org: LocalOrg,
    tap: TapRunner,
    settings: dict[str, Any],
    left: dict[str, int],
    misfit: str | None,
) -> None:
    """Before anything is read, with both numbers and what to do."""
    org.store.insert("Account", [{}] * 2_001, stamp=NOW - timedelta(days=1))
    for name, remaining in left.items():
        getattr(org.limits, name).remaining = remaining
    run = tap.sync(objects=["Account"], quota_warning_threshold=0, **settings)
    assert run.exit_code in (0, 4), run.log
    assert [misfit in line for line in misfits(run) if misfit] == ([] if misfit is None else [True])
    assert_clean(run)


def test_the_report_has_all_limits(org: LocalOrg, tap: TapRunner) -> None:
    """How much there is, how much is left, and what the run has used."""
    org.store.insert("Account", [{}] * 30, stamp=NOW - timedelta(days=1))
    run = tap.sync(objects=["Account", "Contact"], api_mode="bulk")
    assert run.exit_code == 0, run.log
    told = run.report["quota"]
    assert told["api_calls"] == {
        "maximum": 15_000,
        "remaining": org.limits.calls.remaining,
        "used_by_run": run.report["usage"]["calls"],
    }
    assert told["bulk_jobs"] == {"maximum": 10_000, "remaining": 9_998, "used_by_run": 2}
    storage = told["bulk_storage_megabytes"]
    assert storage["maximum"] == 1_000_000_000 // 1_024
    assert 0.001 < storage["used_by_run"] < 0.1


def test_what_is_not_known_is_not_made_up(org: LocalOrg, tap: TapRunner) -> None:
    """Without the permission to see the limits, and without the header."""
    org.settings.view_setup = False
    org.settings.limit_info = "absent"
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    unknown = {"maximum": None, "remaining": None}
    assert run.report["quota"]["bulk_jobs"] == {**unknown, "used_by_run": 0}
    assert run.report["quota"]["api_calls"] == {
        **unknown,
        "used_by_run": run.report["usage"]["calls"],
    }


@pytest.mark.parametrize("allowance", ["bulk_jobs", "bulk_storage_kb"])
def test_no_jobs_left_in_mode_bulk_is_a_clean_stop(
    org: LocalOrg, tap: TapRunner, allowance: str
) -> None:
    """Exit code 4, as for the calls; the next run goes on from the last bookmark."""
    rows = spread(org, "Account", 3)
    getattr(org.limits, allowance).remaining = 0
    run = tap.sync(objects=["Account"], api_mode="bulk")
    assert run.exit_code == 4, run.log
    assert "bulk-jobs-used-up" in run.log.splitlines()[-1]
    assert_clean(run)
    org.limits.bulk_jobs.remaining = org.limits.bulk_storage_kb.remaining = 10_000
    again = tap.sync(objects=["Account"], api_mode="bulk", state=run.state)
    assert again.exit_code == 0, again.log
    assert again.ids("Account") == rows
