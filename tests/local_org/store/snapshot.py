"""The rows of a job as they were when it completed, encoded and packed, ready to be sent.

A benchmark of the tap should not wait for the org to encode: Salesforce does that before a job is
complete, and so does this.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.local_org.answers.encode import csv_header, csv_rows

if TYPE_CHECKING:
    from tests.local_org.store.store import Store

DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_FETCHED_AT_ONCE = 5_000
_BLOCK_ROWS = 1_000
_PACK_LEVEL = 1
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
# A last deflate block without content, as none of the packed ones is marked as the last.
_DEFLATE_END = b"\x03\x00"


@dataclass(frozen=True)
class Page:
    """One result page, and the same as gzip where it was at hand."""

    plain: bytes
    packed: bytes | None


@dataclass(frozen=True)
class Snapshot:
    """Encoded rows, each with its line ending, and the header row that every page repeats."""

    header: bytes
    rows: list[bytes]
    blocks: list[bytes]
    """The rows again, deflated by the thousand."""
    size: int

    @classmethod
    def take(
        cls, store: Store, soql: str, *, all_rows: bool, delimiter: str, line_ending: str
    ) -> Snapshot:
        """Run the query and keep its rows."""
        result = store.run(soql, all_rows=all_rows, bulk=True)
        style = {"delimiter": DELIMITERS[delimiter], "line_ending": LINE_ENDINGS[line_ending]}
        rows: list[bytes] = []
        for start in range(0, result.total_size, _FETCHED_AT_ONCE):
            fetched = store.fetch(result, start, _FETCHED_AT_ONCE)
            rows.extend(csv_rows(result, fetched, **style))
        blocks = [
            _deflate(b"".join(rows[start : start + _BLOCK_ROWS]))
            for start in range(0, len(rows), _BLOCK_ROWS)
        ]
        return cls(csv_header(result, **style), rows, blocks, sum(map(len, rows)))

    def page(self, start: int, end: int) -> Page:
        """The header row and these rows."""
        plain = self.header + b"".join(self.rows[start:end])
        first, apart = divmod(start, _BLOCK_ROWS)
        if apart or (end % _BLOCK_ROWS and end < len(self.rows)):
            return Page(plain, None)
        pieces = [_deflate(self.header), *self.blocks[first : -(-end // _BLOCK_ROWS)]]
        tail = struct.pack("<II", zlib.crc32(plain), len(plain) & 0xFFFF_FFFF)
        return Page(plain, b"".join([_GZIP_HEAD, *pieces, _DEFLATE_END, tail]))


def _deflate(data: bytes) -> bytes:
    """Raw deflate that others can follow: a full flush ends it on a byte, with nothing open."""
    packer = zlib.compressobj(_PACK_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
