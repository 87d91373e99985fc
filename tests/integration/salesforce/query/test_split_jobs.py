"""What is too large for one Bulk job is read in parts, none of them lost and none read in vain."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support.harness import in_state

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import OrgClock, Run, TapRunner

NOW = datetime.now(timezone.utc).replace(microsecond=0)
MOST = 10
ROWS = 30
HALVINGS = 4


def insert(org: LocalOrg, ages: list[timedelta]) -> list[str]:
    """Insert an account for each age, oldest first."""
    names = iter(range(len(ages)))
    return [
        row_id
        for age in sorted(ages, reverse=True)
        for row_id in org.store.insert("Account", [{"Name": str(next(names))}], stamp=NOW - age)
    ]


AGES = {
    "over years": [timedelta(days=40 * n + 1) for n in range(ROWS)],
    "within a day": [timedelta(days=3, minutes=n) for n in range(ROWS)],
    "within the look-back": [timedelta(days=3, seconds=n) for n in range(ROWS)],
    "at one instant": [timedelta(days=3)] * ROWS,
    "nearly all at one instant": [*[timedelta(days=3)] * (ROWS - 2), *map(timedelta, (900, 1))],
}


@pytest.fixture(params=AGES)
def rows(request: pytest.FixtureRequest, org: LocalOrg) -> list[str]:
    """More rows than a job can read."""
    org.settings.job_max_rows = MOST
    return insert(org, AGES[request.param])


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    options = {"objects": ["Account"], "api_mode": "bulk", "job_timeout_seconds": 5}
    return tap.sync(**{**options, "state": state, **more})


def conditions(org: LocalOrg) -> list[str]:
    """Return what the jobs that are still there have behind WHERE."""
    return [job.soql.partition(" WHERE ")[2] for job in org.jobs.all()]


def full_table(tap: TapRunner) -> dict[str, Any]:
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    return catalog


BEFORE = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2000-01-01T00:00:00.000Z",
        }
    }
}


@pytest.mark.parametrize("state", [None, BEFORE], ids=["full extract", "incremental"])
@pytest.mark.parametrize("end", ["Failed", "InProgress"])
def test_every_row_comes_once(
    org: LocalOrg,
    tap: TapRunner,
    rows: list[str],
    state: object,
    end: Literal["Failed", "InProgress"],
) -> None:
    """However the rows lie in time, and whether the job fails or does not end."""
    org.settings.job_too_large = end
    run = read(tap, state)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert org.jobs.all() == []
    told = [line for line in run.log.splitlines() if "is read in two parts, before and" in line]
    assert told
    assert all("WARNING" in line and "Account" in line for line in told)
    assert run.job("Account") is None
    org.clock.advance(60)
    assert read(tap, run.state).ids("Account") == []


def test_rows_at_different_times_are_divided_by_time(org: LocalOrg, tap: TapRunner) -> None:
    """So that the bookmark can stand between the parts."""
    org.settings.job_max_rows = MOST
    insert(org, AGES["within a day"])
    run = read(tap, keep_jobs=True)
    marks = [
        message["value"]["bookmarks"]["Account"].get("replication_key_value")
        for message in run.messages_of("STATE")
    ]
    steps = list(dict.fromkeys(mark for mark in marks if mark))
    assert steps == sorted(steps)
    assert len(steps) > ROWS / MOST
    assert not any("Id " in condition for condition in conditions(org))


def test_a_table_without_a_window_is_divided_by_id(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Its rows carry one version, which is activated once, behind the last part."""
    run = read(tap, catalog=full_table(tap), keep_jobs=True)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    (activated,) = run.messages_of("ACTIVATE_VERSION")
    assert {m["version"] for m in run.messages_of("RECORD")} == {activated["version"]}
    kinds = [message["type"] for message in run.messages]
    assert kinds.index("ACTIVATE_VERSION") > len(kinds) - kinds[::-1].index("RECORD") - 1
    assert not any("SystemModstamp" in condition for condition in conditions(org))


def test_what_is_read_is_proven_over_all_parts(tap: TapRunner, rows: list[str]) -> None:
    """The report has the sum of what all jobs promised."""
    run = read(tap)
    (told,) = run.report["streams"]
    assert (told["rows"], told["promised_rows"]) == (len(rows), len(rows))


def test_a_single_row_can_not_be_divided(org: LocalOrg, tap: TapRunner) -> None:
    """The failure is told as it is; the bookmark has not moved."""
    org.settings.job_max_rows = 0
    insert(org, [timedelta(days=3)])
    run = read(tap, BEFORE)
    assert run.exit_code == 7
    assert "QUERY_TIMEOUT" in run.log
    assert run.bookmark("Account") == BEFORE["bookmarks"]["Account"]["replication_key_value"]
    assert org.jobs.all() == []


