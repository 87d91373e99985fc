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
    RedirectedError,
    RefusedError,
    RequestTimeoutError,
    SessionRefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.composite import (
    MOST_PARTS,
    MOST_QUERIES,
    refusal_of,
)
from tap_versionforge_salesforce.salesforce.http.retry import (
    EARLY_BUDGET,
    HASTY_BUDGET,
    QUERIES_BUDGET,
)
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

    _Other = tuple[Call, Callable[[Response | None], object]]

# Composite requests that may fail before there are no more of them.
_MOST_LOST = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _WantedPage:
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


@dataclass(slots=True, eq=False)
class _Request:
    """What one request asks for, in the order in which it is answered.

    Attributes:
        coverages: Before all else: a transaction that ends behind a query has to be told of.
        pages: First pages.
        others: What else there is room for, and who takes the answer.
    """

    coverages: Sequence[Coverage] = ()
    pages: Sequence[_WantedPage] = ()
    others: Sequence[_Other] = ()

    @property
    def calls(self) -> list[Call]:
        parts: list[Coverage | _WantedPage] = [*self.coverages, *self.pages]
        return [*(part.call for part in parts), *(call for call, _ in self.others)]

    @property
    def room(self) -> int:
        return MOST_PARTS - len(self.calls)

    @property
    def is_brief(self) -> bool:
        """Tell whether a time-out of the request is one of its only page."""
        return len(self.pages) == 1 and self.pages[0].is_brief

    @property
    def context(self) -> contextvars.Context:
        """Return the context of the first who wants something: it can be counted once only."""
        wanted: list[Coverage | _WantedPage] = [*self.coverages, *self.pages]
        return wanted[0].context.copy() if wanted else contextvars.copy_context()


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
        self._pages: list[_WantedPage] = []
        self._coverages: list[Coverage] = []
        self._others: list[_Other] = []
        # Left until there are no more of them: with first pages, and without.
        self._left = dict.fromkeys((True, False), _MOST_LOST if are_wanted else 0)
        self._lock = threading.Lock()
        # Of which of the two it was said that they fail.
        self._told: set[bool] = set()
        self._has_told = False

    @property
    def bring_pages(self) -> bool:
        """Tell whether first pages are asked for together."""
        return self._left[True] > 0

    # What is asked for with the next `send`

    def ask_page(
        self,
        call: Call,
        *,
        decoded: Callable[[bytes], QueryResult],
        alone: Callable[[], QueryResult],
        coverage: Coverage | None,
        is_brief: bool,
    ) -> Future[QueryResult]:
        """Ask for a first page; return where it will be.

        Args:
            call: The request for it.
            decoded: Reads the answer; raises IncompleteError where it is not whole.
            alone: Asks for the page by itself.
            coverage: To be known before, and not asked for by now; None where it is not wanted.
            is_brief: A request that timed out is not repeated: there is another way.
        """
        page = _WantedPage(alone, call, decoded, coverage, is_brief)
        self._pages.append(page)
        if coverage is not None:
            self.ask_coverage(coverage)
        return page.future

    def ask_coverage(self, coverage: Coverage) -> None:
        """Ask how far changes are committed, if nobody has."""
        if coverage.begin():
            self._coverages.append(coverage)

    def ask_beside(self, call: Call, take: Callable[[Response | None], object]) -> None:
        """Ask for something else, in the first request that has room for it.

        Args:
            call: The request for it.
            take: Called with the answer in another thread; with None where there is none. It
                raises nothing.
        """
        self._others.append((call, take))

    def send(self) -> None:
        """Send what is asked for, beside what else is done."""
        pages, self._pages = self._pages, []
        coverages, self._coverages = self._coverages, []
        for group in _groups(pages, MOST_QUERIES):
            wanted = [page.coverage for page in group]
            beside = [coverage for coverage in coverages if coverage in wanted]
            coverages = [coverage for coverage in coverages if coverage not in beside]
            self._send(_Request(beside, group))
        for each in _groups(coverages, MOST_PARTS):
            self._send(_Request(each))

    def finish(self) -> None:
        """Ask for what no request had room for, now that the run has its rows."""
        others, self._others = self._others, []
        for group in _groups(others, MOST_PARTS):
            if self._left[False]:
                self._bring(_Request(others=group))
            else:
                _take_nothing(group)

    def _send(self, request: _Request) -> None:
        if not self._left[bool(request.pages)]:
            self._give_up(request)
            return
        if len(request.calls) > 1 or request.coverages:
            room = request.room
            request.others, self._others = self._others[:room], self._others[room:]
            request.context.run(in_background, partial(self._bring, request))
        else:
            in_background(partial(_ask_alone, request.pages))

    def _give_up(self, request: _Request) -> None:
        for coverage in request.coverages:
            coverage.settle()
        for page in request.pages:
            in_background(partial(_ask_alone, [page]))

    # In the background

    def _bring(self, request: _Request) -> None:
        answers: Sequence[Response | None] = [None] * len(request.calls)
        try:
            answers = self._answers(request)
            for coverage, answer in zip(request.coverages, answers, strict=False):
                self._take(coverage, answer)
        except BaseException as error:
            for page in request.pages:
                page.future.set_exception(error)
            request.pages = ()
            if isinstance(error, SystemExit):
                raise
        finally:
            for coverage in request.coverages:
                coverage.settle()
        behind = answers[len(request.coverages) :]
        missing = [
            page
            for page, answer in zip(request.pages, behind, strict=False)
            if not self._is_settled(page, answer)
        ]
        if request.others:
            for (_, take), answer in zip(
                request.others, answers[-len(request.others) :], strict=True
            ):
                take(answer)
        # One by one, for this may be an org that has enough.
        _ask_alone(missing)

    def _answers(self, request: _Request) -> Sequence[Response | None]:
        has_pages = bool(request.pages)
        budget = QUERIES_BUDGET if has_pages else EARLY_BUDGET
        if not has_pages and not request.coverages:
            # The run has all its rows.
            budget = HASTY_BUDGET
        try:
            return self._org.client.together(request.calls, budget=budget)
        except (RedirectedError, RefusedError, SessionRefusedError) as error:
            # Whatever else is asked says whether that is so of more than these requests.
            self._lose(error, request, left=0)
        except UnavailableError as error:
            if request.is_brief and isinstance(error, RequestTimeoutError):
                raise
            self._lose(error, request, left=self._left[has_pages] - 1)
        return [None] * len(request.calls)

    def _lose(self, error: TapError, request: _Request, *, left: int) -> None:
        has_pages = bool(request.pages)
        instead = "the next run asks for what has changed about its objects"
        if has_pages:
            instead = "the first pages of streams are asked for one by one"
        elif request.coverages:
            instead = "a look-back provides for transactions that are still running"
        # Two of them may be refused at the same moment.
        with self._lock:
            is_told = has_pages not in self._told
            self._told.add(has_pages)
            self._left[has_pages] = max(0, left)
        if is_told:
            said = f"A composite request failed, and {instead}: {error.message}"
            self._org.events.tell(Remark(None, said))

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
        with self._lock:
            is_told, self._has_told = not self._has_told, True
        if is_told:
            said = (
                f"Salesforce does not tell which changes of {coverage.sobject} are still to be "
                f"committed ({one_line(why)}); a look-back provides for them."
            )
            self._org.events.tell(Remark(coverage.sobject, said))

    def _is_settled(self, page: _WantedPage, answer: Response | None) -> bool:
        try:
            found = self._found(page, answer)
        except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
            page.future.set_exception(error)
            return True
        if found is not None:
            page.future.set_result(found)
        return found is not None

    def _found(self, page: _WantedPage, answer: Response | None) -> QueryResult | None:
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


def _take_nothing(others: Sequence[_Other]) -> None:
    for _, take in others:
        take(None)


def _ask_alone(pages: Sequence[_WantedPage]) -> None:
    for page in pages:
        page.context.copy().run(settle, page.future, page.alone)


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
