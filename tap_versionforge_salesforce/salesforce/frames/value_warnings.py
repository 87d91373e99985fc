"""Values that could not be kept as they were: counted, and told once per column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

#: The one problem that loses nothing which a target could hold.
NUL_REMOVED = "NUL characters removed"
#: JSON can spell half of a surrogate pair, which is no character and which UTF-8 can't hold.
HALF_CHARACTERS = "half characters, replaced by U+FFFD"


@dataclass(frozen=True, slots=True)
class ValueWarning:
    """Values of one column on one page that could not be kept as they were.

    Attributes:
        column: The field.
        problem: What was odd about them.
        count: How many.
        record_id: Id of the first.
        value: The first one's text as served, shortened.
    """

    column: str
    problem: str
    count: int
    record_id: str
    value: str


class ValueWarnings:
    """The value warnings of one stream, page after page.

    Args:
        stream: Whose values they are.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._first: dict[tuple[str, str], ValueWarning] = {}
        self._of_page: list[ValueWarning] = []

    def record(
        self,
        value_warnings: Iterable[ValueWarning],
        *,
        starts_page: bool = True,
        ends_page: bool = True,
    ) -> None:
        """Add those of a page, or of a part of one.

        Args:
            value_warnings: What was odd.
            starts_page: The page's first part. Where the page before it has not ended, it is that
                page, fetched again.
            ends_page: The page's last part.
        """
        if starts_page:
            self._of_page.clear()
        self._of_page.extend(value_warnings)
        if ends_page:
            self._sum_up()

    def _sum_up(self) -> None:
        for warning in self._of_page:
            key = (warning.column, warning.problem)
            known = self._first.get(key, replace(warning, count=0))
            self._first[key] = replace(known, count=known.count + warning.count)
        self._of_page.clear()

    def log_summary(self, logger: logging.Logger) -> None:
        """Log them: a line per column, and one for all NUL characters."""
        self._sum_up()
        nul = [warning for warning in self._first.values() if warning.problem == NUL_REMOVED]
        removed = sum(warning.count for warning in nul)
        if removed:
            logger.info(
                "%s removed, which text in JSON and databases can't hold; they stood in %s.",
                "1 NUL character was" if removed == 1 else f"{removed:,} NUL characters were",
                ", ".join(warning.column for warning in nul),
            )
        for warning in self._first.values():
            if warning.problem != NUL_REMOVED:
                logger.warning(
                    "%s.%s: %s %s. The first is %s of row %s.",
                    self._stream,
                    warning.column,
                    "1 value is" if warning.count == 1 else f"{warning.count:,} values are",
                    warning.problem,
                    warning.value,
                    warning.record_id,
                )
