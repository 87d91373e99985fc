"""The result pages of a Bulk API 2.0 query job: downloaded ahead, handed out in order.

The chain of ``Sforce-Locator`` headers says which page comes next and which is the last. Since
version 58 Salesforce also lists the pages of a job, so that several can be downloaded at once;
where that list and the chain differ, or there is no list, they are downloaded one after the other.
"""

from __future__ import annotations

import threading
from contextlib import closing
from functools import partial
from itertools import dropwhile
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.ahead import ahead, made_ahead
from tap_versionforge_salesforce.client import PageAddress
from tap_versionforge_salesforce.exceptions import IncompleteError, RefusedError
from tap_versionforge_salesforce.retry import until_whole
from tap_versionforge_salesforce.spool import spool_file

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.client import JobPage
    from tap_versionforge_salesforce.clock import Clock
    from tap_versionforge_salesforce.connection import Connection

# Of packed pages that wait on disk for the target.
_BYTES_AHEAD = 1 << 30


class ResultPage:
    """One page in the spool.

    Args:
        address: Where it is.
        fetch: Downloads it into a file.
        body: That file.
        clock: This machine's.
        logger: Where another fetch is told.
    """

    def __init__(
        self,
        address: PageAddress,
        fetch: Callable[[IO[bytes]], JobPage],
        body: IO[bytes],
        *,
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self.address = address
        self.body = body
        self._fetch = fetch
        self._clock = clock
        self._logger = logger
        self._is_read = False
        self.told: JobPage
        #: When it was here, by this machine's clock.
        self.arrived: datetime
        self.on_close: Callable[[], None] | None = None

    def fetch(self) -> None:
        """Download it.

        Raises:
            IncompleteError: Its headers do not tell what is needed.
        """
        (self.told,) = until_whole(lambda: (self._fetch(self.body),), self._logger)
        self.arrived = self._clock.now()

    def opened(self) -> IO[bytes]:
        """Return its bytes from the first on; downloaded again where they were read before."""
        if self._is_read:
            self.fetch()
        self._is_read = True
        self.body.seek(0)
        return self.body

    def close(self) -> None:
        """Let it go."""
        self.body.close()
        if self.on_close is not None:
            self.on_close()


class _Room:
    """What may wait on disk: so many bytes, and always the page that is wanted next."""

    def __init__(self) -> None:
        self._held_bytes = self._pages_gone = 0
        self._changed = threading.Condition()

    def wait_for(self, number: int) -> None:
        """Wait until there is room for the page with this number, counted from 0."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._held_bytes < _BYTES_AHEAD or number <= self._pages_gone
            )

    def enter(self, page: ResultPage) -> None:
        size = page.body.tell()
        page.on_close = partial(self._leave, size)
        with self._changed:
            self._held_bytes += size

    def _leave(self, size: int) -> None:
        with self._changed:
            self._held_bytes -= size
            self._pages_gone += 1
            self._changed.notify_all()


class ResultPages:
    """The pages of one job.

    Args:
        connection: The org and the settings.
        logger: Where another way of downloading is told.
        job_id: A job that is complete.
        version: The API version that the job was created with.
    """

    def __init__(
        self, *, connection: Connection, logger: logging.Logger, job_id: str, version: str
    ) -> None:
        self._client = connection.client
        self._settings = connection.settings
        self._interruption = connection.interruption
        self._clock = connection.clock
        self._logger = logger
        self._job_id = job_id
        self._version = version

    def behind(self, locator: str | None, *, rows: int | None) -> Iterator[ResultPage]:
        """Yield the pages in order; each is in the spool until the next is asked for.

        Args:
            locator: Where the first one starts; None for the job's first page.
            rows: Rows of them all, as Salesforce counts them; None where it does not tell.

        Raises:
            IncompleteError: The chain of locators does not lead to an end.
            RefusedError: Salesforce refuses a page.
        """
        expected, seen = locator, {locator}
        pages, is_listed = self._listed(locator, rows), True
        if pages is None:
            pages, is_listed = self._chained(locator), False
        while True:
            page = self._next_listed(pages, expected, rows) if is_listed else self._next(pages)
            if page is None and is_listed:
                pages, is_listed = self._chained(expected), False
                continue
            if page is None:
                return
            with closing(page):
                yield page
                expected = page.told.locator
            if expected is None:
                return
            if expected in seen:
                message = f"Bulk job {self._job_id} gives the same result locator twice."
                raise IncompleteError(message, hint="Run again.", code="repeated-locator")
            seen.add(expected)

    # Several at once

    def _listed(self, locator: str | None, rows: int | None) -> Iterator[ResultPage] | None:
        connections = self._settings.parallel_downloads
        if connections == 1 or rows is None or rows <= self._settings.bulk_page_rows:
            return None
        addresses = self._client.result_pages(self._job_id, version=self._version)
        room = _Room()

        def is_before(address: PageAddress) -> bool:
            return locator is not None and address.locator != locator

        return made_ahead(
            partial(self._download, room=room),
            enumerate(dropwhile(is_before, addresses)),
            workers=connections,
            # The one in hand is on disk beside them.
            steps=connections,
            drop=ResultPage.close,
        )

    def _next_listed(
        self, pages: Iterator[ResultPage], expected: str | None, rows: int | None
    ) -> ResultPage | None:
        """Return the next page of the list; None where it is not the one that the chain wants."""
        try:
            page = self._next(pages)
        except (IncompleteError, RefusedError) as error:
            self._tell(error.message)
            return None
        if page is None:
            self._tell("The list of pages ends before the pages do.")
            return None
        if expected is not None and page.address.locator != expected:
            self._tell("The list of pages differs from what the pages say.")
        elif expected is None and page.told.locator is None and page.told.rows != rows:
            # The list is all that leads from this page to the next: nothing would prove the end.
            self._tell("The listed pages do not say where the next one is.")
        else:
            return page
        page.close()
        return None

    def _download(self, place: tuple[int, PageAddress], *, room: _Room) -> ResultPage:
        number, address = place
        room.wait_for(number)
        page = self._page(address)
        room.enter(page)
        return page

    # One after the other

    def _chained(self, locator: str | None) -> Iterator[ResultPage]:
        return ahead(self._chain(locator), steps=1, drop=ResultPage.close)

    def _chain(self, locator: str | None) -> Iterator[ResultPage]:
        rows = self._settings.bulk_page_rows
        while True:
            page = self._page(PageAddress(locator, rows))
            yield page
            if page.told.locator is None:
                return
            locator = page.told.locator

    def _page(self, address: PageAddress) -> ResultPage:
        fetch = partial(
            self._client.job_results, self._job_id, version=self._version, address=address
        )
        body = spool_file(self._settings.spool_dir)
        page = ResultPage(address, fetch, body, clock=self._clock, logger=self._logger)
        try:
            page.fetch()
        except BaseException:
            page.close()
            raise
        return page

    def _next(self, pages: Iterator[ResultPage]) -> ResultPage | None:
        with self._interruption.waiting():
            return next(pages, None)

    def _tell(self, reason: str) -> None:
        self._logger.info(
            "Result pages of Bulk job %s are downloaded one after the other: %s",
            self._job_id,
            reason,
        )
