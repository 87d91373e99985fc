"""OAuth client credentials end to end: what the org is sent, and what the user is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org.conditions import faults
from tests.support.check_report import lines
from tests.support.secret_sign_in import forms, secret_of
from tests.support.told import GONE, assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


def test_it_reads(org: LocalOrg, tap: TapRunner) -> None:
    """The consumer key and its secret, and nothing else; describes are kept by the user's Id."""
    rows = org.store.seed("Account", 3)
    cache = {"discovery_cache": str(tap.folder / "cache")}
    run = tap.sync(objects=["Account"], **secret_of(org), **cache)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert forms(org) == [
        {
            "grant_type": "client_credentials",
            "client_id": org.client_id,
            "client_secret": org.identity.client_secret,
        }
    ]
    assert len(list((tap.folder / "cache").glob("*.sqlite"))) == 1


def test_a_session_that_ends_is_renewed(org: LocalOrg, tap: TapRunner) -> None:
    """One more sign-in, and no row is lost or doubled."""
    org.settings.page_rows = 4
    rows = org.store.seed("Account", 10, hurt=False)
    org.faults.add("GET /query/*", faults.before(org.expire_tokens))
    run = tap.sync(objects=["Account"], start_date="1990-01-01", **secret_of(org))
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert len(forms(org)) == 2


def test_a_store_needs_no_username(org: LocalOrg, tap: TapRunner) -> None:
    """It is that of the org, whoever signs in."""
    org.store.seed("Account", 1)
    settings = {"objects": ["Account"], "reconcile_store": str(tap.folder / "store")}
    first = tap.sync(**secret_of(org), **settings)
    assert first.exit_code == 0, first.log
    second = tap.sync(state=first.state, **settings)
    assert second.exit_code == 0, second.log


REFUSALS = {
    "no run as user": "no-run-as-user",
    "other domain": "wrong-sign-in-domain",
    "flow off": "client-credentials-off",
    "grant type": "client-credentials-off",
    "client": "invalid-client-secret",
    "client id": "invalid-client-id",
    "must be installed": "app-not-installed",
    "authentication failure": "authentication-failure",
    "inactive user": "inactive-user",
}


@pytest.mark.parametrize(("reason", "code"), REFUSALS.items(), ids=list(REFUSALS))
def test_a_refusal_is_that_of_this_flow(
    org: LocalOrg, tap: TapRunner, reason: str, code: str
) -> None:
    """Exit code 3, with the page in Setup, and no word of what only a key needs."""
    org.settings.token_error = TOKEN_ERRORS[reason]
    run = tap.sync(objects=["Account"], **secret_of(org))
    assert run.exit_code == 3
    (told,) = [line for line in run.log.splitlines() if "ERROR" in line]
    assert told.endswith(f"[{code}]")
    assert f"signed in with client_id and client_secret at {org.url}" in told
    assert "Setup" in told
    assert not [word for word in ("assertion", "audience", "certificate", "JWT") if word in told]


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        ("run_as_user", "no-run-as-user"),
        ("client_credentials_flow", "client-credentials-off"),
        ("app_installed", "app-not-installed"),
    ],
)
def test_an_app_that_is_not_set_up(org: LocalOrg, tap: TapRunner, switch: str, code: str) -> None:
    """What an administrator forgot is what the message names."""
    setattr(org.settings, switch, False)
    run = tap.sync(objects=["Account"], **secret_of(org))
    assert (run.exit_code, run.log.rstrip()[-len(code) - 1 : -1]) == (3, code)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("3MVG9.Something", ["client_secret holds the consumer key"]),
        ("Consumer Secret: x", ["client_secret holds blanks"]),
    ],
    ids=["the key instead", "a line of a page"],
)
def test_a_secret_that_is_none(
    org: LocalOrg, tap: TapRunner, secret: str, words: list[str]
) -> None:
    """It is told before anything is sent."""
    config = config_file(org, tap, {**secret_of(org), "client_secret": secret})
    assert_told(tap.command("--config", config), *words, code="invalid-setting")
    assert org.journal.calls() == []


def test_what_is_not_used_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """The user is the one whom the app names, whatever username says."""
    given = {
        **secret_of(org),
        "username": "somebody@else.example",
        "jwt_audience": "https://x.example",
    }
    run = tap.sync(objects=["Account"], **given)
    assert run.exit_code == 0, run.log
    assert run.log.count("Not used: username and jwt_audience. client_secret signs in as") == 1


def test_check_says_which_way_it_is(org: LocalOrg, tap: TapRunner) -> None:
    """There is no key to look at, and the user is whom Salesforce tells."""
    config = tap.config(objects=["Account"], **secret_of(org))
    run = tap.command("check", "--config", config)
    assert run.exit_code == 0, run.stdout
    found = lines(run)
    assert found["settings"] == f"an app with its secret at {org.url}"
    assert found["client secret"] == (
        "given; the app signs in as the user whom its policies name (Run As)"
    )
    assert org.username in found["identity"]
    assert "key" not in found


CONTRADICTIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a key": ({"private_key": "x"}, ["private_key and client_secret are both given"]),
    "a key's path": (
        {"private_key_path": "k.pem"},
        ["private_key_path and client_secret are both given"],
    ),
    "a key beside a refresh token": (
        {"private_key": "x", "client_secret": GONE, "refresh_token": "t"},
        ["private_key and refresh_token are both given"],
    ),
    "a session": (
        {"access_token": "t", "client_id": GONE},
        ["access_token and client_secret are both given"],
    ),
    "two refresh tokens": (
        {"refresh_token": "t", "refresh_token_path": "f"},
        ["refresh_token and refresh_token_path are both given"],
    ),
    "a refresh token alone": (
        {"client_secret": GONE, "refresh_token": "t"},
        ["refresh_token is given, and client_secret is not"],
    ),
    "no consumer key": ({"client_id": GONE}, ["client_id", "missing"]),
}


@pytest.mark.parametrize(("changes", "words"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_two_ways_at_once(
    org: LocalOrg, tap: TapRunner, changes: dict[str, Any], words: list[str]
) -> None:
    """One sentence that names the settings, before anything is sent."""
    config = config_file(org, tap, {**secret_of(org), **changes})
    assert_told(tap.command("--config", config), *words)
    assert org.journal.calls() == []
