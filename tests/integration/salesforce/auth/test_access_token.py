"""An access token in place of a key: the same rows, until its session ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults
from tests.local_org_tests.caller import Caller
from tests.support.told import GONE, assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

NO_KEY: dict[str, Any] = {"client_id": None, "username": None, "private_key": None}


@pytest.fixture
def token(org: LocalOrg) -> str:
    """Return that of a user who is signed in."""
    with Caller(org) as caller:
        return caller.sign_in()


@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param("{}", id="alone"),
        pytest.param("Bearer {}\n", id="with what stands before it in a header"),
        pytest.param(" {} ", id="between blanks"),
    ],
)
def test_it_reads(org: LocalOrg, tap: TapRunner, token: str, spelled: str) -> None:
    """No app, no key, no user: the token is all there is to a sign-in."""
    rows = org.store.seed("Account", 3)
    run = tap.sync(objects=["Account"], access_token=spelled.format(token), **NO_KEY)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert org.tokens.issued == [token]


def test_a_backslash_of_a_shell_is_none_of_it(org: LocalOrg, tap: TapRunner, token: str) -> None:
    """Where "!" is typed as "\\!", the token comes with the backslash."""
    rows = org.store.seed("Account", 1)
    escaped = token.replace("!", "\\!")
    run = tap.sync(objects=["Account"], access_token=escaped, **NO_KEY)
    assert run.ids("Account") == rows


def test_check_shows_whose_it_is(org: LocalOrg, tap: TapRunner, token: str) -> None:
    """There is no key to look at; the user and the org are those of the token."""
    org.store.seed("Account", 1)
    config = tap.config(objects=["Account"], access_token=token, **NO_KEY)
    run = tap.command("check", "--config", config)
    assert run.exit_code == 0, run.stdout
    assert org.identity.user_id in run.stdout
    assert org.identity.organization_id in run.stdout
    assert "never renewed" in run.stdout


def test_the_store_is_that_of_its_org(org: LocalOrg, tap: TapRunner, token: str) -> None:
    """Whose the token is can't always be asked: an object tells the org's Id as well."""
    org.store.seed("Account", 1)
    org.faults.add("*/userinfo", faults.answer(403, b"Bad_OAuth_Token"), times=None)
    store = str(tap.folder / "store")
    config = {"objects": ["Account"], "reconcile_store": store}
    run = tap.sync(access_token=token, **NO_KEY, **config)
    assert run.exit_code == 0, run.log
    with_key = tap.sync(state=run.state, **config)
    assert with_key.exit_code == 0, with_key.log


@pytest.mark.parametrize("command", [(), ("check",), ("plan",), ("--discover",)])
def test_it_is_never_renewed(
    org: LocalOrg, tap: TapRunner, token: str, command: tuple[str, ...]
) -> None:
    """When its session is over, that is what is told, and how to get another one."""
    org.expire_tokens()
    config = tap.config(objects=["Account"], access_token=token, **NO_KEY)
    run = tap.command(*command, "--config", config)
    assert run.exit_code == 3, run.log
    said = run.log + run.stdout
    assert "does not accept the access_token" in said
    assert "show-access-token" in said
    assert "access-token-ended" in said


def test_a_session_that_ends_in_the_middle(org: LocalOrg, tap: TapRunner, token: str) -> None:
    """The run says why it could not go on, and no bookmark stands for rows that did not come."""
    org.store.seed("Account", 3)
    org.store.seed("Contact", 3)
    org.faults.add(faults.querying("Contact"), faults.before(org.expire_tokens))
    settings = {"composite_queries": False, "objects": ["Account", "Contact"]}
    run = tap.sync(access_token=token, **NO_KEY, **settings)
    assert run.exit_code == 3
    # Both are asked for at once, so that either can be the first.
    assert len(run.ids("Account")) == (3 if run.bookmark("Account") else 0)
    assert not run.ids("Contact")
    assert "does not accept the access_token" in run.log


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"access_token": "{}"}, ["access_token", "client_id", "both"], id="key too"),
        pytest.param(
            {**dict.fromkeys(NO_KEY, GONE), "access_token": "Access Token: {}"},
            ["access_token", "blanks"],
            id="a line of a table",
        ),
        pytest.param(dict.fromkeys(NO_KEY, GONE), ["client_id", "missing"], id="neither"),
    ],
)
def test_what_can_not_be_used(
    org: LocalOrg, tap: TapRunner, token: str, changes: dict[str, Any], words: list[str]
) -> None:
    """Two ways to sign in, a token that is none, and no way at all."""
    filled = {n: v.format(token) if isinstance(v, str) else v for n, v in changes.items()}
    run = tap.command("--config", config_file(org, tap, filled))
    assert_told(run, *words)
