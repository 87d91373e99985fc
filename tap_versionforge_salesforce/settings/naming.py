"""The names of settings: those of other extractors, and those that do not exist."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Names under which the same settings are known elsewhere; a credential copied from there works.
ALIASES = {
    "instanceUrl": "instance_url",
    "clientId": "client_id",
    "privateKey": "private_key",
    "login_url": "jwt_audience",
}


def resolve_aliases(config: Mapping[str, object]) -> dict[str, object]:
    """Return the config with every alias under its own name.

    Raises:
        SettingsError: A setting is given under two names with different values.
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
    return resolved


def unknown_settings(config: Mapping[str, object], known: Iterable[str]) -> list[str]:
    """Return a warning for each setting that the tap does not have.

    Args:
        config: The config, aliases resolved.
        known: Names of all settings, the SDK's included.
    """
    names = sorted(known)
    warnings = []
    for name in sorted(set(config) - set(names)):
        close = difflib.get_close_matches(name, names, n=1)
        advice = f"did you mean {close[0]}?" if close else "--about lists all settings."
        warnings.append(f"The setting {name} is unknown and does nothing; {advice}")
    return warnings
