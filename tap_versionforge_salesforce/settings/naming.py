"""The names of settings: those of other extractors, and those that do not exist."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import closest
from tap_versionforge_salesforce.settings.other_taps import (
    IN_PLACE,
    is_of_another_tap,
    taken_over,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

#: Of the environment variables that stand for settings.
VARIABLE_PREFIX = "TAP_VERSIONFORGE_SALESFORCE_"
# Names under which the same settings are known elsewhere; a credential copied from there works.
ALIASES = {
    "instanceUrl": "instance_url",
    "clientId": "client_id",
    "privateKey": "private_key",
    "login_url": "jwt_audience",
    "streams_to_discover": "objects",
    "lookback_window": "lookback_seconds",
}


def resolve_aliases(config: Mapping[str, object]) -> dict[str, object]:
    """Return the config with every alias under its own name, and those of other taps taken over.

    Raises:
        SettingsError: A setting is given under two names with different values, or another tap's
            contradicts one of this one's.
    """
    resolved = dict(config)
    for alias, name in ALIASES.items():
        if alias not in resolved:
            continue
        value = resolved.pop(alias)
        if value in (None, ""):
            resolved.setdefault(name, value)
            continue
        if resolved.get(name) not in (None, "", value):
            message = f"The settings {name} and {alias} mean the same, but have different values."
            raise SettingsError(message, hint=f"Keep {name} and remove {alias}.")
        resolved[name] = value
    return taken_over(resolved)


@contextmanager
def told_as_given(config: Mapping[str, object]) -> Iterator[None]:
    """Let an error of the block name a setting as the user has written it.

    Args:
        config: As it was given.

    Raises:
        SettingsError: That of the block; a missing setting in a config of another tap has the page
            about coming from there.
    """
    try:
        yield
    except SettingsError as error:
        message, hint = error.message, error.hint
        for alias, name in ALIASES.items():
            begin = f"The setting {name} "
            if config.get(alias) not in (None, "") and message.startswith(begin):
                message = f"The setting {alias} (here {name}) {message.removeprefix(begin)}"
        if error.code == "missing-setting" and is_of_another_tap(config):
            hint = f"{hint} docs/how-to/migrating.md has the settings of other taps side by side."
        raise error.reworded(message, hint=hint) from None


def unknown_settings(config: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """Return a warning for each setting that the tap does not have.

    Args:
        config: The config, aliases resolved.
        known: Names of all settings, the SDK's included.
    """
    names = sorted(known)
    return [_unknown("setting", name, names) for name in sorted(set(config) - set(names))]


def unknown_variables(
    environment: Mapping[str, str], prefix: str, known: Iterable[str]
) -> Iterator[str]:
    """Yield a warning for each environment variable that looks like a setting and is none.

    Args:
        environment: Variables by name.
        prefix: Of those that stand for settings.
        known: Names of all settings, the SDK's included.
    """
    names = [f"{prefix}{name.upper()}" for name in (*known, *ALIASES)]
    for name in sorted(set(environment) - set(names)):
        # Behind two underscores Meltano has what it knows of the plugin.
        if name.startswith(prefix) and not name.startswith(f"{prefix}_"):
            yield _unknown("environment variable", name, names)


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    if what == "setting" and name in IN_PLACE:
        return f"The setting {name} of other taps does nothing here; in its place: {IN_PLACE[name]}"
    near = closest(name, known)
    advice = "--about lists all settings." if near is None else f"did you mean {near}?"
    return f"The {what} {name} is unknown and does nothing; {advice}"