def test_what_was_read_before_a_part_that_can_not_be_divided_stays_read(
    org: LocalOrg, tap: TapRunner
) -> None:
    """The bookmark stands at the border; the next run goes on there."""
    org.settings.job_max_rows = 1
    old, new = insert(org, [timedelta(days=900), timedelta(days=3)])
    org.jobs.script("Failed", "timeout")
    org.jobs.script("JobComplete")
    org.jobs.script("Failed", "timeout")
    first = read(tap)
    assert first.exit_code == 7
    assert first.ids("Account") == [old]
    assert (first.bookmark("Account") or "") > "2000"
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == [new]


def test_a_part_that_is_proven_stays_proven(org: LocalOrg, tap: TapRunner) -> None:
    """Where the next one never adds up, the bookmark goes back to the border, not behind it."""
    org.settings.job_max_rows = 1
    old, new = insert(org, [timedelta(days=900), timedelta(days=3)])
    org.faults.add("*/results", faults.drop_last_row(), skip=1, times=None)
    first = read(tap, BEFORE)
    assert first.exit_code == 6, first.log
    assert first.ids("Account") == [old]
    assert (first.bookmark("Account") or "") > f"{NOW - timedelta(days=900):%Y-%m-%d}"
    org.faults.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.ids("Account") == [new]


def test_a_job_that_was_too_large_is_not_in_the_state_of_its_halves(
    org: LocalOrg, tap: TapRunner
) -> None:
    """A run that is killed before the first half has its job leaves no job that failed behind."""
    org.settings.job_max_rows = MOST
    insert(org, AGES["within a day"])
    run = read(tap, BEFORE, keep_jobs=True)
    assert run.exit_code == 0, run.log
    whole, half, *_ = (job.id for job in org.jobs.all())
    states = (in_state(m["value"], "bookmarks", "Account") for m in run.messages_of("STATE"))
    jobs = [state.get("bulk_job", {"id": None})["id"] for state in states]
    assert jobs[jobs.index(whole) : jobs.index(half) + 1] == [whole, None, half]


@pytest.mark.parametrize("composites", [True, False])
def test_no_row_lies_between_the_halves_of_the_look_back(
    org: LocalOrg, tap: TapRunner, *, composites: bool
) -> None:
    """The bookmark does not go back for a half that ends before it, where the other begins."""
    org.clock.freeze(NOW)
    options = {"bulk_threshold": 2, "api_mode": "auto", "composite_queries": composites}
    ids = insert(org, [timedelta(seconds=560 - 40 * n) for n in range(12)])
    # Its transaction is not committed when the first run reads.
    ids += org.store.insert(
        "Account",
        [{}],
        stamp=NOW - timedelta(seconds=20),
        visible_from=NOW + timedelta(seconds=90),
    )
    first = read(tap, BEFORE, **options)
    org.clock.advance(3_600)
    org.settings.job_max_rows = 6
    second = read(tap, first.state, **options)
    assert (first.exit_code, second.exit_code) == (0, 0), second.log
    assert "is read in two parts" in second.log
    assert {*first.ids("Account"), *second.ids("Account")} == set(ids)


ODD_EDGES: list[object] = [
    ["x"],
    "abc",
    [None],
    {"a": 1},
    [{"SystemModstamp": "x", "Id": "a-b"}],
    [{}],
    None,
]


@pytest.mark.parametrize("records", ODD_EDGES, ids=repr)
def test_odd_answers_of_first_and_last_rows(org: LocalOrg, tap: TapRunner, records: object) -> None:
    """Without these there are no halves: the failure of the job is told, and others come."""
    org.settings.job_max_rows = MOST
    insert(org, AGES["over years"])
    contacts = org.store.insert("Contact", [{}] * 2, stamp=NOW - timedelta(days=1))
    odd = faults.answer(200, {"totalSize": 1, "done": True, "records": records})
    org.faults.add("GET */queryAll", odd, times=None)
    run = read(tap, objects=["Account", "Contact"])
    assert run.exit_code == 7, run.log
    assert "QUERY_TIMEOUT" in run.log
    assert run.ids("Contact") == contacts


def test_the_job_of_the_next_part_is_in_the_state_before_its_rows(
    org: LocalOrg, tap: TapRunner
) -> None:
    """A target that confirms the end of a part confirms with it where the next one begins."""
    org.settings.job_max_rows = MOST
    org.settings.bulk_page_rows = 4
    insert(org, AGES["at one instant"])
    run = read(tap, BEFORE)
    assert run.exit_code == 0, run.log
    read_by_then, borders = [""], set()
    for message in run.messages:
        if message["type"] == "RECORD":
            read_by_then.append(message["record"]["Id"])
        elif message["type"] == "STATE":
            job = in_state(message["value"], "bookmarks", "Account").get("bulk_job", {})
            lower = job.get("id_lower")
            if lower is not None and lower not in borders:
                borders.add(lower)
                assert max(read_by_then) < lower
    assert len(borders) > 1


