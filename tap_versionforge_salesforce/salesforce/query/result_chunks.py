"""A result page of a Bulk API 2.0 job, unpacked and decoded slice by slice, and proven whole."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames import frame as frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage

# Of unpacked text: what is decoded at once, whatever the size of a page.
_SLICE_BYTES = 2 << 20
_BLOCK_BYTES = 1 << 20
_GZIP_WINDOW_BITS = 31


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a result page.

    Attributes:
        frame: The rows.
        arrived: When the page was here, by this machine's clock.
        starts_page: It is the page's first one. It comes again where the page was not whole.
        ends_page: It is the page's last one, and the page is whole.
        locator: Behind a whole page, where the next one starts; None behind the last.
        rows: Behind a whole page, those of the job up to here.
    """

    frame: Frame
    arrived: datetime
    starts_page: bool
    ends_page: bool
    locator: str | None = None
    rows: int = 0


def chunks_of(page: ResultPage, columns: Sequence[Column], rows_before: int) -> Iterator[Chunk]:
    """Yield the rows of a page slice by slice.

    The last slice waits for the proof: a page of one slice is emitted proven or not at all.

    Args:
        page: The page.
        columns: The queried columns, in order.
        rows_before: Rows of the job's pages before it.

    Raises:
        IncompleteError: The page is not whole.
    """
    rows, held, is_first = 0, None, True
    for frame in _frames(page, columns):
        rows += frame.height
        if held is not None:
            yield Chunk(held, page.arrived, starts_page=is_first, ends_page=False)
            is_first = False
        held = frame
    if rows != page.told.rows:
        raise IncompleteError(
            f"A result page of Bulk job {page.job_id} has {page.told.rows:,} rows by its header, "
            f"but {rows:,} arrived.",
            hint="Run again.",
            code="bulk-page-mismatch",
        )
    if held is not None:
        yield Chunk(
            held,
            page.arrived,
            starts_page=is_first,
            ends_page=True,
            locator=page.told.locator,
            rows=rows_before + rows,
        )


def _frames(page: ResultPage, columns: Sequence[Column]) -> Iterator[Frame]:
    blocks = iter(partial(page.opened().read, _BLOCK_BYTES), b"")
    if page.told.encoding == "gzip":
        blocks = _unpacked(blocks)
    try:
        yield from frames.csv_frames(_measured(blocks, page), columns, _SLICE_BYTES)
    except (EOFError, zlib.error) as error:
        message = f"A result page of Bulk job {page.job_id} can't be unpacked ({error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None


def _measured(blocks: Iterator[bytes], page: ResultPage) -> Iterator[bytes]:
    page.unpacked_bytes = 0
    for block in blocks:
        page.unpacked_bytes += len(block)
        yield block


def _unpacked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip has packed, its checksums verified.

    Python's own gzip module reads by 8 KiB, which takes a quarter longer.

    Raises:
        EOFError: It ends too early.
        zlib.error: It is none, or broken.
    """
    unpacker, is_whole = zlib.decompressobj(_GZIP_WINDOW_BITS), False
    for block in blocks:
        rest = block
        while rest:
            if unpacker.eof:  # another member of the file
                unpacker = zlib.decompressobj(_GZIP_WINDOW_BITS)
            yield unpacker.decompress(rest, _SLICE_BYTES)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            is_whole = unpacker.eof
    if not is_whole:
        raise EOFError("it ends too early")
