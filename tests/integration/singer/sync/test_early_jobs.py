"""Bulk jobs are created before the turn of their streams, so that all of them are worked on."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support.harness import in_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock, Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact", "Contract", "Opportunity", "OrderItem"]
JOB_SECONDS = 300


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    return {
        name: org.store.insert(name, [{}] * (n + 2), stamp=LAST_WEEK)
        for n, name in enumerate(STREAMS)
    }


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": STREAMS, "api_mode": "bulk", "state": state, **more})


def happened(org: LocalOrg) -> list[str]:
    """Return what was done to jobs, in order: created, read and deleted."""
    found = []
    for entry in org.journal.calls():
        if (entry.method, entry.path.rpartition("/")[2]) == ("POST", "query"):
            found.append("created")
        elif entry.path.endswith("/results"):
            found.append("read")
        elif entry.method == "DELETE":
            found.append("deleted")
    return found


def test_all_jobs_are_created_before_the_first_is_read(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """And what is written is in the order of the streams, all the same."""
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert happened(org)[: len(STREAMS) + 1] == ["created"] * len(STREAMS) + ["read"]
    assert [(m["stream"], m["record"]["Id"]) for m in run.messages_of("RECORD")] == [
        (name, row_id) for name in sorted(STREAMS) for row_id in rows[name]
    ]
    assert org.jobs.all() == []


def test_many_streams_take_hardly_longer_than_one(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: dict[str, list[str]]
) -> None:
    """Five jobs of five minutes each: all five work at the same time."""
    org.settings.job_transition = "time"
    org.settings.job_seconds = JOB_SECONDS
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert sum(clock.slept) < 1.5 * JOB_SECONDS
    assert all(run.ids(name) == rows[name] for name in STREAMS)


@pytest.mark.parametrize("most", [1, 2, 4])
def test_no_more_jobs_are_in_flight_than_may_be(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], most: int
) -> None:
    """`max_parallel_jobs` holds at every moment; as a job ends, the next one is created."""
    unended: list[int] = []
    note = faults.before(lambda: unended.append(sum(not job.is_final for job in org.jobs.all())))
    org.faults.add("POST /jobs/query", note, times=None)
    run = read(tap, max_parallel_jobs=most)
    assert run.exit_code == 0, run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS)
    assert max(unended) == most - 1


def test_a_run_that_ends_early_leaves_all_jobs_to_the_next_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """STATE has every job before the first row is written."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap)
    assert first.exit_code == 5
    assert set(in_state(first.state, "bookmarks")) == set(STREAMS)
    org.faults.clear()
    created = [job.id for job in org.jobs.all()]
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    for name in STREAMS:
        assert second.ids(name) == rows[name]
    assert all(f"Bulk job {job} of an earlier run is taken up" in second.log for job in created)
    assert org.jobs.all() == []


def creating(name: str) -> Any:  # noqa: ANN401  as faults take it
    def matches(call: Call) -> bool:
        return call.method == "POST" and f" FROM {name}".encode() in call.body

    return matches


