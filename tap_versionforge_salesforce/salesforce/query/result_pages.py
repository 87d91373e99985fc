"""The result pages of a Bulk API 2.0 query job: downloaded ahead, handed out in order.

The chain of ``Sforce-Locator`` headers says which page comes next and which is the last. Since
version 58 Salesforce also lists the pages of a job, so that several can be downloaded at once;
where that list and the chain differ, or there is no list, they are downloaded one after the other.
"""

from __future__ import annotations

from functools import partial
from itertools import dropwhile
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    RefusedError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.client import ResultPageRef
from tap_versionforge_salesforce.salesforce.http.retry import refetch_incomplete
from tap_versionforge_salesforce.salesforce.query.page_chain import PageChain
from tap_versionforge_salesforce.salesforce.support.background import ahead, same
from tap_versionforge_salesforce.salesforce.support.spool import spool_file

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.client import ResultPageInfo
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.download_queue import Slot, Turn
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.salesforce.support.retry_log import RetryLog


class ResultPage:
    """One page in the spool.

    Args:
        job_id: Whose it is.
        address: Where it is.
        fetch: Downloads it into a file.
        body: That file.
        stay: Its time in the spool.
        clock: This machine's.
        retry_log: Where another fetch is told.
    """

    def __init__(
        self,
        job_id: str,
        address: ResultPageRef,
        fetch: Callable[[IO[bytes]], ResultPageInfo],
        body: IO[bytes],
        *,
        stay: Slot,
        clock: Clock,
        retry_log: RetryLog,
    ) -> None:
        self.job_id = job_id
        self.address = address
        self.body = body
        self._fetch = fetch
        self._stay = stay
        self._clock = clock
        self._retry_log = retry_log
        self._is_read = False
        self.told: ResultPageInfo
        #: When it was here, by this machine's clock.
        self.arrived: datetime
        #: What its body is unpacked, as far as that has been done.
        self.unpacked_bytes = 0

    def fetch(self) -> None:
        """Download it.

        Raises:
            IncompleteError: Its headers do not tell what is needed.
        """
        (self.told,) = refetch_incomplete(lambda: (self._fetch(self.body),), self._retry_log)
        self.arrived = self._clock.now()
        self._stay.measure(self.body.tell())

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
        self._stay.end()


class ResultPages:
    """The pages of one job.

    Args:
        org: Whose rows they are.
        options: How they are read.
        logger: Where another way of downloading is told.
        job_id: A job that is complete.
        version: The API version that the job was created with.
        turn: Of the stream in the queue. It is told once all pages have been asked for.
    """

    def __init__(
        self,
        *,
        org: Org,
        options: QueryOptions,
        logger: logging.Logger,
        job_id: str,
        version: str,
        turn: Turn,
    ) -> None:
        self._client = org.client
        self._options = options
        self._clock = org.clock
        self._retry_log = org.retry_log
        self._logger = logger
        self._job_id = job_id
        self._version = version
        self._turn = turn

    def behind(self, locator: str | None, *, rows: int | None) -> Iterator[ResultPage]:
        """Yield the pages in order; each is in the spool until it is closed.

        Args:
            locator: Where the first one starts; None for the job's first page.
            rows: Rows of them all, as Salesforce counts them; None where it does not tell.

        Raises:
            IncompleteError: The chain of locators does not lead to an end.
            RefusedError: Salesforce refuses a page.
        """
        expected, chain = locator, PageChain(None, begins=locator)
        listed = self._listed(locator, rows)
        pages = listed or self._chained(locator, rows)
        is_listed = listed is not None
        try:
            while True:
                page = self._next_listed(pages, expected, rows) if is_listed else next(pages, None)
                if page is None and is_listed:
                    pages.close()
                    pages, is_listed = self._chained(expected, rows), False
                    continue
                if page is None:
                    return
                yield page
                expected = page.told.locator
                if problem := chain.problem(page.told.rows, expected):
                    raise IncompleteError(
                        f"The result pages of Bulk job {self._job_id} do not lead to an end: "
                        f"{problem}.",
                        hint="Run again.",
                        code="repeated-locator",
                    )
                if expected is None:
                    return
        finally:
            # Not left to the garbage: an error's traceback would keep it and its threads.
            pages.close()

    # Several at once

    def _listed(
        self, locator: str | None, rows: int | None
    ) -> Generator[ResultPage, None, None] | None:
        connections = self._options.parallel_downloads
        if connections == 1 or rows is None or rows <= self._options.bulk_page_rows:
            return None
        addresses = self._client.result_pages(self._job_id, version=self._version)
        if locator is not None:
            addresses = dropwhile(lambda address: address.locator != locator, addresses)
        return ahead(
            self._entered(addresses),
            lambda asked: self._page(*asked),
            workers=connections,
            steps=connections,
            drop=ResultPage.close,
        )

    def _entered(self, addresses: Iterator[ResultPageRef]) -> Iterator[tuple[ResultPageRef, Slot]]:
        # Asked by one thread at a time, so that rooms are entered in the order of the pages.
        try:
            for address in addresses:
                yield address, self._turn.enter()
        except UnavailableError as error:
            # Its pages lead from one to the next without it.
            raise IncompleteError(error.message, hint=error.hint, code="bad-locator") from None
        self._turn.all_requested()

    def _next_listed(
        self, pages: Iterator[ResultPage], expected: str | None, rows: int | None
    ) -> ResultPage | None:
        """Return the next page of the list; None where it is not the one that the chain wants."""
        try:
            page = next(pages, None)
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

    # One after the other

    def _chained(self, locator: str | None, rows: int | None) -> Generator[ResultPage, None, None]:
        return ahead(self._chain(locator, rows), same, steps=1, drop=ResultPage.close)

    def _chain(self, locator: str | None, rows: int | None) -> Iterator[ResultPage]:
        most = self._options.bulk_page_rows
        while True:
            stay = self._turn.enter()
            if locator is None and rows is not None and rows <= most:
                self._turn.all_requested()
            page = self._page(ResultPageRef(locator, most), stay)
            yield page
            if page.told.locator is None:
                return
            locator = page.told.locator

    def _page(self, address: ResultPageRef, stay: Slot) -> ResultPage:
        fetch = partial(
            self._client.job_results, self._job_id, version=self._version, address=address
        )
        try:
            body = spool_file(self._options.spool_dir)
        except BaseException:
            stay.end()
            raise
        page = ResultPage(
            self._job_id,
            address,
            fetch,
            body,
            stay=stay,
            clock=self._clock,
            retry_log=self._retry_log,
        )
        try:
            page.fetch()
        except BaseException:
            page.close()
            raise
        return page

    def _tell(self, reason: str) -> None:
        self._logger.info(
            "Result pages of Bulk job %s are downloaded one after the other: %s",
            self._job_id,
            reason,
        )
