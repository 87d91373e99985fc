"""One object's trouble is that object's: the others come whole, wherever it stands."""

from __future__ import annotations

import gc
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.singer import run as shared
from tests.local_org.conditions import faults, outages
from tests.soak.crowd import all_of
from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock, Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact", "Contract", "Opportunity"]
PLACES = pytest.mark.parametrize("sick", [STREAMS[0], STREAMS[1], STREAMS[-1]])
MODES = pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
A_MINUTE, PAGE_ROWS = 60, 2


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    org.settings.page_rows = org.settings.result_page_rows = PAGE_ROWS
    org.settings.bulk_page_rows = PAGE_ROWS
    return {
        name: org.store.insert(name, [{}] * (3 * PAGE_ROWS), stamp=LAST_WEEK) for name in STREAMS
    }


def read(tap: TapRunner, **settings: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": STREAMS, "bulk_page_rows": PAGE_ROWS, **settings})


def first_page(_: LocalOrg, name: str) -> Callable[[Call], bool]:
    """Match the REST query of one object."""
    asks = faults.querying(name)
    return lambda call: call.method == "GET" and asks(call)


def creation(_: LocalOrg, name: str) -> Callable[[Call], bool]:
    """Match the creation of one object's jobs."""
    asks = faults.querying(name)
    return lambda call: call.method == "POST" and asks(call)


def job(org: LocalOrg, name: str) -> Callable[[Call], bool]:
    """Match all that is asked of one object's jobs once they are there."""

    def matches(call: Call) -> bool:
        ids = [job.id for job in org.jobs.all() if job.object_name == name]
        return call.method == "GET" and any(job_id in call.path for job_id in ids)

    return matches


def results(org: LocalOrg, name: str) -> Callable[[Call], bool]:
    """Match the downloads of one object's results."""
    of_job = job(org, name)
    return lambda call: call.path.endswith("/results") and of_job(call)


KINDS = pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(outages.unknown_exception(), id="500"),
        pytest.param(outages.not_json(), id="200 page"),
        pytest.param(faults.cut(0.5), id="breaks off"),
        pytest.param(faults.reset(), id="reset"),
    ],
)


def assert_only(run: Run, sick: str, rows: dict[str, list[str]]) -> None:
    """One stream failed, by name, and no other."""
    assert run.exit_code == 7, run.log
    for name in STREAMS:
        report = next(each for each in run.report["streams"] if each["stream"] == name)
        assert (report["error"] is None) is (name != sick), name
        if name != sick:
            assert run.ids(name) == rows[name]
            assert run.bookmark(name) is not None
    assert run.bookmark(sick) is None
    failed = [line for line in run.log.splitlines() if "ERROR" in line]
    assert failed
    assert all(sick in line for line in failed)
    assert not any(
        name in line.partition(": ")[2] for name in rows if name != sick for line in failed
    )


@PLACES
@MODES
@KINDS
def test_a_query_that_always_fails(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    sick: str,
    api_mode: str,
    trouble: faults.Action,
) -> None:
    """By REST and by Bulk: its stream fails, and all others come whole, in this run."""
    org.faults.add(all_of(org, sick), trouble, times=None)
    run = read(tap, api_mode=api_mode)
    assert_only(run, sick, rows)
    org.faults.clear()
    again = read(tap, api_mode=api_mode, state=run.state)
    assert again.exit_code == 0, again.log
    assert again.ids(sick) == rows[sick]


@PLACES
@KINDS
@pytest.mark.parametrize("where", [creation, job, results])
def test_what_bulk_can_not_serve_comes_by_rest(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    sick: str,
    where: Callable[[LocalOrg, str], Callable[[Call], bool]],
    trouble: faults.Action,
) -> None:
    """Once, in auto mode, whatever of the job can't be had."""
    org.settings.record_count_factor = 1_000
    org.faults.add(where(org, sick), trouble, times=None)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert {name: sorted(set(run.ids(name))) for name in STREAMS} == {
        name: sorted(ids) for name, ids in rows.items()
    }
    assert f"{sick}: REST API, because Bulk API 2.0 could not serve it" in run.log
    assert run.job(sick) is None
    # What was created without an answer has no name that could be deleted.
    assert org.jobs.all() == [] or where is creation


