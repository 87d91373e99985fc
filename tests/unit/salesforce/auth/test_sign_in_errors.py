"""Why Salesforce refuses a sign-in, and the page in Setup that mends it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import (
    PROBLEMS,
    UNKNOWN,
    explain,
)
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import (
    ANY_FLOW,
    BY_KEY,
    BY_SECRET,
    Flow,
    SignInProblem,
)
from tests.support.values import some_examples

# What the token endpoint is known to say, and what the tap takes it for.
KNOWN = [
    ("invalid_grant", "user hasn't approved this consumer", "user-not-approved"),
    ("invalid_grant", "audience is invalid", "audience-invalid"),
    ("invalid_grant", "invalid assertion", "invalid-assertion"),
    ("invalid_grant", "invalid assertion type", "invalid-assertion"),
    ("invalid_grant", "expired authorization code", "assertion-expired"),
    ("invalid_grant", "authentication failure", "authentication-failure"),
    ("invalid_grant", "authentication failure - Invalid Password", "authentication-failure"),
    (
        "invalid_grant",
        "authentication failure - invalid client credentials",
        "authentication-failure",
    ),
    ("invalid_grant", "ip restricted or invalid login hours", "ip-or-hours-restricted"),
    ("invalid_grant", "IP restricted or invalid login hours", "ip-or-hours-restricted"),
    ("invalid_grant", "expired access/refresh token", "approval-withdrawn"),
    ("invalid_grant", "user is locked", "user-locked"),
    ("invalid_grant", "invalid user credentials", "authentication-failure"),
    ("invalid_grant", "", "invalid-grant"),
    ("invalid_grant", "something new", "invalid-grant"),
    ("invalid_client_id", "client identifier invalid", "invalid-client-id"),
    ("invalid_client", "invalid client credentials", "invalid-client"),
    ("invalid_client", "invalid client", "invalid-client"),
    ("invalid_client", "app must be installed into org", "app-not-installed"),
    ("invalid_grant", "token request is already being processed", "sign-in-busy"),
    (
        "invalid_app_access",
        "user is not admin approved to access this app",
        "app-access-denied",
    ),
    (
        "app_not_found",
        "External client app is not installed in this org",
        "app-not-found",
    ),
    ("OAUTH_EC_APP_NOT_FOUND", "", "app-not-found"),
    ("inactive_user", "user is inactive", "inactive-user"),
    ("inactive_org", "org is locked, closed, or suspended", "inactive-org"),
    ("rate_limit_exceeded", "number of logins exceeded", "too-many-sign-ins"),
    ("rate_limit_exceeded", "login rate exceeded", "too-many-sign-ins"),
    ("invalid_grant", "login rate exceeded", "too-many-sign-ins"),
    ("", "Login rate exceeded", "too-many-sign-ins"),
    ("unknown_error", "retry your request", "sign-in-retry"),
    ("unsupported_grant_type", "grant type not supported", "grant-type-off"),
    ("invalid_request", "missing required parameter: assertion", "sign-in-request-refused"),
    ("invalid_request", "must use HTTP POST", "sign-in-request-refused"),
    ("invalid_scope", "the requested scope is not allowed", "invalid-scope"),
    ("unauthorized_client", "", "unauthorized-client"),
    ("redirect_uri_mismatch", "", "sign-in-request-refused"),
    ("redirect_uri_missing", "", "sign-in-request-refused"),
    ("unsupported_response_type", "", "sign-in-request-refused"),
]
# What it is known to say to the other two ways.
CREDENTIALS, REFRESH = Flow.CLIENT_CREDENTIALS, Flow.REFRESH_TOKEN
KNOWN_BY_SECRET = [
    (CREDENTIALS, "invalid_grant", "no client credentials user enabled", "no-run-as-user"),
    (CREDENTIALS, "invalid_grant", "request not supported on this domain", "wrong-sign-in-domain"),
    (CREDENTIALS, "invalid_grant", "client credentials flow not enabled", "client-credentials-off"),
    (CREDENTIALS, "unsupported_grant_type", "grant type not supported", "client-credentials-off"),
    (CREDENTIALS, "unauthorized_client", "", "client-credentials-off"),
    (CREDENTIALS, "invalid_grant", "no valid scopes defined", "no-api-scope"),
    (CREDENTIALS, "invalid_scope", "", "no-api-scope"),
    (CREDENTIALS, "invalid_grant", "user hasn't approved this consumer", "user-not-approved"),
    (CREDENTIALS, "invalid_client", "invalid client credentials", "invalid-client-secret"),
    (CREDENTIALS, "invalid_client", "app must be installed into org", "app-not-installed"),
    (CREDENTIALS, "invalid_client_id", "client identifier invalid", "invalid-client-id"),
    (CREDENTIALS, "invalid_grant", "something new", "invalid-grant"),
    (REFRESH, "invalid_grant", "expired access/refresh token", "refresh-token-ended"),
    (REFRESH, "unsupported_grant_type", "grant type not supported", "refresh-token-off"),
    (REFRESH, "unauthorized_client", "", "refresh-token-off"),
    (REFRESH, "invalid_scope", "", "refresh-token-off"),
    (REFRESH, "invalid_client", "invalid client", "invalid-client-secret"),
    (
        REFRESH,
        "invalid_grant",
        "authentication failure - invalid client credentials",
        "invalid-client-secret",
    ),
    (REFRESH, "invalid_grant", "authentication failure", "authentication-failure"),
    (REFRESH, "invalid_grant", "ip restricted", "ip-or-hours-restricted"),
    (REFRESH, "inactive_user", "user is inactive", "inactive-user"),
]
# A page in Setup, or else something that can be done at once.
ACTION = re.compile(r"Setup > [A-Z]|Set |Run again|Wait |Ask ")


@pytest.mark.parametrize(
    ("error", "description", "code"), KNOWN, ids=[f"{e}: {d}" for e, d, _ in KNOWN]
)
def test_known_refusals(error: str, description: str, code: str) -> None:
    """Each refusal that Salesforce is known to give has its code, its cause and its fix."""
    problem = explain(error, description)
    assert problem is not UNKNOWN
    assert problem.code == code
    assert ACTION.search(problem.fix)


@pytest.mark.parametrize(("flow", "error", "description", "code"), KNOWN_BY_SECRET)
def test_known_refusals_of_a_secret(flow: Flow, error: str, description: str, code: str) -> None:
    """So it is with the app's secret, and with a refresh token."""
    assert explain(error, description, flow).code == code


