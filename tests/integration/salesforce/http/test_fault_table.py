"""Every fault that Salesforce, or what stands before it, is known for: what becomes of a run.

What passes is tried again, what the other API can do moves over, and everything else ends the run
with an exit code, a hint, and a STATE behind which nothing is missing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner


def written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.000Z"


NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
STAMPS = [NOW - timedelta(days=days) for days in range(6, 0, -1)]
BEFORE = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": written(NOW - timedelta(days=9)),
        }
    }
}
MOST_TRIES = 8
FOR_EVER_SECONDS = 600
"""Longer than any test waits; the server wakes up when it is stopped."""

TRANSIENT = {
    "500": outages.unknown_exception(),
    "502 page": outages.maintenance_page(502),
    "503 page": outages.maintenance_page(503),
    "504 page": outages.maintenance_page(504),
    "503": outages.server_unavailable(),
    "406 empty": outages.not_acceptable(),
    "420 page": outages.edge_setting_up(),
    "429": outages.too_many_requests(),
    "concurrent calls": outages.concurrent_limit(),
    "concurrent requests": outages.concurrent_limit(requests_text=True),
    "metering 403": outages.transaction_security(403),
    "metering 401": outages.transaction_security(401),
    "200 page": outages.not_json(),
    "reset": faults.reset(),
    "reset in the body": faults.reset(0.5),
    "cut": faults.cut(0.5),
    "cut chunks": faults.cut(0.5, chunked=True),
    "cut gzip": faults.truncated_gzip(20),
}

# A full extract of more than a page asks REST first and then Bulk; only api_mode rest turns pages.
ENDPOINTS: dict[str, list[faults.Match]] = {
    "auto": [
        *("/services/data", "POST /composite", "GET /limits", "GET /limits/recordCount"),
        *("GET /queryAll", "POST /jobs/query", faults.is_poll, "*/results"),
        "DELETE /jobs/query/*",
    ],
    "rest": ["GET /queryAll", "GET /query/*"],
}


@dataclass(frozen=True)
class Place:
    """Where a fault strikes.

    Attributes:
        name: For people.
        api_mode: Of the run.
        match: Which requests.
        skip: How many of them pass before; 1 is the middle of the pages.
    """

    name: str
    api_mode: str
    match: faults.Match
    skip: int = 0


SIGN_IN = Place("sign-in", "rest", "POST /services/oauth2/token")
DESCRIBE = Place("describe", "rest", "POST /composite")
VERSIONS = Place("versions", "rest", "/services/data")
LIMITS = Place("limits", "rest", "GET /limits")
FIRST_PAGE = Place("first page", "rest", "GET /queryAll")
NEXT_PAGE = Place("next page", "rest", "GET /query/*", 1)
CREATE = Place("new job", "bulk", "POST /jobs/query")
POLL = Place("job's state", "bulk", faults.is_poll, 1)
RESULTS = Place("results", "bulk", "*/results", 1)


@dataclass(frozen=True)
class End:
    """How a run ends: the exit code, and the code and a word of the hint in the last line."""

    exit_code: int
    code: str
    hint: str
    tries: int = 1


DAILY_LIMIT = End(4, "daily-limit-exceeded", "24 hours")
NO_API = End(3, "api-disabled", "API Enabled")
NO_SESSION = End(3, "session-refused", "Setup")
REFUSED = End(7, "some-streams-failed", "says what Salesforce does not accept")
NO_REASON = End(7, "some-streams-failed", "on the way")
BUSY = End(5, "salesforce-busy", "next run goes on", tries=MOST_TRIES)
BROKEN = End(5, "broken-answer", "next run goes on", tries=MOST_TRIES)
UNREACHABLE = End(5, "host-unreachable", "next run goes on", tries=MOST_TRIES)


def cut_behind_a_row(body: bytes) -> bytes:
    """A JSON page that ends as a whole one does, and is none."""
    return body[: body.rindex(b"},{") + 1]


def break_json(body: bytes) -> bytes:
    """What begins and ends as JSON does, and is none."""
    return body.replace(b":", b"", 1)


STALLED = [
    ("stall", faults.stall(FOR_EVER_SECONDS, after=0.5), FIRST_PAGE),
    ("stall", faults.stall(FOR_EVER_SECONDS, after=0.5), NEXT_PAGE),
    ("stall", faults.stall(FOR_EVER_SECONDS, after=0.5), CREATE),
    ("stall", faults.stall(FOR_EVER_SECONDS, after=0.5), POLL),
    ("stall", faults.stall(FOR_EVER_SECONDS, after=0.5), RESULTS),
    ("silence", faults.delay(FOR_EVER_SECONDS), SIGN_IN),
    ("silence", faults.delay(FOR_EVER_SECONDS), RESULTS),
]

# What the same request once more does not mend, and what no status tells.
MENDED = [
    # 4.1: cursors live for two days; the query starts again behind the last row.
    ("expired cursor", outages.salesforce(errors.invalid_query_locator()), NEXT_PAGE),
    # 1.6: the session ends between two pages.
    ("401", outages.session_expired(), NEXT_PAGE),
    ("401", outages.session_expired(), POLL),
    ("401", outages.session_expired(), RESULTS),
    # 7: what is cut where a row ends still parses.
    ("cut behind a row", faults.replace_body(cut_behind_a_row), NEXT_PAGE),
    ("cut behind a row", faults.drop_last_row(), RESULTS),
    ("other count", faults.wrong_count(), RESULTS),
    ("gzip without its trailer", faults.truncated_gzip(8), RESULTS),
    # 2.5: what says that it is JSON may be none.
    *(
        ("broken JSON", faults.replace_body(break_json), place)
        for place in (SIGN_IN, VERSIONS, DESCRIBE, LIMITS, FIRST_PAGE, NEXT_PAGE, CREATE, POLL)
    ),
]

# 5.7: what Bulk refuses, REST serves. What REST refuses and Bulk serves is in test_api_choice.py.
REFUSED_BY_BULK = {
    "compound": errors.compound_in_bulk(),
    "compound, other code": errors.SalesforceError(
        400, "INVALID_FIELD", errors.compound_in_bulk().message
    ),
    "aggregate": errors.aggregate_in_bulk(),
    "base64": errors.unserializable_in_bulk("Body"),
    "entity": errors.invalid_entity("Account"),
    "not enabled": errors.feature_not_enabled(),
    "jobs used up": errors.bulk_jobs_exceeded(),
    "storage used up": errors.bulk_storage_exceeded(),
}

ENDING = [
    # 2.5: the day's calls, which waiting for seconds does not bring back.
    ("daily limit", outages.daily_limit(), NEXT_PAGE, DAILY_LIMIT),
    ("daily limit", outages.daily_limit(), RESULTS, DAILY_LIMIT),
    # 2.5: no API, from the start or from now on.
    ("no API, org", outages.api_disabled_for_org(), DESCRIBE, NO_API),
    ("no API, user", outages.api_disabled_for_user(), NEXT_PAGE, NO_API),
    ("no API, user", outages.api_disabled_for_user(), RESULTS, NO_API),
    # 1.6: two that no sign-in cures, and one that it should.
    ("401 for good", outages.session_not_for_rest(), NEXT_PAGE, NO_SESSION),
    ("401 for good", outages.app_not_attached(), RESULTS, NO_SESSION),
    ("401 again", outages.session_expired(), RESULTS, replace(NO_SESSION, tries=2)),
    # 4.2: at any time near 16,384 bytes.
    ("414", outages.uri_too_long(414), FIRST_PAGE, replace(REFUSED, hint="fewer columns")),
    ("431", outages.uri_too_long(431), FIRST_PAGE, replace(REFUSED, hint="fewer columns")),
    # 4.5
    ("timeout", outages.query_timeout(), FIRST_PAGE, replace(REFUSED, hint="api_mode bulk")),
    ("no access", outages.salesforce(errors.insufficient_access()), NEXT_PAGE, REFUSED),
    ("malformed", outages.salesforce(errors.malformed_query("no")), CREATE, REFUSED),
    # 2.1: a version that is listed and not served, or retired; 5.4: another one than the job's.
    ("unknown version", outages.salesforce(errors.not_found()), FIRST_PAGE, REFUSED),
    (
        "retired version",
        outages.salesforce(errors.unsupported_api_version()),
        FIRST_PAGE,
        replace(REFUSED, hint="api_version"),
    ),
    ("409", outages.salesforce(errors.other_api_version()), RESULTS, REFUSED),
    # 5.7
    ("no Bulk API", outages.bulk_not_enabled(), CREATE, REFUSED),
    # 2.5: other documented statuses, with nothing to read in them.
    *(
        (f"{status}", faults.answer(status), NEXT_PAGE, NO_REASON)
        for status in (400, 403, 404, 405, 410, 412, 415, 428)
    ),
    # 2.5 and 7: what usually passes, and does not.
    *(
        (name, trouble, place, end)
        for place in (NEXT_PAGE, POLL, RESULTS)
        for name, trouble, end in (
            ("500", outages.unknown_exception(), BUSY),
            ("503 page", outages.maintenance_page(), BUSY),
            ("concurrent", outages.concurrent_limit(), BUSY),
            ("metering", outages.transaction_security(), BUSY),
            ("200 page", outages.not_json(), BUSY),
            ("cut", faults.cut(0.5), BROKEN),
            ("reset in the body", faults.reset(0.5), BROKEN),
            ("reset", faults.reset(), UNREACHABLE),
        )
    ),
]


def id_of(value: object) -> str | None:
    if isinstance(value, Place):
        return f"at {value.name}"
    if isinstance(value, End):
        return f"{value.exit_code} {value.code}"
    return None if isinstance(value, str) else ""


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Return the Ids of six accounts, a day apart, in pages of two."""
    org.clock.freeze(NOW)
    org.settings.page_rows = org.settings.bulk_page_rows = 2
    org.settings.job_polls = 2
    ids: list[str] = []
    for n, stamp in enumerate(STAMPS):
        ids += org.store.insert("Account", [{"Name": f"Row {n}"}], stamp=stamp)
    return ids