@pytest.mark.parametrize(
    ("trouble", "exit_code"),
    [
        pytest.param(outages.daily_limit(), 4, id="no calls left"),
        pytest.param(outages.maintenance_page(), 7, id="may pass"),
    ],
)
def test_a_job_whose_rows_come_by_rest_is_gone(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    trouble: faults.Action,
    exit_code: int,
) -> None:
    """From the moment they do: a run that ends in the middle leaves no job behind."""
    org.settings.record_count_factor = 1_000
    sick = STREAMS[0]
    org.faults.add(results(org, sick), outages.unknown_exception(), times=None)
    org.faults.add("GET /query/*", trouble, times=None)
    run = read(tap)
    assert run.exit_code == exit_code, run.log
    assert set(run.ids(sick)) < set(rows[sick])
    assert run.job(sick) is None
    assert sick not in {job.object_name for job in org.jobs.all()}


@PLACES
@KINDS
def test_what_rest_can_not_serve_comes_by_bulk(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], sick: str, trouble: faults.Action
) -> None:
    """Once, in auto mode: an incremental extract whose first page never comes."""
    org.faults.add(first_page(org, sick), trouble, times=None)
    run = read(tap, start_date="2000-01-01")
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows
    assert f"{sick}: Bulk API 2.0, because REST could not serve it" in run.log


