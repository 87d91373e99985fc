"""Why Salesforce refuses a sign-in, and the page in Setup that mends it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import (
    PROBLEMS,
    UNKNOWN,
    SignInProblem,
    explain,
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


def test_every_problem_is_in_the_table_above() -> None:
    """No problem stands in the list that nothing leads to."""
    assert {code for _, _, code in KNOWN} == {problem.code for problem in PROBLEMS}


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
    assert explain(error, description) is UNKNOWN
    assert "Login History" in UNKNOWN.fix


@given(st.text(), st.text())
@some_examples
def test_any_answer_has_an_explanation(error: str, description: str) -> None:
    """Whatever the endpoint says, there is something to tell."""
    assert explain(error, description) in (*PROBLEMS, UNKNOWN)
