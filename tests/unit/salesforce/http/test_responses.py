"""What an answer of Salesforce says, and the error that a refusal becomes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import (
    QuotaError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    SettingsError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.responses import (
    Response,
    http_date,
    not_salesforce_error,
    refusal_error,
    transient_error,
)
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets
from tap_versionforge_salesforce.singer.remedies import name_settings
from tests.support.values import instant, some_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = "GET /services/data/v68.0/query"
REMEMBERED = "correct horse battery staple"
ACCESS = "00DXX0000000001!ARsAQNvq.kO_7-x2"
JWS = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJl-_"
HTML = b"<!DOCTYPE html>\n<html><body>We are setting things up</body></html>"


def reply(status: int, body: object = b"", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=content, date=None)


def said(code: str, reason: str, status: int = 400) -> Response:
    return reply(status, [{"errorCode": code, "message": reason}])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(
            [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}],
            ("INVALID_SESSION_ID", "Session expired or invalid"),
            id="REST and Bulk 2.0",
        ),
        pytest.param(
            {"error": "invalid_grant", "error_description": "audience is invalid"},
            ("invalid_grant", "audience is invalid"),
            id="token endpoint",
        ),
        pytest.param(
            {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"},
            ("InvalidSessionId", "Invalid session id"),
            id="Bulk of before",
        ),
        pytest.param(
            [{"errorCode": "A", "message": "first"}, {"errorCode": "B", "message": "second"}],
            ("A", "first"),
            id="several",
        ),
        pytest.param(
            [{"errorCode": "A", "message": "one\n  two\tthree "}],
            ("A", "one two three"),
            id="lines",
        ),
        pytest.param([{"errorCode": "A", "message": None}], ("A", ""), id="no message"),
        pytest.param([{"message": "m"}], ("", "m"), id="no code"),
        pytest.param([], ("", ""), id="empty list"),
        pytest.param({}, ("", ""), id="empty object"),
        pytest.param([["x"]], ("", ""), id="list of lists"),
        pytest.param("text", ("", ""), id="text"),
        pytest.param(5, ("", ""), id="number"),
        pytest.param(None, ("", ""), id="null"),
        pytest.param(b"", ("", ""), id="nothing"),
        pytest.param(HTML, ("", ""), id="HTML"),
        pytest.param(b"\xff\xfe", ("", ""), id="no text"),
        pytest.param(b"[" * 100_000, ("", ""), id="very deep"),
    ],
)
def test_errors_in_bodies(body: object, error: tuple[str, str]) -> None:
    """Code and message are found in every form of body, and are empty where there are none."""
    assert reply(400, body).error() == error


def test_long_messages_are_cut() -> None:
    """A whole response body is never shown."""
    _, reason = said("A", "x" * 5000).error()
    assert len(reason) == 500


@pytest.mark.parametrize("secret", [REMEMBERED, ACCESS, JWS], ids=["remembered", "token", "JWT"])
def test_a_secret_where_a_message_is_cut_is_hidden_whole(secret: str) -> None:
    """Half a secret looks like none, wherever in it the message ends."""
    remember_secrets(REMEMBERED)
    for length in range(500 - len(secret), 500):
        _, reason = said("A", f"{'x' * length} {secret}").error()
        assert secret[:4] not in reason


@given(st.binary(max_size=50))
@some_examples
def test_any_body_is_read(body: bytes) -> None:
    """Whatever a proxy answers, reading the error fails never."""
    code, reason = reply(500, body).error()
    assert isinstance(code, str)
    assert isinstance(reason, str)


@pytest.mark.parametrize(
    ("status", "ok", "redirect"),
    [
        pytest.param(200, True, False, id="200"),
        pytest.param(204, True, False, id="204"),
        pytest.param(302, False, True, id="302"),
        pytest.param(400, False, False, id="400"),
        pytest.param(503, False, False, id="503"),
    ],
)
def test_statuses(status: int, *, ok: bool, redirect: bool) -> None:
    """A success is below 300, a redirect below 400."""
    assert (reply(status).ok, reply(status).is_redirect) == (ok, redirect)


def test_bodies_are_not_in_the_repr() -> None:
    """A reply can be logged."""
    assert "hunter2" not in repr(reply(200, b"hunter2"))


# Refusals


@pytest.mark.parametrize(
    ("answer", "is_daily_limit", "kind", "code", "told"),
    [
        pytest.param(
            said("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403),
            True,
            QuotaError,
            "daily-limit-exceeded",
            "TotalRequests Limit exceeded.",
            id="daily calls",
        ),
        pytest.param(
            said("INVALID_SESSION_ID", "This session is not valid for use with the REST API", 401),
            False,
            SessionRefusedError,
            "session-refused",
            "not valid for use",
            id="session",
        ),
        pytest.param(
            said("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", 403),
            False,
            SessionRefusedError,
            "api-disabled",
            "not enabled",
            id="no API in the org",
        ),
        pytest.param(
            said("API_CURRENTLY_DISABLED", "API is disabled for this User", 403),
            False,
            SessionRefusedError,
            "api-disabled",
            "disabled for this User",
            id="no API for the user",
        ),
        pytest.param(
            reply(302, Location="https://other.my.salesforce.com/"),
            False,
            RedirectedError,
            "instance-url-redirects",
            "https://other.my.salesforce.com/",
            id="redirect",
        ),
        pytest.param(
            said("INVALID_SESSION_ID", "This session is not valid for use with the REST API", 403),
            False,
            SessionRefusedError,
            "session-refused",
            "not valid for use",
            id="session as 403",
        ),
        pytest.param(
            said("URL_NOT_RESET", "Destination URL not reset.", 404),
            False,
            SettingsError,
            "instance-url-not-reset",
            "Destination URL not reset.",
            id="another host",
        ),
        pytest.param(
            said("INVALID_FIELD", "No such column 'X' on entity 'Account'"),
            False,
            RefusedError,
            "request-refused",
            "INVALID_FIELD: No such column 'X'",
            id="query",
        ),
        pytest.param(
            reply(404, HTML), False, RefusedError, "request-refused", "HTTP 404", id="HTML"
        ),
    ],
)
def test_refusals(
    answer: Response, *, is_daily_limit: bool, kind: type[TapError], code: str, told: str
) -> None:
    """Each final refusal is the error of its kind, with what Salesforce said and what to do."""
    error = refusal_error(ASKED, answer, is_daily_limit=is_daily_limit)
    assert type(error) is kind
    assert error.code == code
    assert told in error.message
    assert error.hint


def test_a_refused_request_names_itself() -> None:
    """What was asked, the status, and Salesforce's own words are in the error."""
    error = refusal_error(ASKED, said("INVALID_FIELD", "No such column"), is_daily_limit=False)
    assert isinstance(error, RefusedError)
    assert ASKED in error.message
    assert (error.status, error.error_code, error.reason) == (
        400,
        "INVALID_FIELD",
        "No such column",
    )


