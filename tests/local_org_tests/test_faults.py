"""The local org fails on a script, on the wire and in what it says."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.local_org import LocalOrg
from tests.local_org.conditions import faults, outages
from tests.local_org_tests.caller import Caller

PATH = "/sobjects/Account/describe"
SOQL = "SELECT Id FROM Opportunity"


@pytest.fixture
def done(org: LocalOrg, caller: Caller) -> str:
    """The path of a finished job of 25 rows."""
    org.store.seed("Opportunity", 25, hurt=False)
    org.settings.job_transition = "immediate"
    job = caller.post("/jobs/query", json={"operation": "query", "query": SOQL}).json()["id"]
    return f"/jobs/query/{job}"


# The script


def test_a_fault_strikes_as_often_as_it_should(org: LocalOrg, caller: Caller) -> None:
    fault = org.faults.add(f"GET {PATH}", outages.server_unavailable(), times=2, skip=1)
    assert [caller.get(PATH).status_code for _ in range(4)] == [200, 503, 503, 200]
    assert (fault.seen, fault.fired) == (4, 2)


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        (PATH, True),
        ("*/describe", True),
        (f"/services/data/v68.0{PATH}", True),
        (f"GET {PATH}", True),
        (f"POST {PATH}", False),
        ("/sobjects", False),
        ("*/describe/", True),
        (lambda call: "Authorization" in call.headers, True),
    ],
)
def test_what_a_fault_matches(org: LocalOrg, caller: Caller, match: Any, struck: bool) -> None:  # noqa: ANN401, FBT001 - a table's columns
    org.faults.add(match, outages.unknown_exception(), times=None)
    assert (caller.get(PATH).status_code == 500) is struck


def test_a_fault_may_be_about_the_queries_of_one_object(org: LocalOrg, caller: Caller) -> None:
    org.faults.add(faults.querying("Contact"), outages.query_timeout(), times=None)
    job = {"operation": "query", "query": "SELECT Id FROM Contact"}
    assert caller.query("SELECT Id FROM Account").status_code == 200
    assert caller.query("SELECT Id FROM Contact LIMIT 1").status_code == 400
    assert caller.post("/jobs/query", json=job).status_code == 400


def test_struck_requests_cost_nothing_and_are_in_the_journal(org: LocalOrg, caller: Caller) -> None:
    org.faults.add("*", outages.server_unavailable())
    caller.get(PATH)
    assert [entry.status for entry in org.journal.calls(PATH)] == [503]
    assert org.journal.api_calls == 0


def test_the_token_endpoint_fails_too(org: LocalOrg, stranger: Caller) -> None:
    org.faults.add("POST /services/oauth2/token", outages.maintenance_page())
    assert stranger.ask_token().status_code == 503
    assert stranger.ask_token().status_code == 200


# What Salesforce says


@pytest.mark.parametrize(
    ("action", "status", "code"),
    [
        (outages.unknown_exception(), 500, "UNKNOWN_EXCEPTION"),
        (outages.server_unavailable(), 503, "SERVER_UNAVAILABLE"),
        (outages.daily_limit(), 403, "REQUEST_LIMIT_EXCEEDED"),
        (outages.concurrent_limit(), 403, "REQUEST_LIMIT_EXCEEDED"),
        (outages.concurrent_limit(requests_text=True), 403, "REQUEST_LIMIT_EXCEEDED"),
        (outages.transaction_security(), 403, "TXN_SECURITY_METERING_ERROR"),
        (outages.transaction_security(401), 401, "TXN_SECURITY_METERING_ERROR"),
        (outages.api_disabled_for_org(), 403, "API_DISABLED_FOR_ORG"),
        (outages.api_disabled_for_user(), 403, "API_CURRENTLY_DISABLED"),
        (outages.session_expired(), 401, "INVALID_SESSION_ID"),
        (outages.session_not_for_rest(), 401, "INVALID_SESSION_ID"),
        (outages.app_not_attached(), 401, "INVALID_SESSION_ID"),
        (outages.query_timeout(), 400, "QUERY_TIMEOUT"),
        (outages.operation_too_large(), 400, "OPERATION_TOO_LARGE"),
        (outages.bulk_jobs_used_up(), 400, "LIMIT_EXCEEDED"),
        (outages.bulk_storage_used_up(), 400, "LIMIT_EXCEEDED"),
        (outages.bulk_not_enabled(), 403, "FEATURENOTENABLED"),
    ],
)
def test_outages_with_salesforces_body(
    org: LocalOrg, caller: Caller, action: faults.Action, status: int, code: str
) -> None:
    org.faults.add("*", action)
    answer = caller.get(PATH)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)


@pytest.mark.parametrize(
    ("action", "status", "body"),
    [
        (outages.not_acceptable(), 406, ""),
        (outages.edge_setting_up(), 420, "<html>"),
        (outages.maintenance_page(502), 502, "<!DOCTYPE html>"),
        (outages.maintenance_page(504), 504, "<!DOCTYPE html>"),
        (outages.too_many_requests(), 429, "<html>"),
        (outages.not_json(), 200, "<html>"),
        (outages.uri_too_long(431), 431, "<html>"),
    ],
)
def test_outages_that_are_not_json(
    org: LocalOrg, caller: Caller, action: faults.Action, status: int, body: str
) -> None:
    org.faults.add("*", action)
    answer = caller.get(PATH)
    assert answer.status_code == status
    assert answer.text.startswith(body)
    assert bool(answer.text) is bool(body)


def test_retry_after_is_there_when_asked_for(org: LocalOrg, caller: Caller) -> None:
    org.faults.add("*", outages.server_unavailable(retry_after=7))
    org.faults.add("*", outages.server_unavailable())
    assert caller.get(PATH).headers["Retry-After"] == "7"
    assert "Retry-After" not in caller.get(PATH).headers


def test_any_answer_can_be_made_up(org: LocalOrg, caller: Caller) -> None:
    org.faults.add("*", faults.answer(418, {"short": "stout"}, headers={"X-Tea": "yes"}))
    answer = caller.get(PATH)
    assert (answer.status_code, answer.json(), answer.headers["X-Tea"]) == (
        418,
        {"short": "stout"},
        "yes",
    )


# On the wire


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(faults.reset(), id="reset"),
        pytest.param(faults.reset(0.5), id="reset in the body"),
        pytest.param(faults.cut(0), id="cut at once"),
        pytest.param(faults.cut(0.5), id="cut"),
        pytest.param(faults.cut(100, chunked=True), id="cut chunks"),
    ],
)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_broken_downloads(
    org: LocalOrg, caller: Caller, action: faults.Action, encoding: str
) -> None:
    """A client that checks lengths notices, and the next request works."""
    org.faults.add(PATH, action)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.get(PATH, headers={"Accept-Encoding": encoding})
    assert caller.get(PATH).status_code == 200


def test_truncated_gzip_has_an_honest_length(org: LocalOrg, caller: Caller) -> None:
    whole = caller.get(PATH, stream=True).raw.read(decode_content=False)
    org.faults.add(PATH, faults.truncated_gzip(missing=20))
    answer = caller.get(PATH, stream=True)
    short = answer.raw.read(decode_content=False)
    assert short == whole[:-20]
    assert answer.headers["Content-Length"] == str(len(short))


def test_chunked_bodies_arrive_whole(org: LocalOrg, caller: Caller) -> None:
    org.faults.add(PATH, faults.chunked())
    chunked = caller.get(PATH)
    assert "Content-Length" not in chunked.headers
    assert chunked.json() == caller.get(PATH).json()


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(faults.stall(0.2, after=0.5), id="stall"),
        pytest.param(faults.delay(0.2), id="delay"),
        pytest.param(faults.slow(4_000), id="slow"),
    ],
)
def test_slow_answers_arrive_whole(org: LocalOrg, caller: Caller, action: faults.Action) -> None:
    org.faults.add("/limits", action)
    start = time.monotonic()
    slow = caller.get("/limits", headers={"Accept-Encoding": "identity"})
    assert time.monotonic() - start > 0.15
    assert "DailyApiRequests" in slow.json()


def test_a_stall_runs_into_the_clients_timeout(org: LocalOrg, caller: Caller) -> None:
    org.faults.add(PATH, faults.stall(30, after=100))
    with pytest.raises(requests.ConnectionError, match="timed out"):
        caller.session.get(f"{org.url}/services/data/v68.0{PATH}", timeout=0.2)


def test_stopping_waits_for_nobody() -> None:
    """Neither a kept connection nor a stalled answer holds the org up, or outlives it."""
    threads = threading.active_count()
    with LocalOrg() as org, Caller(org) as kept, Caller(org) as stalled:
        kept.sign_in()
        org.faults.add("/services/data", faults.stall(30))
        answer = stalled.get("/services/data", stream=True)
        start = time.monotonic()
        org.stop()
        assert time.monotonic() - start < 2
        assert threading.active_count() <= threads
        answer.close()


def test_many_clients_at_once(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Opportunity", 30)
    org.settings.page_rows = 10

    def read(_number: int) -> int:
        with Caller(org) as other:
            other.session.headers.update(caller.session.headers)
            page = other.query(SOQL).json()
            rows = len(page["records"])
            while not page["done"]:
                page = other.get(page["nextRecordsUrl"]).json()
                rows += len(page["records"])
            return rows

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(24))) == [30] * 24
    assert org.journal.api_calls == 72


def test_latency_is_added_to_every_answer(org: LocalOrg, caller: Caller) -> None:
    org.settings.latency_ms = 60
    start = time.monotonic()
    caller.get(PATH)
    assert time.monotonic() - start >= 0.06


def test_kept_connections_cost_no_40_ms(caller: Caller) -> None:
    """The head and the body must not wait for each other's acknowledgement."""
    caller.get("/limits")
    start = time.monotonic()
    for _ in range(20):
        caller.get("/limits")
    assert time.monotonic() - start < 0.4


