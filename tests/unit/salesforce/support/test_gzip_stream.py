"""gzip by ISA-L and by zlib: each reads what the other writes, and refuses what the other does."""

from __future__ import annotations

import gzip
import random
import sys
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support import gzip_stream
from tap_versionforge_salesforce.salesforce.support.gzip_stream import (
    BrokenGzipError,
    packer,
    unpacked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = b"".join(b'{"Id":"%018d","Name":"Z\xc3\xbcrich"}\n' % number for number in range(20_000))
PIECE_BYTES = 1 << 16


@pytest.fixture(params=["ISA-L", "zlib"])
def by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Have it done by one of the two."""
    if request.param == "zlib":
        # As it is where it is not installed.
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    else:
        pytest.importorskip("isal.isal_zlib")
    gzip_stream._module.cache_clear()  # noqa: SLF001  remembered for as long as the process lives
    yield request.param
    gzip_stream._module.cache_clear()  # noqa: SLF001


def packed(text: bytes) -> bytes:
    made = packer()
    pieces = [made.compress(text[at : at + 10_007]) for at in range(0, len(text), 10_007)]
    return b"".join([*pieces, made.flush()])


def read(body: bytes) -> bytes:
    blocks = (body[at : at + 7_001] for at in range(0, len(body), 7_001))
    return b"".join(unpacked(blocks, PIECE_BYTES))


@pytest.mark.usefixtures("by")
def test_what_is_packed_is_plain_gzip() -> None:
    """Whoever knows gzip reads it, the same rows make the same bytes, and they are fewer."""
    body = packed(TEXT)
    assert gzip.decompress(body) == TEXT
    assert packed(TEXT) == body
    assert len(body) < len(TEXT) / 4


@pytest.mark.usefixtures("by")
def test_what_others_have_packed_is_read() -> None:
    """By whatever level, in several members, and with none."""
    for level in (1, 6, 9):
        assert read(gzip.compress(TEXT, level)) == TEXT
    assert read(gzip.compress(TEXT) + gzip.compress(b"more")) == TEXT + b"more"
    assert read(gzip.compress(b"")) == b""
    # Filled up with NULs, as Python and curl read it too, wherever a block ends.
    assert read(gzip.compress(TEXT) + bytes(20_000)) == TEXT
    assert read(gzip.compress(TEXT) + bytes(9) + gzip.compress(b"more")) == TEXT + b"more"


@pytest.mark.usefixtures("by")
def test_a_piece_is_no_larger_than_asked_for() -> None:
    """However little stands packed for it."""
    pieces = list(unpacked(iter([gzip.compress(bytes(1 << 22))]), PIECE_BYTES))
    assert sum(map(len, pieces)) == 1 << 22
    assert max(map(len, pieces)) <= PIECE_BYTES


BODY = gzip.compress(TEXT)


@pytest.mark.usefixtures("by")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"Id,Name\n" * 100, id="no gzip"),
        pytest.param(BODY[:-1], id="cut in its trailer"),
        pytest.param(BODY[: len(BODY) // 2], id="cut in the middle"),
        pytest.param(BODY[:-8] + bytes([BODY[-8] ^ 1]) + BODY[-7:], id="another checksum"),
        pytest.param(BODY[:-1] + bytes([BODY[-1] ^ 1]), id="another length"),
        pytest.param(BODY + b"and more", id="junk behind it"),
        pytest.param(BODY + bytes(5) + b"and more", id="junk behind NULs"),
        pytest.param(bytes(5) + BODY, id="NULs before it"),
    ],
)
def test_what_is_broken_is_refused(body: bytes) -> None:
    """Not a byte too few or another one is taken for the whole."""
    with pytest.raises(BrokenGzipError):
        read(body)


@pytest.mark.usefixtures("by")
def test_a_bit_that_has_fallen_over_is_seen() -> None:
    """Wherever it is: what is not refused is the text."""
    chance = random.Random(16)  # noqa: S311  no secret
    for _ in range(200):
        body = bytearray(BODY)
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        try:
            assert read(bytes(body)) == TEXT
        except BrokenGzipError:
            continue
