"""What has been written to the target since an object was last swept.

A row that is new and gone again between two sweeps is in neither of them, and the target has it all
the same: quote sync makes such rows every day. So each page is kept here before it is written, and
so is each row that is told as gone.

The files of one state are a line: each says which run has written it and behind which file it
stands, and the state names the last one. What is not in that line was written by a run that died,
by one with another state, or by one that is under way beside this one: the target may hold it.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Place
from tap_versionforge_salesforce.salesforce.reconcile.folder import BrokenStoreError
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import INSTANT, digest_of, packed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation, Meaning

_FOLDER = "emitted"
_DIGITS_OF_HASH = 16
_NAME = re.compile(
    r"(?P<number>\d+)-(?P<run>[0-9a-z.]+)-(?P<behind>[0-9a-z.]*)-(?P<seen_at>\d+)-"
    r"(?P<of_rows>[0-9a-f]+)-(?P<of_values>[0-9a-f]+)-(?P<of_columns>[0-9a-f]+)-"
    r"(?P<digest>[0-9a-f]+)"
    r"(?P<gone>-gone)?(?P<unsure>-unsure)?(?P<beside>-beside)?\.parquet"
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """One file of emitted rows.

    Attributes:
        place: Where it stands.
        behind: The run of the file before it, which has the number before; empty for none.
        seen_at: When its rows were here.
        of_rows: As `Meaning.of_rows`.
        of_values: As `Meaning.of_values`.
        of_columns: As `Meaning.of_columns`.
        digest: Of its bytes.
        is_gone: Its rows were told as gone.
        is_certain: They were written as they are.
        was_alone: No other run was under way when its run began.
    """

    place: Place
    behind: str
    seen_at: datetime
    of_rows: str
    of_values: str
    of_columns: str
    digest: str
    is_gone: bool
    is_certain: bool
    was_alone: bool

    @property
    def name(self) -> str:
        marks = {
            "-gone": self.is_gone,
            "-unsure": not self.is_certain,
            "-beside": not self.was_alone,
        }
        return (
            f"{self.place.number:010}-{self.place.run}-{self.behind}-"
            f"{int(self.seen_at.timestamp() * 1000)}-{self.of_rows}-{self.of_values}-"
            f"{self.of_columns}-{self.digest}"
            f"{''.join(mark for mark, has in marks.items() if has)}.parquet"
        )

    @property
    def key(self) -> str:
        """Return its name in a generation."""
        return f"{self.place.number}-{self.place.run}"

    @property
    def order(self) -> tuple[int, Place]:
        """Return what sorts the files of runs that came one after the other."""
        return _sequence(self.place.run), self.place


def _sequence(run: str) -> int:
    return int(run.partition(".")[0])


class EmittedRows:
    """The rows of one object that have been written, or told as gone, since it was last swept.

    Args:
        folder: Where they are kept.
        sobject: The object's API name.
        confirmed: What the target has confirmed. Of what is not in its line nobody knows.
        run: Names the run; no other one has it.
        is_alone: No other run was under way when it began.

    Raises:
        SettingsError: The store can't be read.
    """

    def __init__(
        self,
        folder: StoreFolder,
        *,
        sobject: str,
        confirmed: Confirmed,
        run: str,
        is_alone: bool = True,
    ) -> None:
        self._folder = folder
        self._sobject = sobject
        self._place = f"{sobject.lower()}/{_FOLDER}"
        self._is_alone = is_alone
        self._kept: list[_Kept] = []
        self.look()
        before = max((_sequence(kept.place.run) for kept in self._kept), default=0)
        self._run = f"{before + 1}.{run}"
        #: Where the last rows stand that this run has kept, or that were confirmed before.
        self.last = confirmed.last

    @property
    def is_empty(self) -> bool:
        """Tell whether no run has kept anything."""
        return not self._kept

    def look(self) -> None:
        """See what is there now: another run may be under way."""
        self._kept = [kept for name in self._folder.sizes(self._place) for kept in _of_name(name)]

    def keep(
        self,
        rows: pl.DataFrame,
        meaning: Meaning,
        *,
        seen_at: datetime,
        is_gone: bool = False,
        is_certain: bool = True,
    ) -> Place:
        """Keep rows that are about to be written, or told as gone.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            meaning: What they are.
            seen_at: When they were here, or were not any more.
            is_gone: They are told as gone.
            is_certain: They are written as they are; False of rows of which that is not known.

        Returns:
            Where they stand. Once they are written, the state may say so.
        """
        content = packed(rows)
        kept = _Kept(
            Place(self.last.number + 1, self._run),
            self.last.run,
            seen_at.astimezone(timezone.utc),
            meaning.of_rows,
            meaning.of_values,
            meaning.of_columns,
            digest_of(content)[:_DIGITS_OF_HASH],
            is_gone=is_gone,
            is_certain=is_certain,
            was_alone=self._is_alone,
        )
        self._folder.write(f"{self._place}/{kept.name}", content)
        self._kept.append(kept)
        self.last = kept.place
        return kept.place

    def check(self, before: Generation | None) -> None:
        """See that all is there that the target has confirmed.

        Args:
            before: The sweep that the target was made equal to last; None before the first.

        Raises:
            BrokenStoreError: It is not.
        """
        self._line(before)

    def _line(self, before: Generation | None) -> list[_Kept]:
        """Return what the target has confirmed, or is going to, since a sweep."""
        at = {kept.place: kept for kept in self._kept}
        line, place = [], self.last
        while place.number > (0 if before is None else before.written.last):
            kept = at.get(place)
            if kept is None:
                path = f"{self._place}/{place.number:010}-{place.run}"
                raise self._folder.broken(path, "it is missing", stream=self._sobject)
            line.append(kept)
            place = Place(place.number - 1, kept.behind)
        return line[::-1]

    def are_comparable(self, meaning: Meaning, before: Generation | None) -> bool:
        """Tell whether all that the target has confirmed are rows of the same query.

        Args:
            meaning: What is compared with them.
            before: The last sweep.
        """
        return all(kept.of_rows == meaning.of_rows for kept in self._line(before))

    def tables(
        self, now: Generation, before: Generation | None, *, are_others_certain: bool
    ) -> Iterator[pl.DataFrame]:
        """Yield those that were there when a sweep began, in their order, as `known` returns rows.

        Args:
            now: That sweep, which may lack rows of later ones; digests of other values are left
                out.
            before: The last sweep.
            are_others_certain: Rows with digests of other values are taken as they are, for these
                are compared by themselves.

        Raises:
            BrokenStoreError: One is not as it was written.
        """
        meaning, there = now.meaning, {*now.written.seen, *now.written.beside}
        line = [kept for kept in self._line(before) if kept.key in there]
        others = [kept for kept in self._beside(line, before) if kept.key in there]
        ordered = [*line, *others]
        if all(kept.was_alone for kept in ordered):
            # A run that died has written nothing behind one that began after it.
            ordered.sort(key=lambda kept: kept.order)
        in_line = {kept.place for kept in line}
        for kept in ordered:
            if kept.of_rows != meaning.of_rows:
                continue  # of an earlier life
            try:
                rows = self._read(kept)
            except BrokenStoreError:
                if before is None and kept.place not in in_line:
                    continue  # that may be why the stream was begun anew
                raise
            is_certain = kept.is_certain and kept.place in in_line
            if kept.of_values != meaning.of_values and not kept.is_gone:
                rows = rows.with_columns(digest=pl.lit(None, pl.Binary))
                is_certain = is_certain and are_others_certain
            if kept.of_columns != meaning.of_columns and not kept.is_gone:
                # They may lack values that the target should have.
                is_certain = is_certain and are_others_certain
            yield known(rows, seen_at=kept.seen_at, is_certain=is_certain, is_gone=kept.is_gone)

    def _beside(self, line: list[_Kept], before: Generation | None) -> list[_Kept]:
        """Return what is in no line and was not looked at before."""
        done = {kept.key for kept in line} | set(() if before is None else before.written.seen)
        found = [kept for kept in self._kept if kept.key not in done]
        return sorted(found, key=lambda kept: kept.order)

    def keys(self, under_way: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the keys of those that are compared with a sweep that begins now.

        Args:
            under_way: The tokens of the other runs: what they have kept may come to the target
                after what this one tells.

        Returns:
            Of those that need no other look then, and of the others.
        """
        seen, beside = list[str](), list[str]()
        for kept in self._kept:
            is_under_way = kept.place.run.partition(".")[2] in under_way
            (beside if is_under_way else seen).append(kept.key)
        return tuple(seen), tuple(beside)

    def forget(self, before: Generation) -> None:
        """Remove those that a confirmed sweep was compared with, and what was never finished.

        Args:
            before: The sweep.
        """
        seen = set(before.written.seen)
        for kept in self._kept:
            if kept.key in seen:
                self._folder.remove(f"{self._place}/{kept.name}")
        self._kept = [kept for kept in self._kept if kept.key not in seen]
        self._folder.remove_unfinished(self._place)

    def _read(self, kept: _Kept) -> pl.DataFrame:
        path = f"{self._place}/{kept.name}"
        content = self._folder.read(path)
        if digest_of(content)[:_DIGITS_OF_HASH] != kept.digest:
            problem = "its bytes are not those that were written"
            raise self._folder.broken(path, problem, stream=self._sobject)
        return pl.read_parquet(io.BytesIO(content))


def _of_name(name: str) -> Iterator[_Kept]:
    match = _NAME.fullmatch(name)
    if match is not None:
        yield _Kept(
            Place(int(match["number"]), match["run"]),
            match["behind"],
            datetime.fromtimestamp(int(match["seen_at"]) / 1000, tz=timezone.utc),
            match["of_rows"],
            match["of_values"],
            match["of_columns"],
            match["digest"],
            is_gone=match["gone"] is not None,
            is_certain=match["unsure"] is None,
            was_alone=match["beside"] is None,
        )


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