@pytest.mark.parametrize("api_mode", ["auto", "bulk"])
def test_a_list_of_pages_that_can_not_be_had(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], api_mode: str
) -> None:
    """It is for speed only: each page says where the next one is."""
    org.settings.record_count_factor = 1_000
    org.faults.add("*/result[Pp]ages", outages.unknown_exception(), times=None)
    run = read(tap, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows
    assert {each["api"] for each in run.report["streams"]} == {"Bulk API 2.0"}


def test_many_rows_are_not_asked_for_by_rest(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """More than a tenth of the calls left would go: the stream fails for what Bulk did."""
    org.settings.record_count_factor = 1_000
    sick = STREAMS[1]
    org.limits.calls.remaining = 200
    org.store.insert(sick, [{}] * 42_000, stamp=LAST_WEEK)
    org.settings.page_rows = 2_000
    org.faults.add(creation(org, sick), outages.unknown_exception(), times=None)
    run = read(tap)
    assert_only(run, sick, rows)
    assert run.ids(sick) == []
    assert "REST would take too many of the API calls left for its 42,006 rows" in run.log


@pytest.mark.parametrize(("bulk_threshold", "come"), [(5, False), (6, True)])
def test_rows_are_not_asked_for_by_rest_where_nobody_tells_how_many_calls_are_left(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    *,
    bulk_threshold: int,
    come: bool,
) -> None:
    """But for as many as bulk_threshold, and those that are all on the first page."""
    org.settings.record_count_factor = 1_000
    org.settings.limit_info = "absent"
    org.faults.add("GET */limits", outages.unknown_exception(), times=None)
    sick = STREAMS[1]
    org.faults.add(creation(org, sick), outages.unknown_exception(), times=None)
    run = read(tap, bulk_threshold=bulk_threshold)
    if come:
        assert run.exit_code == 0, run.log
        assert {name: run.ids(name) for name in STREAMS} == rows
        return
    assert_only(run, sick, rows)
    assert "nobody tells how many API calls are left for its 6 rows" in run.log
    org.settings.page_rows = 2_000
    again = read(tap, bulk_threshold=bulk_threshold)
    assert again.exit_code == 0, again.log
    assert again.ids(sick) == rows[sick]


def test_an_object_that_never_answers(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """A time-out each time is that object's trouble, too."""
    sick = STREAMS[1]
    org.faults.add(first_page(org, sick), faults.delay(1.5), times=None)
    run = read(tap, api_mode="rest", request_timeout_seconds=1)
    assert_only(run, sick, rows)


def test_a_whole_org_that_is_down_ends_the_run(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """When the versions resource, too, can't be had, no other stream is tried."""
    org.faults.add("GET /services/data", outages.maintenance_page(), times=None, skip=1)
    org.faults.add("GET /queryAll*", outages.maintenance_page(), times=None, skip=1)
    run = read(tap, api_mode="rest", parallel_downloads=1)
    assert run.exit_code == 5, run.log
    assert run.ids(STREAMS[0]) == rows[STREAMS[0]]
    assert [each["stream"] for each in run.report["streams"]] == STREAMS[:2]
    assert f"{STREAMS[1]}: Salesforce answered" in run.log


def test_where_the_whole_org_is_down_the_other_api_is_not_asked(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """It would cost the whole budget once more, to hear the same."""
    assert rows
    org.faults.add("GET /services/data", outages.maintenance_page(), times=None, skip=1)
    org.faults.add("GET /queryAll*", outages.maintenance_page(), times=None)
    run = read(tap, api_mode="auto", start_date="2000-01-01")
    assert run.exit_code == 5, run.log
    assert org.journal.calls("/jobs/query", "POST") == []


def test_when_no_stream_can_be_read(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: dict[str, list[str]]
) -> None:
    """It is Salesforce's trouble, exit code 5, and those behind the first are tried for less."""
    assert rows
    org.faults.add("GET /queryAll*", outages.unknown_exception(), times=None)
    run = read(tap, api_mode="rest", parallel_downloads=1)
    assert run.exit_code == 5, run.log
    asked = [call.query["q"] for call in org.journal.calls("*/queryAll")]
    tries = [sum(f"FROM {name} " in query for query in asked) for name in STREAMS]
    assert tries[0] == 8
    assert set(tries[1:]) == {3}
    assert sum(clock.slept) < 5 * A_MINUTE


def test_the_job_of_an_earlier_run_that_can_not_be_looked_at(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """It stays in the state for the next run; no other stream notices."""
    sick = STREAMS[-1]
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap, api_mode="bulk")
    assert first.job(sick) is not None
    org.faults.clear()
    org.faults.add(job(org, sick), outages.unknown_exception(), times=None)
    run = read(tap, api_mode="bulk", state=first.state)
    assert_only(run, sick, rows)
    assert run.job(sick) == first.job(sick)
    org.faults.clear()
    last = read(tap, api_mode="bulk", state=run.state)
    assert last.exit_code == 0, last.log
    assert last.ids(sick) == rows[sick]


def test_a_job_that_can_never_be_looked_at_is_given_up_in_auto_mode(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """It would hold its stream for the seven days in which Salesforce keeps it."""
    sick = STREAMS[1]
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap, api_mode="bulk")
    saved = first.job(sick)
    assert saved is not None
    org.faults.clear()
    asks = f"*/{saved['id']}"
    org.faults.add(f"GET {asks}", outages.unknown_exception(), times=None)
    run = read(tap, state=first.state)
    assert run.exit_code == 0, run.log
    assert {name: sorted(set(run.ids(name))) for name in STREAMS} == {
        name: sorted(ids) for name, ids in rows.items()
    }
    assert saved["id"] not in {each.id for each in org.jobs.all()}


def test_a_row_that_goes_while_the_api_changes_goes_from_the_target(
    org: LocalOrg, tap: TapRunner
) -> None:
    """What is read again has a version of its own, and that is activated."""
    org.settings.page_rows = org.settings.result_page_rows = PAGE_ROWS
    org.settings.bulk_page_rows = PAGE_ROWS
    org.settings.record_count_factor = 1_000
    first, *others = org.store.insert("Account", [{}] * 6, stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    org.faults.add(results(org, "Account"), outages.unknown_exception(), skip=1, times=None)
    go = faults.before(lambda: org.store.hard_delete("Account", [first]))
    org.faults.add("GET /query*", go)
    run = tap.sync(catalog=catalog, bulk_page_rows=PAGE_ROWS, parallel_downloads=1)
    assert run.exit_code == 0, run.log
    assert first in run.ids("Account")
    target = ModelTarget()
    target.load(run.messages)
    assert sorted(target.rows["Account"]) == sorted(others)


def test_a_limit_that_another_streams_job_meets_is_not_told_of_this_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Jobs are created before their streams' turn; what comes of it is told in that."""
    org.settings.record_count_factor = 1_000
    healthy, limited = STREAMS[:2]
    org.faults.add(creation(org, limited), outages.daily_limit(), times=None)
    run = read(tap)
    assert run.exit_code == 4, run.log
    assert run.ids(healthy) == rows[healthy]
    reports = [(each["stream"], each["error"]) for each in run.report["streams"]]
    assert reports == [(healthy, None), (limited, "daily-limit-exceeded")]


@pytest.mark.parametrize("is_counted", [True, False], ids=["counts", "no counts"])
def test_few_rows_whose_job_never_ends_come_by_rest(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, is_counted: bool
) -> None:
    """Rather than five jobs in halves, each waited for as long."""
    org.settings.job_transition = "never"
    if not is_counted:
        org.settings.record_count_omits = set(STREAMS)
    run = read(tap, start_date="2000-01-01", bulk_threshold=5, job_timeout_seconds=600)
    assert run.exit_code == 5, run.log
    assert "is read in two parts" in run.log
    few = read(tap, job_timeout_seconds=600)
    assert few.exit_code == 0, few.log
    assert {name: few.ids(name) for name in STREAMS} == rows
    assert "because its Bulk job does not end and its rows are few" in few.log


def test_the_job_stays_for_the_next_run_where_rest_refuses_its_rows(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Its results may be there by then; and no run leaves another job behind."""
    org.settings.record_count_factor = 1_000
    org.faults.add(results(org, "Account"), outages.unknown_exception(), times=None)
    refusal = faults.answer(400, [{"errorCode": "OPERATION_TOO_LARGE", "message": "exceeded"}])
    org.faults.add(first_page(org, "Account"), refusal, times=None)
    state = None
    for _ in range(2):
        run = read(tap, state=state)
        assert run.exit_code == 7, run.log
        assert "By REST: Salesforce refused" in run.log
        state = run.state
        assert [job.object_name for job in org.jobs.all()] == ["Account"]
    org.faults.clear()
    again = read(tap, state=state)
    assert again.exit_code == 0, again.log
    assert again.ids("Account") == rows["Account"]
    assert org.jobs.all() == []


def counts_of(sizes: dict[str, int]) -> dict[str, object]:
    """Return an answer of recordCount."""
    return {"sObjects": [{"name": name, "count": count} for name, count in sizes.items()]}


def test_used_up_jobs_stop_only_what_needs_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """A table that is too large for REST fails by name, and small ones come: exit code 4."""
    sizes = dict.fromkeys(STREAMS, 6) | {"Account": 50_000_000}
    counted = counts_of(sizes)
    org.faults.add("GET */recordCount*", faults.answer(200, counted), times=None)
    refusal = faults.answer(400, [{"errorCode": "LIMIT_EXCEEDED", "message": "Daily jobs"}])
    org.faults.add("POST */jobs/query", refusal, times=None)
    run = read(tap)
    assert run.exit_code == 4, run.log
    assert "Account has too many rows for REST with the API calls left" in run.log
    assert run.ids("Account") == []
    assert {name: run.ids(name) for name in STREAMS[1:]} == {n: rows[n] for n in STREAMS[1:]}


@pytest.mark.parametrize("count", [6, 50_000_000])
def test_few_rows_come_by_rest_also_where_nobody_tells_how_many_calls_are_left(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], count: int
) -> None:
    """As many as bulk_threshold; of more it is said what is not known."""
    org.settings.limit_info = "absent"
    org.faults.add("GET */limits", outages.unknown_exception(), times=None)
    counted = counts_of(dict.fromkeys(STREAMS, count))
    org.faults.add("GET */recordCount*", faults.answer(200, counted), times=None)
    refusal = faults.answer(400, [{"errorCode": "LIMIT_EXCEEDED", "message": "Daily jobs"}])
    org.faults.add("POST */jobs/query", refusal, times=None)
    run = read(tap)
    if count > 6:
        assert run.exit_code == 4, run.log
        assert "for nobody tells how many API calls are left" in run.log
        return
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows


REFUSED_WHOLE = pytest.mark.parametrize(
    ("answer", "exit_code"),
    [
        pytest.param(
            faults.answer(302, "", headers={"Location": "https://waf.example/no"}), 2, id="302"
        ),
        pytest.param(
            faults.answer(401, [{"errorCode": "INVALID_AUTH_HEADER", "message": "x"}]), 3, id="401"
        ),
        pytest.param(outages.api_disabled_for_org(), 3, id="no API"),
    ],
)


@REFUSED_WHOLE
def test_what_is_said_of_the_org_for_one_object_is_that_objects(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    answer: faults.Action,
    exit_code: int,
) -> None:
    """Where the session is served otherwise, a firewall's rule or the like is in between."""
    org.faults.add(first_page(org, "Contact"), answer, times=None)
    assert_only(read(tap, api_mode="rest"), "Contact", rows)
    # Where there is no other object, it is what became of the run.
    alone = read(tap, api_mode="rest", objects=["Contact"])
    assert alone.exit_code == exit_code, alone.log


@pytest.mark.parametrize("answer", [case.values[0] for case in REFUSED_WHOLE.args[1]])
@PLACES
@pytest.mark.parametrize("where", [creation, job, results])
def test_what_is_said_of_one_objects_job_is_that_objects(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    where: Callable[[LocalOrg, str], Callable[[Call], bool]],
    sick: str,
    answer: faults.Action,
) -> None:
    """Also where the job is created in another stream's turn; one that is there stays in STATE."""
    org.faults.add(where(org, sick), answer, times=None)
    run = read(tap, api_mode="bulk")
    assert_only(run, sick, rows)
    org.faults.clear()
    again = read(tap, api_mode="bulk", state=run.state)
    assert again.exit_code == 0, again.log
    assert again.ids(sick) == rows[sick]
    assert org.jobs.all() == []


@REFUSED_WHOLE
def test_what_is_said_of_the_org_for_all_objects_is_the_orgs(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    answer: faults.Action,
    exit_code: int,
) -> None:
    """The run ends with it, and nothing else is asked for in vain."""
    catalog = tap.discover(objects=STREAMS)
    assert rows

    def is_data(call: Call) -> bool:
        return "/services/data/v" in call.path and "/composite" not in call.path

    org.faults.add(is_data, answer, times=None)
    run = read(tap, api_mode="rest", catalog=catalog)
    assert run.exit_code == exit_code, run.log
    assert "streams failed" not in run.log


@pytest.mark.parametrize("where", [creation, job, results])
@pytest.mark.parametrize("api_mode", ["auto", "bulk"])
def test_a_job_that_never_answers(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    where: Callable[[LocalOrg, str], Callable[[Call], bool]],
    api_mode: str,
) -> None:
    """It has the tries of any trouble, but few jobs are created for it."""
    org.settings.record_count_factor = 1_000

    def never(call: Call, real: Callable[[], Answer]) -> Answer:
        # Salesforce does what it is asked for, and says so too late.
        return faults.delay(1.2)(call, real)

    org.faults.add(where(org, "Contact"), never, times=None)
    run = read(tap, api_mode=api_mode, request_timeout_seconds=1)
    if api_mode == "bulk":
        assert_only(run, "Contact", rows)
    else:
        assert run.exit_code == 0, run.log
        assert run.ids("Contact") == rows["Contact"]
    jobs = [job for job in org.jobs.all() if job.object_name == "Contact"]
    assert len(jobs) <= 4


def test_an_outage_of_bulk_costs_each_stream_less(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: dict[str, list[str]]
) -> None:
    """What REST answers says nothing of Bulk: after the first stream it is tried for less."""
    org.settings.record_count_factor = 1_000
    trouble = org.faults.add("POST */jobs/query", outages.unknown_exception(), times=None)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows
    assert trouble.fired <= 4 * 3 + 8 + 3 * 3
    assert sum(clock.slept) < 300


def frames_in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Frame) for each in gc.get_objects())


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_what_failed_holds_no_rows(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    api_mode: str,
) -> None:
    """An error is kept to the end of the run, but not the pages in hand where it was raised."""
    assert rows
    held, before = list[int](), frames_in_memory()
    told = shared.Run.raise_failures

    def look(its: shared.Run) -> None:
        held.append(frames_in_memory() - before)
        told(its)

    monkeypatch.setattr(shared.Run, "raise_failures", look)
    org.faults.add("*/results", faults.wrong_count(), times=None)
    if api_mode == "rest":
        org.faults.add(lambda call: "/query" in call.path, faults.drop_record(), times=None)
    run = read(tap, api_mode=api_mode)
    assert run.exit_code == 6, run.log
    assert held == [0]
