"""What a comparison has found, counted by why it differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple, cast

import polars as pl

from tap_versionforge_salesforce.salesforce.reconcile.comparison import certainly_living
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import (
    SCHEMA,
    is_before,
    short_ids,
)
from tap_versionforge_salesforce.salesforce.support.record_ids import full_id
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.reconcile.comparison import Differences

# Rows that are held by their Ids; 40 bytes each.
_MOST_IDS = 2_000_000
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Closed:
    """What windows have read.

    Attributes:
        until: The bookmark: rows from then on are read by the next window. None where there is
            none.
        lookback_seconds: How far before it that window begins.
    """

    until: datetime | None
    lookback_seconds: int

    def has(self, *, with_lookback: bool) -> pl.Expr:
        """Tell of each row whether its stamp lies before the bookmark.

        Args:
            with_lookback: Or before that from which the next window reads.
        """
        if self.until is None:
            return pl.lit(value=True)
        back = timedelta(seconds=self.lookback_seconds if with_lookback else 0)
        # Rows without a stamp are in every window.
        return is_before(self.until - back)


class GoneRow(NamedTuple):
    """A row that is gone.

    Attributes:
        id: Its Id, with its checksum.
        last_seen_at: When it was there last.
        was_in_recycle_bin: Whether it was in the recycle bin then; None where that is not known.
    """

    id: str
    last_seen_at: datetime
    was_in_recycle_bin: bool | None


def gone_in(rows: pl.DataFrame) -> Iterator[GoneRow]:
    """Yield rows that are gone, as they were last seen.

    Args:
        rows: Of `Differences.gone`.
    """
    for short, was_deleted, seen_at in rows.select("id", "is_deleted", "seen_at").iter_rows():
        yield GoneRow(full_id(short), seen_at.replace(tzinfo=timezone.utc), was_deleted)


class Wanted:
    """Rows that are to be read again.

    Args:
        rows: How many.
        ids: The first 15 characters of their Ids; None where they are too many to be named.
        among: A condition that all of them fulfil, in SOQL; empty where there is none.
    """

    def __init__(self, rows: int, ids: pl.Series | None, among: str) -> None:
        self.rows = rows
        self.among = among
        self._ids = None if ids is None else ids.sort()
        self._come: list[pl.Series] = []

    def ids(self) -> list[str] | None:
        """Return their Ids; None where they are too many to be named."""
        return None if self._ids is None else [full_id(short) for short in self._ids]

    def of(self, frame: Frame) -> Frame:
        """Return those of some rows; all of them where nobody can name them."""
        if self._ids is None:
            return frame
        short = frame.table.select(short_ids("Id")).to_series()
        found = frame.only(_is_among(short, self._ids))
        self._come.append(found.table.select(short_ids("Id")).to_series())
        return found

    def not_come(self) -> pl.DataFrame | None:
        """Return those that `of` has not been shown, as rows of which nothing is known.

        Returns:
            A table of `swept_rows.SCHEMA`; None where all have come, or nobody can name them.
        """
        if self._ids is None:
            return None
        come = pl.concat([*self._come, self._ids.clear()]).sort()
        missing = self._ids.filter(~_is_among(self._ids, come))
        rows = pl.DataFrame({"id": missing}).select(
            pl.col(name) if name == "id" else pl.lit(None, kind).alias(name)
            for name, kind in SCHEMA.items()
        )
        return rows if rows.height else None


def _is_among(values: pl.Series, others: pl.Series) -> pl.Series:
    """Tell of each value whether it is one of others, which are sorted."""
    if others.is_empty():
        return pl.repeat(value=False, n=len(values), eager=True)
    places = others.search_sorted(values).clip(0, len(others) - 1)
    return others.gather(places) == values


@dataclass(slots=True)
class Findings:
    """What differs between what the target holds and what the org does.

    Attributes:
        living: Rows outside of the recycle bin that the target holds.
        living_gone: How many of them are gone that the target is certain to hold.
        rows_gone: Rows that are gone, with others that were in the recycle bin.
        gone: These; none where they are too many to be held.
        stale: How many have other values and the same stamp.
        new_behind_bookmark: How many nobody had read, though they lie before the bookmark.
        moved_unseen: How many have changed before the bookmark without being read since.
        unsure: How many a run that died has written or not.
        in_closed_windows: How many of the new and the moved ones no look-back provides for.
    """

    living: int = 0
    living_gone: int = 0
    rows_gone: int = 0
    gone: list[pl.DataFrame] = field(default_factory=list)
    stale: int = 0
    new_behind_bookmark: int = 0
    moved_unseen: int = 0
    unsure: int = 0
    in_closed_windows: int = 0
    _wanted: list[pl.Series] = field(default_factory=list)
    _rows_wanted: int = 0
    _lowest: datetime | None = None
    _has_rows_without_stamp: bool = False

    def take(self, part: Differences, closed: Closed) -> None:
        """Take in what differs in a partition.

        Args:
            part: The partition.
            closed: Rows behind it are read by the next window, and are left to that.
        """
        self.living += part.living
        self.living_gone += certainly_living(part.gone)
        self.rows_gone += part.gone.height
        if self.rows_gone > _MOST_IDS:
            self.gone.clear()
        elif part.gone.height:
            self.gone.append(part.gone)
        is_past = closed.has(with_lookback=False)
        appeared, moved, stale, unsure = (
            rows.filter(is_past) for rows in (part.appeared, part.moved, part.stale, part.unsure)
        )
        self.stale += stale.height
        self.new_behind_bookmark += appeared.height
        self.moved_unseen += moved.height
        self.unsure += unsure.height
        is_closed = closed.has(with_lookback=True)
        self.in_closed_windows += pl.concat([appeared, moved]).filter(is_closed).height
        self._want(pl.concat([appeared, moved, stale, unsure]))

    def _want(self, rows: pl.DataFrame) -> None:
        self._rows_wanted += rows.height
        if self._rows_wanted > _MOST_IDS:
            self._wanted.clear()
        else:
            self._wanted.append(rows["id"])
        stamps = rows["stamp"]
        self._has_rows_without_stamp |= stamps.has_nulls()
        lowest = cast("datetime | None", stamps.min())
        if lowest is not None and (self._lowest is None or lowest < self._lowest):
            self._lowest = lowest

    def gone_too_many(self, most_percent: int) -> bool:
        """Tell whether more rows are gone at once than may be taken for deleted.

        What was in the recycle bin leaves it by itself.

        Args:
            most_percent: Of the rows that the target holds.
        """
        return self.living_gone * _PERCENT > most_percent * self.living

    def wanted(self, stamp: str | None) -> Wanted:
        """Return which rows are to be read again.

        Args:
            stamp: The field that moves with a row.
        """
        among = ""
        if self._lowest is not None and stamp is not None and not self._has_rows_without_stamp:
            among = f"{stamp} >= {format_instant(self._lowest.replace(tzinfo=timezone.utc))}"
        can_be_named = self._rows_wanted <= _MOST_IDS
        ids = pl.concat(self._wanted) if self._wanted else pl.Series("id", [], pl.String)
        return Wanted(self._rows_wanted, ids if can_be_named else None, among)
