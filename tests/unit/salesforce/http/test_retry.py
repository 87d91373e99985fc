"""Which answers are worth another try, and when."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.http.retry import (
    ADVICE_BUDGET,
    CLEANUP_BUDGET,
    COMPOSITE_BUDGET,
    DESCRIBE_BUDGET,
    EARLY_BUDGET,
    HASTY_BUDGET,
    SHORT_BUDGET,
    SIGN_IN_BUDGET,
    Budget,
    Verdict,
    backoff_seconds,
    classify,
    poll_intervals,
    retry_after_seconds,
)
from tests.support.values import few_examples, instant

NOW = instant("2026-11-23T10:00:00Z")
EXPIRED = "Session expired or invalid"


@pytest.mark.parametrize(
    ("status", "error_code", "reason", "verdict"),
    [
        pytest.param(200, "", "", Verdict.ACCEPTED, id="200"),
        pytest.param(204, "", "", Verdict.ACCEPTED, id="204"),
        pytest.param(401, "INVALID_SESSION_ID", EXPIRED, Verdict.SESSION_ENDED, id="expired"),
        pytest.param(
            401,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
            Verdict.REFUSED,
            id="session not for REST",
        ),
        pytest.param(
            401,
            "INVALID_SESSION_ID",
            "Connected app is not attached to Agent",
            Verdict.REFUSED,
            id="app not attached",
        ),
        pytest.param(401, "INVALID_AUTH_HEADER", "", Verdict.REFUSED, id="other 401"),
        pytest.param(401, "", "", Verdict.REFUSED, id="401 without a code"),
        pytest.param(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
            Verdict.DAILY_LIMIT,
            id="daily calls",
        ),
        pytest.param(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentPerOrgLongTxn Limit exceeded.",
            Verdict.TRANSIENT,
            id="long requests at once",
        ),
        pytest.param(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            Verdict.TRANSIENT,
            id="requests at once",
        ),
        pytest.param(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "Your org has too many concurrent requests: limit exceeded",
            Verdict.TRANSIENT,
            id="concurrent in other words",
        ),
        pytest.param(
            503,
            "SERVER_BUSY",
            "UnableToProcess: ConcurrentRequests Limit exceeded.",
            Verdict.TRANSIENT,
            id="concurrent with another code",
        ),
        pytest.param(
            400,
            "EXCEPTION",
            "ConcurrentPerOrgLongTxn Limit exceeded.",
            Verdict.TRANSIENT,
            id="concurrent with another status",
        ),
        pytest.param(
            429,
            "REQUEST_LIMIT_EXCEEDED",
            "Too many requests.",
            Verdict.TRANSIENT,
            id="limit of a moment",
        ),
        pytest.param(
            503,
            "REQUEST_LIMIT_EXCEEDED",
            "Server too busy.",
            Verdict.TRANSIENT,
            id="limit of a moment as 503",
        ),
        pytest.param(
            503,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
            Verdict.DAILY_LIMIT,
            id="daily calls as 503",
        ),
        pytest.param(
            429,
            "TOO_MANY",
            "TotalRequests Limit exceeded.",
            Verdict.DAILY_LIMIT,
            id="daily calls with another code",
        ),
        pytest.param(
            403, "REQUEST_LIMIT_EXCEEDED", "", Verdict.DAILY_LIMIT, id="limit without words"
        ),
        pytest.param(
            400,
            "MALFORMED_QUERY",
            "SELECT Concurrent_Limit__c: TotalRequests Limit exceeded.",
            Verdict.REFUSED,
            id="a query with such words",
        ),
        *(
            pytest.param(
                status,
                "INVALID_SESSION_ID",
                EXPIRED,
                Verdict.SESSION_ENDED,
                id=f"ended as {status}",
            )
            for status in (400, 403, 500)
        ),
        pytest.param(403, "", EXPIRED, Verdict.SESSION_ENDED, id="ended without a code"),
        pytest.param(
            400, "InvalidSessionId", "Invalid session id", Verdict.SESSION_ENDED, id="ended, Bulk"
        ),
        pytest.param(
            403,
            "INVALID_SESSION_ID",
            "This session is not valid for use with the REST API",
            Verdict.REFUSED,
            id="session not for REST as 403",
        ),
        pytest.param(400, "UNKNOWN_EXCEPTION", "", Verdict.TRANSIENT, id="unknown as 400"),
        pytest.param(403, "API_DISABLED_FOR_ORG", "", Verdict.REFUSED, id="no API"),
        pytest.param(
            403, "TXN_SECURITY_METERING_ERROR", "", Verdict.TRANSIENT, id="slow security policies"
        ),
        pytest.param(400, "unknown_error", "retry your request", Verdict.TRANSIENT, id="sign-in"),
        pytest.param(
            400,
            "invalid_grant",
            "Token request is already being processed",
            Verdict.TRANSIENT,
            id="two sign-ins at once",
        ),
        pytest.param(400, "invalid_grant", "x already being processed", Verdict.REFUSED, id="no"),
        pytest.param(400, "MALFORMED_QUERY", "", Verdict.REFUSED, id="query"),
        pytest.param(400, "QUERY_TIMEOUT", "", Verdict.REFUSED, id="query timeout"),
        pytest.param(500, "QUERY_TIMEOUT", "", Verdict.REFUSED, id="query timeout as 500"),
        pytest.param(404, "NOT_FOUND", "", Verdict.REFUSED, id="404"),
        pytest.param(409, "", "", Verdict.REFUSED, id="409"),
        pytest.param(414, "", "", Verdict.REFUSED, id="414"),
        pytest.param(431, "", "", Verdict.REFUSED, id="431"),
        pytest.param(300, "", "", Verdict.REFUSED, id="several choices"),
        pytest.param(302, "", "", Verdict.REFUSED, id="redirect"),
        pytest.param(406, "", "", Verdict.TRANSIENT, id="406"),
        pytest.param(420, "", "", Verdict.TRANSIENT, id="420"),
        pytest.param(429, "", "", Verdict.TRANSIENT, id="429"),
        pytest.param(500, "UNKNOWN_EXCEPTION", "", Verdict.TRANSIENT, id="500"),
        pytest.param(502, "", "", Verdict.TRANSIENT, id="502"),
        pytest.param(503, "SERVER_UNAVAILABLE", "", Verdict.TRANSIENT, id="503"),
        pytest.param(400, "SERVER_UNAVAILABLE", "", Verdict.TRANSIENT, id="503 as 400"),
        pytest.param(400, "INVALID_SESSION_ID", "", Verdict.SESSION_ENDED, id="session as 400"),
        pytest.param(400, "InvalidSessionId", "", Verdict.SESSION_ENDED, id="session of Bulk"),
        pytest.param(504, "", "", Verdict.TRANSIENT, id="504"),
    ],
)
def test_verdicts(status: int, error_code: str, reason: str, verdict: Verdict) -> None:
    """Each answer that Salesforce is known to give has its verdict."""
    assert classify(status, error_code, reason, readable=True) is verdict


def test_a_page_instead_of_an_answer_is_passing_trouble() -> None:
    """A 200 that holds a maintenance page is asked again."""
    assert classify(200, "", "", readable=False) is Verdict.TRANSIENT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="blanks"),
        pytest.param("Mon, 23 Nov 2026 10:00:30 GMT", 30.0, id="date"),
        pytest.param("Mon, 23 Nov 2026 10:00:30 -0000", 30.0, id="date without a zone"),
        pytest.param("Mon, 23 Nov 2026 09:00:00 GMT", 0.0, id="date gone by"),
        pytest.param(None, None, id="missing"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="word"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("\u00b2", None, id="a digit that is no number"),
        pytest.param("9" * 400, None, id="beyond all time"),
        pytest.param("Mon, 01 Jan 99999999999 00:00:00 GMT", None, id="beyond all calendars"),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    """Retry-After is read as seconds or as a date, and nonsense is passed over."""
    assert retry_after_seconds(header, NOW) == seconds


@given(st.integers(1, 100))
@few_examples
def test_waits_double_up_to_their_end_with_full_jitter(longest: int) -> None:
    """Each wait lies between nothing and twice the last one's end, and never above the longest."""
    for attempt, seconds in enumerate(
        islice(backoff_seconds(Budget(longest_wait_seconds=longest)), 30)
    ):
        assert 0 <= seconds <= min(longest, 2**attempt)


