"""A Bulk job that a run could not read to its end is gone on with by the next one."""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_org.conditions import faults, outages
from tests.support.harness import ModelTarget, in_state
from tests.support.meltano_state import merged_by_meltano

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import OrgClock, Run, TapRunner

NOW = datetime.now(timezone.utc).replace(microsecond=0)
LAST_WEEK = NOW - timedelta(days=7)
PAGE_ROWS = 10
BEFORE: dict[str, Any] = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2020-01-01T00:00:00.000Z",
        }
    }
}


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Forty-five rows, in five pages."""
    org.settings.bulk_page_rows = PAGE_ROWS
    return org.store.insert("Account", [{"Name": str(n)} for n in range(45)], stamp=LAST_WEEK)


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": ["Account"], "api_mode": "bulk", "state": state, **more})


def broken_after(
    org: LocalOrg,
    tap: TapRunner,
    pages: int,
    state: object = None,
    **more: Any,  # noqa: ANN401  settings
) -> Run:
    """Run until so many pages have come, and Salesforce is unavailable then."""
    org.faults.add("*/results", outages.maintenance_page(), skip=pages, times=None)
    run = read(tap, state, **more)
    assert run.exit_code == 5, run.log
    org.faults.clear()
    return run


def job_of(run: Run) -> dict[str, Any]:
    job = run.job("Account")
    assert job is not None, run.state
    return job


def created(org: LocalOrg) -> int:
    return len(org.journal.calls("/jobs/query", "POST"))


@pytest.mark.parametrize("before", [None, BEFORE], ids=["full extract", "incremental"])
@pytest.mark.parametrize("pages", range(5))
def test_the_next_run_goes_on_behind_the_last_page(
    org: LocalOrg, tap: TapRunner, rows: list[str], pages: int, before: dict[str, Any] | None
) -> None:
    """Without another job for those rows, and without a row twice."""
    first = broken_after(org, tap, pages, before)
    assert job_of(first)["rows_emitted"] == pages * PAGE_ROWS
    assert first.bookmark("Account") == (
        before and before["bookmarks"]["Account"]["replication_key_value"]
    )
    org.journal.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert first.ids("Account") + second.ids("Account") == rows
    assert f"is taken up behind row {pages * PAGE_ROWS}" in second.log
    assert created(org) == 1  # for what has changed since
    assert org.jobs.all() == []
    assert second.job("Account") is None


@pytest.mark.parametrize("include_deleted", [True, False])
@pytest.mark.usefixtures("rows")
def test_a_job_is_known_by_what_it_was_asked_for(
    org: LocalOrg, tap: TapRunner, *, include_deleted: bool
) -> None:
    """Operation and query, so that a later version knows the jobs of this one."""
    first = broken_after(org, tap, 1, include_deleted=include_deleted)
    (job,) = org.jobs.all()
    asked = f"{job.operation} {job.soql}"
    assert job_of(first)["query_sha256"] == hashlib.sha256(asked.encode()).hexdigest()


def test_the_report_of_a_resumed_job_adds_up(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """What an earlier run has written of the job is told beside what the job has."""
    first = broken_after(org, tap, 2)
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    (told,) = second.report["streams"]
    assert (told["rows_before"], told["promised_rows"]) == (20, len(rows))
    assert told["rows"] + told["rows_before"] == told["promised_rows"]
    # Behind the job came a window in which nothing had changed.
    assert told["api"] == "Bulk API 2.0"
    (stopped,) = first.report["streams"]
    assert (stopped["api"], stopped["rows"]) == ("Bulk API 2.0", 20)


def test_what_changed_since_is_read_in_the_same_run(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The job's end sets the bookmark that was saved with it, and the stream is read on from it."""
    first = broken_after(org, tap, 2)
    upper = job_of(first)["upper_bound"]
    org.clock.advance(3_600)
    new = org.store.insert("Account", [{"Name": "new"}] * 3)
    org.store.update("Account", rows[:2], {"Name": "changed"})
    org.clock.advance(60)
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account")[:25] == rows[20:]
    assert sorted(second.ids("Account")[25:]) == sorted([*new, *rows[:2]])
    marks = [
        in_state(message["value"], "bookmarks", "Account").get("replication_key_value")
        for message in second.messages_of("STATE")
    ]
    assert upper in marks
    assert (second.bookmark("Account") or "") > upper


