"""Whether what was given for a setting is of its kind."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.support.text_files import LONGEST_PATH
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_versionforge_salesforce.settings.declaring import Setting

_NAMES = '["Account", "Opportunity"]'
# As the documents call it.
_CONFIG_FILE = Path("config.json")
# What people write for true and false.
_SWITCH = {
    **dict.fromkeys(("true", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "off", "0"), "false"),
}


def checked_kinds(settings: Iterable[Setting], config: Mapping[str, object]) -> dict[str, Any]:
    """Return the value of each setting that has one: what was given, or its default.

    Args:
        settings: All that there are.
        config: What was given; other names are passed over.

    Raises:
        SettingsError: A required one is missing or empty, or a value is of another kind.
    """
    checked: dict[str, Any] = {}
    for setting in settings:
        value = config.get(setting.name)
        # Meltano and .env files hand over a setting that was left empty as an empty text.
        if value is None or is_blank(value):
            if setting.required:
                raise missing_setting(setting, value, is_alone=not config)
            value = setting.default
        else:
            value = _of_kind(setting, value)
        if value is not None:
            checked[setting.name] = value
    return checked


def is_switched(setting: Setting, value: object) -> bool:
    """Tell whether a value is true or false, as a boolean or as text, where a path can be, too."""
    return setting.is_switch and str(value).strip().lower() in _SWITCH


def is_elsewhere(setting: Setting, value: object) -> bool:
    """Tell whether a value is the URL of what is not on this machine, where a path can be, too."""
    return setting.is_url and "://" in str(value)


def is_blank(value: object) -> bool:
    """Tell whether a value is a text of blanks, which counts as left out."""
    return isinstance(value, str) and not value.strip()


def missing_setting(setting: Setting, given: object, *, is_alone: bool = False) -> SettingsError:
    """Return the error of a setting that has to be given.

    Args:
        setting: The one.
        given: None, or a text that is empty.
        is_alone: No setting is given at all.
    """
    state = "is missing" if given is None else "is empty"
    message = f"The setting {setting.name} {state}."
    variable = f"{VARIABLE_PREFIX}{setting.name.upper()}"
    if os.environ.get(variable) and given is None:
        return SettingsError(
            message,
            hint=f"The environment variable {variable} is set, but not read: add --config=ENV.",
            code="missing-setting",
        )
    if is_alone and _CONFIG_FILE.is_file():
        return SettingsError(
            message,
            hint=f"{_CONFIG_FILE} is in this folder, but not read: add --config {_CONFIG_FILE}.",
            code="missing-setting",
        )
    return SettingsError(
        message,
        hint=f"It takes: {setting.description} Set it in config.json, with `meltano config set`, "
        f"or as {variable}.",
        code="missing-setting",
    )


def _of_kind(setting: Setting, value: object) -> object:
    if setting.kind == "integer":
        return _whole_number(setting, value)
    if setting.kind == "boolean":
        if not isinstance(value, bool):
            without = _without_quotes(value, would_do=str(value).lower() in _SWITCH.values())
            raise wrong_setting(
                setting.name, "must be true or false", f"{value!r} is neither.{without}"
            )
        return value
    if setting.kind == "array":
        if setting.example and isinstance(value, str):
            # As a variable of the environment may be written, too.
            value = [text.strip() for text in value.split(",")]
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            raise wrong_setting(
                setting.name,
                "must be a list of texts" if setting.example else "must be a list of names",
                f"Write it as {setting.example or _NAMES}.",
            )
        return tuple(value)
    if setting.kind == "object":
        return _MEMBERS[setting.member](setting, value)
    return _text(setting, value)


def _names_by_name(setting: Setting, value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not all(
        isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)
        for names in value.values()
    ):
        raise wrong_setting(
            setting.name,
            "must have a list of names for each object",
            'Write it as {"Opportunity": ["Age__c", "-AgeInDays"]}.',
        )
    return {str(name): tuple(names) for name, names in value.items()}


def _text_by_name(setting: Setting, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise wrong_setting(
            setting.name, "must have a text for each object", f"Write it as {setting.example}."
        )
    return {str(name): text for name, text in value.items()}


def _queries_by_name(setting: Setting, value: object) -> dict[str, dict[str, object]]:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise wrong_setting(
            setting.name, "must have an object for each stream", f"Write it as {setting.example}."
        )
    return {str(name): dict(each) for name, each in value.items()}


_MEMBERS: Mapping[str, Callable[[Setting, object], object]] = {
    "names": _names_by_name,
    "query": _queries_by_name,
    "text": _text_by_name,
}


def _without_quotes(value: object, *, would_do: bool) -> str:
    is_meant = isinstance(value, str) and would_do
    return " In JSON and YAML it stands without quotes." if is_meant else ""


def _text(setting: Setting, value: object) -> str:
    if setting.name == "api_version" and isinstance(value, (int, float, Decimal)):
        return str(value)
    if is_switched(setting, value):
        return _SWITCH[str(value).strip().lower()]
    if not isinstance(value, str):
        what_else = "It can be true or false, too. " if setting.is_switch else ""
        raise wrong_setting(
            setting.name, "must be text", f"{what_else}Put it between double quotes."
        )
    text = value.strip()
    if setting.name == "user_agent" and not (text.isascii() and text.isprintable()):
        raise wrong_setting(
            setting.name, "can't be sent in a header", "It takes printable ASCII characters only."
        )
    if setting.options and text not in setting.options:
        raise wrong_setting(
            setting.name, f"can't be {value!r}", f"It is {_either(setting.options)}."
        )
    if setting.is_path and not is_elsewhere(setting, text):
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
        raise wrong_setting(
            setting.name,
            "must be a whole number",
            f"{shown} is none.{_without_quotes(value, would_do=str(value).isdecimal())}",
        )
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
