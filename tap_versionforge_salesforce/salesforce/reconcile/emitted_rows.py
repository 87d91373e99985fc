"""What has been written to the target since an object was last swept.

A row that is new and gone again between two sweeps is in neither of them, and the target has it all
the same: quote sync makes such rows every day. So each page is kept here before it is written, and
so is each row that is told as gone. What a later run is told to be confirmed is what the target
holds; of the rest it may hold some, or may have deleted it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import INSTANT, digest_of, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation, Meaning

_FOLDER = "emitted"
_DIGITS_OF_HASH = 16
_NAME = re.compile(
    r"(?P<number>\d+)-(?P<seen_at>\d+)-(?P<of_rows>[0-9a-f]+)-(?P<of_values>[0-9a-f]+)-"
    r"(?P<digest>[0-9a-f]+)(?P<gone>-gone)?(?P<unsure>-unsure)?\.parquet"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """One file of emitted rows.

    Attributes:
        number: Counted through, from 1.
        seen_at: When its rows were here.
        of_rows: As `Meaning.of_rows`.
        of_values: As `Meaning.of_values`.
        digest: Of its bytes.
        is_gone: Its rows were told as gone.
        is_certain: The target has confirmed them, or is going to before it confirms more.
    """

    number: int
    seen_at: datetime
    of_rows: str
    of_values: str
    digest: str
    is_gone: bool = False
    is_certain: bool = True

    @property
    def name(self) -> str:
        marks = f"{'-gone' if self.is_gone else ''}{'' if self.is_certain else '-unsure'}"
        return (
            f"{self.number:010}-{int(self.seen_at.timestamp() * 1000)}-{self.of_rows}-"
            f"{self.of_values}-{self.digest}{marks}.parquet"
        )


class EmittedRows:
    """The rows of one object that have been written, or told as gone, since it was last swept.

    Args:
        folder: Where they are kept.
        sobject: The object's API name.
        confirmed: What the target has confirmed. What is behind that may have come to it or not.

    Raises:
        SettingsError: The store can't be read.
    """

    def __init__(self, folder: StoreFolder, *, sobject: str, confirmed: Confirmed) -> None:
        self._folder = folder
        self._sobject = sobject
        self._place = f"{sobject.lower()}/{_FOLDER}"
        self._confirmed = confirmed
        self._kept = sorted(self._found(), key=lambda kept: kept.number)
        self._are_marked = False

    def _found(self) -> Iterator[_Kept]:
        for name in self._folder.sizes(self._place):
            match = _NAME.fullmatch(name)
            if match is not None:
                yield _Kept(
                    int(match["number"]),
                    datetime.fromtimestamp(int(match["seen_at"]) / 1000, tz=timezone.utc),
                    match["of_rows"],
                    match["of_values"],
                    match["digest"],
                    is_gone=match["gone"] is not None,
                    is_certain=match["unsure"] is None,
                )

    @property
    def number(self) -> int:
        """Return the number of the last rows that were kept; 0 before the first."""
        return max(self._kept[-1].number if self._kept else 0, self._confirmed.emitted)

    def begin_life(self, confirmed: Confirmed) -> None:
        """Take what is here for that of an earlier life: the target may hold it, or not.

        Args:
            confirmed: What the state says from here on.
        """
        self._confirmed = confirmed

    def keep(
        self,
        rows: pl.DataFrame,
        meaning: Meaning,
        *,
        seen_at: datetime,
        is_gone: bool = False,
        is_certain: bool = True,
    ) -> int:
        """Keep rows that are about to be written, or told as gone.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            meaning: What they are.
            seen_at: When they were here, or were not any more.
            is_gone: They are told as gone.
            is_certain: They are written as they are; False of rows of which that is not known.

        Returns:
            Their number. Once they are written, the state may say that it is confirmed.
        """
        self._mark_unsure()
        content = packed(rows)
        kept = _Kept(
            self.number + 1,
            seen_at.astimezone(timezone.utc),
            meaning.of_rows,
            meaning.of_values,
            digest_of(content)[:_DIGITS_OF_HASH],
            is_gone,
            is_certain,
        )
        self._folder.write(f"{self._place}/{kept.name}", content)
        self._kept.append(kept)
        return kept.number

    def check(self, before: Generation | None) -> None:
        """See that all is there that the target has confirmed.

        Args:
            before: The sweep that the target was made equal to last; None before the first.

        Raises:
            BrokenStoreError: It is not.
        """
        numbers = {kept.number for kept in self._kept}
        for number in range(self._first(before), self._confirmed.emitted + 1):
            if number not in numbers:
                path = f"{self._place}/{number:010}"
                raise self._folder.broken(path, "it is missing", stream=self._sobject)

    def _first(self, before: Generation | None) -> int:
        return 1 + max(self._confirmed.begins_after, 0 if before is None else before.follows)

    def _since(self, before: Generation | None) -> list[_Kept]:
        """Return those that a sweep has not seen, of whatever run."""
        if before is None:
            return self._kept
        # Another run may have gone by what it had listed before.
        return [
            kept
            for kept in self._kept
            if kept.number > before.follows or kept.seen_at > before.taken_at
        ]

    def are_comparable(self, meaning: Meaning, before: Generation | None) -> bool:
        """Tell whether all that the target has confirmed are rows of the same query.

        Args:
            meaning: What is compared with them.
            before: The last sweep.
        """
        begins_after = self._confirmed.begins_after
        return all(
            kept.of_rows == meaning.of_rows
            for kept in self._since(before)
            if kept.number > begins_after
        )

    def tables(
        self, meaning: Meaning, before: Generation | None, *, are_others_certain: bool
    ) -> Iterator[pl.DataFrame]:
        """Yield them in their order, as `known` returns rows.

        Args:
            meaning: What they are compared with; digests of other values are left out.
            before: The last sweep.
            are_others_certain: Rows with digests of other values are taken as they are, for these
                are compared by themselves.

        Raises:
            BrokenStoreError: One is not as it was written.
        """
        self._mark_unsure()
        for kept in self._since(before):
            if kept.of_rows != meaning.of_rows:
                continue  # of an earlier life
            rows = self._read(kept)
            is_certain = kept.is_certain and kept.number > self._confirmed.begins_after
            if kept.of_values != meaning.of_values and not kept.is_gone:
                rows = rows.with_columns(digest=pl.lit(None, pl.Binary))
                is_certain = is_certain and are_others_certain
            yield known(rows, seen_at=kept.seen_at, is_certain=is_certain, is_gone=kept.is_gone)

    def forget(self, before: Generation) -> None:
        """Remove those that a confirmed sweep has seen.

        Args:
            before: The sweep.
        """
        left = self._since(before)
        names = {kept.name for kept in left}
        for kept in self._kept:
            if kept.name not in names:
                self._folder.remove(f"{self._place}/{kept.name}")
        self._kept = left

    def _mark_unsure(self) -> None:
        """Remember of rows of runs that have died that nobody has confirmed them.

        Later ones are confirmed by higher numbers.
        """
        if self._are_marked:
            return
        self._are_marked = True
        last = max(self._confirmed.emitted, self._confirmed.begins_after)
        for place, kept in enumerate(self._kept):
            if kept.number > last and kept.is_certain:
                unsure = replace(kept, is_certain=False)
                self._folder.rename(f"{self._place}/{kept.name}", f"{self._place}/{unsure.name}")
                self._kept[place] = unsure

    def _read(self, kept: _Kept) -> pl.DataFrame:
        path = f"{self._place}/{kept.name}"
        content = self._folder.read(path)
        if digest_of(content)[:_DIGITS_OF_HASH] != kept.digest:
            problem = "its bytes are not those that were written"
            raise self._folder.broken(path, problem, stream=self._sobject)
        return pl.read_parquet(io.BytesIO(content))


def known(
    rows: pl.DataFrame, *, seen_at: datetime, is_certain: bool | pl.Expr, is_gone: bool = False
) -> pl.DataFrame:
    """Return rows with what is known of them all.

    Args:
        rows: A table of `swept_rows.SCHEMA`.
        seen_at: When the org had them.
        is_certain: The target has them as they are; or, where they are gone, has them no more.
        is_gone: They were told as gone.
    """
    moment = seen_at.astimezone(timezone.utc).replace(tzinfo=None)
    certain = is_certain if isinstance(is_certain, pl.Expr) else pl.lit(is_certain, pl.Boolean)
    return rows.with_columns(
        seen_at=pl.lit(moment, INSTANT),
        is_certain=certain,
        is_gone=pl.lit(is_gone, pl.Boolean),
    )
