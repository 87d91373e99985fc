"""The user's settings: described once, read once, checked once.

`SETTINGS` is the one list of them; the JSON Schema of ``--about`` and the frozen `Settings`
object both come from it. Nothing below the tap sees the config dict.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.exceptions import SettingsError, wrong_setting
from tap_versionforge_salesforce.hosts import (
    checked_audience,
    checked_instance_url,
    derived_audience,
)
from tap_versionforge_salesforce.instants import format_instant, parse_instant
from tap_versionforge_salesforce.settings_list import (
    DEFAULT_OBJECTS,
    LONGEST_PATH,
    SETTINGS,
    Setting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


# Names under which the same settings are known elsewhere; a credential copied from there works.
ALIASES = {
    "instanceUrl": "instance_url",
    "clientId": "client_id",
    "privateKey": "private_key",
    "login_url": "jwt_audience",
}

_NAMES = frozenset(setting.name for setting in SETTINGS)
_OBJECT_NAME = re.compile(r"[A-Za-z*?][A-Za-z0-9_*?]*")
# Bulk API 2.0 keeps the order of the SELECT in its result columns from this version on.
_LOWEST_API_VERSION = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked settings of one run; each field is the setting of that name.

    Attributes not in `SETTINGS`:
        instance_url: Scheme and host only, without a trailing slash.
        jwt_audience_derived: The audience was not given but concluded from the host.
        objects_are_default: The user did not choose the objects.
    """

    instance_url: str
    client_id: str = field(repr=False)
    username: str
    jwt_audience: str
    jwt_audience_derived: bool
    objects: tuple[str, ...]
    objects_are_default: bool
    start_date: datetime | None
    api_version: str
    private_key: str | None = field(default=None, repr=False)
    private_key_path: str | None = None
    private_key_passphrase: str | None = field(default=None, repr=False)
    api_mode: str = "auto"
    bulk_threshold: int = 10_000
    include_deleted: bool = True
    lookback_seconds: int = 600
    quota_warning_threshold: int = 1_000
    quota_reserve: int = 0
    bulk_page_rows: int = 50_000
    parallel_downloads: int = 4
    max_parallel_jobs: int = 10
    report_path: str | None = None
    max_api_calls: int | None = None
    keep_jobs: bool = False
    spool_dir: str | None = None
    ca_bundle: str | None = None
    user_agent: str | None = None
    job_timeout_seconds: int = 14_400
    request_timeout_seconds: int = 300

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Settings:
        """Read and check the user's config, aliases included.

        Args:
            config: As given: config.json and environment merged.

        Raises:
            SettingsError: A setting is missing, empty, of the wrong kind, or contradicts another.
        """
        given = _checked_kinds(resolve_aliases(config))
        _check_key_source(given)
        instance_url = checked_instance_url(str(given.pop("instance_url")))
        audience = given.pop("jwt_audience", None)
        start_date = given.pop("start_date", None)
        objects = _objects(given.pop("objects"))
        return cls(
            instance_url=instance_url,
            jwt_audience=checked_audience(audience) if audience else derived_audience(instance_url),
            jwt_audience_derived=not audience,
            objects=objects,
            objects_are_default=objects == DEFAULT_OBJECTS,
            start_date=None if start_date is None else _start_date(str(start_date)),
            api_version=_api_version(str(given.pop("api_version"))),
            **given,
        )

    def for_sdk(self) -> dict[str, str]:
        """Return the settings that the SDK checks or uses as well, spelled as they are meant."""
        found = {"api_version": self.api_version, "api_mode": self.api_mode}
        if self.start_date is not None:
            found["start_date"] = format_instant(self.start_date)
        return found | ({} if self.spool_dir is None else {"spool_dir": self.spool_dir})


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


def is_blank(name: str, value: object) -> bool:
    """Tell whether a setting of the tap's own is a text of blanks, which counts as left out."""
    return isinstance(value, str) and not value.strip() and name in _NAMES


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


