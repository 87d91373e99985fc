"""What has been written to the target since an object was last swept.

A row that is new and gone again between two sweeps is in neither of them, and the target has it all
the same: quote sync makes such rows every day. So each page is kept here before it is written. What
a later run is told to be confirmed is what the target holds; of the rest it may hold some.
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

    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning

_FOLDER = "emitted"
_DIGITS_OF_HASH = 16
_NAME = re.compile(
    r"(?P<number>\d+)-(?P<seen_at>\d+)-(?P<of_rows>[0-9a-f]+)-(?P<of_values>[0-9a-f]+)-"
    r"(?P<digest>[0-9a-f]+)(?P<unsure>-unsure)?\.parquet"
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
        is_certain: The target has confirmed them, or is going to before it confirms more.
    """

    number: int
    seen_at: datetime
    of_rows: str
    of_values: str
    digest: str
    is_certain: bool = True

    @property
    def name(self) -> str:
        unsure = "" if self.is_certain else "-unsure"
        return (
            f"{self.number:010}-{int(self.seen_at.timestamp() * 1000)}-{self.of_rows}-"
            f"{self.of_values}-{self.digest}{unsure}.parquet"
        )


class EmittedRows:
    """The rows of one object that have been written since it was last swept.

    Args:
        folder: Where they are kept.
        sobject: The object's API name.
        confirmed: The number up to which the target has confirmed them. What is behind that may
            have come to it or not.

    Raises:
        SettingsError: The store can't be read.
    """

    def __init__(self, folder: StoreFolder, *, sobject: str, confirmed: int) -> None:
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
                seen_at = datetime.fromtimestamp(int(match["seen_at"]) / 1000, tz=timezone.utc)
                yield _Kept(
                    int(match["number"]),
                    seen_at,
                    match["of_rows"],
                    match["of_values"],
                    match["digest"],
                    is_certain=match["unsure"] is None,
                )

    @property
    def number(self) -> int:
        """Return the number of the last rows that were kept; 0 before the first."""
        return max(self._kept[-1].number if self._kept else 0, self._confirmed)

    def keep(self, rows: pl.DataFrame, meaning: Meaning, *, seen_at: datetime) -> int:
        """Keep rows that are about to be written.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            meaning: What they are.
            seen_at: When they were here.

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
        )
        self._folder.write(f"{self._place}/{kept.name}", content)
        self._kept.append(kept)
        return kept.number

    def are_comparable(self, meaning: Meaning, *, after: int) -> bool:
        """Tell whether all of them are rows of the same query.

        Args:
            meaning: What is compared with them.
            after: Only those with higher numbers.
        """
        return all(kept.of_rows == meaning.of_rows for kept in self._kept if kept.number > after)

    def tables(self, meaning: Meaning, *, after: int) -> Iterator[pl.DataFrame]:
        """Yield them in their order, with `seen_at` and whether each `is_certain` to be there.

        Args:
            meaning: What they are compared with; digests of other values are left out.
            after: Only those with higher numbers.

        Raises:
            BrokenStoreError: Some are missing, or are not as they were written.
        """
        self._mark_unsure()
        wanted = [kept for kept in self._kept if kept.number > after]
        numbers = {kept.number for kept in wanted}
        for number in range(after + 1, self._confirmed + 1):
            if number not in numbers:
                path = f"{self._place}/{number:010}"
                raise self._folder.broken(path, "it is missing", stream=self._sobject)
        for kept in wanted:
            rows = self._read(kept)
            if kept.of_values != meaning.of_values:
                rows = rows.with_columns(digest=pl.lit(None, pl.Binary))
            yield known(rows, seen_at=kept.seen_at, is_certain=kept.is_certain)

    def forget(self, number: int) -> None:
        """Remove those that a confirmed sweep has seen since.

        Args:
            number: The last of them.
        """
        for kept in self._kept:
            if kept.number <= number:
                self._folder.remove(f"{self._place}/{kept.name}")
        self._kept = [kept for kept in self._kept if kept.number > number]

    def _mark_unsure(self) -> None:
        """Remember of rows of runs that have died that nobody has confirmed them.

        Later ones are confirmed by higher numbers.
        """
        if self._are_marked:
            return
        self._are_marked = True
        for place, kept in enumerate(self._kept):
            if kept.number > self._confirmed and kept.is_certain:
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


def known(rows: pl.DataFrame, *, seen_at: datetime, is_certain: bool) -> pl.DataFrame:
    """Return rows with what is known of them all.

    Args:
        rows: A table of `swept_rows.SCHEMA`.
        seen_at: When the org had them.
        is_certain: The target has them as they are.
    """
    moment = seen_at.astimezone(timezone.utc).replace(tzinfo=None)
    return rows.with_columns(
        seen_at=pl.lit(moment, INSTANT), is_certain=pl.lit(is_certain, pl.Boolean)
    )
