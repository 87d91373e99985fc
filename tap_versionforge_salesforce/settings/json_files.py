"""The JSON files that users hand in: read, or one clear sentence about what is wrong with them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.http.responses import without_half_characters
from tap_versionforge_salesforce.salesforce.support.text_files import LONGEST_PATH, decoded
from tap_versionforge_salesforce.settings.checking import is_elsewhere, is_switched
from tap_versionforge_salesforce.settings.definitions import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What else to do about what is no JSON, by its option.
_ANEW = {
    "--catalog": "make a new one with --discover",
    "--config": "have `setup` write a new one",
    "--state": "leave --state out to read everything from the beginning",
}

_PATHS = {setting.name: setting for setting in SETTINGS if setting.is_path}


def json_object(
    text: str, what: str, made: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the JSON object in a text.

    Args:
        text: What was read.
        what: Where from, for the message.
        made: Returns what stands in the place of an object in it; None for the object.

    Raises:
        SettingsError: It is no JSON, or no object, or has a name twice.
    """

    def read(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = _unambiguous(pairs)
        return found if made is None else made(found)

    raw = text.encode("utf-8", "surrogatepass")
    if without_half_characters(raw) != raw:
        problem = "holds half of a character, which no name and no value in Salesforce is"
        raise misshapen(what, problem, r"Look for \ud8 to \udf, each of which is half of a pair.")
    try:
        content = json.loads(text, object_pairs_hook=read, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        instead = _ANEW.get(what.split(maxsplit=1)[0], "have it written anew")
        hint = f"Look at that place in it, or {instead}."
        raise misshapen(what, f"is no JSON ({error})", hint) from None
    if not isinstance(content, dict):
        raise misshapen(what, "is JSON, but no object", "It starts with { and ends with }.")
    return content


def _unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) is not value:
            message = f"{name} stands in it twice"
            raise ValueError(message)
    return found


def _refused(constant: str) -> None:
    message = f"{constant} is no number in JSON"
    raise ValueError(message)


def misshapen(what: str, problem: str, hint: str) -> SettingsError:
    """Return the error of something that was handed in on the command line.

    Args:
        what: The option, with what tells more about it.
        problem: Goes on from there, without the full stop.
        hint: What to do about it.
    """
    return SettingsError(f"{what} {problem}.", hint=hint, code="invalid-input")


def config_file(path: str, what: str = "--config") -> dict[str, Any]:
    """Return the settings in a file; a relative path among them counts from the file's folder.

    Args:
        path: Of the file.
        what: How messages call it, in front of its path.

    Raises:
        SettingsError: It can't be read, or holds no JSON object.
    """
    given = json_object(existing_text(path, what), f"{what} {path}")
    # A pipe lies nowhere, and Meltano writes what its users give into a file of its own.
    if not Path(path).is_file() or "MELTANO_PROJECT_ROOT" in os.environ:
        return given
    folder = Path(path).absolute().parent
    return given | {
        name: _within(folder, given[name])
        for name in _PATHS.keys() & given.keys()
        if not is_switched(_PATHS[name], given[name])
        and not is_elsewhere(_PATHS[name], given[name])
    }


def _within(folder: Path, value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    # The key itself, pasted in the place of its path, is told where it would be read.
    if not text or text.startswith("~") or len(text) > LONGEST_PATH or "-----BEGIN" in text:
        return value
    return str(folder / text)


def existing_text(path: str, option: str) -> str:
    """Return what is in a file that has to be there.

    Args:
        path: Of the file; ``-`` is stdin.
        option: Which named it.

    Raises:
        SettingsError: It can't be read, or is no text.
    """
    try:
        return file_text(path, option)
    except FileNotFoundError as error:
        raise _unreadable(path, option, error) from None


def file_text(path: str, option: str) -> str:
    """Return what is in a file.

    Args:
        path: Of the file; ``-`` is stdin.
        option: Which named it.

    Raises:
        FileNotFoundError: There is none.
        SettingsError: It can't be read, or is no text.
    """
    try:
        return decoded(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(path, option, error) from None


def _unreadable(path: str, option: str, error: Exception) -> SettingsError:
    # Its text would name the path once more.
    reason = getattr(error, "strerror", None) or error
    return misshapen(f"{option} {path}", f"can't be read ({reason})", "Check the path.")