def test_waits_differ() -> None:
    """Two runs that met the same trouble don't come back together."""
    assert list(islice(backoff_seconds(Budget()), 10)) != list(
        islice(backoff_seconds(Budget()), 10)
    )


@given(st.floats(0.1, 10), st.floats(10, 100))
@few_examples
def test_intervals_grow_to_their_end(first: float, longest: float) -> None:
    """The wait between two looks starts short, never shrinks, and stays at its longest."""
    looks = list(islice(poll_intervals(first, longest), 40))
    assert looks[0] == first
    assert looks == sorted(looks)
    assert looks[-1] == longest


def test_the_first_wait_is_a_second_at_most_and_rarely_nothing() -> None:
    """Who comes back at once meets the same trouble."""
    waits = [next(backoff_seconds(Budget())) for _ in range(20)]
    assert 0 < sum(waits) < 20


def test_intervals_grow_by_half() -> None:
    """Soon at first, then as rarely as a long job deserves."""
    assert list(islice(poll_intervals(1, 4), 5)) == [1, 1.5, 2.25, 3.375, 4]
    assert list(islice(poll_intervals(1, 9, 2), 5)) == [1, 2, 4, 8, 9]


@pytest.mark.parametrize(
    ("budget", "wanted"),
    [
        pytest.param(Budget(), Budget(8, 600, 60, None, None), id="any request"),
        pytest.param(SIGN_IN_BUDGET, Budget(4, 60, 8, None, None), id="sign-in"),
        pytest.param(SHORT_BUDGET, Budget(3, 60, 4, None, None), id="others have tried"),
        pytest.param(EARLY_BUDGET, Budget(3, 60, 4, None, 0), id="early"),
        pytest.param(CLEANUP_BUDGET, Budget(1, 600, 60, 10, None), id="cleaning up"),
        pytest.param(ADVICE_BUDGET, Budget(2, 30, 2, 20, None), id="advice"),
        pytest.param(DESCRIBE_BUDGET, Budget(8, 180, 60, 60, None), id="one describe"),
        pytest.param(HASTY_BUDGET, Budget(1, 600, 60, 10, None), id="one of many lost"),
        pytest.param(COMPOSITE_BUDGET, Budget(3, 60, 8, 60, 0), id="many in one"),
    ],
)
def test_what_a_request_may_cost(budget: Budget, wanted: Budget) -> None:
    """How long a user may wait on each kind of request: a decision, not a by-product.

    A wrong host is told in about a minute; what only gives advice, or cleans up, holds nobody up;
    and where another form of the request can serve, no time is spent on retries.
    """
    assert budget == wanted


def test_a_budget_is_cut_to_another_one() -> None:
    """In attempts and their times; how long one answer may take stays."""
    long = Budget(8, 180, 60, 20, 1)
    assert long.at_most(SHORT_BUDGET) == Budget(3, 60, 4, 20, 1)
    assert long.at_most(long) is long
    assert SHORT_BUDGET.at_most(long) is SHORT_BUDGET
