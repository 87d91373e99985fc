"""The programs of others that `setup` asks or tells: the Salesforce CLI, and Meltano."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.authenticator import is_sendable
from tap_versionforge_salesforce.salesforce.support.redaction import one_line, remember_secrets
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Sequence

# Both are slow to start; the Salesforce CLI may renew a session first.
_LONGEST_SECONDS = 180
_SF, _MELTANO = "sf", "meltano"
_TAP = TapVersionForgeSalesforce.name


@dataclass(frozen=True, slots=True)
class SfOrg:
    """An org that the Salesforce CLI is signed in to.

    Attributes:
        instance_url: As the CLI shows it.
        username: Of who is signed in.
        access_token: Of the session.
    """

    instance_url: str
    username: str
    access_token: str = field(repr=False)


def has_sf() -> bool:
    """Tell whether the Salesforce CLI is there."""
    return shutil.which(_SF) is not None


def sf_org(alias: str) -> SfOrg:
    """Return an org of the Salesforce CLI, with the token of its session.

    From version 2.136 on ``org display`` hides the token, and ``org auth show-access-token`` shows
    it; before, there is only the former (salesforcecli/plugin-org, pull requests 1667 and 1673).

    Args:
        alias: Or username; empty for the CLI's own default org.

    Raises:
        SettingsError: The CLI is not there, or does not know the org.
    """
    target = ["--target-org", alias] if alias else []
    shown = _asked_of_sf(["org", "display", *target, "--json"])
    token = shown.get("accessToken")
    if not _is_token(token):
        command = ["org", "auth", "show-access-token", *target, "--no-prompt", "--json"]
        token = _asked_of_sf(command).get("accessToken")
    url = shown.get("instanceUrl")
    if not _is_token(token) or not isinstance(url, str):
        raise SettingsError(
            "The Salesforce CLI shows no access token or no address of that org.",
            hint="Look at what `sf org display` says, and sign in again with `sf org login web`.",
            code="sf-cli-failed",
        )
    remember_secrets(str(token))
    return SfOrg(url, str(shown.get("username") or ""), str(token))


def _is_token(value: object) -> bool:
    # In place of one that it hides, the CLI has a sentence.
    return isinstance(value, str) and is_sendable(value)


def _asked_of_sf(arguments: Sequence[str]) -> dict[str, object]:
    ended = _run([_SF, *arguments])
    answer = _json_in(ended.stdout)
    result = answer.get("result")
    if ended.returncode or not isinstance(result, dict):
        said = one_line(answer.get("message") or ended.stderr or "nothing")
        raise SettingsError(
            f"The Salesforce CLI has failed at `{_SF} {arguments[0]} {arguments[1]}`: {said}",
            hint="Name an org that `sf org list` shows, or sign in to it with `sf org login web`.",
            code="sf-cli-failed",
        )
    return result


def _json_in(text: str) -> dict[str, object]:
    # What a plugin prints may stand before it, or behind it.
    start = text.find("{")
    try:
        found = json.JSONDecoder().raw_decode(text, start)[0] if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def settings_in_meltano() -> dict[str, object]:
    """Return what the Meltano project of this folder has set for the tap; secrets are hidden in it.

    Raises:
        SettingsError: Meltano is not there, or the folder is no project with the tap in it.
    """
    return _json_in(_asked_of_meltano(["print", _TAP], "shows no settings of the tap"))


def set_in_meltano(name: str, value: str) -> None:
    """Set one setting of the tap in the Meltano project of this folder.

    Raises:
        SettingsError: Meltano refuses.
    """
    # Not as an argument: those are seen by others, and one that begins with a dash is an option.
    command = ["set", "--from-file", "-", _TAP, name]
    _asked_of_meltano(command, f"does not take the setting {name}", value)


def unset_in_meltano(names: Sequence[str]) -> None:
    """Take settings of the tap out of the Meltano project of this folder.

    Raises:
        SettingsError: Meltano refuses.
    """
    _asked_of_meltano(["unset", _TAP, *names], f"does not let go of {', '.join(names)}")


def _asked_of_meltano(arguments: Sequence[str], trouble: str, given: str = "") -> str:
    ended = _run([_MELTANO, "config", *arguments], given)
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()
        told = [line for line in lines if "rror" in line] or lines or ["nothing"]
        raise SettingsError(
            f"Meltano {trouble}: {one_line(told[-1])}",
            hint=f"See that this folder is a Meltano project with the extractor {_TAP} "
            "(`meltano add`), or give another --output.",
            code="meltano-config-failed",
        )
    return ended.stdout


def _found(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise SettingsError(
            f"There is no program {name} on the PATH.",
            hint="Install it, or go on without it: `setup` takes every answer by itself.",
            code="program-missing",
        )
    return program


def _run(command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    program = _found(command[0])
    # Colours would stand in its JSON.
    environment = {n: v for n, v in os.environ.items() if n != "FORCE_COLOR"} | {"NO_COLOR": "1"}
    try:
        return subprocess.run(  # noqa: S603  no shell: each argument stays one
            [program, *command[1:]],
            env=environment,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or f"no end after {_LONGEST_SECONDS} seconds"
        raise SettingsError(
            f"The program {command[0]} can't be run ({reason}).",
            hint="Try it by itself, or go on without it.",
            code="program-missing",
        ) from None
