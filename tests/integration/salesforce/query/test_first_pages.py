"""The first REST pages of the next streams are asked for early: they tell who needs a Bulk job."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.journal import Entry
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact", "Contract", "Opportunity", "OrderItem", "QuoteLineItem"]
FIRST, SECOND, *_, LAST = STREAMS
TOO_LONG_SECONDS = 20


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    return {
        name: org.store.insert(name, [{}] * (n + 2), stamp=LAST_WEEK)
        for n, name in enumerate(STREAMS)
    }


@pytest.fixture(params=[False, True], ids=["alone", "together"])
def together(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def read(
    tap: TapRunner,
    state: object = None,
    *,
    together: bool = False,
    **more: Any,  # noqa: ANN401  settings
) -> Run:
    how = {"objects": STREAMS, "start_date": "2000-01-01", "composite_queries": together}
    return tap.sync(**{**how, "state": state, **more})


def asked_for(org: LocalOrg) -> list[Entry]:
    """The first pages that were asked for, alone or as parts of a composite."""
    seen = [part for entry in org.journal.entries for part in (entry, *entry.parts)]
    return [entry for entry in seen if entry.path.endswith("/queryAll")]


def first_page(name: str) -> Any:  # noqa: ANN401  as faults take it
    def matches(call: Call) -> bool:
        return call.path.endswith("/queryAll") and f" FROM {name} " in call.query["q"]

    return matches


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do, in vain after some seconds."""
    ends = time.monotonic() + TOO_LONG_SECONDS
    while not condition() and time.monotonic() < ends:
        time.sleep(0.01)


def test_first_pages_are_on_their_way_side_by_side(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The first one is answered when the fourth was asked for; what is written is in order."""
    together = threading.Barrier(4, timeout=TOO_LONG_SECONDS)

    def meet(_: Call, real: Callable[[], Answer]) -> Answer:
        together.wait()
        return real()

    org.faults.add("GET /queryAll*", meet, times=4)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert [(m["stream"], m["record"]["Id"]) for m in run.messages_of("RECORD")] == [
        (name, row_id) for name in STREAMS for row_id in rows[name]
    ]
    assert len(asked_for(org)) == len(STREAMS)


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_wait_than_may_be(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], most: int
) -> None:
    """Each of them is held in memory; `parallel_downloads` bounds them."""
    asked: list[int] = []

    def count(_: Call, real: Callable[[], Answer]) -> Answer:
        threading.Event().wait(0.3)  # all that is asked for beside this one has been by then
        asked.append(len(org.journal.calls("*/queryAll")))
        return real()

    org.faults.add(first_page(FIRST), count)
    run = read(tap, parallel_downloads=most)
    assert run.exit_code == 0, run.log
    assert asked[0] <= most
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_who_needs_a_job_has_it_while_others_are_read(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, together: bool
) -> None:
    """The second page of the first stream is asked for when the job of the third exists."""
    org.settings.page_rows = 1
    third = STREAMS[2]
    created: list[int] = []

    def look() -> None:
        until(lambda: 200 in [e.status for e in asked_for(org) if first_page(third)(e.call)])
        created.append(len(org.jobs.all()))

    org.faults.add("GET /query/*", faults.before(look), times=None)
    run = read(tap, together=together, bulk_threshold=len(rows[third]) - 1, keep_jobs=True)
    assert run.exit_code == 0, run.log
    assert [name for name in STREAMS if f"{name}: Bulk API 2.0" in run.log] == STREAMS[2:]
    assert len(org.jobs.all()) == 4
    # By then the second stream is not over.
    assert created[-1] >= 1
    assert all(run.ids(name) == rows[name] for name in STREAMS)
    assert len(asked_for(org)) == len(STREAMS)


def test_a_refusal_is_its_streams_own(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, together: bool
) -> None:
    """It is raised in the stream's turn, and no other stream notices."""
    refusal = outages.salesforce(errors.SalesforceError(400, "INVALID_FIELD", "No such column"))
    org.faults.add(first_page(SECOND), refusal, times=None)
    run = read(tap, together=together)
    assert run.exit_code == 7
    assert "INVALID_FIELD" in run.log
    assert run.ids(SECOND) == []
    assert all(run.ids(name) == rows[name] for name in STREAMS if name != SECOND)
    assert len(asked_for(org)) == len(STREAMS)


def test_an_outage_is_told_in_the_streams_turn(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, together: bool
) -> None:
    """What comes before it, and behind it, is complete."""
    org.faults.add(first_page(SECOND), outages.maintenance_page(), times=None)
    run = read(tap, together=together, api_mode="rest")
    assert run.exit_code == 7
    assert all(run.ids(name) == rows[name] for name in STREAMS if name != SECOND)
    assert run.bookmark(FIRST) is not None
    assert run.bookmark(SECOND) is None


def test_a_page_that_takes_too_long_leads_to_bulk(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, together: bool
) -> None:
    """As it would in the stream's turn."""
    slow = outages.salesforce(errors.SalesforceError(400, "QUERY_TIMEOUT", "too long"))
    org.faults.add(first_page(SECOND), slow, times=None)
    run = read(tap, together=together)
    assert run.exit_code == 0, run.log
    assert f"{SECOND}: Bulk API 2.0, because REST takes too long" in run.log
    assert all(run.ids(name) == rows[name] for name in STREAMS)


def test_a_change_between_the_page_and_the_turn_is_the_next_runs(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], *, together: bool
) -> None:
    """The window was closed before the page was asked for."""
    org.settings.page_rows = 1

    def change() -> None:
        org.clock.advance(60)
        org.store.update(SECOND, rows[SECOND], {"Description": "changed"})
        org.clock.advance(60)

    org.faults.add("GET /query/*", faults.before(change))
    first = read(tap, together=together)
    assert first.exit_code == 0, first.log
    second = read(tap, first.state, together=together)
    target = ModelTarget()
    target.load([*first.messages, *second.messages])
    found = target.rows[SECOND]
    assert set(found) == set(rows[SECOND])
    assert {row["Description"] for row in found.values()} == {"changed"}


def test_jobs_are_found_to_be_needed_in_any_order(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """A later stream's pages, which wait for this one's, never keep it from its own."""
    org.settings.page_rows = org.settings.result_page_rows = org.settings.bulk_page_rows = 1
    third, fourth = STREAMS[2:4]
    is_created = threading.Event()

    def is_job_of(name: str) -> Any:  # noqa: ANN401  as faults take it
        return lambda call: call.method == "POST" and f" FROM {name} " in call.text

    def when_created(_: Call, real: Callable[[], Answer]) -> Answer:
        answer = real()
        is_created.set()
        return answer

    org.faults.add(first_page(third), faults.before(lambda: is_created.wait(TOO_LONG_SECONDS)))
    org.faults.add(is_job_of(fourth), when_created)
    run = read(tap, bulk_threshold=3, bulk_page_rows=1, parallel_downloads=4)
    assert run.exit_code == 0, run.log
    created = [name for name in STREAMS if f"{name}: Bulk API 2.0" in run.log]
    assert created == STREAMS[2:]
    assert run.log.index(f"{fourth}: Bulk API") < run.log.index(f"{third}: Bulk API")
    assert all(run.ids(name) == rows[name] for name in STREAMS)