def test_every_problem_is_in_the_tables_above() -> None:
    """No problem stands in the list that nothing leads to."""
    known = {explain(error, description) for error, description, _ in KNOWN}
    known |= {explain(error, description, flow) for flow, error, description, _ in KNOWN_BY_SECRET}
    assert known == set(PROBLEMS)


def test_who_has_no_key_is_told_nothing_of_keys() -> None:
    """Nor is anybody told of a secret who has none."""
    of_keys = re.compile(r"assertion|audience|\bkey\b|certificate|JWT|username", re.IGNORECASE)
    for problem in PROBLEMS:
        assert problem.flows in (ANY_FLOW, BY_KEY) or problem.flows <= BY_SECRET
        said = re.sub("consumer key", "", f"{problem.cause} {problem.fix}", flags=re.IGNORECASE)
        assert not of_keys.search(said) or problem.flows == BY_KEY, said
        assert "client_secret" not in said or problem.flows <= BY_SECRET


@pytest.mark.parametrize(
    "problem", [*PROBLEMS, UNKNOWN], ids=lambda p: f"{p.error}: {p.description}"
)
def test_each_problem_can_be_shown(problem: SignInProblem) -> None:
    """A cause is a sentence, a fix says what to do, and a code is in kebab case."""
    assert problem.cause.endswith(".")
    assert problem.fix.endswith(".")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", problem.code)
    assert ACTION.search(problem.fix)


@pytest.mark.parametrize("code", ["user-not-approved", "app-access-denied", "invalid-client-id"])
def test_the_page_of_the_app_is_named_in_both_kinds(code: str) -> None:
    """External Client Apps come first, and Connected Apps are named as well."""
    fix = next(problem.fix for problem in PROBLEMS if problem.code == code)
    assert "External Client App Manager" in fix
    assert "Connected App" in fix


def test_username_is_not_the_email() -> None:
    """Who is told that the user is not approved is told what Username means."""
    assert "not the e-mail" in explain("invalid_grant", "user hasn't approved this consumer").fix


def test_case_does_not_matter() -> None:
    """Salesforce writes one text in several ways."""
    assert explain("invalid_grant", "AUDIENCE IS INVALID").code == "audience-invalid"


@pytest.mark.parametrize(
    ("error", "description"),
    [("brand_new_error", "of next year"), ("", ""), ("unknown_error", "something else")],
)
def test_a_refusal_of_tomorrow(error: str, description: str) -> None:
    """What is not known is said to be unknown, with the page that names the reason."""
    assert all(explain(error, description, flow) is UNKNOWN for flow in (*Flow, None))
    assert "Login History" in UNKNOWN.fix


@given(st.text(), st.text(), st.sampled_from([*Flow, None]))
@some_examples
def test_any_answer_has_an_explanation(error: str, description: str, flow: Flow | None) -> None:
    """Whatever the endpoint says, there is something to tell."""
    assert explain(error, description, flow) in (*PROBLEMS, UNKNOWN)
