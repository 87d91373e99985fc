"""The local org's token endpoint: real signatures, Salesforce's own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org_tests.caller import GRANT_TYPE, TOKEN_PATH, assertion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller


@pytest.fixture(scope="module")
def foreign_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def test_a_good_assertion_gets_a_token(org: LocalOrg, stranger: Caller) -> None:
    """The answer has no expires_in or refresh_token, and the token starts with the org id."""
    answer = stranger.ask_token()
    content = answer.json()
    assert answer.status_code == 200
    assert set(content) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert content["instance_url"] == org.url
    assert content["access_token"][:16] == f"{org.identity.organization_id[:15]}!"
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Sforce-Limit-Info" not in answer.headers


def _seconds(org: LocalOrg, ahead: int) -> int:
    return int(org.clock.now().timestamp()) + ahead


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param(lambda _: {"iss": "another"}, "client id", id="iss"),
        pytest.param(lambda _: {"sub": "nobody@example.com"}, "not approved", id="sub"),
        pytest.param(lambda _: {"sub": None}, "not approved", id="no sub"),
        pytest.param(lambda _: {"prn": "nobody@example.com"}, "not approved", id="prn wins"),
        pytest.param(lambda _: {"aud": "https://test.salesforce.com"}, "audience", id="aud"),
        pytest.param(
            lambda _: {"aud": ["https://login.salesforce.com"]}, "audience", id="aud list"
        ),
        pytest.param(lambda org: {"exp": _seconds(org, -1)}, "expired", id="past"),
        pytest.param(lambda org: {"exp": _seconds(org, 200)}, "assertion", id="too far"),
        pytest.param(lambda org: {"exp": _seconds(org, 100) * 1000}, "assertion", id="ms"),
        pytest.param(lambda _: {"exp": None}, "assertion", id="no exp"),
    ],
)
def test_wrong_claims_are_refused_in_salesforces_words(
    org: LocalOrg,
    stranger: Caller,
    claims: Callable[[LocalOrg], dict[str, Any]],
    reason: str,
) -> None:
    answer = stranger.ask_token(grant_type=GRANT_TYPE, assertion=assertion(org, **claims(org)))
    error, description = TOKEN_ERRORS[reason]
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_a_signature_by_another_key_is_refused(
    org: LocalOrg, stranger: Caller, foreign_key: str
) -> None:
    answer = stranger.ask_token(grant_type=GRANT_TYPE, assertion=assertion(org, key=foreign_key))
    assert answer.json()["error_description"] == "invalid assertion"


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        pytest.param({"assertion": "x"}, "no grant type", id="no grant type"),
        pytest.param({"grant_type": "password"}, "grant type", id="other grant type"),
        pytest.param({"grant_type": GRANT_TYPE}, "no assertion", id="no assertion"),
        pytest.param({"grant_type": GRANT_TYPE, "assertion": "a.b.c"}, "assertion", id="garbage"),
    ],
)
def test_a_bad_form_is_refused(stranger: Caller, form: dict[str, str], reason: str) -> None:
    content = stranger.ask_token(**form).json()
    assert (content["error"], content["error_description"]) == TOKEN_ERRORS[reason]


def test_the_token_endpoint_wants_post(stranger: Caller) -> None:
    answer = stranger.get(TOKEN_PATH)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_lenient_expiry_takes_what_real_clients_send(org: LocalOrg, stranger: Caller) -> None:
    """simple-salesforce sends a string, Salesforce's own CLI milliseconds."""
    org.settings.strict_expiry = False
    for expiry in (str(_seconds(org, 100)), _seconds(org, 300) * 1000, _seconds(org, 9_000)):
        answer = stranger.ask_token(grant_type=GRANT_TYPE, assertion=assertion(org, exp=expiry))
        assert answer.status_code == 200


def test_the_orgs_clock_decides_about_expiry(org: LocalOrg, stranger: Caller) -> None:
    """A client whose clock is behind the org's is refused, and the Date header says why."""
    late = assertion(org)
    org.clock.advance(300)
    answer = stranger.ask_token(grant_type=GRANT_TYPE, assertion=late)
    assert answer.json()["error_description"] == "expired authorization code"
    assert answer.headers["Date"] == f"{org.clock.now():%a, %d %b %Y %H:%M:%S} GMT"


def test_a_sandbox_takes_the_sandbox_audience_only(org: LocalOrg, stranger: Caller) -> None:
    org.settings.sandbox = True
    assert stranger.ask_token().json()["error_description"] == "audience is invalid"
    sandbox = assertion(org, aud="https://test.salesforce.com")
    assert stranger.ask_token(grant_type=GRANT_TYPE, assertion=sandbox).status_code == 200


def test_an_assertion_with_a_jti_works_once(org: LocalOrg, stranger: Caller) -> None:
    once = assertion(org, jti="1")
    assert stranger.ask_token(grant_type=GRANT_TYPE, assertion=once).status_code == 200
    assert stranger.ask_token(grant_type=GRANT_TYPE, assertion=once).status_code == 400


