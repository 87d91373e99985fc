"""Rows of a sweep: as much of each as tells, at the next sweep, whether it is still the same."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

INSTANT = pl.Datetime("ms")
#: The columns of a table of swept rows. A stamp, a digest, or whether a row is in the recycle bin
#: has no value where that is not read.
SCHEMA = pl.Schema(
    [("id", pl.String), ("stamp", INSTANT), ("is_deleted", pl.Boolean), ("digest", pl.Binary)]
)
_STAMP_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
_DIGEST_BYTES = 16
# The other three of an 18-character Id are a checksum.
_ID_LENGTH = 15
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CHECKED_TOGETHER = 5


def swept_rows(frame: Frame, *, fields: Sequence[str], stamp: str | None) -> pl.DataFrame:
    """Return the rows of a page as a generation keeps them.

    Args:
        frame: The page, whose values are canonical. It has ``Id``.
        fields: What no stamp tells of, in the order in which the digest has it.
        stamp: The field that moves with the row; None where the object has none.

    Returns:
        A table of `SCHEMA`.
    """
    table = frame.table
    nothing = pl.lit(None)
    moved = (
        nothing
        if stamp is None
        else pl.col(stamp).str.strptime(INSTANT, _STAMP_FORMAT, strict=False)
    )
    deleted = pl.col("IsDeleted") if "IsDeleted" in table.columns else nothing
    rows = table.select(
        id=short_ids("Id"),
        stamp=moved.cast(INSTANT),
        is_deleted=deleted.cast(pl.Boolean),
    )
    return rows.with_columns(_digests(table, fields))


def short_ids(column: str) -> pl.Expr:
    """Return the Ids of a column as swept rows have them: without their checksum."""
    return pl.col(column).str.head(_ID_LENGTH)


def full_id(short: str) -> str:
    """Return an Id with its checksum, as all answers have it.

    Each of its characters says which of five before are capital letters ("ID Field Type" in the
    Object Reference).

    Args:
        short: Its 15 characters.
    """
    checksum = ""
    for start in range(0, _ID_LENGTH, _CHECKED_TOGETHER):
        some = short[start : start + _CHECKED_TOGETHER]
        bits = sum(1 << place for place, char in enumerate(some) if "A" <= char <= "Z")
        checksum += _CHECKSUM_DIGITS[bits]
    return short + checksum


def _digests(table: pl.DataFrame, fields: Sequence[str]) -> pl.Series:
    if not fields:
        return pl.repeat(None, table.height, dtype=pl.Binary, eager=True).alias("digest")
    spelled = table.select(pl.concat_str([_spelled(name) for name in fields]).cast(pl.Binary))
    digests = [
        hashlib.blake2b(text, digest_size=_DIGEST_BYTES).digest() for text in spelled.to_series()
    ]
    return pl.Series("digest", digests, pl.Binary)


def _spelled(name: str) -> pl.Expr:
    """Return a value with its length before it, so that no two rows of values are spelled alike."""
    text = pl.col(name).cast(pl.String)
    length = text.str.len_bytes().cast(pl.String)
    return pl.concat_str([length, pl.lit(":"), text]).fill_null("-")


def partitioned(rows: pl.DataFrame, partitions: int) -> dict[int, pl.DataFrame]:
    """Return swept rows by the partition that each belongs to, sorted by Id.

    Ids are given out one after the other, so that their last digits spread the rows evenly.

    Args:
        rows: A table that has the columns of `SCHEMA`; of two with one Id, the later one counts.
        partitions: How many there are; a power of two, so that each of fewer partitions is made
            of whole ones of these.
    """
    if partitions == 1:
        return {0: rows.sort("id", maintain_order=True)}
    codes = {digit: code for code, digit in enumerate(_DIGITS)}
    last, before = (
        pl.col("id").str.slice(_ID_LENGTH - n, 1).replace_strict(codes, default=0) for n in (1, 2)
    )
    place = (last + len(_DIGITS) * before) % partitions
    parts = (
        rows.with_columns(place=place.cast(pl.UInt32))
        .sort("id", maintain_order=True)
        .partition_by("place", as_dict=True, include_key=False)
    )
    return {int(place): part for (place,), part in parts.items()}


def packed(rows: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    file = io.BytesIO()
    rows.write_parquet(file, compression="zstd", statistics=False)
    return file.getvalue()


def blake2b(content: bytes) -> str:
    """Return what tells whether bytes are still those that were written, in hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
