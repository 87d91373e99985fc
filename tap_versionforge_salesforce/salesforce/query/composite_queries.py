"""First pages of several queries in one composite request, and what has to be known before them."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    RefusedError,
    RequestTimeoutError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.composite import (
    MOST_PARTS,
    MOST_QUERIES,
    refusal_of,
)
from tap_versionforge_salesforce.salesforce.http.retry import ADVICE_BUDGET, QUERIES_BUDGET
from tap_versionforge_salesforce.salesforce.support.background import in_background, settle
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.json_pages import QueryResult
    from tap_versionforge_salesforce.salesforce.http.call import Call
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.coverage import Coverage

# Composite requests that may fail before there are no more of them.
_MOST_LOST = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """A first page that is wanted.

    Attributes:
        alone: Asks for it by itself.
        call: The request for it.
        decoded: Reads the answer.
        coverage: To be asked for before it; None where it is not wanted.
        is_brief: A request that timed out is not repeated: there is another way.
        future: Where it goes.
        context: Of whoever wants it: it counts what the request costs.
    """

    alone: Callable[[], QueryResult]
    call: Call
    decoded: Callable[[bytes], QueryResult]
    coverage: Coverage | None
    is_brief: bool
    future: Future[QueryResult] = field(default_factory=Future)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def ask_alone(self) -> None:
        """Ask for it by itself, beside what else is done."""
        self.context.copy().run(in_background, partial(settle, self.future, self.alone))

    def fail(self, error: BaseException) -> None:
        """Have the error raised where the page is wanted."""
        self.future.set_exception(error)


class CompositeQueries:
    """Collects what the streams of a run ask for first, and asks for it together.

    What comes of a page is what comes of a request of its own: a part that fails in passing, is
    not whole, or has something to do with more than its query is asked for again alone.

    Args:
        org: Whose rows they are.
        are_wanted: Composite requests may be made (setting ``composite_queries``).
    """

    def __init__(self, org: Org, *, are_wanted: bool) -> None:
        self._org = org
        self._pages: list[_Page] = []
        self._coverages: list[Coverage] = []
        # Left until there are no more of them.
        self._may_be_lost = _MOST_LOST if are_wanted else 0
        self._has_told = False
        self._lock = threading.Lock()

    @property
    def pages_per_call(self) -> int:
        """Return how many first pages a request brings."""
        return MOST_QUERIES if self._may_be_lost else 1

    def ask(
        self,
        call: Call,
        *,
        decoded: Callable[[bytes], QueryResult],
        alone: Callable[[], QueryResult],
        coverage: Coverage | None,
        is_brief: bool,
    ) -> Future[QueryResult]:
        """Ask for a first page with the next `send`; return where it will be.

        Args:
            call: The request for it.
            decoded: Reads the answer; raises IncompleteError where it is not whole.
            alone: Asks for the page by itself.
            coverage: To be known before; None where it is not wanted.
            is_brief: A request that timed out is not repeated: there is another way.
        """
        page = _Page(alone, call, decoded, coverage, is_brief)
        self._pages.append(page)
        if coverage is not None:
            self.cover(coverage)
        return page.future

    def cover(self, coverage: Coverage) -> None:
        """Ask how far changes are committed, with the next `send`, if nobody has."""
        if not coverage.is_asked:
            coverage.is_asked = True
            self._coverages.append(coverage)

    def send(self) -> None:
        """Send what is asked for, beside what else is done."""
        pages, self._pages = self._pages, []
        coverages, self._coverages = self._coverages, []
        if not self._may_be_lost:
            self._send_none(pages, coverages)
            return
        for group in _groups(pages, MOST_QUERIES):
            beside = [each for each in coverages if each in [page.coverage for page in group]]
            coverages = [each for each in coverages if each not in beside]
            self._send(beside, group)
        for each in _groups(coverages, MOST_PARTS):
            self._send(each, [])

    def _send_none(self, pages: Sequence[_Page], coverages: Sequence[Coverage]) -> None:
        for coverage in coverages:
            coverage.settle()
        for page in pages:
            page.ask_alone()

    def _send(self, coverages: Sequence[Coverage], pages: Sequence[_Page]) -> None:
        """Send one request.

        Args:
            coverages: Parts of it, before all others: a transaction that ends behind the query
                has to be told of.
            pages: Parts of it.
        """
        if not coverages and len(pages) == 1:
            pages[0].ask_alone()
            return
        bring = partial(self._bring, coverages, pages)
        # One request can be counted for one stream only.
        context = (coverages or pages)[0].context
        context.copy().run(in_background, bring)

    def _bring(self, coverages: Sequence[Coverage], pages: Sequence[_Page]) -> None:
        calls = [page.call for page in pages]
        try:
            is_brief = len(calls) == 1 and pages[0].is_brief
            answers = self._answers([*(each.call for each in coverages), *calls], is_brief=is_brief)
            for coverage, answer in zip(coverages, answers, strict=False):
                self._take(coverage, answer)
        except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
            for page in pages:
                page.fail(error)
            return
        finally:
            for coverage in coverages:
                coverage.settle()
        for page, answer in zip(pages, answers[len(coverages) :], strict=True):
            self._settle(page, answer)

    def _answers(self, calls: Sequence[Call], *, is_brief: bool) -> list[Response | None]:
        has_queries = any(call.expects == "rows" for call in calls)
        try:
            return self._org.client.together(
                calls, budget=QUERIES_BUDGET if has_queries else ADVICE_BUDGET
            )
        except RefusedError as error:
            why = f"Composite requests are refused ({error.error_code or error.status})"
            self._lose(why, left=0)
        except UnavailableError as error:
            if is_brief and isinstance(error, RequestTimeoutError):
                raise
            self._lose(error.message.removesuffix("."), left=self._may_be_lost - 1)
        return [None] * len(calls)

    def _lose(self, why: str, *, left: int) -> None:
        # Two of them may be refused at the same moment.
        with self._lock:
            is_told, self._may_be_lost = self._may_be_lost > 0, max(0, left)
        if is_told:
            text = f"{why}: the first pages of streams are asked for one by one."
            self._org.events.tell(Remark(None, text))

    def _take(self, coverage: Coverage, answer: Response | None) -> None:
        if answer is None:
            return
        try:
            if answer.ok:
                coverage.take(answer.json())
                return
            why = " ".join(answer.error()).strip() or f"HTTP {answer.status}"
        except ValueError as error:
            why = str(error)
        if not self._has_told:
            self._has_told = True
            self._org.events.tell(
                Remark(
                    coverage.sobject,
                    f"Salesforce does not tell which changes of {coverage.sobject} are still to be "
                    f"committed ({one_line(why)}); a look-back provides for them.",
                )
            )

    def _settle(self, page: _Page, answer: Response | None) -> None:
        try:
            found = self._found(page, answer)
        except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
            page.fail(error)
            return
        if found is None:
            page.ask_alone()
        else:
            page.future.set_result(found)

    def _found(self, page: _Page, answer: Response | None) -> QueryResult | None:
        """Return the page; None where it is to be asked for alone."""
        if answer is None:
            return None
        if not answer.ok:
            path = self._org.client.versioned(page.call.path)
            refused = refusal_of(answer, f"{page.call.method} {path}")
            if refused is not None:
                raise refused
            return None
        try:
            return page.decoded(answer.body)
        except IncompleteError:
            return None


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
