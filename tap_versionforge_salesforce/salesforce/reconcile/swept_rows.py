"""Rows of a sweep: as much of each as tells, at the next sweep, whether it is still the same."""

from __future__ import annotations

import io
from datetime import timezone
from typing import TYPE_CHECKING, TypeAlias

import polars as pl
import xxhash

from tap_versionforge_salesforce.salesforce.support.record_ids import ID_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

#: Rows, for who only hands them on.
Rows: TypeAlias = pl.DataFrame
INSTANT = pl.Datetime("ms")
#: The columns of a table of swept rows. A stamp, a digest, or whether a row is in the recycle bin
#: has no value where that is not read.
SCHEMA = pl.Schema(
    [("id", pl.String), ("stamp", INSTANT), ("is_deleted", pl.Boolean), ("digest", pl.Binary)]
)
# Of a canonical stamp, such as 2026-11-23T10:00:00.000Z.
_MINUTE_FORMAT, _MINUTE_LENGTH = "%Y-%m-%dT%H:%M", 16
_SECONDS_AT, _MILLISECONDS_AT = 17, 20
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


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
    moved = nothing if stamp is None else _instant(pl.col(stamp))
    deleted = pl.col("IsDeleted") if "IsDeleted" in table.columns else nothing
    rows = table.select(
        id=short_ids("Id"),
        stamp=moved.cast(INSTANT),  # also where it is nothing
        is_deleted=deleted.cast(pl.Boolean),
    )
    return rows.with_columns(_digests(table, fields))


def _instant(stamp: pl.Expr) -> pl.Expr:
    """Return stamps as instants; what is none is null.

    Many stamps have one minute, which polars then reads once: reading whole stamps takes four
    times as long.
    """
    minute = stamp.str.head(_MINUTE_LENGTH).str.strptime(INSTANT, _MINUTE_FORMAT, strict=False)
    rest = stamp.str.slice(_SECONDS_AT, 2) + stamp.str.slice(_MILLISECONDS_AT, 3)
    return (minute.cast(pl.Int64) + rest.cast(pl.Int64, strict=False)).cast(INSTANT)


def short_ids(column: str) -> pl.Expr:
    """Return the Ids of a column as swept rows have them: without their checksum."""
    return pl.col(column).str.head(ID_LENGTH)


def _digests(table: pl.DataFrame, fields: Sequence[str]) -> pl.Series:
    if not fields:
        return pl.repeat(None, table.height, dtype=pl.Binary, eager=True).alias("digest")
    texts = [pl.col(name).cast(pl.String) for name in fields]
    # With their lengths, so that no two rows of values are spelled alike.
    lengths = [text.str.len_bytes().cast(pl.String).fill_null("-") for text in texts]
    pieces = [piece for length in lengths for piece in (length, pl.lit(":"))]
    whole = pl.concat_str([*pieces, *(text.fill_null("") for text in texts)])
    spelled = table.select(whole.cast(pl.Binary))
    # Nobody has anything from making two texts with one digest, and of a million rows a
    # cryptographic one takes as long as all else that is done with them.
    digests = map(xxhash.xxh3_128_digest, spelled.to_series().to_list())
    return pl.Series("digest", list(digests), pl.Binary)


def partitioned(rows: pl.DataFrame, partitions: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield swept rows by the partition that each belongs to, sorted by Id.

    Ids are given out one after the other, so that their last digits spread the rows evenly.

    Args:
        rows: A table that has the columns of `SCHEMA`; of two with one Id, the later one counts.
        partitions: How many there are; a power of two, so that each of fewer partitions is made
            of whole ones of these.
    """
    codes = {digit: code for code, digit in enumerate(_DIGITS)}
    last, before = (
        pl.col("id").str.slice(ID_LENGTH - n, 1).replace_strict(codes, default=0) for n in (1, 2)
    )
    places = rows.select(((last + len(_DIGITS) * before) % partitions).cast(pl.UInt16)).to_series()
    # One after the other, so that no more than one of them is held beside the whole.
    for place in range(partitions):
        part = rows.filter(places == place)
        if part.height:
            yield place, part.sort("id", maintain_order=True)


def is_before(moment: datetime) -> pl.Expr:
    """Tell of each row whether its stamp lies before a moment; rows without one always do."""
    bound = pl.lit(moment.astimezone(timezone.utc).replace(tzinfo=None), INSTANT)
    return (pl.col("stamp") < bound).fill_null(value=True)


def latest(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of tables, sorted by Id; of several with one Id the last one.

    Args:
        tables: One at least. Where they are sorted already that is seen, and costs little.
    """
    whole = tables[0] if len(tables) == 1 else pl.concat(tables, how="diagonal")
    # polars joins and tells apart what it knows to be sorted many times as fast.
    return whole.sort("id", maintain_order=True).unique("id", keep="last", maintain_order=True)


def packed(rows: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    file = io.BytesIO()
    rows.write_parquet(file, compression="zstd", compression_level=1, statistics=False)
    return file.getvalue()


def digest_of(content: bytes) -> str:
    """Return what tells whether bytes are still those that were written, in hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(content)