def test_a_refused_job_is_looked_at_in_its_streams_turn(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """What Bulk does not know goes by REST; no other stream notices."""
    org.settings.page_rows = 1  # more than a page: full extracts go to Bulk
    refusal = outages.salesforce(errors.invalid_entity("Contract"))
    org.faults.add(creating("Contract"), refusal, times=None)
    org.settings.record_count_factor = 1_000_000
    run = read(tap, api_mode="auto")
    assert run.exit_code == 0, run.log
    assert "Contract: REST API, because Bulk API 2.0 does not serve this object" in run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_a_job_that_can_not_be_created_early_is_tried_again_in_its_turn_only(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Not behind each page of the streams before it."""
    org.settings.page_rows = 1  # more than a page: full extracts go to Bulk
    fault = org.faults.add(creating("OrderItem"), outages.server_unavailable(), times=None)
    org.settings.record_count_omits = set(STREAMS)
    run = read(tap, api_mode="auto")
    assert run.exit_code == 0, run.log
    assert run.log.count("The Bulk job of OrderItem can't be created early") == 1
    # Three tries early, eight in the turn; then the few rows come by REST.
    assert fault.fired == 11
    assert {name: run.ids(name) for name in STREAMS} == rows


def test_small_tables_have_no_job(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Only where it is clear beforehand that Bulk serves: a small table never pays for a job."""
    run = read(tap, api_mode="auto")
    assert run.exit_code == 0, run.log
    assert happened(org) == []
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_what_a_stream_map_removes_has_no_job(org: LocalOrg, tap: TapRunner) -> None:
    """Nothing is asked for that nobody is to see."""
    org.store.insert("Account", [{}] * 3, stamp=LAST_WEEK)
    run = read(tap, stream_maps=dict.fromkeys(STREAMS[1:]))
    assert run.exit_code == 0, run.log
    assert happened(org) == ["created", "read", "deleted"]


def test_a_job_that_fails_is_its_streams_own_failure(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The others were created at the same time, and are complete."""
    org.jobs.script("Failed", "InvalidBatch : Failed to process query: INVALID_FIELD: no")
    run = read(tap)
    assert run.exit_code == 7, run.log
    failed = min(STREAMS)
    assert run.ids(failed) == []
    assert all(run.ids(name) == rows[name] for name in STREAMS if name != failed)
    assert run.job(failed) is None
    assert org.jobs.all() == []


def test_windows_end_when_the_jobs_were_created(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """A row that changes while other streams are read belongs to the next run, whole."""
    late = max(STREAMS)

    def change() -> None:
        org.clock.advance(60)
        org.store.update(late, rows[late][:1], {})

    org.faults.add("*/results", faults.before(change))
    first = read(tap)
    assert first.exit_code == 0, first.log
    assert set(first.ids(late)) == set(rows[late][1:])
    org.clock.advance(60)
    second = read(tap, first.state)
    assert second.ids(late) == rows[late][:1]


# Downloads before the stream's turn


def results_of(org: LocalOrg, name: str) -> Any:  # noqa: ANN401  as faults take it
    def matches(call: Call) -> bool:
        jobs = {job.id: job.object_name for job in org.jobs.all()}
        return call.path.endswith("/results") and jobs[call.path.split("/")[-2]] == name

    return matches


def test_the_next_streams_pages_come_while_this_ones_are_on_their_way(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The first stream's only page arrives when the fourth stream's was asked for."""
    first, *_, fourth = sorted(STREAMS)[:4]
    asked = threading.Event()
    in_time: list[bool] = []
    org.faults.add(results_of(org, first), faults.before(lambda: in_time.append(asked.wait(20))))
    org.faults.add(results_of(org, fourth), faults.before(asked.set))
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert in_time == [True]
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_a_rest_stream_is_read_while_a_job_is_waited_for(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Its second page arrives when the job of the stream behind it has been looked at."""
    org.settings.page_rows = 1
    org.settings.record_count_omits = {"Account"}
    org.settings.record_count_factor = 1_000_000
    looked = threading.Event()
    in_time: list[bool] = []
    org.faults.add("GET /jobs/query/*", faults.before(looked.set))
    org.faults.add("GET /query/*", faults.before(lambda: in_time.append(looked.wait(20))))
    catalog = tap.discover(objects=STREAMS)
    account = {"replication_key": "SystemModstamp", "replication_key_value": "2020-01-01"}
    run = tap.sync(catalog=catalog, state={"bookmarks": {"Account": account}})
    assert run.exit_code == 0, run.log
    assert in_time == [True]
    assert "Account: REST API" in run.log
    assert "Contact: Bulk API 2.0" in run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_a_rest_stream_between_two_jobs_keeps_no_pages_from_coming(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The first stream's last page arrives when the third stream's first was asked for."""
    three = ["Account", "Contact", "Contract"]
    org.settings.record_count_omits = {"Contact"}
    org.settings.record_count_factor = 1_000_000
    asked = threading.Event()
    in_time: list[bool] = []
    org.settings.bulk_page_rows = 1
    org.faults.add(
        results_of(org, three[0]), faults.before(lambda: in_time.append(asked.wait(20))), skip=1
    )
    org.faults.add(results_of(org, three[2]), faults.before(asked.set))
    contact = {"replication_key": "SystemModstamp", "replication_key_value": "2020-01-01"}
    run = tap.sync(objects=three, state={"bookmarks": {"Contact": contact}})
    assert run.exit_code == 0, run.log
    assert "Contact: REST API" in run.log
    assert in_time == [True]
    assert all(run.ids(name) == rows[name] for name in three)


def test_no_more_pages_wait_than_connections_and_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Of all streams together: what a killed run has downloaded in vain is no more than that."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = 1
    first = min(STREAMS)
    asked: list[int] = []
    ends = threading.Event()

    def wait(_: Call, real: Callable[[], Answer]) -> Answer:
        ends.wait(0.3)  # Nothing sets it: all that is asked for beside this one has been by then.
        asked.append(len(org.journal.calls("*/results")))
        return real()

    org.faults.add(results_of(org, first), wait)
    run = read(tap, parallel_downloads=2, bulk_page_rows=1)
    assert run.exit_code == 0, run.log
    # Where it is the second page that has to wait, the first one may have been written.
    assert asked[0] <= 4
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_no_more_pages_wait_where_jobs_were_found_to_be_needed_late(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The first stream turns to Bulk in its turn, when the others have had their jobs for long."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = org.settings.page_rows = 1
    org.settings.record_count_factor = 1_000_000
    first, second, *_ = sorted(STREAMS)
    asked: list[int] = []

    def wait(_: Call, real: Callable[[], Answer]) -> Answer:
        threading.Event().wait(0.3)  # all that is asked for beside this one has been by then
        asked.append(len(org.journal.calls("*/results")))
        return real()

    org.faults.add(results_of(org, first), wait)
    mark = {"replication_key": "SystemModstamp", "replication_key_value": "2020-01-01T00:00:00Z"}
    run = read(
        tap,
        {"bookmarks": {first: mark}},
        api_mode="auto",
        bulk_threshold=1,
        parallel_downloads=2,
        bulk_page_rows=1,
    )
    assert run.exit_code == 0, run.log
    assert run.log.index(f"{second}: Bulk API") < run.log.index(f"{first}: Bulk API")
    assert asked[0] <= 4
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_a_stream_that_fails_keeps_no_other_from_its_pages(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Its pages that wait make room."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = 1
    failing = sorted(STREAMS)[1]
    org.faults.add(results_of(org, failing), faults.drop_last_row(), times=None)
    run = read(tap, parallel_downloads=2, bulk_page_rows=1)
    assert run.exit_code == 6, run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS if name != failing)
    assert org.jobs.all() == []


def test_a_run_that_ends_asks_for_nothing_more(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Whatever was begun for streams that it does not reach any more."""
    org.settings.job_transition = "never"
    org.faults.add("*/query/*", outages.maintenance_page(), times=None)
    run = read(tap)
    assert run.exit_code == 5
    for thread in threading.enumerate():
        if thread.name == "background":
            thread.join(timeout=0.2)
    org.journal.clear()
    org.clock.advance(3_600)
    assert org.journal.calls() == []
    assert set(in_state(run.state, "bookmarks")) >= set(rows)


def test_jobs_of_an_earlier_run_are_downloaded_early_too(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """As soon as it is known that what changed in the one before it since needs no job."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    state = read(tap).state
    org.faults.clear()
    org.clock.advance(60)
    org.settings.page_rows = 1
    new = org.store.insert("Account", [{"Name": "new"}] * 2)
    org.clock.advance(60)
    _, second, *_ = sorted(STREAMS)
    asked = threading.Event()
    in_time: list[bool] = []
    org.faults.add("GET /query/*", faults.before(lambda: in_time.append(asked.wait(20))))
    org.faults.add(results_of(org, second), faults.before(asked.set))
    run = read(tap, state, api_mode="auto")
    assert run.exit_code == 0, run.log
    assert in_time == [True]
    assert run.ids("Account") == [*rows["Account"], *new]
    assert all(run.ids(name) == rows[name] for name in STREAMS if name != "Account")


def test_a_job_of_an_earlier_run_that_can_not_be_looked_at_early_is_looked_at_in_its_turn(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """And not behind each page of the streams before it."""
    first, last = min(STREAMS), max(STREAMS)
    org.faults.add(results_of(org, last), outages.maintenance_page(), times=None)
    since = {"start_date": "2000-01-01"}
    state = read(tap, objects=[last], **since).state
    org.faults.clear()
    (job,) = org.jobs.all()
    org.settings.page_rows = 1
    more = org.store.insert(first, [{}] * 12, stamp=LAST_WEEK)
    trouble = org.faults.add(f"/jobs/query/{job.id}", outages.maintenance_page(), times=3)
    run = read(tap, state, objects=[first, last], api_mode="auto", **since)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(first)) == sorted([*rows[first], *more])
    assert run.ids(last) == rows[last]
    assert trouble.fired == 3
    told = ["can't be looked at early", f"{first}: 14 rows by REST", "is taken up behind row 0"]
    assert sorted(told, key=run.log.index) == told


def test_pages_of_the_next_stream_are_asked_for_behind_those_of_this_one(
    org: LocalOrg, tap: TapRunner
) -> None:
    """However many there are: what is written first is downloaded first."""
    pages, page_rows = 12, 2
    org.settings.result_page_rows = org.settings.bulk_page_rows = page_rows
    org.settings.job_transition = "immediate"
    both = sorted(STREAMS)[:2]
    for name in both:
        org.store.insert(name, [{}] * (pages * page_rows), stamp=LAST_WEEK)
    run = read(tap, objects=both, parallel_downloads=1, bulk_page_rows=page_rows, keep_jobs=True)
    assert run.exit_code == 0, run.log
    of_job = {job.id: job.object_name for job in org.jobs.all()}
    asked = [of_job[e.path.split("/")[-2]] for e in org.journal.calls("*/results")]
    assert asked == [name for name in both for _ in range(pages)]


def test_a_job_of_an_earlier_run_is_never_passed_over(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Also where no more jobs may be in flight, so that it is taken up in its turn only."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    state = read(tap).state
    org.faults.clear()
    jobs = {job.id for job in org.jobs.all()}
    assert len(jobs) == len(STREAMS)
    run = read(tap, state, max_parallel_jobs=1, api_mode="auto")
    assert run.exit_code == 0, run.log
    assert all(f"Bulk job {job} of an earlier run is taken up" in run.log for job in jobs)
    assert all(run.ids(name) == rows[name] for name in STREAMS)
    assert org.jobs.all() == []
