"""Which API serves a query: first, behind its first answer, and where one could not serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobNotEndedError,
    JobsUsedUpError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.query import api_choice
from tap_versionforge_salesforce.salesforce.query.api_choice import Api, Choice
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_versionforge_salesforce.salesforce.frames.json_pages import QueryResult
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext


class ApiChooser:
    """Chooses the API of one query, and remembers what each of them has said to it.

    A query moves once at most: what one API could not serve is tried by the other.

    Args:
        context: Of the query.
        is_full: The whole object is wanted.
        is_part: Or a part of what was too large for one Bulk job.
        count_rows: Returns the approximate rows of an object; None where nobody tells.
    """

    def __init__(
        self,
        context: ReadContext,
        *,
        is_full: bool,
        is_part: bool,
        count_rows: Callable[[str], int | None],
    ) -> None:
        self._context = context
        self._is_full = is_full
        self._is_part = is_part
        self._count_rows = count_rows
        #: Bulk has refused the query, or could not serve it.
        self.is_bulk_tried = False
        # What became of the query by REST, where that has led to Bulk.
        self._rest_error: TapError | None = None
        # Why Bulk is no way out of what REST refuses; None while it may be one.
        self._no_bulk: str | None = None
        # Why Bulk could not serve what REST may, if it is little enough.
        self._bulk_error: UnavailableError | IncompleteError | JobsUsedUpError | None = None

    def opening(self) -> Choice:
        """Return which API to ask first."""
        if self._context.query.parent is not None:
            return api_choice.of_parents()
        if self._context.query.only_rest:
            return Choice(Api.REST, self._context.query.only_rest, is_final=True)
        # How many of the object's rows meet a condition, the first page tells.
        query = self._context.query
        is_whole = self._is_full and not (query.condition or query.given)
        counts = self._is_auto and is_whole and not self._is_sample
        return api_choice.opening(
            mode=self._context.options.api_mode,
            is_full=self._is_full,
            is_part=self._is_part,
            counted_rows=self._approximate_rows() if counts else None,
            is_test=self._is_sample,
        )

    def after_first_page(self, first: QueryResult) -> Choice:
        """Return the API for all rows, now that the first REST page is here."""
        return api_choice.after_first_page(
            is_full=self._is_full,
            total_rows=first.total_size,
            is_complete=first.next_records_url is None,
            bulk_threshold=self._context.options.bulk_threshold,
        )

    @property
    def may_move_to_bulk(self) -> bool:
        """Tell whether what REST can't serve is tried by Bulk."""
        query = self._context.query
        is_for_both = not self._is_sample and query.parent is None and not query.only_rest
        return self._is_auto and is_for_both and not self.is_bulk_tried

    def instead_of_rest(self, error: TapError, *, may_move: bool) -> Choice:
        """Return what is asked for in place of REST pages.

        Args:
            error: What came of them.
            may_move: `may_move_to_bulk`, as it was when they were asked for.

        Raises:
            TapError: There is no other way, or what came of that is what the user is to know.
        """
        reason = api_choice.reason_to_use_bulk(error) if may_move else None
        if reason is None or self._is_all_down(error):
            raise api_choice.of_both(error, self._bulk_error, self._no_bulk) from None
        self._rest_error = error
        return Choice(Api.BULK, reason, is_final=True)

    def instead_of_bulk(
        self, error: IncompleteError | RefusedError | UnavailableError, rows: int | None
    ) -> Choice:
        """Return what is asked for in place of a job, or of its rows.

        Args:
            error: What came of it.
            rows: How many are wanted; None where unknown.

        Raises:
            TapError: There is no other way.
        """
        self.is_bulk_tried = True
        if api_choice.jobs_are_used_up(error):
            return self._with_jobs_used_up(error, rows)
        way = self._way_by_rest(error, rows)
        if way is None or self._is_all_down(error):
            raise error
        if self._rest_error is not None and not self._may_go_by_rest:
            # What REST has refused can be mended with a smaller query; what Bulk does, can not.
            raise api_choice.without_bulk(self._rest_error, way)
        self._no_bulk = way
        if not isinstance(error, RefusedError):
            self._bulk_error = error
        return Choice(Api.REST, way, is_final=True)

    def too_much_for_rest(self, first: QueryResult) -> TapError | None:
        """Return what is wrong with Bulk where REST would cost too much in its place.

        Args:
            first: The first REST page, asked for because Bulk could not serve the rows.
        """
        error, rows = self._bulk_error, first.total_size
        is_all = first.next_records_url is None
        if error is None or is_all or self._rest_can_stand_in(rows):
            return None
        its_rows = (
            "its rows, which nobody counts" if rows is None else f"its {counted(rows, 'row')}"
        )
        why = f"REST would take too many of the API calls left for {its_rows}"
        if self._context.org.quota.daily is None:
            why = f"nobody tells how many API calls are left for {its_rows}"
        return error.reworded(f"{error.message} There is no other way: {why}.")

    def _with_jobs_used_up(self, error: RefusedError, rows: int | None) -> Choice:
        # Column by column it would cost many times the calls, and nothing of it could be kept.
        composites = self._context.composites
        has_bodies = composites is not None and composites.bring_pages
        is_for_rest = self._rest_error is None or (self._may_go_by_rest and has_bodies)
        may_move = self._is_auto and is_for_rest
        if may_move and rows is None:
            rows = self._approximate_rows()
        if may_move and self._rest_can_stand_in(rows):
            self._no_bulk = "the day's Bulk jobs are used up"
            reason = f"{self._no_bulk} and {rows:,} rows are few enough"
            return Choice(Api.REST, reason, is_final=True)
        used_up = f"The org's Bulk jobs of the day are used up ({error.reason})"
        hint = "Run again when the rolling 24 hours have freed jobs."
        if may_move and rows is None and self._rest_error is not None:
            # The first page was not asked for yet, for its query is too long: it tells.
            self._no_bulk = "the day's Bulk jobs are used up"
            self._bulk_error = JobsUsedUpError(f"{used_up}.", hint=hint)
            return Choice(Api.REST, self._no_bulk, is_final=True)
        why = "can not be read by REST instead"
        if may_move and (rows is None or self._context.org.quota.daily is None):
            what = "rows it has" if rows is None else "API calls are left"
            why = f"is not read by REST instead, for nobody tells how many {what}"
        elif may_move:
            why = "has too many rows for REST with the API calls left"
        raise JobsUsedUpError(f"{used_up}, and {self._context.query.title} {why}.", hint=hint)

    def _way_by_rest(self, error: TapError, rows: int | None) -> str | None:
        # In the other modes nothing hangs on the count, so no call is made for it.
        if not self._is_auto:
            return None
        return api_choice.reason_to_use_rest(error, is_few=self._is_few(rows))

    @property
    def _may_go_by_rest(self) -> bool:
        """Tell whether REST has not refused the query, but for its length: there are bodies."""
        return self._rest_error is None or api_choice.is_too_long(self._rest_error)

    def _is_all_down(self, error: TapError) -> bool:
        """Tell whether the other API need not be asked, for Salesforce can't be reached at all."""
        is_answer = isinstance(error, (IncompleteError, RefusedError, JobNotEndedError))
        return not is_answer and not self._context.org.can_be_reached()

    def _is_few(self, rows: int | None) -> bool:
        if rows is None and self._is_full and not self._is_part:
            rows = self._approximate_rows()
        return rows is not None and rows <= self._context.options.bulk_threshold

    def _rest_can_stand_in(self, rows: int | None) -> bool:
        return api_choice.rest_can_stand_in(
            rows, self._context.org.quota.daily, few_rows=self._context.options.bulk_threshold
        )

    def _approximate_rows(self) -> int | None:
        return self._count_rows(self._context.query.sobject)

    @property
    def _is_auto(self) -> bool:
        return self._context.options.api_mode == "auto"

    @property
    def _is_sample(self) -> bool:
        return self._context.query.limit is not None
