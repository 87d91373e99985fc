"""Whether a key tells all rows of a stream apart, whichever pages they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

_KEY, _ROW = "key", "row"


class KeysApart:
    """Sees page by page that a key tells the rows apart, those of earlier pages too.

    Sixteen bytes of each row are kept, and none where the key has the Id, which no two rows share.

    Args:
        names: The columns of the key; without any, no key is claimed.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._is_kept = bool(names) and "Id" not in names
        # Sorted by key, each at least twice as large as the one behind it: a page is looked for in
        # a few tables, and each row is sorted a few times only.
        self._seen: list[pl.DataFrame] = []

    def problem(self, frame: Frame) -> str | None:
        """Return why the key does not tell the rows apart; None where it does.

        A row that is there twice does no harm: it is told by its Id, or else by all its values.

        Args:
            frame: The page.
        """
        problem = frame.key_problem(self.names)
        if problem is None and self._is_kept and frame.height:
            rows = self._marks(frame)
            if any(_is_shared(rows, seen) for seen in self._seen):
                return f"has rows that differ and share one {' and '.join(self.names)}"
            self._keep(rows)
        return problem

    def forget(self) -> None:
        """Begin anew, as all rows come again."""
        self._seen.clear()

    def _marks(self, frame: Frame) -> pl.DataFrame:
        table = frame.table
        rows = table.select("Id") if frame.has_ids else table
        keys = table.select(self.names).hash_rows()
        marks = pl.DataFrame({_KEY: keys, _ROW: rows.hash_rows()})
        return marks.unique(_KEY, keep="any").sort(_KEY)

    def _keep(self, rows: pl.DataFrame) -> None:
        while self._seen and self._seen[-1].height < 2 * rows.height:
            rows = pl.concat([self._seen.pop(), rows]).unique(_KEY, keep="any").sort(_KEY)
        self._seen.append(rows)


def _is_shared(rows: pl.DataFrame, seen: pl.DataFrame) -> bool:
    """Tell whether a key of some rows is that of another row; both tables are sorted by key."""
    places = seen[_KEY].search_sorted(rows[_KEY], side="left").clip(0, seen.height - 1)
    found = seen[places]
    return bool(((found[_KEY] == rows[_KEY]) & (found[_ROW] != rows[_ROW])).any())
