"""Bulk jobs are created before the turn of their streams, so that all of them are worked on."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org import errors, faults, outages

if TYPE_CHECKING:
    from tests.integration.harness import OrgClock, Run, TapRunner
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call

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
    run = read(tap, max_parallel_jobs=most)
    assert run.exit_code == 0, run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS)
    in_flight, peak = 0, 0
    for event in happened(org):
        in_flight += {"created": 1, "deleted": -1}.get(event, 0)
        peak = max(peak, in_flight)
    assert peak == most


def test_a_run_that_ends_early_leaves_all_jobs_to_the_next_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """STATE has every job before the first row is written."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap)
    assert first.exit_code == 5
    assert set(first.state["bookmarks"]) == set(STREAMS)
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
    assert "bulk_job" not in run.state["bookmarks"].get(failed, {})
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
