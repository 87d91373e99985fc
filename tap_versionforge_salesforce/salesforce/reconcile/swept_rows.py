"""Rows of a sweep: as much of each as tells, at the next sweep, whether it is still the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

_INSTANT = pl.Datetime("ms")
#: The columns of a table of swept rows. A digest has no value where no field is swept.
SCHEMA = pl.Schema(
    [("id", pl.String), ("stamp", _INSTANT), ("is_deleted", pl.Boolean), ("digest", pl.Binary)]
)
_STAMP_FORMAT = "%Y-%m-%dT%H:%M:%S%.fZ"
_DIGEST_BYTES = 16
# The other three of an 18-character Id are a checksum.
_ID_LENGTH = 15
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def swept_rows(frame: Frame, *, fields: Sequence[str], stamp: str | None) -> pl.DataFrame:
    """Return the rows of a page as a generation keeps them.

    Args:
        frame: The page, whose values are canonical. It has ``Id``, and ``IsDeleted`` where the
            object does.
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
        else pl.col(stamp).str.strptime(_INSTANT, _STAMP_FORMAT, strict=False)
    )
    deleted = pl.col("IsDeleted") if "IsDeleted" in table.columns else pl.lit(value=False)
    rows = table.select(
        id=pl.col("Id").str.head(_ID_LENGTH),
        stamp=moved.cast(_INSTANT),
        is_deleted=deleted.cast(pl.Boolean),
    )
    return rows.with_columns(_digests(table, fields))


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
        rows: A table of `SCHEMA`; of two with one Id, the later one counts.
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


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between two generations, in one of their partitions.

    Attributes:
        gone: Rows that only the earlier one has, as that has them.
        appeared: Rows that only the later one has.
        moved: Rows of the later one whose stamp is another than in the earlier.
        stale: Rows of the later one with the stamp of the earlier and other values.
    """

    gone: pl.DataFrame
    appeared: pl.DataFrame
    moved: pl.DataFrame
    stale: pl.DataFrame


def differences(
    before: pl.DataFrame, now: pl.DataFrame, *, are_values_comparable: bool
) -> Differences:
    """Compare one partition of two generations.

    Args:
        before: Of the earlier one: a table of `SCHEMA`, each Id once.
        now: Of the later one.
        are_values_comparable: Both have swept the same fields.
    """
    both = now.join(before, on="id", how="inner", suffix="_before")
    has_moved = pl.col("stamp").ne_missing(pl.col("stamp_before"))
    differs = pl.col("is_deleted").ne_missing(pl.col("is_deleted_before"))
    if are_values_comparable:
        differs |= pl.col("digest").ne_missing(pl.col("digest_before"))
    return Differences(
        gone=before.join(now, on="id", how="anti"),
        appeared=now.join(before, on="id", how="anti"),
        moved=both.filter(has_moved).select(now.columns),
        stale=both.filter(~has_moved & differs).select(now.columns),
    )
