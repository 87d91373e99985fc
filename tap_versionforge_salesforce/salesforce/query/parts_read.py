"""The rows of a query for who can go on later: pages, each with the place behind it."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from tap_versionforge_salesforce.errors import (
    RefusedError,
    Remedy,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.frames.frame import no_rows
from tap_versionforge_salesforce.salesforce.frames.handed_out import HandedOut
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Window
from tap_versionforge_salesforce.salesforce.query.api_choice import Api, may_be_too_large
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.paginator import SalesforcePaginator
from tap_versionforge_salesforce.salesforce.query.partitions import Partition, split_partition
from tap_versionforge_salesforce.salesforce.query.read import context_of, without_job
from tap_versionforge_salesforce.salesforce.support.events import Remark

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

_OF_ARGUMENTS = (Remedy.FIELD, Remedy.FEWER_COLUMNS, Remedy.FEWER_ROWS, Remedy.WHOLE)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the rows of a query have been read, so that somebody can go on from there.

    Attributes:
        parts: What is still to be read, the next one first.
        job: The Bulk job of that one, with what was read of it; None where it is read from its
            beginning.
    """

    parts: tuple[IdRange, ...] = (IdRange(),)
    job: JobCheckpoint | None = None


class PartsRead:
    """Reads a query by the API that serves it best; what is too large for one job, in parts.

    The parts lie beside each other by Id, which never changes: by time, a row that changes
    meanwhile could come in two of them.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is read.
        count_rows: Returns the approximate rows of an object; None where nobody tells: then the
            first page does.
        keeps_job: A Bulk job whose rows have not all come stays in the org, to be gone on with.
    """

    def __init__(
        self,
        org: Org,
        query: Query,
        options: QueryOptions,
        count_rows: Callable[[str], int | None] = lambda _: None,
        *,
        keeps_job: bool,
    ) -> None:
        self._org = org
        self._query = query
        self._options = options
        self._count_rows = count_rows
        self._keeps_job = keeps_job
        # Of a job that was created before its rows are asked for.
        self._begun: tuple[Place, SalesforcePaginator, ReadContext] | None = None

    def begin(self) -> Place | None:
        """Create the Bulk job of the rows, if it is clear already that there has to be one.

        Returns:
            Where `pages` goes on with it; None where there is none, or it can't be had yet.

        Raises:
            TapError: Nothing can be had of the org.
        """
        if self._begun is not None:
            # Whoever could not note its place asks again.
            return self._begun[0]
        paginator, context = self._paginator(self._query)
        job = paginator.prefetch_job()
        if job is None:
            return None
        place = Place((self._query.ids,), job)
        self._begun = (place, paginator, context)
        return place

    def abandon(self, job: JobCheckpoint, reason: str) -> None:
        """Take the Bulk job of an earlier reading out of the org, beside what else is done.

        Args:
            job: Nobody goes on with it.
            reason: Why.
        """
        paginator, _ = self._paginator(self._query)
        self._org.cleanup.do(partial(paginator.abandon, job, reason))

    def pages(self, place: Place | None = None) -> Generator[tuple[Page, Place], None, None]:
        """Yield the pages to a proven end.

        Args:
            place: Where to go on; None from the beginning.

        Yields:
            A page, and the place behind it: what is covered by the places up to a page has not to
            be read again. One that `takes_back` says that all rows of its part come again. No row
            of a part comes twice otherwise.

        Raises:
            IncompleteError: Rows are missing and reading again did not bring them.
            RefusedError: Salesforce refuses the query in every API that may serve it.
            TapError: As its class says.
        """
        place = Place((self._query.ids,)) if place is None else place
        parts, job, failures = list(place.parts), place.job, 0
        while parts:
            part = replace(self._query, ids=parts[0])
            try:
                with closing(self._part(part, tuple(parts), job)) as pages:
                    yield from pages
            except (RefusedError, UnavailableError) as error:
                halves = self._halves(part, error, failures)
                if halves is None:
                    raise self._told(part, error) from None
                parts[:1] = halves
                failures += 1
                yield self._nothing(takes_back=True), Place(tuple(parts))
            else:
                parts.pop(0)
                failures = 0
            job = None

    def _part(
        self, query: Query, parts: tuple[IdRange, ...], job: JobCheckpoint | None
    ) -> Generator[tuple[Page, Place], None, None]:
        if self._begun is not None and self._begun[0] == Place(parts, job):
            (_, paginator, context), self._begun = self._begun, None
            is_resumed = False
        else:
            paginator, context = self._paginator(query)
            is_resumed = job is not None
        is_wanted = self._keeps_job
        context.turn.begin()
        try:
            if is_resumed and job is not None and not paginator.resume(job, briefly=False):
                job = None
                yield self._nothing(takes_back=True), Place(parts)
            with (
                nullcontext() if self._keeps_job else paginator.removing_job(),
                closing(cast("Generator[Page, None, None]", iter(paginator))) as pages,
            ):
                yield from self._placed(pages, paginator, Place(parts, job))
            yield self._nothing(), Place(parts[1:])
            is_wanted = False
        finally:
            if not is_wanted:
                paginator.finish()
            context.turn.leave()

    def _paginator(self, query: Query) -> tuple[SalesforcePaginator, ReadContext]:
        context = context_of(self._org, query, self._options)
        window = Window(query.range, self._org.clock.now(), is_full=query.is_full)
        is_part = query.ids != self._query.ids
        return SalesforcePaginator(
            context, window=window, count_rows=self._count_rows, is_part=is_part
        ), context

    def _placed(
        self, pages: Iterator[Page], paginator: SalesforcePaginator, place: Place
    ) -> Iterator[tuple[Page, Place]]:
        handed_out = HandedOut(self._query.title)
        for found in pages:
            page = found
            by_rest = paginator.choice is not None and paginator.choice.api is Api.REST
            # Of a cursor of REST only some rows may come again; else all of them do.
            begins_anew = page.takes_back and not by_rest
            if page.job is not None and not page.is_served:
                begins_anew = handed_out.rows > 0
            if begins_anew:
                handed_out, place = HandedOut(self._query.title), Place(place.parts)
            elif page.takes_back or page.may_repeat:
                handed_out.take_back()
            if by_rest and page.is_served:
                # Rows that change meanwhile come again behind those that are paged through.
                handed_out.may_come_again = True
                page = replace(page, frame=handed_out.new(page.frame, starts_page=page.starts_page))
            elif page.is_served:
                handed_out.rows += page.frame.height
            if page.job is not None:
                place = replace(place, job=page.job)
            yield replace(page, takes_back=begins_anew), place

    def _told(self, part: Query, error: TapError) -> TapError:
        if part.given:
            # Its columns and rows are its own: no argument leaves any of them out.
            left = [each for each in error.remedies if each not in _OF_ARGUMENTS]
            error.offering(*left)
        return error if self._keeps_job else without_job(error)

    def _nothing(self, *, takes_back: bool = False) -> Page:
        return Page(
            no_rows(self._query.columns),
            self._org.clock.now(),
            takes_back=takes_back,
            is_served=False,
        )

    def _halves(self, part: Query, error: TapError, failures: int) -> tuple[IdRange, ...] | None:
        if part.given or not may_be_too_large(error, failures):
            return None
        partition = Partition(self._org.clock.now(), part.ids)
        split = split_partition(partition, query=part, client=self._org.client, by_time=False)
        if split is None:
            return None
        name = part.title
        said = f"{error.message} {name} is read in two parts, before and from {split.border}."
        self._org.events.tell(Remark(name, said, is_warning=True))
        return split.first.ids, split.second.ids
