"""Pages that lead from one to the next come to an end, or it is told why they don't.

Nothing in an answer says how many pages are still to come: one that leads to itself, as a cache on
the way or a foreign system behind an external object can make it, would be followed for ever.
"""

from __future__ import annotations

# Salesforce serves a page without rows now and then, but not one behind the other.
_MOST_EMPTY_PAGES = 10


class PageChain:
    """The chain of the pages of one query or job, as they come.

    Args:
        promised_rows: Of them all, as Salesforce counts them; None where that is proven elsewhere.
        begins: What leads to the first page; None where it is a query, or the first of a job.
    """

    def __init__(self, promised_rows: int | None, *, begins: str | None = None) -> None:
        self._promised_rows = promised_rows
        self._rows = 0
        self._empty_pages = 0
        self._seen = {begins}

    def problem(self, rows: int, following: str | None) -> str | None:
        """Take in a page; return why the next one need not be asked for, None where it may be.

        Args:
            rows: Of the page.
            following: What leads to the next page: a URL or a locator. None where it is the last.
        """
        self._rows += rows
        self._empty_pages = 0 if rows else self._empty_pages + 1
        if self._promised_rows is not None and self._rows > self._promised_rows:
            return f"{self._promised_rows:,} rows were promised and {self._rows:,} came"
        if following is None:
            return None
        if following in self._seen:
            return "a page leads to one that was there before"
        self._seen.add(following)
        if self._empty_pages > _MOST_EMPTY_PAGES:
            return f"{self._empty_pages} pages without rows came one after the other"
        return None