def test_a_job_still_running_is_waited_for(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: list[str]
) -> None:
    """STATE has the job as soon as it exists: a run that ends while it works loses nothing."""
    org.settings.job_transition = "time"
    org.settings.job_seconds = 600
    org.faults.add("GET /jobs/query/*", outages.maintenance_page(), times=None)
    first = read(tap)
    assert first.exit_code == 5
    assert job_of(first)["locator"] is None
    org.faults.clear()
    org.journal.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert sum(clock.slept) > 60


def test_a_job_that_only_queues_is_left_to_the_next_run(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Exit code 5, the job stays, and the next run has it."""
    org.settings.job_transition = "never"
    queued = faults.replace_body(lambda body: body.replace(b"InProgress", b"UploadComplete"))
    org.faults.add("GET /jobs/query/*", queued, times=None)
    first = read(tap, job_timeout_seconds=60)
    assert first.exit_code == 5
    assert "still waited in Salesforce's queue after 60 seconds" in first.log
    assert len(org.jobs.all()) == 1
    org.faults.clear()
    org.settings.job_transition = "immediate"
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert f"Bulk job {job_of(first)['id']} of an earlier run is taken up" in second.log


@pytest.mark.usefixtures("rows")
def test_a_job_that_queues_is_left_also_where_rest_has_failed(
    org: LocalOrg, tap: TapRunner
) -> None:
    """What REST does not serve whole has a way by Bulk that takes its time: the next run has it."""
    mark = {"replication_key": "SystemModstamp", "replication_key_value": "2000-01-01T00:00:00Z"}
    org.faults.add(rest_pages, faults.drop_record(), times=None)
    org.settings.job_transition = "never"
    queued = faults.replace_body(lambda body: body.replace(b"InProgress", b"UploadComplete"))
    org.faults.add("GET /jobs/query/*", queued, times=None)
    options = {"api_mode": "auto", "job_timeout_seconds": 60}
    first = read(tap, {"bookmarks": {"Account": mark}}, **options)
    assert first.exit_code == 5, first.log
    assert "still waited in Salesforce's queue after 60 seconds" in first.log
    assert [job.id for job in org.jobs.all()] == [job_of(first)["id"]]
    org.settings.job_transition = "immediate"
    org.faults.clear()
    second = read(tap, first.state, api_mode="auto")
    assert second.exit_code == 0, second.log
    assert f"Bulk job {job_of(first)['id']} of an earlier run is taken up" in second.log


def rest_pages(call: Call) -> bool:
    return call.method == "GET" and "/query" in call.path and "/jobs/" not in call.path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"include_deleted": False}, "the query is another one now", id="operation"),
        pytest.param({"lookback_seconds": 5}, "the query is another one now", id="window"),
        pytest.param({"api_mode": "rest"}, "api_mode is rest", id="api_mode"),
    ],
)
def test_a_job_of_another_query_is_dropped(
    org: LocalOrg, tap: TapRunner, rows: list[str], change: dict[str, Any], reason: str
) -> None:
    """The stream begins afresh, the log says why, and the job does not stay in the org."""
    first = broken_after(org, tap, 2, BEFORE)
    org.journal.clear()
    second = read(tap, first.state, **change)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert f"is not taken up, because {reason}" in second.log
    # What has changed since the job was made is in what is read afresh.
    assert len(org.journal.soql()) == 1
    assert org.jobs.all() == []


@pytest.mark.parametrize("seconds", [60, 8 * 86_400], ids=["deleted", "older than seven days"])
def test_a_job_that_is_gone_is_made_again(
    org: LocalOrg, tap: TapRunner, rows: list[str], seconds: int
) -> None:
    """Salesforce keeps jobs for seven days, and people delete them."""
    first = broken_after(org, tap, 2)
    org.clock.advance(seconds)
    if seconds < 86_400:
        org.jobs.delete(org.jobs.all()[0])
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert "is not taken up, because it can't be found any more (NOT_FOUND)" in second.log


def test_a_job_that_failed_meanwhile_is_made_again(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """It is taken out of the org, and the reason told."""
    org.settings.job_transition = "never"
    org.faults.add("GET /jobs/query/*", outages.maintenance_page(), times=None)
    first = read(tap)
    org.faults.clear()
    org.jobs.all()[0].state = "Failed"
    org.settings.job_transition = "immediate"
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert "is not taken up, because it is Failed" in second.log
    assert org.jobs.all() == []


@pytest.mark.parametrize("before", [None, BEFORE], ids=["full extract", "incremental"])
@pytest.mark.parametrize("how", ["full table", "by stamp"])
@pytest.mark.parametrize("outcome", ["Failed", "Aborted"])
def test_a_job_that_fails_while_it_is_waited_for_is_made_again(
    org: LocalOrg,
    tap: TapRunner,
    rows: list[str],
    outcome: str,
    how: str,
    before: dict[str, Any] | None,
) -> None:
    """It ran when the next run took it up: that it ends badly then is no other matter."""
    catalog = tap.discover(objects=["Account"])
    if how == "full table":
        catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    org.settings.job_polls = 4
    org.jobs.script(outcome, "InternalServerError : Something went wrong")
    org.faults.add(faults.is_poll, outages.maintenance_page(), skip=1, times=None)
    first = read(tap, before, catalog=catalog)
    assert first.exit_code == 5, first.log
    org.faults.clear()
    second = read(tap, first.state, catalog=catalog)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows
    assert "of an earlier run is of no use any more: " in second.log
    assert created(org) == 2
    assert second.job("Account") is None


def test_results_are_asked_for_with_the_jobs_own_version(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Salesforce answers 409 to any other."""
    first = broken_after(org, tap, 2, api_version="67.0")
    second = read(tap, first.state, api_version="68.0")
    assert second.exit_code == 0, second.log
    assert first.ids("Account") + second.ids("Account") == rows


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param({"id": 5}, id="id"),
        pytest.param({"upper_bound": "soon"}, id="bound"),
        pytest.param({"rows_emitted": None}, id="rows"),
    ],
)
def test_what_is_no_job_is_passed_over(
    org: LocalOrg, tap: TapRunner, rows: list[str], spoil: dict[str, Any]
) -> None:
    """A job is only a shortcut: whatever stands there, the rows come."""
    state = copy.deepcopy(broken_after(org, tap, 2).state)
    in_state(state, "bookmarks", "Account", "bulk_job").update(spoil)
    second = read(tap, state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == rows


def test_a_state_that_brings_an_ended_job_back_does_no_harm(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Meltano merges states: what a run has removed can come back beside a newer bookmark."""
    first = broken_after(org, tap, 2, keep_jobs=True)
    second = read(tap, first.state, keep_jobs=True)
    merged = copy.deepcopy(second.state)
    merged["bookmarks"]["Account"]["bulk_job"] = job_of(first)
    org.clock.advance(3_600)
    new = org.store.insert("Account", [{"Name": "new"}])
    org.clock.advance(60)
    third = read(tap, merged)
    assert third.exit_code == 0, third.log
    assert third.ids("Account") == new
    assert "of an earlier run" not in third.log
    assert set(first.ids("Account") + second.ids("Account")) == set(rows)


@pytest.mark.parametrize("before", [None, BEFORE], ids=["full extract", "incremental"])
def test_a_job_that_never_adds_up_is_not_taken_up_again(
    org: LocalOrg, tap: TapRunner, rows: list[str], before: dict[str, Any] | None
) -> None:
    """Nor where the state without it is merged into the one that had it."""
    first = broken_after(org, tap, 2, before)
    org.faults.add("*/results", faults.drop_last_row(), times=None)
    second = read(tap, first.state)
    assert second.exit_code == 6, second.log
    org.faults.clear()
    third = read(tap, merged_by_meltano(first.state, second.state))
    assert third.exit_code == 0, third.log
    assert third.ids("Account") == rows
    assert "of an earlier run" not in third.log


# FULL_TABLE


def full_table(tap: TapRunner) -> dict[str, Any]:
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    return catalog


def test_a_full_table_keeps_its_version(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """Rows of both runs carry one version, which is activated once, behind the last of them."""
    catalog = full_table(tap)
    first = broken_after(org, tap, 2, catalog=catalog)
    assert first.messages_of("ACTIVATE_VERSION") == []
    second = read(tap, first.state, catalog=catalog)
    assert second.exit_code == 0, second.log
    at = [m["type"] for m in second.messages].index("ACTIVATE_VERSION")
    records = first.messages_of("RECORD") + [
        m for m in second.messages[:at] if m["type"] == "RECORD"
    ]
    assert [m["record"]["Id"] for m in records] == rows
    assert {m["version"] for m in records} == {second.messages[at]["version"]}


def test_a_full_table_is_read_to_the_present(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The job shows the table as it was when it was created, and no stamp says what is gone."""
    catalog, target = full_table(tap), ModelTarget()
    first = broken_after(org, tap, 2, catalog=catalog)
    org.clock.advance(3_600)
    new = org.store.insert("Account", [{"Name": "new"}])
    org.store.update("Account", [rows[1], rows[40]], {"Name": "changed"})
    org.store.hard_delete("Account", [rows[2], rows[41]])
    second = read(tap, first.state, catalog=catalog)
    assert second.exit_code == 0, second.log
    target.load(first.messages)
    target.load(second.messages)
    names = {row_id: record["Name"] for row_id, record in target.rows["Account"].items()}
    assert names == {row["Id"]: row["Name"] for row in org.store.rows("Account")}
    assert new[0] in names
    assert len(second.messages_of("ACTIVATE_VERSION")) == 2
    third = read(tap, second.state, catalog=catalog)
    assert third.ids("Account") == [row["Id"] for row in org.store.rows("Account")]


def test_an_ended_full_table_job_is_never_taken_up_again(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Meltano merges states, and it has no bookmark that would tell the job as stale."""
    catalog = full_table(tap)
    first = broken_after(org, tap, 2, catalog=catalog, keep_jobs=True)
    second = read(tap, first.state, catalog=catalog, keep_jobs=True)
    merged = merged_by_meltano(first.state, second.state)
    new = org.store.insert("Account", [{"Name": "new"}], stamp=LAST_WEEK)
    third = read(tap, merged, catalog=catalog)
    assert third.exit_code == 0, third.log
    assert third.ids("Account") == [*rows, *new]


# Any number of ends


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ends=st.lists(st.integers(0, 4), max_size=6), seen=st.data())
def test_however_often_it_ends_every_row_comes_and_none_is_lost(
    org: LocalOrg, tap: TapRunner, ends: list[int], seen: st.DataObject
) -> None:
    """Each run begins with a STATE of the one before, perhaps not its last one."""
    org.reset()
    org.settings.bulk_page_rows = PAGE_ROWS
    rows = org.store.insert("Account", [{"Name": str(n)} for n in range(45)], stamp=LAST_WEEK)
    loaded: list[str] = []
    state: dict[str, Any] | None = None
    for pages in ends:
        org.faults.add("*/results", outages.maintenance_page(), skip=pages, times=None)
        run = read(tap, state)
        org.faults.clear()
        assert run.exit_code in (0, 5), run.log
        states = [at for at, m in enumerate(run.messages) if m["type"] == "STATE"]
        # A target that is killed has seen the messages up to some STATE, and confirmed that one.
        last = seen.draw(st.sampled_from(states[-2:])) if states else -1
        messages = run.messages[: last + 1]
        loaded += [m["record"]["Id"] for m in messages if m["type"] == "RECORD"]
        state = messages[-1]["value"] if messages else state
    run = read(tap, state)
    assert run.exit_code == 0, run.log
    loaded += run.ids("Account")
    assert set(loaded) == set(rows)
    assert run.bookmark("Account") is not None
