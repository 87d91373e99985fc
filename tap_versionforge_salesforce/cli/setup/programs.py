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

if TYPE_CHECKING:
    from collections.abc import Sequence

# Both are slow to start; the Salesforce CLI may renew a session first.
_LONGEST_SECONDS = 180
_SF, _MELTANO = "sf", "meltano"
_TAP = "tap-versionforge-salesforce"


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
    # What a plugin prints may stand before it.
    start = text.find("{")
    try:
        found = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def set_in_meltano(name: str, value: str) -> None:
    """Set one setting of the tap in the Meltano project of this folder.

    Raises:
        SettingsError: Meltano is not there, or refuses.
    """
    ended = _run([_MELTANO, "config", "set", _TAP, name, value])
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).strip().splitlines()
        raise SettingsError(
            f"Meltano does not take the setting {name}: {one_line(lines[-1] if lines else '')}",
            hint=f"See that this folder is a Meltano project with the extractor {_TAP} "
            "(`meltano add`), or give another --output.",
            code="meltano-config-failed",
        )


def check_meltano() -> None:
    """See that Meltano is there.

    Raises:
        SettingsError: It is not.
    """
    _found(_MELTANO)


def _found(name: str) -> str:
    program = shutil.which(name)
    if program is None:
        raise SettingsError(
            f"There is no program {name} on the PATH.",
            hint="Install it, or go on without it: `setup` takes every answer by itself.",
            code="program-missing",
        )
    return program


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    program = _found(command[0])
    # Colours would stand in its JSON.
    environment = {n: v for n, v in os.environ.items() if n != "FORCE_COLOR"} | {"NO_COLOR": "1"}
    try:
        return subprocess.run(  # noqa: S603  no shell: each argument stays one
            [program, *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
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