def test_a_part_is_taken_out_of_the_org_once_the_next_one_is_in_the_state(
    org: LocalOrg, tap: TapRunner
) -> None:
    """There is no moment in which a run that was killed would find neither."""
    org.settings.job_max_rows = ROWS // 2
    insert(org, AGES["at one instant"])
    is_removed = threading.Event()
    seen: list[bool] = []

    def removes_the_first(call: Call) -> bool:
        jobs = {job.id: job.soql for job in org.jobs.all()}
        soql = jobs.get(call.path.rpartition("/")[2], "")
        return call.method == "DELETE" and "Id < " in soql

    def creates_the_second(call: Call) -> bool:
        return call.method == "POST" and call.path.endswith("/query") and "Id >= " in call.text

    org.faults.add(removes_the_first, faults.before(is_removed.set))
    org.faults.add(
        creates_the_second, faults.before(lambda: seen.append(is_removed.wait(0.3))), times=1
    )
    run = read(tap, BEFORE)
    assert run.exit_code == 0, run.log
    assert (seen, is_removed.is_set()) == ([False], True)


def test_what_is_behind_the_part_of_an_earlier_run_is_a_part(org: LocalOrg, tap: TapRunner) -> None:
    """It is read by Bulk, as the rest of what was too large."""
    org.settings.job_max_rows = ROWS // 2
    ids = insert(org, AGES["at one instant"])
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap, BEFORE)
    assert first.job("Account") is not None
    org.faults.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert "is taken up behind row" in second.log
    assert "because this is a part of what was too large" in second.log
    assert sorted(second.ids("Account")) == sorted(ids)


@pytest.mark.parametrize("ages", AGES)
def test_a_job_that_fails_whatever_its_size_is_not_divided_without_end(
    org: LocalOrg, tap: TapRunner, ages: str
) -> None:
    """A reason that nobody knows may have nothing to do with the size."""
    insert(org, AGES[ages])
    org.settings.job_outcome = "Failed"
    org.settings.job_error = "InvalidBatch : no"
    run = read(tap, keep_jobs=True)
    assert run.exit_code == 7
    assert run.ids("Account") == []
    # The first half of rows that nearly all lie at one end is a single row.
    assert len(org.jobs.all()) == (2 if ages == "nearly all at one instant" else 1 + HALVINGS)


def test_where_the_first_row_can_not_be_found_the_failure_is_told(
    org: LocalOrg, tap: TapRunner
) -> None:
    """To look for it can take too long as well."""
    org.settings.job_max_rows = MOST
    insert(org, AGES["over years"])
    slow = outages.salesforce(errors.SalesforceError(400, "QUERY_TIMEOUT", "too long"))
    org.faults.add("*/queryAll", slow, times=None)
    run = read(tap)
    assert run.exit_code == 7
    assert "failed: InvalidBatch : Failed to process query: QUERY_TIMEOUT" in run.log


# Ends and new beginnings


@pytest.mark.timeout(600)
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    ages=st.sampled_from(sorted(AGES)) | st.lists(st.integers(1, 10**8), min_size=30, max_size=45),
    whole=st.booleans(),
    ends=st.lists(st.integers(0, 6), max_size=5),
    data=st.data(),
)
def test_however_often_it_ends_every_row_comes(
    org: LocalOrg,
    tap: TapRunner,
    clock: OrgClock,
    ages: str | list[int],
    ends: list[int],
    data: st.DataObject,
    *,
    whole: bool,
) -> None:
    """Each run begins with a STATE of the one before, and goes on between or within parts."""
    org.reset()
    org.settings.bulk_page_rows = 4
    seconds = AGES[ages] if isinstance(ages, str) else [timedelta(seconds=n) for n in ages]
    rows = insert(org, seconds)
    catalog = full_table(tap) if whole else None
    org.settings.job_max_rows = MOST
    org.settings.job_transition = data.draw(st.sampled_from(("immediate", "after_polls")))
    loaded: dict[str, int | None] = {}
    state: dict[str, Any] | None = None
    for pages in [*ends, None]:
        if pages is not None:
            org.faults.add("*/results", outages.maintenance_page(), skip=pages, times=None)
        run = read(tap, state, catalog=catalog)
        org.faults.clear()
        assert run.exit_code in ((0, 5) if pages is not None else (0,)), run.log
        states = [at for at, m in enumerate(run.messages) if m["type"] == "STATE"]
        last = data.draw(st.sampled_from(states[-3:])) if states and pages is not None else None
        seen = run.messages if pages is None else run.messages[: 0 if last is None else last + 1]
        for message in seen:
            if message["type"] == "RECORD":
                loaded[message["record"]["Id"]] = message.get("version")
            elif message["type"] == "ACTIVATE_VERSION":
                current = message["version"]
                loaded = {row: v for row, v in loaded.items() if v == current}
        state = seen[last]["value"] if last is not None else state
    assert set(loaded) == set(rows)
    assert clock.slept or not ends
