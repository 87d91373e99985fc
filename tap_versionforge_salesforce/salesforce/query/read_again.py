"""Some rows of an object, wherever they are in it, in as few calls as that takes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError
from tap_versionforge_salesforce.salesforce.objects.soql import Parent
from tap_versionforge_salesforce.salesforce.query.pages_by_ids import PagesByIds
from tap_versionforge_salesforce.salesforce.query.read import pages_in
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.findings import Wanted

# A Bulk job takes about as many, with the requests that look at it.
_MOST_REQUESTS = 20


def read_again(
    context: ReadContext, wanted: Wanted, count_rows: Callable[[str], int | None]
) -> Iterator[Page]:
    """Yield rows with all columns of a query.

    Few are asked for by their Ids, several queries to a request. For many, all rows among which
    they are come by whichever API serves those best, and the others are left out; where they are
    too many to be named, nothing is.

    Args:
        context: Of the query, which is for all rows.
        wanted: Which.
        count_rows: Returns the approximate rows of an object; None where nobody tells.

    Raises:
        TapError: As `read`.
    """
    by_ids = _by_ids(context, wanted)
    if by_ids is not None:
        context.remark(
            f"{counted(wanted.rows, 'row')} of {context.query.sobject} "
            f"{'is' if wanted.rows == 1 else 'are'} read again by Id, in "
            f"{counted(by_ids.requests, 'API call')} or more."
        )
        for page in by_ids.pages():
            yield replace(page, frame=wanted.of(page.frame))
        return
    among = f"all rows with {wanted.among}" if wanted.among else "all rows"
    context.remark(
        f"{counted(wanted.rows, 'row')} of {context.query.sobject} "
        f"{'is' if wanted.rows == 1 else 'are'} read again among {among}: "
        f"{_why_not_by_ids(context, wanted)}."
    )
    terms = (context.query.condition, f"({wanted.among})" if wanted.among else "")
    for page in read_whole(context, " AND ".join(filter(None, terms)), count_rows):
        yield replace(page, frame=wanted.of(page.frame))


def read_whole(
    context: ReadContext, condition: str, count_rows: Callable[[str], int | None]
) -> Iterator[Page]:
    """Yield all rows that fulfil a condition, behind which nobody goes on.

    Args:
        context: Of the query, which is for all rows.
        condition: In SOQL; empty for all.
        count_rows: As for `read_again`.

    Raises:
        TapError: As `read`.
    """
    query = replace(context.query, condition=condition)
    with closing(pages_in(replace(context, query=query), count_rows)) as pages:
        for page in pages:
            yield replace(page, checkpoint=None, job=None)


def _why_not_by_ids(context: ReadContext, wanted: Wanted) -> str:
    options = context.options
    if options.api_mode == "bulk":
        return "api_mode is bulk"
    if wanted.rows > options.bulk_threshold:
        return f"by Id they would be more than bulk_threshold ({options.bulk_threshold:,})"
    return "queries by Id are refused, or have room for too few"


def _by_ids(context: ReadContext, wanted: Wanted) -> PagesByIds | None:
    """Return the pages of the rows by their Ids; None where that is not the better way."""
    options = context.options
    is_few = wanted.rows <= options.bulk_threshold and options.api_mode != "bulk"
    ids = wanted.ids() if is_few else None
    # What is answered only by the Ids of a parent is not answered by its own.
    if ids is None or context.query.parent is not None:
        return None
    pages = PagesByIds(context, Parent("Id", context.query.sobject), ids)
    try:
        requests = pages.requests
    except RefusedError:  # there is no room for Ids beside the columns
        return None
    # Of an object with very many columns, a query has room for a few Ids only.
    return pages if requests <= _MOST_REQUESTS else None
