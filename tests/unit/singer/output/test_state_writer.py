"""STATE is what the SDK would write, each time that it says something new."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from typing_extensions import override

from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter
from tap_versionforge_salesforce.singer.output.state_writer import StateWriter
from tests.support.values import some_examples

if TYPE_CHECKING:
    import pytest
    from singer_sdk.helpers.types import TapState

names = st.text(max_size=4)
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.decimals()
# Recursive ones of hypothesis take seconds to draw.
lists = st.lists(leaves, max_size=3)
members = st.dictionaries(names, leaves | lists, max_size=3)
states = st.dictionaries(names, leaves | lists | members, max_size=3)


@given(states)
@some_examples
def test_it_is_spelled_as_the_sdk_spells_it(state: dict[str, Any]) -> None:
    """Nulls included, which end what Meltano merges."""
    message = StateMessage(value=state)
    assert MessageWriter().format_message(message) == SimpleSingerWriter().format_message(message)


@given(st.lists(states, min_size=1, max_size=4))
@some_examples
def test_a_state_is_written_where_it_is_another_one(found: list[Any]) -> None:
    """Each in its turn; the same one again is not."""
    written: list[str] = []

    class Kept(MessageWriter):
        @override
        def write_line(self, line: str) -> None:
            written.append(line)

    writer = StateWriter(Kept())
    for state in found:
        writer.write_state(state)
    lines = [MessageWriter().format_message(StateMessage(value=state)) for state in found]
    wanted = [line for at, line in enumerate(lines) if at == 0 or line != lines[at - 1]]
    assert written == wanted


def test_one_that_was_changed_in_place_is_another_one(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The tap has one state, of which it changes the parts."""
    state: TapState = {"bookmarks": {"Account": {}}}
    writer = StateWriter(MessageWriter())
    writer.write_state(state)
    writer.write_state(state)
    state["bookmarks"]["Account"]["replication_key_value"] = "2026-11-23T10:00:00.000Z"
    writer.write_state(state)
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert [json.loads(line)["value"]["bookmarks"]["Account"] for line in lines] == [
        {},
        {"replication_key_value": "2026-11-23T10:00:00.000Z"},
    ]
