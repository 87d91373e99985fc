"""The pages of an object that Salesforce answers only by the Ids of a parent: of all its parents.

Nothing says that a new child moves its parent's stamp, so that all parents are asked about each
time, also where only what is new of their children is wanted.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.frames.json_pages import no_result
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import Query, Range
from tap_versionforge_salesforce.salesforce.query.context import ReadContext
from tap_versionforge_salesforce.salesforce.query.page import ids_in
from tap_versionforge_salesforce.salesforce.query.pages_by_ids import PagesByIds
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.json_pages import QueryResult
    from tap_versionforge_salesforce.salesforce.objects.soql import Parent
    from tap_versionforge_salesforce.salesforce.query.page import Page

# All of them have it.
_STAMP = "SystemModstamp"
# Whose rows a test looks at.
_PARENTS_OF_A_SAMPLE = 200


class ChildPages:
    """The pages of one query that names no row by itself, as `RestPages` has those of others.

    Args:
        context: Of the query, which has a parent.
        parent: Whose Ids its rows are asked for by.
    """

    def __init__(self, context: ReadContext, parent: Parent) -> None:
        self._context = context
        self._parent = parent
        self._ids: Sequence[str] = ()
        #: Rows of all queries, once they are here.
        self.total_rows: int | None = None
        #: Nothing of it is asked for before its turn: its parents are read first.
        self.is_asked = False
        self.is_ready = False

    def prefetch(self, *, briefly: bool) -> None:
        """Ask for nothing."""

    def drop(self) -> None:
        """Hold nothing."""

    def first(self, *, briefly: bool) -> QueryResult:  # noqa: ARG002  as RestPages has it
        """Read the Ids of all parents; return a page without rows, and without their count.

        Raises:
            TapError: The parents can't be read.
        """
        self._context.wait_until_covered()
        self._ids = self._parent_ids()
        parents = counted(len(self._ids), self._parent.sobject)
        which = f"all {parents}" if self._changed is None else f"{parents} changed meanwhile"
        self._context.remark(
            f"{self._context.query.title} is read by the Ids of {which}, which takes "
            f"{counted(self._children.requests, 'API call')} or more."
        )
        return no_result(self._context.query.columns)

    def pages(self) -> Iterator[Page]:
        """Yield the pages of all parents; none of them says how far the whole has come."""
        children = self._children
        yield from children.pages()
        self.total_rows = children.total_rows

    @property
    def _children(self) -> PagesByIds:
        return PagesByIds(self._context, self._parent, self._ids)

    @property
    def _changed(self) -> Range | None:
        """Return which parents have changed since the window begins; None where all are wanted."""
        window = self._context.query.range
        if not self._context.options.changed_parents_only or window is None or window.lower is None:
            return None
        return Range(_STAMP, window.lower, None)

    @property
    def _columns(self) -> tuple[Column, ...]:
        stamp = () if self._changed is None else (Column(_STAMP, Kind.DATETIME),)
        return (Column("Id", Kind.TEXT), *stamp)

    def _parent_ids(self) -> list[str]:
        # They read each other: what has parents is read by who reads the parents.
        from tap_versionforge_salesforce.salesforce.query.read import pages_in  # noqa: PLC0415

        few = None if self._context.query.limit is None else _PARENTS_OF_A_SAMPLE
        query = Query(self._parent.sobject, self._columns, range=self._changed, limit=few)
        # In the turn of the children, with which they share the room for pages.
        context = ReadContext(self._context.org, query, self._context.options, self._context.turn)
        try:
            with closing(pages_in(context)) as pages:
                # A page that is read again has them twice.
                return ids_in(pages, self._parent.sobject)
        except (RefusedError, IncompleteError, UnavailableError) as error:
            raise self._of_parents(error) from None

    def _of_parents(self, error: TapError) -> TapError:
        """Return the error to tell where the parents can't be read: nothing about the children."""
        child, parent = self._context.query.sobject, self._parent.sobject
        message = f"{child} is read by the Ids of {parent}, which can't be had: {error.message}"
        hint = f"{error.hint} The user has to be able to read {parent}."
        if isinstance(error, RefusedError):
            return RefusedError(
                message,
                hint=hint,
                status=error.status,
                error_code=error.error_code,
                reason=error.reason,
                code=error.code,
            )
        kind = IncompleteError if isinstance(error, IncompleteError) else UnavailableError
        return kind(message, hint=hint, code=error.code)
