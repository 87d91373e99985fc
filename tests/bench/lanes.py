"""From the bytes of a page to the bytes of its RECORD messages, in this process, by both lanes.

`python -m tests.bench.lanes CONFIG ROWS` prints the rows per second of one of them; CONFIG is one
of the tap's, and decides about the lane. With `stock` behind it, records are conformed and written
by the SDK's own code, as in a tap that changes nothing about it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from singer_sdk import Stream
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.frames import frame as frames
from tap_versionforge_salesforce.salesforce.objects.columns import select_columns
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.support.background import ahead, same
from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.bench import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

# As in bulk.py.
_SLICE_BYTES, _BLOCK_BYTES = 1 << 21, 1 << 20
_REPEATS = 3


class _ReadyStream(SObjectStream):
    """The stream as it is, but for its pages: one, unpacked, that is here already."""

    body = b""

    @override
    def pages(self) -> Iterator[Page]:
        columns = select_columns(self.selected_columns)
        starts = range(0, len(self.body), _BLOCK_BYTES)
        blocks = (self.body[start : start + _BLOCK_BYTES] for start in starts)
        arrived = datetime.now(timezone.utc)
        for frame in ahead(frames.csv_frames(blocks, columns, _SLICE_BYTES), same):
            yield Page(frame, arrived)

    def seconds(self) -> float:
        began = time.perf_counter()
        for _ in self._sync_records():
            pass
        return time.perf_counter() - began


class _StockStream(_ReadyStream):
    """The stream with the SDK's look at the type of each value."""

    TYPE_CONFORMANCE_LEVEL = Stream.TYPE_CONFORMANCE_LEVEL


def main(config: Path, rows: int, *, is_stock: bool) -> None:
    """Print the rows per second of the fastest of a few runs."""
    tap = TapVersionForgeSalesforce(config=config)
    (described,) = tap.streams.values()
    assert isinstance(described, SObjectStream)
    if is_stock:
        tap.message_writer = SimpleSingerWriter()
    kind = _StockStream if is_stock else _ReadyStream
    stream = kind(tap, sobject=described.sobject, run=tap.run)
    stream.body = pages.csv_page(pages.rows(len(described.sobject.columns), rows))
    logging.disable()
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nothing,
        contextlib.redirect_stdout(nothing),
    ):
        seconds = min(stream.seconds() for _ in range(_REPEATS))
    sys.stdout.write(f"{rows / seconds}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), is_stock="stock" in sys.argv[3:])