def test_the_hosts_own_address_is_in_the_hint() -> None:
    """The sign-in names the address that instance_url should have been."""
    own = "https://acme.my.salesforce.com"
    error = refusal_error(ASKED, said("URL_NOT_RESET", "Destination URL not reset."), own_url=own)
    assert own in error.hint


def test_a_session_that_ends_again_and_again_is_no_streams_trouble() -> None:
    """Whatever the status, and with no code at all."""
    answer = said("", "Session expired or invalid", 400)
    error = refusal_error(ASKED, answer, is_session_ended=True)
    assert isinstance(error, SessionRefusedError)


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        ("QUERY_TOO_COMPLICATED", "Query is either selecting too many fields", "formula fields"),
        ("INVALID_FIELD", "field 'X' can not be filtered in a query call", "FULL_TABLE"),
        ("MALFORMED_QUERY", "X cannot be sorted in a query call", "FULL_TABLE"),
        ("X", "Filters may not have any gaps within the composite key", "FULL_TABLE"),
        ("X", "Implementation restriction: Y requires a filter by a single Id", "leave it out"),
        ("X", "a filter on a reified column is required [UserId,DurableId]", "leave it out"),
        ("API_ERROR", "Cannot serialize value for 'P__c' in CSV format", "serve P__c: leave"),
        ("API_ERROR", "Cannot serialize value for 'P__c' in CSV format", "Deselect the field"),
        ("API_ERROR", "Cannot serialize value for 'P__c' in CSV format", "api_mode auto"),
        ("INVALIDENTITY", "Entity 'X' is not supported by the Bulk API.", "api_mode auto"),
        ("QUERY_TIMEOUT", "", "api_mode bulk"),
        ("INVALID_FIELD", "No such column", "run again, for each run describes"),
        ("MALFORMED_QUERY", "unexpected token", "says what Salesforce does not accept"),
    ],
)
def test_the_hint_says_what_helps(code: str, reason: str, advice: str) -> None:
    """Where Salesforce's words name a cause, the hint names what to do, and by which setting."""
    error = refusal_error(ASKED, said(code, reason))
    name_settings(error)
    assert advice in error.hint
    hint = error.hint
    name_settings(error)
    assert error.hint == hint  # once


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(
            reply(503, HTML, Content_Type="text/html; charset=utf-8"),
            "HTTP 503 (text/html)",
            id="maintenance page",
        ),
        pytest.param(reply(406), "HTTP 406 (an empty body)", id="nothing at all"),
        pytest.param(
            said("SERVER_UNAVAILABLE", "Server Unavailable", 503),
            "HTTP 503 (SERVER_UNAVAILABLE)",
            id="with a code",
        ),
    ],
)
def test_passing_trouble_that_does_not_pass(answer: Response, told: str) -> None:
    """What Salesforce answered last is told, without its body."""
    error = transient_error(ASKED, answer)
    assert isinstance(error, UnavailableError)
    assert error.exit_code == 5
    assert told in error.message
    assert "setting things up" not in error.message


def test_a_host_that_is_not_salesforce() -> None:
    """HTML from the token endpoint is told with host, status and type."""
    answer = reply(200, HTML, Content_Type="text/html")
    error = not_salesforce_error("https://x.my.salesforce.com", answer)
    assert "https://x.my.salesforce.com" in error.message
    assert "HTTP 200, text/html" in error.message
    assert "instance_url" in error.hint
    assert error.exit_code == 3


# Dates


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", str(request.param))
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    "header",
    [
        "Mon, 23 Nov 2026 10:00:00 GMT",
        "Mon, 23 Nov 2026 10:00:00 +0000",
        "Mon, 23 Nov 2026 10:00:00 -0000",
        "Mon, 23 Nov 2026 10:00:00",
        "Mon, 23 Nov 2026 12:00:00 +0200",
    ],
)
def test_server_clock_does_not_depend_on_this_machine(header: str) -> None:
    """A Date header is the same instant wherever the tap runs, also without a zone."""
    assert http_date(header) == instant("2026-11-23T10:00:00Z")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "yesterday",
        "Mon, 99 Nov 2026 10:00:00 GMT",
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1200",
    ],
)
def test_dates_that_are_none(header: str | None) -> None:
    """A Date header without sense is passed over."""
    assert http_date(header) is None
