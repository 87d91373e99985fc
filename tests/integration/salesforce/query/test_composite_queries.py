"""First pages of incremental streams come five to a call, and nothing else changes by it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.journal import Entry
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import Run, TapRunner

REFUSED = "Contact: Salesforce refused GET "
NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
NINE = (
    "Account",
    "Contact",
    "Contract",
    "ContractLineItem",
    "Opportunity",
    "OpportunityLineItem",
    "OrderItem",
    "QuoteLineItem",
    "User",
)


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    org.clock.freeze(NOW)
    return {
        name: org.store.insert(name, [{}] * (n + 1), stamp=NOW - timedelta(days=7))
        for n, name in enumerate(NINE)
    }


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": NINE, "start_date": "2000-01-01", "state": state, **more})


def parts(entry: Entry) -> list[str]:
    """The objects of a composite request's queries, and the last words of other paths."""
    return [
        part.soql[1].partition(" FROM ")[2].partition(" ")[0]
        if part.soql
        else part.path.rpartition("/")[2]
        for part in entry.parts
    ]


def of_queries(org: LocalOrg) -> list[Entry]:
    """The requests for first pages, in the order of their streams: they arrive in any."""
    found = [e for e in org.journal.calls("*/composite") if any(part.soql for part in e.parts)]
    return sorted(found, key=lambda entry: [part for part in parts(entry) if part != "updated"])


def is_composite_of_queries(call: Call) -> bool:
    return call.path.endswith("/composite") and "SELECT" in call.text


def assert_whole(run: Run, rows: dict[str, list[str]]) -> None:
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in rows} == rows


def test_a_quiet_run_over_nine_streams_makes_four_calls(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """Limits, describes, and two requests for all first pages, however far they are asked back."""
    first = read(tap)
    assert_whole(first, rows)
    org.clock.advance(3_600)
    org.journal.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert second.messages_of("RECORD") == []
    assert org.journal.api_calls == 4
    assert second.report["usage"]["calls"] == 4
    assert [len([p for p in entry.parts if p.soql]) for entry in of_queries(org)] == [5, 4]
    # Each request is counted for one stream.
    assert second.log.count("0 rows by REST API in 1 API call.") == 2
    assert second.log.count("0 rows by REST API in another stream's API call.") == 7


def test_what_it_asks(org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]) -> None:
    """Each part has its page size, and what is running is asked for before the rows are."""
    assert_whole(read(tap), rows)
    first, _ = of_queries(org)
    assert parts(first) == ["updated"] * 5 + list(NINE[:5])
    assert {part.status for part in first.parts} == {200}
    sent = json.loads(first.body)["compositeRequest"]
    assert {part["httpHeaders"].get("Sforce-Query-Options") for part in sent[5:]} == {
        "batchSize=2000"
    }


def told(run: Run) -> tuple[object, ...]:
    """Rows in their order, and how far they go: without jobs, and times on the way."""
    rows = [(m["stream"], m["record"]) for m in run.messages_of("RECORD")]
    return run.messages_of("SCHEMA"), rows, [run.bookmark(name) for name in NINE]


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
@pytest.mark.parametrize("page_rows", [2, 2_000])
def test_the_same_comes_out(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], api_mode: str, page_rows: int
) -> None:
    """Messages, bookmarks and proofs are those of single requests."""
    org.settings.page_rows, org.settings.job_transition = page_rows, "immediate"
    for name in rows:
        org.store.update(name, rows[name][:1], {}, stamp=NOW - timedelta(days=3))
    how = {"api_mode": api_mode, "bulk_threshold": 6}
    together, alone = read(tap, **how), read(tap, composite_queries=False, **how)
    assert (together.exit_code, alone.exit_code) == (0, 0), together.log
    assert [told(run) for run in (together, alone)] == [told(together)] * 2
    proofs = [
        [(s["stream"], s["api"], s["reason"], s["proven_by"], s["promised_rows"]) for s in streams]
        for streams in (together.report["streams"], alone.report["streams"])
    ]
    assert proofs[0] == proofs[1]