# In the content


def test_wrong_counts_and_lost_rows_and_headers(org: LocalOrg, caller: Caller, done: str) -> None:
    whole = caller.get(f"{done}/results")
    org.faults.add("*/results", faults.wrong_count(2))
    org.faults.add("*/results", faults.drop_last_row())
    org.faults.add("*/results", faults.without_header("Sforce-Locator"))
    org.faults.add("*/results", faults.with_header("Sforce-Locator", "abc"))
    org.faults.add("*/results", faults.replace_body(lambda body: body + b"\0"))
    answers = [caller.get(f"{done}/results") for _ in range(6)]
    assert answers[0].headers["Sforce-NumberOfRecords"] == "27"
    assert answers[1].content == b"".join(whole.content.splitlines(keepends=True)[:-1])
    assert answers[1].headers["Sforce-NumberOfRecords"] == "25"
    assert "Sforce-Locator" not in answers[2].headers
    assert answers[3].headers["Sforce-Locator"] == "abc"
    assert answers[4].content == whole.content + b"\0"
    assert answers[5].content == whole.content


def test_the_last_row_may_hold_line_breaks(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "immediate"
    org.store.insert("Account", [{"Name": "one"}, {"Name": 'two\n"lines"\nlong'}])
    body = {"operation": "query", "query": "SELECT Name FROM Account"}
    job = caller.post("/jobs/query", json=body).json()["id"]
    org.faults.add("*/results", faults.drop_last_row())
    assert caller.get(f"/jobs/query/{job}/results").content == b'"Name"\n"one"\n'


def test_a_rest_page_may_lack_a_row(org: LocalOrg, caller: Caller) -> None:
    ids = sorted(org.store.seed("Account", 3, hurt=False))
    org.faults.add("/query", faults.drop_record())
    page = caller.query("SELECT Id FROM Account ORDER BY Id").json()
    assert page["totalSize"] == 3
    assert [record["Id"] for record in page["records"]] == ids[1:]


def test_rows_may_change_between_two_pages(org: LocalOrg, caller: Caller) -> None:
    """A cursor holds the rows, not their values."""
    last = sorted(org.store.seed("Opportunity", 15, hurt=False))[-1:]
    org.settings.page_rows = 10
    org.faults.add(
        "/query/*", faults.before(lambda: org.store.update("Opportunity", last, {"Name": "new"}))
    )
    first = caller.query("SELECT Id, Name FROM Opportunity ORDER BY Id").json()
    second = caller.get(first["nextRecordsUrl"]).json()
    assert second["records"][-1]["Name"] == "new"


def test_something_may_happen_after_the_answer(org: LocalOrg, caller: Caller) -> None:
    org.faults.add("/query", faults.after(org.expire_cursors))
    org.store.seed("Opportunity", 15, hurt=False)
    org.settings.page_rows = 10
    url = caller.query(SOQL).json()["nextRecordsUrl"]
    assert caller.get(url).status_code == 400
