"""That every run of these tests is searched for secrets, and that the search finds them."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tap_versionforge_salesforce.errors import TapError
from tests.support import canaries, keys
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
FORMS = [
    pytest.param(lambda secret: secret, id="as it is"),
    pytest.param(lambda secret: quote(secret, safe=""), id="URL"),
    *(
        pytest.param(
            lambda secret, n=n: base64.b64encode(("x" * n + secret + "y").encode()).decode(),
            id=f"base64 from {n}",
        )
        for n in range(3)
    ),
]


def key_line(org: LocalOrg) -> str:
    return org.private_key_pem.splitlines()[5]


def signature(org: LocalOrg) -> str:
    # What stands before it has the consumer key in it, in base64.
    return next(canaries.sent_assertions(org)).rpartition(".")[2]


KINDS = [
    pytest.param("private key", key_line, id="key"),
    pytest.param("consumer key", lambda org: org.client_id, id="consumer key"),
    pytest.param("passphrase", lambda _: keys.PASSPHRASE, id="passphrase"),
    pytest.param("access token", lambda org: org.tokens.issued[0], id="token"),
    pytest.param("access token", lambda org: org.tokens.issued[0][:60], id="half a token"),
    pytest.param("assertion", signature, id="assertion"),
    pytest.param("client secret", lambda org: org.identity.client_secret, id="client secret"),
    pytest.param(
        "refresh token", lambda org: org.oauth.by_secret.refresh_token, id="refresh token"
    ),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("kind", "secret"), KINDS)
def test_every_form_of_a_secret_is_found(
    org: LocalOrg,
    tap: TapRunner,
    *,
    form: Callable[[str], str],
    kind: str,
    secret: Callable[[LocalOrg], str],
) -> None:
    """As it is, in a URL, and in base64 wherever that begins; and nothing else is found."""
    tap.command("check", "--config", tap.config(objects=["Account"]))
    secrets = list(canaries.of_org(org))
    assert canaries.shown(secrets, f"before {form(secret(org))} behind") == {kind}
    assert canaries.shown(secrets, "before and behind") == set()


@pytest.mark.parametrize(("kind", "secret"), KINDS)
def test_secret_in_a_row_is_found(
    org: LocalOrg, tap: TapRunner, *, kind: str, secret: Callable[[LocalOrg], str]
) -> None:
    """A run that shows a secret on stdout fails its test, which names the kind and no more.

    What is planted is a row: the tap has to pass on what is in it.
    """
    org.settings.same_token_while_alive = True
    tap.discover(objects=["Account"])
    planted = secret(org)
    org.store.insert("Account", [{"Description": planted}], stamp=LAST_WEEK)
    with pytest.raises(AssertionError, match=f"^stdout shows the {kind}$") as caught:
        tap.sync(objects=["Account"])
    assert planted not in str(caught.value)


def test_secret_in_a_file_is_found(org: LocalOrg, tap: TapRunner) -> None:
    """Files that a run writes are searched as well, packed ones too."""
    org.store.insert("Account", [{"Description": key_line(org)}], stamp=LAST_WEEK)
    folder = tap.folder / "files"
    files = {"storage": {"root": folder.as_uri()}}
    with pytest.raises(AssertionError, match=r"^Account-\S+\.json\.gz shows the private key$"):
        tap.sync(objects=["Account"], batch_config=files)


def test_secret_in_the_log_is_found(org: LocalOrg, tap: TapRunner) -> None:
    """What a user has put into the wrong setting stands in the error, and is found there."""
    with pytest.raises(AssertionError, match="log shows the private key; an error shows"):
        tap.sync(objects=["Account"], start_date=key_line(org))


def test_secret_in_the_log_of_a_process_is_found(org: LocalOrg, tap: TapRunner) -> None:
    """The executable that is started as a process of its own is watched like any other run."""
    config = tap.config(objects=["Account"], start_date=key_line(org))
    with (
        started(tap, "--config", config) as process,
        pytest.raises(AssertionError, match="log shows the private key"),
    ):
        finished(process)


def test_secret_in_an_error_that_nobody_tells_is_found(org: LocalOrg, tap: TapRunner) -> None:
    """An error that is caught inside of the tap says no secret either."""
    watch = canaries.Watch(org, {}, tap.folder)
    TapError(f"No use for {key_line(org)}.", hint="Run again.")
    with pytest.raises(AssertionError, match=r"^an error shows the private key$"):
        watch.assert_nothing_shown()


def test_a_refresh_token_may_stand_in_its_file_alone(org: LocalOrg, tap: TapRunner) -> None:
    """Where the tap has to write it; the next one is searched for everywhere else."""
    path, beside = tap.folder / "token", tap.folder / "beside"
    watch = canaries.Watch(org, {"refresh_token_path": str(path)}, tap.folder)
    path.write_text(org.oauth.by_secret.approve(), encoding="utf-8")
    watch.assert_nothing_shown()
    beside.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"^beside shows the refresh token$"):
        watch.assert_nothing_shown()


def test_key_of_the_config_is_a_secret(tap: TapRunner) -> None:
    """The key that was given is searched for, not only the one that the org knows."""
    line = keys.other().splitlines()[3]
    path = tap.file("other.pem", keys.other())
    for settings in ({"private_key": keys.other()}, {"private_key_path": path}):
        assert canaries.shown(canaries.of_settings(settings), f"… {line} …") == {"private key"}
