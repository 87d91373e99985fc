"""The state that a user hands in."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.singer.state_file import state_file, state_in
from tests.support.values import some_examples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATE = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2026-11-23T10:00:00.000Z",
        }
    }
}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({}, id="empty"),
        pytest.param({"bookmarks": {}}, id="no bookmarks"),
        pytest.param(STATE, id="one bookmark"),
        pytest.param({"bookmarks": {"Account": {}}}, id="empty bookmark"),
        pytest.param({**STATE, "currently_syncing": None}, id="other keys"),
        pytest.param({"currently_syncing": None}, id="other keys alone"),
    ],
)
def test_states_are_taken(state: dict[str, object]) -> None:
    """A Singer state is returned as it is."""
    assert state_in(json.dumps(state)) == (state, "")


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"bookmarks": None}, id="null"),
        pytest.param({"bookmarks": []}, id="list"),
        pytest.param({"bookmarks": {"Account": None}}, id="bookmark is null"),
        pytest.param({"bookmarks": {"Account": "2026-11-23"}}, id="bookmark is a text"),
        pytest.param(STATE["bookmarks"], id="bookmarks alone"),
        pytest.param({"singer_state": {"Account": {}}}, id="Meltano's, no bookmarks"),
        pytest.param({"singer_state": STATE, "bookmarks": []}, id="Meltano's, and more"),
        pytest.param({"completed": {"singer_state": STATE}}, id="as Meltano kept it"),
        pytest.param({"streams": [], "state": STATE}, id="wrapped"),
        pytest.param({"bookmarks": {"Account": {"partitions": 5}}}, id="odd partitions"),
        pytest.param({"bookmarks": {"Account": {"progress_markers": []}}}, id="odd markers"),
    ],
)
def test_what_is_no_state_is_refused(state: dict[str, object]) -> None:
    """A state whose bookmarks would be passed over is told, with an example of a right one."""
    with pytest.raises(SettingsError, match="--state has no object of bookmarks") as caught:
        state_in(json.dumps(state))
    assert '"replication_key": "SystemModstamp"' in caught.value.hint
    assert '"replication_key_value"' in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param({"value": STATE}, "a value without a type", id="half a message"),
        pytest.param({"type": "STATE", "value": None}, "a value without", id="no value"),
        pytest.param({"type": "STATE", "value": {"value": STATE}}, "a value", id="twice"),
        pytest.param({"type": "RECORD", "record": {}}, "the type RECORD", id="a row"),
        pytest.param({"type": "STREAM", "stream": {}}, "the type STREAM", id="Airbyte's"),
    ],
)
def test_what_only_resembles_a_message_is_refused(state: dict[str, object], told: str) -> None:
    """Bookmarks in such a place would be passed over."""
    with pytest.raises(SettingsError, match=f"--state holds {told}") as caught:
        state_in(json.dumps(state))
    assert '"type": "STATE"' in caught.value.hint


def test_a_whole_message_is_understood() -> None:
    """A line of the tap's own output is as good as what stands in it, and that is told."""
    state, note = state_in(json.dumps({"type": "STATE", "value": STATE}))
    assert state == STATE
    assert "STATE message" in note


def test_what_meltano_writes_is_understood() -> None:
    """`meltano state get` has the state in an object of its own."""
    state, note = state_in(json.dumps({"singer_state": STATE}))
    assert state == STATE
    assert note == "is Meltano's: its singer_state is the state"
    with pytest.raises(SettingsError, match="--state has a singer_state that is no object"):
        state_in('{"singer_state": null}')


def test_a_state_over_several_lines_is_one_state() -> None:
    """What an editor has laid out is no list of states."""
    assert state_in(json.dumps(STATE, indent=2)) == (STATE, "")


LATER: dict[str, object] = {"bookmarks": {"Contact": {}}}


@given(
    st.lists(st.sampled_from([{}, STATE, LATER]), min_size=2, max_size=5),
    st.sampled_from(["\n", "\r\n", "\n\n", " \n"]),
    st.sampled_from([dict, lambda state: {"type": "STATE", "value": state}]),
)
@some_examples
def test_the_last_of_several_lines_counts(
    states: list[dict[str, object]], between: str, wrap: Callable[[object], object]
) -> None:
    """Targets write a state a line, the newest last."""
    state, note = state_in("".join(json.dumps(wrap(state)) + between for state in states))
    assert state == states[-1]
    assert note == f"has {len(states)} lines: the last one is the state"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(["{}", "Done.", "{}"], "line 2, is no JSON", id="words between"),
        pytest.param(["{}", "", '{"bookmarks": {"Acc'], "line 3, is no JSON", id="the last is cut"),
        pytest.param(["{}", "[]"], "line 2, is JSON, but no object", id="list"),
        pytest.param(
            ["{}", '{"type": "RECORD", "stream": "Account"}'],
            "line 2, holds the type RECORD",
            id="a row",
        ),
        pytest.param(["{}", '{"bookmarks": 5}'], "line 2, has no object of book", id="no state"),
        pytest.param(["Starting", "{}"], "--state is no JSON", id="no state in the first line"),
    ],
)
def test_a_line_that_is_no_state_is_told_by_its_number(lines: list[str], told: str) -> None:
    """It may be what is left of the newest: nobody can tell, so nothing is read."""
    with pytest.raises(SettingsError) as caught:
        state_in("\n".join(lines))
    assert told in caught.value.message
    assert caught.value.code == "invalid-input"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b" \n"], ids=repr)
def test_no_state_yet_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    """A first run has no state: that is no mistake, and no secret either."""
    path = tmp_path / "state.json"
    if content is not None:
        path.write_bytes(content)
    assert state_file(str(path), logging.getLogger()) == {}
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(path) in record.message
    assert "from the beginning, or from start_date" in record.message


def test_what_was_done_to_a_state_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line says which of the states in a file is taken."""
    path = tmp_path / "state.json"
    path.write_text(f"{{}}\n{json.dumps(STATE)}\n", encoding="utf-16")
    with caplog.at_level(logging.INFO):
        assert state_file(str(path), logging.getLogger()) == STATE
    (record,) = caplog.records
    assert record.message == f"--state {path} has 2 lines: the last one is the state."


def test_a_state_that_can_not_be_read(tmp_path: Path) -> None:
    """A folder is no file that is not there yet."""
    with pytest.raises(SettingsError, match="can't be read"):
        state_file(str(tmp_path), logging.getLogger())