def more_objects(org: LocalOrg, count: int) -> dict[str, list[str]]:
    """Objects of their own, with a row each."""
    like = org.store.sobjects["Contract"]
    names = [f"Thing_{n:02}__c" for n in range(count)]
    for name in names:
        org.store.add_object(replace(like, name=name, custom=True))
    return {name: org.store.insert(name, [{}], stamp=NOW - timedelta(1)) for name in names}


def test_more_streams_than_two_requests_bring(org: LocalOrg, tap: TapRunner) -> None:
    """They come five at a time, and the next five when there is room for all of them."""
    org.clock.freeze(NOW)
    rows = more_objects(org, 33)
    run = read(tap, objects=list(rows))
    assert_whole(run, rows)
    assert [len([p for p in e.parts if p.soql]) for e in of_queries(org)] == [5] * 6 + [3]
    # Limits, two requests for describes, and these.
    assert org.journal.api_calls == 10


@pytest.mark.parametrize(("parallel_downloads", "ahead"), [(1, 5), (4, 10)])
def test_no_more_wait_than_may_be(
    org: LocalOrg, tap: TapRunner, parallel_downloads: int, ahead: int
) -> None:
    """What has not been read yet is held in memory."""
    org.clock.freeze(NOW)
    org.settings.page_rows = 1
    rows = more_objects(org, 23)
    org.store.insert("Account", [{}] * 2, stamp=NOW - timedelta(1))
    asked: list[int] = []

    def parts_asked() -> int:
        return sum(len([p for p in e.parts if p.soql]) for e in of_queries(org))

    def count() -> None:
        ends = time.monotonic() + 20
        while parts_asked() < ahead and time.monotonic() < ends:
            threading.Event().wait(0.01)  # they are answered one after the other
        asked.append(parts_asked())

    # The second page of the first stream.
    org.faults.add("GET /query/*", faults.before(count))
    run = read(tap, objects=["Account", *rows], parallel_downloads=parallel_downloads)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in rows} == rows
    assert asked == [ahead]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(outages.unknown_exception(), id="500"),
        pytest.param(outages.session_expired(), id="session"),
        pytest.param(faults.drop_record(), id="not whole"),
        pytest.param(faults.answer(200, b"null"), id="null"),
        pytest.param(faults.answer(200, {"totalSize": 1}), id="half"),
    ],
)
def test_a_part_that_fails_in_passing_is_asked_for_alone(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], trouble: faults.Action
) -> None:
    """Of a page that lacks a row the query is read again, as ever."""
    org.faults.add(faults.querying("Contact"), trouble)
    run = read(tap)
    assert_whole_or_twice(run, rows)
    asked = [e for e in org.journal.calls("*/queryAll") if " FROM Contact " in e.query["q"]]
    assert len(asked) == 1
    assert len(of_queries(org)) == 2


def assert_whole_or_twice(run: Run, rows: dict[str, list[str]]) -> None:
    assert run.exit_code == 0, run.log
    assert {name: list(dict.fromkeys(sorted(run.ids(name)))) for name in rows} == {
        name: sorted(ids) for name, ids in rows.items()
    }


