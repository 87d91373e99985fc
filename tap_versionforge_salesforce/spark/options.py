"""The options of a read, which are texts, and the environment → what is wanted, and settings."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import closest
from tap_versionforge_salesforce.settings.definitions import OF_STREAMS, SETTINGS, Settings
from tap_versionforge_salesforce.settings.naming import ALIASES, VARIABLE_PREFIX
from tap_versionforge_salesforce.settings.sign_in import OF_SIGN_IN, REFRESH, SECRET, WAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_versionforge_salesforce.settings.declaring import Setting
    from tap_versionforge_salesforce.spark.session import Session

_CODE = "invalid-option"
# What a read says itself, and what no option can hold, is the tap's alone.
_OF_READS = tuple(s for s in SETTINGS if s.name not in OF_STREAMS and s.kind != "object")
# What an executor can sign in with by itself. A refresh token is the driver's: where Salesforce
# rotates it, two that use it end it for both.
_ALONE = (
    {"client_id", "username", "private_key"},
    {"client_id", "username", "private_key_path"},
    {"client_id", "client_secret"},
)
# What is a switch in a config is a text in an option.
_SWITCH = {"true": True, "false": False}
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
#: Options that are no settings, with what each is.
_OWN = {
    "fields": "API names, separated by commas; all but compound ones where it is left out.",
    "where": "A condition in SOQL.",
    "textFields": "Fields whose values stay text.",
    "partitions": "Ranges of Ids, each a job of its own, in place of the result pages of one job.",
    "pushFilters": "true: Salesforce filters; for a DataFrame that is read once.",
}


def _key(name: str) -> str:
    """Return a name as it is compared: Spark does not tell upper from lower case."""
    return name.lower().replace("_", "")


_SETTINGS = {_key(setting.name): setting for setting in _OF_READS}
_BY_KEY = {
    **{key: setting.name for key, setting in _SETTINGS.items()},
    **{_key(alias): name for alias, name in ALIASES.items() if _key(name) in _SETTINGS},
}
_OWN_BY_KEY = {_key(name): name for name in _OWN}


@dataclass(frozen=True, slots=True)
class Options:
    """What a read was given.

    Attributes:
        sobject: The object's API name.
        fields: API names; None for all but compound ones.
        where: A condition in SOQL; empty for none.
        text_fields: Fields whose values stay text.
        partitions: Ranges of Ids wanted; None for the result pages of one job.
        push_filters: Salesforce is asked to filter what Spark would.
        given: Settings by name, as texts: secrets may be among them.
        include_deleted: Unless a setting says otherwise.
    """

    sobject: str
    fields: tuple[str, ...] | None
    where: str
    text_fields: tuple[str, ...]
    partitions: int | None
    push_filters: bool
    given: Mapping[str, str] = field(repr=False)
    include_deleted: bool = False

    def settings(self, session: Session | None = None) -> Settings:
        """Return the settings as they are in this process, whose environment counts as well.

        Args:
            session: That the driver has handed over; None on the driver itself.

        Raises:
            SettingsError: One is missing, of the wrong kind, or contradicts another.
        """
        found: dict[str, object] = {"include_deleted": self.include_deleted}
        for setting in _OF_READS:
            value = self._value(setting)
            if value is not None:
                found[setting.name] = _meant(setting, value)
        if session is not None:
            found["instance_url"] = session.instance_url
            if not self.has_key:
                kept = {name: value for name, value in found.items() if name not in OF_SIGN_IN}
                found = {**kept, "access_token": session.token}
        return Settings.from_config(found)

    @property
    def has_key(self) -> bool:
        """Tell whether this process can sign in by itself, and not only once."""
        there = {setting.name for setting in _OF_READS if self._value(setting)}
        return not there.intersection(REFRESH) and any(needed <= there for needed in _ALONE)

    def shared(self) -> Options:
        """Return them with what this process's environment has that is neither secret nor a path.

        It is the driver's that decides how rows are read.
        """
        found = {
            setting.name: value
            for setting in _OF_READS
            if not setting.secret and not setting.is_path
            if (value := self._value(setting)) is not None
        }
        return replace(self, given={**found, **self.given})

    def _value(self, setting: Setting) -> str | None:
        if setting.name in self.given:
            return self.given[setting.name]
        if self._is_replaced(setting.name):
            return None
        return os.environ.get(f"{VARIABLE_PREFIX}{setting.name.upper()}")

    def _is_replaced(self, name: str) -> bool:
        """Tell whether an option takes the place of what the environment has of a setting."""
        ways = WAYS & self.given.keys()
        if "access_token" in ways:
            # Whoever has a token needs nothing of what a key is used with.
            return name in OF_SIGN_IN
        if ways & SECRET:
            belongs = name == "client_secret" and "client_secret" not in ways
            return name in OF_SIGN_IN and name != "client_id" and not belongs
        return bool(ways) and name in WAYS


def options_of(given: Mapping[str, str], *, include_deleted: bool) -> Options:
    """Return what Spark's options mean.

    Args:
        given: As Spark hands them over, with what `load` was given as ``path``.
        include_deleted: Rows in the recycle bin are wanted unless an option says otherwise.

    Raises:
        SettingsError: One is unknown, or of another kind.
    """
    own: dict[str, str] = {}
    settings: dict[str, str] = {}
    for name, value in given.items():
        key = _key(name)
        if key in _OWN_BY_KEY:
            own[_OWN_BY_KEY[key]] = value
        elif key in _BY_KEY:
            settings[_BY_KEY[key]] = value
        elif key == "object":
            raise SettingsError(
                "The option object is unknown.",
                hint=f'The object is what is loaded: load("{value}").',
                code=_CODE,
            )
        elif key not in ("path", "paths"):
            raise _unknown(name)
    fields = _names(own.get("fields", ""))
    return Options(
        sobject=_sobject(given),
        fields=fields or None,
        where=own.get("where", "").strip(),
        text_fields=_names(own.get("textFields", "")),
        partitions=_partitions(own.get("partitions")),
        push_filters=_switched(own.get("pushFilters", "false")),
        given=settings,
        include_deleted=include_deleted,
    )


def _sobject(given: Mapping[str, str]) -> str:
    path = given.get("path", "").strip()
    if not path or given.get("paths"):
        raise SettingsError(
            "The read names several objects."
            if given.get("paths")
            else "The read names no object.",
            hint='Name one by its API name: load("Opportunity").',
            code=_CODE,
        )
    return path


def _names(text: str) -> tuple[str, ...]:
    # A list in Python becomes such a text on its way through Spark.
    listed = text.strip().removeprefix("[").removesuffix("]")
    names = (name.strip().strip("'\"") for name in listed.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _partitions(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    if not _WHOLE_NUMBER.fullmatch(text.strip()) or int(text) < 1:
        raise SettingsError(
            f"The option partitions can't be {text!r}.",
            hint="It is the number of Id ranges that are read side by side, such as 8; leave it "
            "out for the result pages of one Bulk job.",
            code=_CODE,
        )
    return int(text)


def _switched(text: str) -> bool:
    if text.strip().lower() not in _SWITCH:
        raise SettingsError(
            f"The option pushFilters can't be {text!r}.", hint="It is true or false.", code=_CODE
        )
    return _SWITCH[text.strip().lower()]


def _meant(setting: Setting, text: str) -> object:
    """Return the value that a text stands for, where the setting has another kind than text."""
    value = text.strip()
    if setting.kind == "boolean":
        return _SWITCH.get(value.lower(), text)
    if setting.kind == "integer":
        return int(value) if _WHOLE_NUMBER.fullmatch(value) else text
    return _names(text) if setting.kind == "array" else text


def _unknown(name: str) -> SettingsError:
    near = closest(_key(name), [*_BY_KEY, *_OWN_BY_KEY])
    meant = "" if near is None else _BY_KEY.get(near) or _OWN_BY_KEY[near]
    return SettingsError(
        f"The option {name} is unknown.",
        hint=f"Did you mean {meant}?"
        if meant
        else f"Options are the settings of the tap, and {', '.join(_OWN)}.",
        code=_CODE,
    )
