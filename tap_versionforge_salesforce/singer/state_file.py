"""The state that a user hands in: a Singer state, or what taps and targets write of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.settings.json_files import file_text, json_object, misshapen
from tap_versionforge_salesforce.singer.input_files import problem_of

if TYPE_CHECKING:
    import logging

_FROM_THE_BEGINNING = "everything is read from the beginning, or from start_date"

# Around the state in what `meltano state get` writes, and `meltano state set` takes.
_OF_MELTANO = "singer_state"
_IN_MELTANOS = f"its {_OF_MELTANO} is the state"


class _Bookmark(msgspec.Struct):
    progress_markers: dict[str, Any] = {}
    partitions: list[_Bookmark] = []


class _State(msgspec.Struct):
    bookmarks: dict[str, _Bookmark] = {}


class State(NamedTuple):
    """A state, and what had to be done to what was given.

    Attributes:
        content: The Singer state.
        note: For the log; empty where a state was given as it is.
    """

    content: dict[str, Any]
    note: str = ""


def state_file(path: str, logger: logging.Logger) -> dict[str, Any]:
    """Return the state in a file; an empty one where there is no such file yet.

    Args:
        path: Of the file; ``-`` is stdin.
        logger: Is told what was done to what is in the file.

    Raises:
        SettingsError: It can't be read, or does not have the form of a Singer state.
    """
    try:
        text = file_text(path, "--state")
    except FileNotFoundError:
        logger.warning(
            "--state %s does not exist, as before a first run: %s.", path, _FROM_THE_BEGINNING
        )
        return {}
    if not text.strip():
        logger.warning("--state %s is empty: %s.", path, _FROM_THE_BEGINNING)
        return {}
    state, note = state_in(text, f"--state {path}")
    if note:
        logger.info("--state %s %s.", path, note)
    return state


def state_in(text: str, what: str = "--state") -> State:
    """Return the state in a text.

    Args:
        text: A state, a STATE message, or one of these a line, as targets write them; of these
            the last one counts. Or what ``meltano state get`` writes.
        what: Where from, for messages.

    Raises:
        SettingsError: It is no JSON, or does not have the form of a Singer state.
    """
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) == 1 or not _is_object(lines[0][1]):
        whole = json_object(text, what)
        if whole.keys() == {_OF_MELTANO}:
            return State(_state_of(_inside(whole, what), what), f"is Meltano's: {_IN_MELTANOS}")
        state = _state_of(whole, what)
        return State(state, "" if state is whole else "is a STATE message: its value is the state")
    # Each is read: one that is none may be what is left of the newest.
    wheres = [(f"{what}, line {number},", line) for number, line in lines]
    states = [_state_of(json_object(line, where), where) for where, line in wheres]
    return State(states[-1], f"has {counted(len(states), 'line')}: the last one is the state")


def _inside(whole: dict[str, Any], what: str) -> dict[str, Any]:
    """Return the state in what ``meltano state get`` writes.

    Raises:
        SettingsError: There is none in it.
    """
    state = whole[_OF_MELTANO]
    if isinstance(state, dict):
        return state
    raise misshapen(
        what,
        f"has a {_OF_MELTANO} that is no object",
        "Have `meltano state get` write it anew.",
    )


def _is_object(line: str) -> bool:
    try:
        json_object(line, "--state")
    except SettingsError:
        return False
    return True


def _state_of(content: dict[str, Any], what: str) -> dict[str, Any]:
    kind = content.get("type", "STATE")
    state = content.get("value") if "type" in content else content
    if kind != "STATE" or not isinstance(state, dict) or "value" in state:
        raise misshapen(
            what,
            f"holds {'a value without a type' if kind == 'STATE' else f'the type {kind}'}",
            'A STATE message looks like {"type": "STATE", "value": ...}.',
        )
    # Bookmarks that stand elsewhere would be passed over, and everything read again.
    is_elsewhere = "bookmarks" not in state and any(isinstance(v, dict) for v in state.values())
    problem = "Object missing `bookmarks` - at `$`" if is_elsewhere else problem_of(state, _State)
    if problem:
        raise misshapen(
            what,
            f"has no object of bookmarks by stream ({problem})",
            'It looks like {"bookmarks": {"Account": {"replication_key": "SystemModstamp", '
            '"replication_key_value": "2026-11-23T10:00:00.000Z"}}}.',
        )
    return state
