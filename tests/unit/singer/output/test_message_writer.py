"""stdout takes every byte, however little of it at a time."""

from __future__ import annotations

import io
import os
import sys
import threading
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.messages import StateMessage
from typing_extensions import override

from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter
from tests.support.values import some_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer


class ShortOfBreath(io.RawIOBase):
    """Takes no more at a time than it is told, as an unbuffered stdout does after a signal."""

    def __init__(self, portions: Iterator[int]) -> None:
        self._portions = portions
        self.taken = b""

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer, /) -> int:
        portion = bytes(data)[: next(self._portions, 1_000_000)]
        self.taken += portion
        return len(portion)


@given(st.binary(max_size=300), st.lists(st.integers(1, 50)))
@some_examples
def test_short_writes_lose_nothing(content: bytes, portions: list[int]) -> None:
    """Whatever stdout takes at a time, all of it arrives once and in order."""
    raw = ShortOfBreath(iter(portions))
    with pytest.MonkeyPatch.context() as patch:
        # As Python builds it under PYTHONUNBUFFERED, which its type stubs do not know.
        patch.setattr(sys, "stdout", io.TextIOWrapper(cast("io.BytesIO", raw), write_through=True))
        MessageWriter().write_lines(content)
    assert raw.taken == content


@pytest.mark.parametrize("buffering", [0, 1024], ids=["unbuffered", "buffered"])
def test_a_pipe_that_does_not_block_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, buffering: int
) -> None:
    """A parent that made stdout non-blocking gets all of it, at its own pace."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    content = b"0123456789" * 100_000
    received = bytearray()

    def receive() -> None:
        while block := os.read(reading, 4_096):
            received.extend(block)

    reader = threading.Thread(target=receive)
    with io.TextIOWrapper(os.fdopen(writing, "wb", buffering), write_through=True) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        reader.start()
        writer = MessageWriter()
        writer.write_lines(content)
        writer.write_message(StateMessage(value={"bookmarks": {}}))
        monkeypatch.undo()
    reader.join()
    os.close(reading)
    assert bytes(received) == content + b'{"type":"STATE","value":{"bookmarks":{}}}\n'


def test_a_text_file_serves_as_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout was replaced by something without bytes, text is written."""
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    MessageWriter().write_lines("ä\n".encode())
    assert stdout.getvalue() == "ä\n"
