"""The pages of a REST query, part by part, made by two threads: one fetches, the other decodes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.frames.json_pages import leads_to
from tap_versionforge_salesforce.salesforce.support.background import ahead, same

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.frames.json_pages import QueryResult
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.org import Org


@dataclass(frozen=True, slots=True)
class RestPart:
    """Rows of a page: all, or of a wide page some.

    Attributes:
        frame: The rows.
        arrived: When the page was here.
        page_rows: How many the page has.
        following: What the page leads to.
        starts_page: They are its first.
        ends_page: They are its last.
    """

    frame: Frame
    arrived: datetime
    page_rows: int
    following: str | None
    starts_page: bool
    ends_page: bool


@dataclass(slots=True)
class _Fetched:
    """A page that was fetched, and is not decoded.

    Attributes:
        url: What it stands behind.
        following: What it seems to lead to.
        arrived: When it was here.
    """

    url: str
    following: str | None
    arrived: datetime
    _response: Response | None

    def take(self) -> Response | None:
        """Return the answer, which is held no longer: a wide one is large; None the next time."""
        response, self._response = self._response, None
        return response


class RestParts:
    """Makes the parts of the pages of REST queries.

    Args:
        org: Whose rows they are.
        whole: Decodes the answer that a function fetches, and has it fetched again where it is not
            whole.
    """

    def __init__(self, org: Org, whole: Callable[[Callable[[], Response]], QueryResult]) -> None:
        self._org = org
        self._whole = whole

    def ahead(self, first: QueryResult) -> Generator[RestPart, None, None]:
        """Yield the parts of all pages, the next rows and the next page being on their way.

        Args:
            first: The first page.

        Raises:
            IncompleteError: A page is not whole, however often it is fetched; or a wide one, of
                which rows have been handed out.
            RefusedError: Salesforce refuses a page.
        """
        return ahead(self._served(first), same, steps=1)

    # In the thread that decodes

    def _served(self, first: QueryResult) -> Iterator[RestPart]:
        following, parts = first.next_records_url, _in_parts(first, self._org.clock.now())
        del first
        if following is None:
            yield from parts
        while following is not None:
            with closing(ahead(self._fetched(following), same, steps=1)) as bodies:
                yield from parts
                for fetched in bodies:
                    page = self._page_of(fetched)
                    yield from _in_parts(page, fetched.arrived)
                    following = page.next_records_url
                    # A wide one is large, and the next is there already.
                    del page
                    if following != fetched.following:
                        break

    def _page_of(self, fetched: _Fetched) -> QueryResult:
        def again() -> Response:
            return fetched.take() or self._org.client.next_page(fetched.url)

        return self._whole(again)

    # In the thread that fetches

    def _fetched(self, url: str | None) -> Iterator[_Fetched]:
        """Yield the pages from one on, as far as each seems to lead to the next."""
        while url is not None:
            response = self._org.client.next_page(url)
            fetched = _Fetched(url, leads_to(response.body), self._org.clock.now(), response)
            # Until the next one is here, it would be held by what waits for that.
            del response
            yield fetched
            url = fetched.following


def _in_parts(page: QueryResult, arrived: datetime) -> Iterator[RestPart]:
    rows, starts_page = 0, True
    for frame in page.frames:
        rows += frame.height
        ends_page = rows == page.height
        yield RestPart(frame, arrived, page.height, page.next_records_url, starts_page, ends_page)
        starts_page = False
