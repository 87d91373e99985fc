"""The result pages of a Bulk API 2.0 query job: downloaded ahead, handed out in order.

The chain of ``Sforce-Locator`` headers says which page comes next and which is the last. Since
version 58 Salesforce also lists the pages of a job, so that several can be downloaded at once;
where that list and the chain differ, or there is no list, they are downloaded one after the other.
"""

from __future__ import annotations

from itertools import dropwhile
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    RefusedError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.client import ResultPageRef
from tap_versionforge_salesforce.salesforce.http.retry import refetch_incomplete
from tap_versionforge_salesforce.salesforce.query.download_queue import GaveWayError
from tap_versionforge_salesforce.salesforce.query.page_chain import PageChain
from tap_versionforge_salesforce.salesforce.query.spooled_body import SpooledBody
from tap_versionforge_salesforce.salesforce.support.background import ahead, same
from tap_versionforge_salesforce.salesforce.support.events import PageArrived
from tap_versionforge_salesforce.salesforce.support.spool import spool_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.client import ResultPageHeaders
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.download_queue import Slot


class ResultPage:
    """A result page: its bytes, in the spool.

    Args:
        ref: Where it is.
        body: Into which it is downloaded.
        context: Of the query whose rows it has.
    """

    def __init__(self, ref: ResultPageRef, body: SpooledBody, *, context: ReadContext) -> None:
        self.ref = ref
        self._body = body
        self._context = context
        self._is_read = self._is_told = False
        self.headers: ResultPageHeaders
        #: When it was here, by this machine's clock.
        self.arrived: datetime
        #: What its body is unpacked, as far as that has been done.
        self.unpacked_bytes = 0

    def fetch(self) -> None:
        """Download it, and again where it gives way on disk to what is written before it.

        Raises:
            IncompleteError: Its headers do not tell what is needed.
            StreamIsOverError: It gave way, and nothing more is wanted of its stream.
        """
        org = self._context.org
        while True:
            try:
                (self.headers,) = refetch_incomplete(
                    lambda: (org.client.job_results(self.ref, self._body),), org.retry_log
                )
            except GaveWayError:
                self._body.wait_for_room()
            else:
                break
        self.arrived = org.clock.now()
        self._body.arrive()
        rows = 0 if self._is_told else self.headers.rows
        self._is_told = True
        org.events.tell(PageArrived(self._context.query.title, rows, self._body.size))

    def open(self) -> IO[bytes]:
        """Return its bytes from the first on.

        They are downloaded again where they were read before, or have given way to other pages.
        """
        if self._is_read:
            self.fetch()
        while not self._body.keep():
            self._body.wait_for_room()
            self.fetch()
        self._is_read = True
        return self._body.opened()

    def measured(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks of its body once they are unpacked, and count their bytes."""
        self.unpacked_bytes = 0
        for block in blocks:
            self.unpacked_bytes += len(block)
            yield block

    def close(self) -> None:
        """Let it go."""
        self._body.close()


class ResultPages:
    """The result pages of one job, some of them downloaded at the same time.

    Args:
        context: Of the query whose rows they have. Its turn is told once all have been asked for.
        job_id: A job that is complete.
        version: The API version that the job was created with.
    """

    def __init__(self, context: ReadContext, *, job_id: str, version: str) -> None:
        self._context = context
        self._client = context.org.client
        self._options = context.options
        self._turn = context.turn
        self._job_id = job_id
        self._version = version

    def pages_from(self, locator: str | None, *, rows: int | None) -> Iterator[ResultPage]:
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
                expected = page.headers.locator
                if problem := chain.problem(page.headers.rows, expected):
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
        refs = self._client.result_pages(self._job_id, version=self._version)
        if locator is not None:
            refs = dropwhile(lambda ref: ref.locator != locator, refs)
        return ahead(
            self._with_slots(refs),
            lambda asked: self._page(*asked),
            workers=connections,
            steps=connections,
            drop=ResultPage.close,
        )

    def _with_slots(self, refs: Iterator[ResultPageRef]) -> Iterator[tuple[ResultPageRef, Slot]]:
        # Asked by one thread at a time, so that slots are given in the order of the pages.
        try:
            for ref in refs:
                yield ref, self._turn.enter()
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
        if expected is not None and page.ref.locator != expected:
            self._tell("The list of pages differs from what the pages say.")
        elif expected is None and page.headers.locator is None and page.headers.rows != rows:
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
            slot = self._turn.enter()
            if locator is None and rows is not None and rows <= most:
                self._turn.all_requested()
            ref = ResultPageRef(self._job_id, self._version, locator, most)
            page = self._page(ref, slot)
            yield page
            if page.headers.locator is None:
                return
            locator = page.headers.locator

    def _page(self, ref: ResultPageRef, slot: Slot) -> ResultPage:
        try:
            body = SpooledBody(spool_file(self._options.spool_dir), slot)
        except BaseException:
            slot.end()
            raise
        page = ResultPage(ref, body, context=self._context)
        try:
            page.fetch()
        except BaseException:
            page.close()
            raise
        return page

    def _tell(self, reason: str) -> None:
        self._context.remark(
            f"Result pages of Bulk job {self._job_id} are downloaded one after the other: {reason}"
        )