def test_a_part_that_is_refused_is_its_streams_failure(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """As a request of its own that is refused: told by the same words, and not asked again."""
    refusal = outages.salesforce(errors.SalesforceError(400, "INVALID_FIELD", "No such column"))
    org.faults.add(faults.querying("Contact"), refusal, times=None)
    together, alone = read(tap), read(tap, composite_queries=False)
    assert together.exit_code == alone.exit_code == 7
    told = [[line for line in run.log.splitlines() if REFUSED in line] for run in (together, alone)]
    (once,), (again,) = ([line.partition(REFUSED)[2] for line in lines][:1] for lines in told)
    assert once == again
    assert {name: together.ids(name) for name in rows if name != "Contact"} == {
        name: ids for name, ids in rows.items() if name != "Contact"
    }


@pytest.mark.parametrize(
    ("trouble", "times"),
    [
        pytest.param(
            outages.salesforce(errors.SalesforceError(403, "FUNCTIONALITY_NOT_ENABLED", "no")),
            1,
            id="refused",
        ),
        pytest.param(
            faults.answer(302, b"", headers={"Location": "https://gateway.example/no"}),
            None,
            id="redirect",
        ),
        pytest.param(outages.session_expired(), None, id="session"),
        pytest.param(outages.maintenance_page(), None, id="503"),
        pytest.param(faults.answer(200, {"compositeResponse": 1}), 1, id="another answer"),
        pytest.param(faults.delay(1.5), 1, id="too slow"),
    ],
)
def test_a_request_that_fails_gives_way_to_single_ones(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    trouble: faults.Action,
    times: int | None,
) -> None:
    """All rows come, and it is said once."""
    org.faults.add(is_composite_of_queries, trouble, times=times)
    run = read(tap, request_timeout_seconds=1)
    assert_whole(run, rows)
    told = [line for line in run.log.splitlines() if "are asked for one by one" in line]
    assert len(told) == 1


def test_parts_without_an_answer_are_asked_for_alone(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """As those that fail in passing."""

    def has_first(call: Call) -> bool:
        return is_composite_of_queries(call) and "FROM+Account+" in call.text

    org.faults.add(has_first, faults.answer(200, {"compositeResponse": []}))
    assert_whole(read(tap), rows)
    assert len(org.journal.calls("*/queryAll")) == 5


def test_one_page_that_takes_too_long_is_asked_for_again_where_there_is_no_other_way(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """In `auto` it would lead to Bulk at once."""
    org.faults.add(is_composite_of_queries, faults.delay(1.5))
    run = read(tap, objects=["Contact"], api_mode="rest", request_timeout_seconds=1)
    assert_whole(run, {"Contact": rows["Contact"]})
    assert len(org.journal.calls("*/queryAll")) == 1


def test_single_requests_in_place_of_one_come_one_by_one(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """An org that has failed to answer may have enough; two requests may be lost at once."""
    org.faults.add(is_composite_of_queries, outages.maintenance_page(), times=None)
    at_once, most = [0], [0]

    def count(_: Call, real: Callable[[], Answer]) -> Answer:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.05)
        at_once[0] -= 1
        return real()

    org.faults.add("GET /queryAll", count, times=None)
    assert_whole(read(tap, parallel_downloads=1), rows)
    assert most[0] <= 2


def test_no_more_are_sent_where_they_are_refused(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """The streams behind the first ten are asked for one by one, too."""
    org.faults.add(
        is_composite_of_queries,
        outages.salesforce(errors.SalesforceError(403, "FUNCTIONALITY_NOT_ENABLED", "no")),
        times=None,
    )
    more = more_objects(org, 6)
    run = read(tap, objects=[*rows, *more])
    assert_whole(run, rows | more)
    assert len([e for e in org.journal.calls("*/composite") if "SELECT" in e.body]) <= 2
    assert run.log.count("are asked for one by one") == 1


def test_one_that_is_lost_does_not_keep_the_next_from_being_tried(
    org: LocalOrg, tap: TapRunner
) -> None:
    """It may have had its reason; two would be enough."""
    org.clock.freeze(NOW)
    rows = more_objects(org, 20)
    first = next(iter(rows))

    def has_first(call: Call) -> bool:
        return is_composite_of_queries(call) and f"FROM+{first}" in call.text

    org.faults.add(has_first, outages.maintenance_page(), times=None)
    run = read(tap, objects=list(rows), parallel_downloads=1)
    assert_whole(run, rows)
    assert len([entry for entry in of_queries(org) if entry.status == 200]) == 3
    assert len(org.journal.calls("*/queryAll")) == 5


def test_switched_off(org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]) -> None:
    """Nothing but describes is asked for together."""
    assert_whole(read(tap, composite_queries=False), rows)
    assert of_queries(org) == []
    assert org.journal.calls("*/updated") == []


def test_full_extracts_go_alone(org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]) -> None:
    """A table of a full extract is worth a call; one request tells of all what is running."""
    run = read(tap, start_date=None)
    assert_whole(run, rows)
    assert of_queries(org) == []
    assert len(org.journal.calls("*/queryAll")) == len(NINE)
    asked = [parts(entry) for entry in org.journal.calls("*/composite")]
    assert sum(each.count("updated") for each in asked) == len(NINE)
    assert len([each for each in asked if "updated" in each]) == 1


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"start_date": None}, id="full"),
        pytest.param({"api_mode": "bulk"}, id="by Bulk"),
    ],
)
def test_what_has_no_first_page_asks_for_what_runs_with_others(
    org: LocalOrg, tap: TapRunner, how: dict[str, Any]
) -> None:
    """25 at once."""
    org.clock.freeze(NOW)
    org.settings.job_transition = "immediate"
    rows = more_objects(org, 60)
    assert_whole(read(tap, objects=list(rows), **how), rows)
    asked = [parts(entry).count("updated") for entry in org.journal.calls("*/composite")]
    assert [count for count in asked if count] == [25, 25, 10]


