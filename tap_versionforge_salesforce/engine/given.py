"""What is handed in from Python: of the right kind, or one sentence about what is not."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import closest
from tap_versionforge_salesforce.settings.definitions import OF_STREAMS, SETTINGS
from tap_versionforge_salesforce.settings.json_files import config_file
from tap_versionforge_salesforce.settings.naming import resolve_aliases

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = frozenset(setting.name for setting in SETTINGS)
_CODE = "invalid-argument"


def named_settings(given: Mapping[str, object]) -> dict[str, object]:
    """Return settings by their own names, paths among them as text.

    Args:
        given: As keyword arguments have them.

    Raises:
        SettingsError: There is no such setting.
    """
    found = resolve_aliases(given)
    for name in found:
        if name in OF_STREAMS:
            raise SettingsError(
                f"The setting {name} is of the tap's streams.",
                hint="Each read says which rows it wants: read(where=…, since=…, until=…).",
                code=_CODE,
            )
        if name not in _NAMES:
            near = closest(name, _NAMES)
            raise SettingsError(
                f"There is no setting {name}.",
                hint=f"Did you mean {near}?" if near else "docs/reference/settings.md lists all.",
                code=_CODE,
            )
    return {n: str(v) if isinstance(v, PurePath) else v for n, v in found.items()}


def settings_in(config: Mapping[str, object]) -> dict[str, object]:
    """Return those settings of a config of the tap that are not for the tap alone.

    Args:
        config: The settings, by name.
    """
    names = _NAMES - OF_STREAMS
    return {n: value for n, value in resolve_aliases(config).items() if n in names}


def settings_at(path: object) -> dict[str, object]:
    """Return the settings in a config file.

    Args:
        path: Of the file.

    Raises:
        SettingsError: It is no path, or the file can't be read.
    """
    if not isinstance(path, (str, os.PathLike)):
        # It may hold secrets, so that only its kind is told.
        raise SettingsError(
            f"Org.from_config takes the path of a file, and was given a {type(path).__name__}.",
            hint="Settings are given by name: Org(**settings).",
            code=_CODE,
        )
    return config_file(os.fspath(path), "The config file")


def text_of(value: object, name: str) -> str:
    """Return an argument that is a text.

    Args:
        value: What was given.
        name: Of the argument.

    Raises:
        SettingsError: It is none.
    """
    if isinstance(value, str):
        return value
    raise SettingsError(
        f"{name} is a text, and was given a {type(value).__name__}.",
        hint="Give an object's API name, such as Account, or a condition or query in SOQL.",
        code=_CODE,
    )


def names_of(value: object, name: str) -> tuple[str, ...]:
    """Return an argument that is a list of names.

    Args:
        value: What was given.
        name: Of the argument.

    Raises:
        SettingsError: It is none.
    """
    is_list = isinstance(value, (list, tuple))
    if is_list and all(isinstance(each, str) for each in value):  # type: ignore[attr-defined]
        return tuple(value)  # type: ignore[arg-type]
    raise SettingsError(
        f"{name} is a list of names.", hint=f'Write {name}=["Id", "Name"].', code=_CODE
    )
