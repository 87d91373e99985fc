"""gzip, piece by piece: by ISA-L where it is installed, by zlib elsewhere, which reads the same."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WINDOW_BITS = 31
# The files live for minutes: a higher level of zlib costs more time than its smaller files save,
# and level 2 of ISA-L makes them as small as level 1 of zlib does.
_LEVELS = {"isal.isal_zlib": 2, "zlib": 1}


class BrokenGzipError(ValueError):
    """It is no gzip, or a broken one, or not the whole of it."""


def packer() -> Any:  # noqa: ANN401  as zlib.compressobj() has it, which nobody can name
    """Return what packs, with `compress(bytes)` and `flush()`; no time stands in what it makes."""
    module = _module()
    return module.compressobj(_LEVELS[module.__name__], module.DEFLATED, _WINDOW_BITS)


def unpacked(blocks: Iterator[bytes], at_most: int) -> Iterator[bytes]:
    """Yield what gzip has packed, its checksums verified.

    Python's own gzip module reads by 8 KiB, which takes a quarter longer.

    Args:
        blocks: The packed bytes.
        at_most: What a piece may have, whatever is packed.

    Raises:
        BrokenGzipError: It is none, or broken, or ends too early.
    """
    module = _module()
    unpacker, is_whole = module.decompressobj(_WINDOW_BITS), False
    try:
        for block in blocks:
            rest = block
            while rest:
                if unpacker.eof:  # another member of the file, or what fills it up
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    unpacker = module.decompressobj(_WINDOW_BITS)
                yield unpacker.decompress(rest, at_most)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                is_whole = unpacker.eof
    except module.error as error:
        raise BrokenGzipError(str(error)) from None
    if not is_whole:
        raise BrokenGzipError("it ends too early")


@cache
def _module() -> Any:  # noqa: ANN401  zlib, or what has its functions
    """Return what packs and unpacks; looked for when it is needed first, not at the start."""
    try:
        import isal.isal_zlib  # noqa: PLC0415  looked for when it is needed first
    except ImportError:
        return zlib
    return isal.isal_zlib