def read(tap: TapRunner, place: Place, state: object = None, **settings: object) -> Run:
    return tap.sync(objects=["Account"], api_mode=place.api_mode, state=state or BEFORE, **settings)


def asked_again(org: LocalOrg) -> int:
    """Return how many requests were sent that had been sent before; looking at a job is none."""
    sent = Counter(
        (entry.method, entry.call.target, entry.body)
        for entry in org.journal.calls()
        if not faults.is_poll(entry.call)
    )
    return sum(count - 1 for count in sent.values())


# Tried again


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=TRANSIENT)
@pytest.mark.parametrize("api_mode", ENDPOINTS)
def test_passing_trouble_costs_only_time(
    org: LocalOrg, tap: TapRunner, rows: list[str], api_mode: str, trouble: faults.Action
) -> None:
    """Each request fails once in this way: every row comes once, and only those are repeated."""
    script = [org.faults.add(match, trouble) for match in ENDPOINTS[api_mode]]
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert [fault.fired for fault in script] == [1] * len(script)
    assert run.ids("Account") == rows
    assert [record["Name"] for record in run.records("Account")] == [f"Row {n}" for n in range(6)]
    assert asked_again(org) <= len([fault for fault in script if fault.match != faults.is_poll])


@pytest.mark.parametrize(("_", "trouble", "place"), STALLED, ids=id_of)
def test_an_answer_that_stalls_is_asked_for_again(
    org: LocalOrg, tap: TapRunner, rows: list[str], _: str, trouble: faults.Action, place: Place
) -> None:
    """After request_timeout_seconds without a byte, also in the middle of a body."""
    fault = org.faults.add(place.match, trouble, skip=place.skip)
    run = read(tap, place, request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert fault.fired == 1
    assert run.log.count("within 1 seconds") == 1
    assert run.ids("Account") == rows


# Mended in another way


@pytest.mark.parametrize(("_", "trouble", "place"), MENDED, ids=id_of)
def test_mended_within_the_run(
    org: LocalOrg, tap: TapRunner, rows: list[str], _: str, trouble: faults.Action, place: Place
) -> None:
    """Another session, another cursor, another look at the page: every row comes once."""
    fault = org.faults.add(place.match, trouble, skip=place.skip)
    run = read(tap, place)
    assert run.exit_code == 0, run.log
    assert fault.fired == 1
    assert run.ids("Account") == rows


@pytest.mark.parametrize("refusal", REFUSED_BY_BULK.values(), ids=REFUSED_BY_BULK)
def test_what_bulk_refuses_moves_over_to_rest(
    org: LocalOrg, tap: TapRunner, rows: list[str], refusal: errors.SalesforceError
) -> None:
    """A job that can't be created costs one call."""
    fault = org.faults.add(CREATE.match, outages.salesforce(refusal), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert fault.fired == 1
    assert run.ids("Account") == rows


# The end


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ["x"]}, [1]], ids=str)
def test_a_job_without_an_id_is_an_odd_answer(
    tap: TapRunner, org: LocalOrg, body: list[object] | dict[str, object]
) -> None:
    """Salesforce never gives one; a proxy's mock page is told as what it is."""
    org.faults.add(CREATE.match, faults.answer(200, body), times=None)
    run = read(tap, CREATE)
    assert run.exit_code == 5, run.log
    assert "Traceback" not in run.log
    assert "[odd-answer]" in run.log.splitlines()[-1]


@pytest.mark.parametrize(("_", "trouble", "place", "end"), ENDING, ids=id_of)
def test_the_end_has_a_code_a_hint_and_a_state(
    org: LocalOrg,
    tap: TapRunner,
    rows: list[str],
    *,
    _: str,
    trouble: faults.Action,
    place: Place,
    end: End,
) -> None:
    """One line says what to do, the bookmark covers rows read only, the next run has the rest."""
    fault = org.faults.add(place.match, trouble, skip=place.skip, times=None)
    run = read(tap, place)
    assert run.exit_code == end.exit_code, run.log
    assert "Traceback" not in run.log
    last = run.log.splitlines()[-1]
    assert last.endswith(f"[{end.code}]"), last
    assert end.hint in last
    assert fault.fired == end.tries
    covered = [
        n for n, stamp in enumerate(STAMPS) if written(stamp) <= (run.bookmark("Account") or "")
    ]
    assert run.ids("Account")[: len(covered)] == [rows[n] for n in covered]
    org.faults.clear()
    again = read(tap, place, run.state)
    assert again.exit_code == 0, again.log
    assert {*run.ids("Account"), *again.ids("Account")} == set(rows)