def _checked_kinds(config: Mapping[str, object]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for setting in SETTINGS:
        value = config.get(setting.name)
        # Meltano and .env files hand over a setting that was left empty as an empty text.
        if value is None or is_blank(setting.name, value):
            if setting.required:
                raise _missing(setting, empty=value is not None)
            value = setting.default
        else:
            value = _of_kind(setting, value)
        if value is not None:
            checked[setting.name] = value
    return checked


def _missing(setting: Setting, *, empty: bool) -> SettingsError:
    state = "is empty" if empty else "is missing"
    message = f"The setting {setting.name} {state}."
    return SettingsError(
        message,
        hint=f"It takes: {setting.description} Set it in config.json, with `meltano config set`, "
        f"or as TAP_VERSIONFORGE_SALESFORCE_{setting.name.upper()}.",
        code="missing-setting",
    )


def _of_kind(setting: Setting, value: object) -> object:
    if setting.kind == "integer":
        return _whole_number(setting, value)
    if setting.kind == "boolean":
        if not isinstance(value, bool):
            raise wrong_setting(setting.name, "must be true or false", f"{value!r} is neither.")
        return value
    if setting.kind == "array":
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            raise wrong_setting(
                setting.name,
                "must be a list of names",
                'Write it as ["Account", "Opportunity"].',
            )
        return tuple(value)
    return _text(setting, value)


def _text(setting: Setting, value: object) -> str:
    if setting.name == "api_version" and isinstance(value, (int, float, Decimal)):
        return str(value)
    if not isinstance(value, str):
        raise wrong_setting(setting.name, "must be text", "Put it between double quotes.")
    text = value.strip()
    if setting.name == "user_agent" and not (text.isascii() and text.isprintable()):
        raise wrong_setting(
            setting.name, "can't be sent in a header", "It takes printable ASCII characters only."
        )
    if setting.options and text not in setting.options:
        raise wrong_setting(
            setting.name, f"can't be {value!r}", f"It is {_either(setting.options)}."
        )
    if setting.is_path:
        return _whole_path(text)
    return value if setting.name == "private_key_passphrase" else text


def _whole_path(text: str) -> str:
    """Return a path with the folder that it counts from, so that every message has it."""
    # The key itself, pasted in the place of its path, is told where it would be read.
    if len(text) > LONGEST_PATH or "-----BEGIN" in text:
        return text
    expanded = os.path.expanduser(text)  # noqa: PTH111  leaves alone what it does not know
    return expanded if expanded.startswith("~") else str(Path(expanded).absolute())


def _either(options: tuple[str, ...]) -> str:
    return f"{', '.join(options[:-1])} or {options[-1]}"


def _whole_number(setting: Setting, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        shown = repr(value) if isinstance(value, str) else value
        raise wrong_setting(setting.name, "must be a whole number", f"{shown} is none.")
    if value < setting.minimum:
        default = "" if setting.default is None else f"; the default is {setting.default}"
        raise wrong_setting(
            setting.name,
            f"can't be {value}",
            f"The smallest value is {setting.minimum}{default}.",
        )
    if value > setting.maximum:
        raise wrong_setting(
            setting.name, f"can't be {value}", f"The largest value is {setting.maximum}."
        )
    return value


def _check_key_source(given: Mapping[str, object]) -> None:
    text, path = "private_key" in given, "private_key_path" in given
    if text and path:
        message = "The settings private_key and private_key_path are both given."
        raise SettingsError(message, hint="Keep one of them.")
    if not text and not path:
        message = "Neither the setting private_key nor private_key_path is given."
        raise SettingsError(
            message,
            hint="Give the RSA key whose certificate is in the app: as PEM text in private_key, "
            "or as the path of a PEM file in private_key_path.",
            code="missing-setting",
        )


def _start_date(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise wrong_setting(
            "start_date",
            f"is no date: {error}",
            "Write it as 2024-01-31 or 2024-01-31T00:00:00Z.",
        ) from None


def _api_version(text: str) -> str:
    match = re.fullmatch(r"v?(\d{2,3})(?:\.0)?", text)
    if match is None:
        raise wrong_setting("api_version", f"can't be {text!r}", "Write it as 68.0.")
    if int(match[1]) < _LOWEST_API_VERSION:
        raise wrong_setting(
            "api_version",
            f"can't be {text!r}",
            f"The lowest version that the tap works with is {_LOWEST_API_VERSION}.0.",
        )
    return f"{match[1]}.0"


def _objects(names: Iterable[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(name.strip() for name in names))
    for name in unique:
        if not _OBJECT_NAME.fullmatch(name):
            raise wrong_setting(
                "objects",
                f"holds {name!r}, which is no object's API name",
                "API names have letters, digits and underscores only, such as Account or "
                "Invoice__c; Setup > Object Manager shows them.",
            )
    if not unique:
        raise wrong_setting("objects", "is empty", "Name at least one object, or leave it out.")
    return unique