def test_it_is_asked_for_again_after_a_minute(org: LocalOrg, tap: TapRunner) -> None:
    """So that no bookmark is held back by more, however long the streams before take."""
    org.clock.freeze(NOW)
    rows = more_objects(org, 6)

    def wait() -> None:
        org.clock.advance(90)

    org.settings.page_rows = 1
    first = org.store.insert("Account", [{}] * 3, stamp=NOW - timedelta(1))
    org.faults.add("GET /query/*", faults.before(wait), times=None)
    names = ["Account", *rows]
    run = read(tap, start_date=None, objects=names, parallel_downloads=1, api_mode="rest")
    assert_whole(run, {"Account": first, **rows})
    asked = [parts(entry).count("updated") for entry in org.journal.calls("*/composite")]
    assert [count for count in asked if count] == [7, 6]
    assert {run.bookmark(name) for name in rows} == {"2026-11-23T10:03:00.000Z"}


def test_a_query_too_long_goes_alone(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """It can't be sent by REST at all, and so leads to Bulk; the others go together."""
    names = [f"A_field_with_a_name_of_some_length_{n:03}__c" for n in range(400)]
    fields = [Field(name=name, type="string", label="F", length=9) for name in names]
    org.store.add_field("Contact", *fields)
    run = read(tap)
    assert_whole(run, rows)
    assert "Contact: Bulk API 2.0" in run.log
    asked = [name for entry in of_queries(org) for name in parts(entry) if name != "updated"]
    assert asked == [name for name in NINE if name != "Contact"]


def test_one_stream_that_can_not_be_asked_for_what_runs_goes_alone(
    org: LocalOrg, tap: TapRunner
) -> None:
    """A composite request would save nothing."""
    org.clock.freeze(NOW)
    ids = org.store.insert("LoginHistory", [{"LoginTime": NOW - timedelta(1)}])
    run = read(tap, objects=["LoginHistory"])
    assert run.ids("LoginHistory") == ids
    assert of_queries(org) == []


def test_calls_that_are_used_up(tap: TapRunner, rows: dict[str, list[str]]) -> None:
    """They end the run as ever: resumable, with exit code 4."""
    run = read(tap, max_api_calls=3)
    assert run.exit_code == 4
    assert "3 API calls" in run.log
    rest = read(tap, run.state)
    assert rest.exit_code == 0
    assert {name: sorted({*run.ids(name), *rest.ids(name)}) for name in rows} == {
        name: sorted(ids) for name, ids in rows.items()
    }
