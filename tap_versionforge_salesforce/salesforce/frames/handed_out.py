"""Which rows somebody has been given, so that a page that is read again gives none twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.errors import IncompleteError

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

# Some forty bytes each. What is larger is read by Bulk jobs, whose pages are not read twice.
_MOST_KEPT = 1_000_000


@dataclass(slots=True)
class HandedOut:
    """The rows of a query that have been handed out.

    Attributes:
        sobject: Whose they are.
        rows: How many.
        may_come_again: Rows that were handed out may come again from now on.
    """

    sobject: str
    rows: int = 0
    may_come_again: bool = False
    _ids: list[pl.Series] | None = field(default_factory=list)
    _ids_of_page: list[pl.Series] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def take_back(self) -> None:
        """Be ready for rows that come again.

        Raises:
            IncompleteError: They could not be told from those that are new.
        """
        if self._ids is None and self.rows:
            message = (
                f"Rows of {self.sobject} have to be read again, and {self.rows:,} of them have "
                "been handed out."
            )
            raise IncompleteError(message, hint="Begin anew, without what has come so far.")
        self.may_come_again = True

    def new(self, frame: Frame, *, starts_page: bool = True) -> Frame:
        """Return the rows of a page that have not been handed out, and count them in.

        Args:
            frame: The page, or a part of it.
            starts_page: It is the page's first part. What came in other parts of the page is no
                row that comes again, whatever its Id.
        """
        if starts_page:
            self._end_page()
        # Rows of AppDefinition and its like have an Id, and all the same: the empty one.
        if "Id" not in frame.table.columns or frame.key_problem(("Id",)) is not None:
            self._ids = None
        if self.may_come_again and self.rows and self._ids is not None:
            frame = self._without_known(frame)
        self.rows += frame.height
        if self._ids is None or self.rows > _MOST_KEPT:
            self._ids = None
            self._known.clear()
        elif frame.height:
            self._ids_of_page.append(frame.by_itself("Id"))
        return frame

    def _end_page(self) -> None:
        """Know the rows of the page before."""
        parts = self._ids_of_page
        if len(parts) > 1 and self._ids is not None:
            ids = pl.concat(parts)
            # As within a part: such rows can't be known again.
            self._ids = None if ids.n_unique() < len(ids) else self._ids
        if self._ids is not None:
            self._ids += parts
        parts.clear()

    def _without_known(self, frame: Frame) -> Frame:
        for ids in self._ids or ():
            self._known.update(ids)
        if self._ids is not None:
            self._ids.clear()
        is_new = [each not in self._known for each in frame.table["Id"]]
        return frame.only(pl.Series(is_new, dtype=pl.Boolean))
