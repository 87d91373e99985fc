"""A sign-in of the tap's own: the key, the app in Salesforce, its user, and whether it works."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.keygen import (
    DEFAULT_DAYS,
    DEFAULT_NAME,
    certificate_file,
    key_file,
    new_key_pair,
)
from tap_versionforge_salesforce.cli.setup import answers, app_guide
from tap_versionforge_salesforce.cli.setup.connection import (
    NEW_APP_SECONDS,
    connected_in_time,
    may_pass,
)
from tap_versionforge_salesforce.cli.setup.first_look import URL_QUESTION
from tap_versionforge_salesforce.error_lines import line_of
from tap_versionforge_salesforce.errors import SettingsError, TapError
from tap_versionforge_salesforce.salesforce.auth.certificate import certificate_end
from tap_versionforge_salesforce.salesforce.auth.hosts import checked_instance_url
from tap_versionforge_salesforce.salesforce.auth.key_pair import KEY_BITS
from tap_versionforge_salesforce.singer.remedies import name_settings
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from tap_versionforge_salesforce.cli.setup.talk import Talk
    from tap_versionforge_salesforce.salesforce.org import Org

_SECONDS_BETWEEN_LINES = 30
_CLIENT_ID_QUESTION, _USERNAME_QUESTION = (
    "Consumer key of the app",
    "Username of the integration user",
)


def choose_sign_in(talk: Talk) -> None:
    """Put into the config what a sign-in with a key needs.

    Raises:
        SettingsError: What was given can't be used, or a key can't be written.
    """
    talk.head("The org")
    url = talk.config.get("instance_url") or talk.answer(
        "instance_url", URL_QUESTION, checked_instance_url
    )
    talk.config["instance_url"] = checked_instance_url(url)
    talk.head("A key pair")
    _choose_key(talk, talk.given["private_key_path"] or _asked_key(talk))
    talk.head("An app in Salesforce")
    if not talk.given["client_id"]:
        _show_app(talk)
    talk.config["client_id"] = talk.answer(
        "client_id", _CLIENT_ID_QUESTION, answers.check_client_id
    )
    talk.config["username"] = talk.answer("username", _USERNAME_QUESTION, answers.check_username)


def signed_in(talk: Talk) -> Org:
    """Return the org, signed in to as the tap does it; whoever is there may mend what fails.

    Raises:
        TapError: It fails, and nobody is there, or wants to mend it.
    """
    talk.head("A sign-in, as the tap does it")
    wait_seconds = 60.0 * (talk.given["wait_minutes"] or 0)
    while True:
        try:
            org = connected_in_time(talk.config, wait_seconds, lambda left: _tell(talk, left))
        except TapError as error:
            talk.wipe()
            if talk.questions is None:
                raise
            name_settings(error)
            talk.say(line_of(error))
            wait_seconds = _mended(talk, error)
        else:
            talk.wipe()
            talk.say(f"Signed in at {org.url}.")
            return org


def _mended(talk: Talk, error: TapError) -> float:
    """Have something changed, and return for how many seconds it is to be tried again."""
    ways = {"wait": "Wait: a new app or certificate can take ten minutes"}
    ways = ways if may_pass(error) else {}
    ways["again"] = "Try again now"
    if "access_token" not in talk.config:
        ways |= {
            "client_id": "Give another consumer key",
            "username": "Give another username",
            "private_key_path": "Take another key",
        }
    ways |= {"instance_url": "Give another URL", "stop": "Stop here"}
    way = talk.asked.one_of("What now?", ways)
    if way == "stop":
        raise error
    if way == "wait":
        return NEW_APP_SECONDS
    if way == "client_id":
        talk.config[way] = talk.asked.text(_CLIENT_ID_QUESTION, check=answers.check_client_id)
    elif way == "username":
        talk.config[way] = talk.asked.text(_USERNAME_QUESTION, check=answers.check_username)
    elif way == "instance_url":
        url = talk.asked.text(URL_QUESTION, check=checked_instance_url)
        talk.config[way] = checked_instance_url(url)
    elif way == "private_key_path":
        _choose_key(talk, _asked_key(talk))
    return 0.0


def _tell(talk: Talk, left: float) -> None:
    if talk.shows_changes:
        minutes, seconds = divmod(round(left), 60)
        line = f"Not known yet; it is tried every half minute, for {minutes}:{seconds:02} more. "
        talk.console.print(line, end="\r")
    elif round(left) % _SECONDS_BETWEEN_LINES == 0:
        talk.say(f"Not known yet; it is tried every half minute, for {left:.0f} seconds more.")


def _choose_key(talk: Talk, path: str) -> None:
    passphrase = talk.given["private_key_passphrase"]
    if answers.is_encrypted(path) and not passphrase and talk.questions is not None:
        passphrase = talk.questions.secret(
            "Passphrase of the key", check=lambda text: answers.checked_key(path, text)
        )
    signing = answers.checked_key(path, passphrase)
    key = Path(path).expanduser().absolute()
    for name in ("private_key_passphrase", "certificate_path"):
        talk.config.pop(name, None)
    talk.config["private_key_path"] = str(key)
    if passphrase:
        talk.config["private_key_passphrase"] = passphrase
    # One of another key, or that has ended, is not what was uploaded.
    with suppress(SettingsError):
        now = TapVersionForgeSalesforce.clock.now()
        certificate_end(str(certificate_file(key)), signing, now=now)
        talk.config["certificate_path"] = str(certificate_file(key))


def _asked_key(talk: Talk) -> str:
    key = key_file(Path(), DEFAULT_NAME)
    ways = {"other": "Take a key that I have"}
    if key.exists():
        ways = {"here": f"Take {key}, which is here already"} | ways
    elif not certificate_file(key).exists():
        ways = {"new": f"Make a new pair here: {key} and {certificate_file(key)}"} | ways
    way = talk.asked.one_of("Which key does the tap sign with?", ways)
    if way == "other":
        return talk.asked.text("Path of the key", check=answers.is_encrypted)
    if way == "new":
        key, certificate, pair = new_key_pair(
            Path(), DEFAULT_NAME, days=DEFAULT_DAYS, bits=KEY_BITS[0]
        )
        talk.say(
            f"Made {key}, which only you can read, and {certificate}, which is good until "
            f"{pair.expires_at:%Y-%m-%d}."
        )
    return str(key)


def _show_app(talk: Talk) -> None:
    app = talk.given["app"] or talk.asked.one_of("Which app?", app_guide.APPS)
    certificate = talk.config.get("certificate_path")
    steps = app_guide.steps(
        app, talk.config["instance_url"], None if certificate is None else Path(certificate)
    )
    for number, step in enumerate(steps, 1):
        first, *to_paste = step.splitlines()
        talk.say(first, lead=f"{number:>2}. ")
        for line in to_paste:
            talk.say(line.strip(), lead="      ")
