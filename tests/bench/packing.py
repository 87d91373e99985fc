"""How much faster than zlib the tap packs and unpacks gzip: `python -m tests.bench.packing`."""

from __future__ import annotations

import sys
import time
import zlib
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.gzip_stream import packer, unpacked
from tests.bench import pages
from tests.bench.aims import Aim
from tests.bench.report import AIM_HEAD
from tests.support.text_table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROWS, _COLUMNS = 20_000, 40
_BLOCK_BYTES = 1 << 20
_WINDOW_BITS = 31
# What the tap packs its files with where it has nothing but zlib, and Salesforce its pages.
_FAST, _USUAL = 1, 6
_TURNS = 5


def aims() -> Iterator[Aim]:
    """Compare both, over a page of Bulk and the records of it as JSON."""
    rows = pages.rows(_COLUMNS, _ROWS)
    lines = pages.records(rows)
    page = _by_zlib(pages.csv_page(rows), _USUAL)
    packing, unpacking = (
        _seconds(lambda: _by_zlib(lines, _FAST), lambda: _by_the_tap(lines)),
        _seconds(lambda: _read_by_zlib(page), lambda: _read_by_the_tap(page)),
    )
    for what, (by_zlib, by_the_tap), at_least in (
        ("Packing a file of BATCH jsonl", packing, 2),
        ("Unpacking a result page", unpacking, 1.5),
    ):
        yield Aim(
            what=f"{what}, against zlib",
            value=by_zlib / by_the_tap,
            at_least=at_least,
            remark=f"CPU s of {_ROWS:,} rows of {_COLUMNS} columns: {by_zlib:.3f} with zlib, "
            f"{by_the_tap:.3f} as the tap does, with what is installed here",
        )
    ours, theirs = len(_by_the_tap(lines)), len(_by_zlib(lines, _FAST))
    yield Aim(
        what="Size of that file, against zlib",
        value=ours / theirs,
        at_most=1.1,
        remark=f"{ours:,} bytes of {len(lines):,} against {theirs:,} at level {_FAST}",
    )


def _seconds(*ways: Callable[[], object]) -> list[float]:
    """Return the CPU seconds of each, the least of a few; by turns, as others are at work, too."""
    turns = [[_once(way) for way in ways] for _ in range(_TURNS)]
    return [min(each) for each in zip(*turns, strict=True)]


def _once(way: Callable[[], object]) -> float:
    began = time.process_time()
    way()
    return time.process_time() - began


def _blocks(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _BLOCK_BYTES] for at in range(0, len(body), _BLOCK_BYTES))


def _by_zlib(text: bytes, level: int) -> bytes:
    made = zlib.compressobj(level, wbits=_WINDOW_BITS)
    return b"".join([*map(made.compress, _blocks(text)), made.flush()])


def _by_the_tap(text: bytes) -> bytes:
    made = packer()
    return b"".join([*map(made.compress, _blocks(text)), made.flush()])


def _read_by_zlib(body: bytes) -> int:
    made = zlib.decompressobj(_WINDOW_BITS)
    return sum(len(made.decompress(block)) for block in _blocks(body))


def _read_by_the_tap(body: bytes) -> int:
    return sum(map(len, unpacked(_blocks(body), _BLOCK_BYTES)))


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table([AIM_HEAD, *(a.cells() for a in aims())]))