@pytest.mark.parametrize(
    ("switch", "reason"),
    [
        ("user_active", "inactive user"),
        ("user_approved", "not approved"),
        ("app_installed", "app not found"),
    ],
)
def test_states_of_the_user_and_the_app(
    org: LocalOrg, stranger: Caller, switch: str, reason: str
) -> None:
    setattr(org.settings, switch, False)
    content = stranger.ask_token().json()
    assert (content["error"], content["error_description"]) == TOKEN_ERRORS[reason]


@pytest.mark.parametrize("reason", sorted(TOKEN_ERRORS))
def test_every_error_can_be_scripted(org: LocalOrg, stranger: Caller, reason: str) -> None:
    """Once, and then sign-in works: "retry your request" is such a one."""
    org.settings.token_error = TOKEN_ERRORS[reason]
    org.settings.token_error_times = 1
    answer = stranger.ask_token()
    assert answer.status_code == 400
    assert tuple(answer.json().values()) == TOKEN_ERRORS[reason]
    assert stranger.ask_token().status_code == 200


def test_a_token_dies_of_idleness_and_activity_keeps_it(org: LocalOrg, caller: Caller) -> None:
    for _ in range(3):
        org.clock.advance(7_000)
        assert caller.get("/sobjects").status_code == 200
    org.clock.advance(7_201)
    answer = caller.get("/sobjects")
    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_all_tokens_can_be_ended(org: LocalOrg, caller: Caller) -> None:
    org.expire_tokens()
    assert caller.get("/sobjects").status_code == 401
    caller.sign_in()
    assert caller.get("/sobjects").status_code == 200


def test_a_second_sign_in_may_get_the_same_token(org: LocalOrg, stranger: Caller) -> None:
    assert stranger.sign_in() != stranger.sign_in()
    org.settings.same_token_while_alive = True
    assert stranger.sign_in() == stranger.sign_in()


def test_a_request_without_a_token(stranger: Caller) -> None:
    answer = stranger.get("/sobjects")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_AUTH_HEADER")


def test_the_identity_is_told_under_two_addresses(org: LocalOrg, caller: Caller) -> None:
    """Neither counts as an API call."""
    by_name = caller.get("/services/oauth2/userinfo").json()
    by_id = caller.get(by_name["sub"].removeprefix(org.url)).json()
    assert by_name == by_id
    assert by_name["preferred_username"] == org.username
    assert org.journal.api_calls == 0


def test_the_identity_is_not_told_to_strangers(stranger: Caller) -> None:
    answer = stranger.get("/services/oauth2/userinfo")
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")


# With the app's secret


def _secret(org: LocalOrg, grant_type: str, **more: str) -> dict[str, str]:
    app = {"client_id": org.client_id, "client_secret": org.identity.client_secret}
    return {"grant_type": grant_type, **app, **more}


def test_an_app_signs_in_with_its_secret(org: LocalOrg, stranger: Caller) -> None:
    """The token is good, and no refresh token comes with it."""
    content = stranger.ask_token(**_secret(org, "client_credentials")).json()
    assert content["scope"] == "api"
    assert "refresh_token" not in content
    assert org.tokens.is_live(content["access_token"])


@pytest.mark.parametrize(
    ("switches", "changes", "reason"),
    [
        ({"run_as_user": False}, {}, "no run as user"),
        ({"client_credentials_flow": False}, {}, "flow off"),
        ({"app_installed": False}, {}, "must be installed"),
        ({"user_active": False}, {}, "inactive user"),
        ({}, {"client_secret": "another"}, "client"),
        ({}, {"client_id": "another"}, "client id"),
    ],
    ids=str,
)
def test_a_secret_is_refused_in_salesforces_words(
    org: LocalOrg,
    stranger: Caller,
    switches: dict[str, bool],
    changes: dict[str, str],
    reason: str,
) -> None:
    for name, value in switches.items():
        setattr(org.settings, name, value)
    answer = stranger.ask_token(**_secret(org, "client_credentials") | changes)
    assert answer.status_code == 400
    assert tuple(answer.json().values()) == TOKEN_ERRORS[reason]


def test_a_refresh_token_lasts_where_it_does_not_rotate(org: LocalOrg, stranger: Caller) -> None:
    form = _secret(org, "refresh_token", refresh_token=org.oauth.by_secret.refresh_token)
    for _ in range(2):
        content = stranger.ask_token(**form).json()
        assert org.tokens.is_live(content["access_token"])
        assert "refresh_token" not in content


def test_a_refresh_token_that_rotates_is_good_once(org: LocalOrg, stranger: Caller) -> None:
    """Whoever sends it again ends the next one as well, and every session with it."""
    org.settings.rotate_refresh_tokens = True
    first = org.oauth.by_secret.refresh_token
    content = stranger.ask_token(**_secret(org, "refresh_token", refresh_token=first)).json()
    second = content["refresh_token"]
    assert second not in ("", first)
    again = stranger.ask_token(**_secret(org, "refresh_token", refresh_token=first))
    assert tuple(again.json().values()) == TOKEN_ERRORS["expired token"]
    assert not org.tokens.is_live(content["access_token"])
    late = stranger.ask_token(**_secret(org, "refresh_token", refresh_token=second))
    assert tuple(late.json().values()) == TOKEN_ERRORS["expired token"]
