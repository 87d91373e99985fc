"""The driver's plan of a read: which task reads what, and what proves that nothing is missing.

The result pages of one Bulk job are a task each. A page proves its rows by the count in its header,
and that none is missing between it and the next one by the locator there: the pages lead from one
to the next in the order in which the driver was told of them, from the first, which begins with
the job's first row, to the last. So all of them together are the job's rows without anybody who has
seen all of them.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.query.api_choice import (
    Api,
    may_be_too_large,
    reason_to_use_rest,
)
from tap_versionforge_salesforce.salesforce.query.cost import choice_beforehand
from tap_versionforge_salesforce.salesforce.query.partitions import id_ranges
from tap_versionforge_salesforce.salesforce.query.read import create_job, without_job
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.spark.calls import calls_of_range, calls_of_rest, shortfall
from tap_versionforge_salesforce.spark.parts import PagePart, QueryPart
from tap_versionforge_salesforce.spark.session import LOGGER, session_of

if TYPE_CHECKING:
    from pyspark.sql.datasource import InputPartition

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.query.read import Job

# Of a range of Ids, where nobody has said how many there are to be.
_ROWS_PER_RANGE = 250_000
_MOST_RANGES = 64
# Where not even the rows are known, as of a job that was too large.
_RANGES_OF_MANY = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """Which task reads what.

    Attributes:
        parts: One a task.
        calls: API calls that the tasks make, at the least.
        job: The job whose pages they are; None where there is none.
    """

    parts: list[InputPartition]
    calls: int
    job: Job | None = None


def plan_of(
    org: Org,
    query: Query,
    options: QueryOptions,
    ranges: int | None = None,
    *,
    warn_below: int = 0,
) -> Plan:
    """Return the plan of a query's rows; where there has to be a job, once that has ended.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is read.
        ranges: Ranges of Ids that are wanted in place of result pages; None for pages.
        warn_below: API calls of the day, of which no fewer should be left behind it.

    Raises:
        RefusedError: Salesforce refuses the query in every API that may serve it.
        TapError: As its class says.
    """
    plan = _plan(org, query, options, ranges)
    left = org.quota.daily
    LOGGER.info(
        "%s: %s to read it, with %s or more; the driver has made %s. %s",
        query.sobject,
        counted(len(plan.parts), "task"),
        counted(plan.calls, "API call"),
        f"{org.quota.calls:,}",
        f"{left.remaining:,} of the day's {left.maximum:,} are left." if left else "",
    )
    warning = shortfall(org.quota, plan.calls, warn_below)
    if warning:
        LOGGER.warning("%s: %s", query.sobject, warning)
    return plan


def _plan(org: Org, query: Query, options: QueryOptions, ranges: int | None) -> Plan:
    if ranges is not None and query.parent is None:
        return _by_ids(org, query, options, ranges, _about(org, query))
    # By REST nobody else would see here that a condition is refused; a job is refused at once.
    is_counted = options.api_mode == "auto" or (options.api_mode == "rest" and query.condition)
    rows = _counted(org, query) if is_counted and query.parent is None else None
    choice = choice_beforehand(query, rows, options, is_full=_is_full(query))
    # Rows that nobody could count in time are many.
    if choice.api is Api.REST and (choice.is_final or rows is not None):
        return _whole(org, query, rows)
    job = _job_or_none(org, query, options)
    if job is None:
        return _whole(org, query, rows)
    return _by_pages(org, query, options, job)


def _job_or_none(org: Org, query: Query, options: QueryOptions) -> Job | None:
    """Return a new job; None where the query is not one for Bulk API 2.0, and REST may serve it.

    Raises:
        RefusedError: Salesforce refuses the query itself.
    """
    try:
        return create_job(org, query, options)
    except (RefusedError, UnavailableError) as error:
        if options.api_mode != "auto" or reason_to_use_rest(error, is_few=False) is None:
            raise
        _remark(org, query, f"{error.message} An executor reads it by REST.")
        return None


def _by_pages(org: Org, query: Query, options: QueryOptions, job: Job) -> Plan:
    try:
        refs = job.wait()
    except TapError as error:
        if job.rows is None:
            job.remove()
            return _instead_of_job(org, query, options, error)
        reason = error.message
    else:
        locators = {ref.locator for ref in refs}
        if job.rows == 0 and not refs:
            return Plan([], 0, job)
        if refs and len(locators) == len(refs):
            LOGGER.info(
                "%s: Bulk job %s has %s on %s.",
                query.sobject,
                job.id,
                "uncounted rows" if job.rows is None else counted(job.rows, "row"),
                counted(len(refs), "result page"),
            )
            session = session_of(org)
            following = [ref.locator for ref in refs[1:]]
            only = job.rows if len(refs) == 1 else None
            return Plan(
                [
                    PagePart(session, ref, behind, only, is_first=ref is refs[0])
                    for ref, behind in zip(refs, [*following, None], strict=True)
                ],
                # What a locator leads to is compared with the job's first row.
                len(refs) + (refs[0].locator is not None),
                job,
            )
        reason = f"The list of result pages of Bulk job {job.id} is none."
    job.remove()
    many = math.ceil((job.rows or 0) / _ROWS_PER_RANGE)
    _remark(org, query, f"{reason} Each executor reads a range of Ids instead.")
    return _by_ids(org, query, options, min(max(1, many), _MOST_RANGES), job.rows)


def _instead_of_job(org: Org, query: Query, options: QueryOptions, error: TapError) -> Plan:
    if may_be_too_large(error, 0):
        _remark(org, query, f"{error.message} Each executor reads a range of Ids instead.")
        return _by_ids(org, query, options, _RANGES_OF_MANY, _about(org, query))
    if options.api_mode != "auto" or reason_to_use_rest(error, is_few=False) is None:
        raise without_job(error) from None
    _remark(org, query, f"{error.message} An executor reads it by REST.")
    return _whole(org, query, None)


def _by_ids(org: Org, query: Query, options: QueryOptions, count: int, rows: int | None) -> Plan:
    ranges = id_ranges(query, count, client=org.client)
    session = session_of(org)
    parts: list[InputPartition] = [QueryPart(session, replace(query, ids=ids)) for ids in ranges]
    return Plan(parts, len(parts) * calls_of_range((rows or 0) // len(parts), query, options))


def _whole(org: Org, query: Query, rows: int | None) -> Plan:
    return Plan([QueryPart(session_of(org), query)], calls_of_rest(rows or 0, query))


def _counted(org: Org, query: Query) -> int | None:
    """Return about how many rows a query has; None where nobody tells, or not in time.

    Raises:
        RefusedError: Salesforce refuses its condition.
    """
    about = _about(org, query)
    if about is not None:
        return about
    try:
        content = org.client.query(query.count(), deleted=query.all_rows, briefly=True).json()
    except (UnavailableError, IncompleteError):
        return None
    except RefusedError as error:
        if error.error_code.startswith(("INVALID_", "MALFORMED_")):
            raise
        return None
    rows = content.get("totalSize") if isinstance(content, dict) else None
    return rows if isinstance(rows, int) and rows >= 0 else None


def _about(org: Org, query: Query) -> int | None:
    """Return about how many rows a whole object has; None where that can't be told at once."""
    if _is_full(query):
        # Needs View Setup. It is right to some percent, and takes no time.
        with suppress(RefusedError, UnavailableError):
            return org.client.record_count([query.sobject]).get(query.sobject)
    return None


def _is_full(query: Query) -> bool:
    has_lower = query.range is not None and query.range.lower is not None
    return not has_lower and not query.condition


def _remark(org: Org, query: Query, text: str) -> None:
    org.events.tell(Remark(query.sobject, text, is_warning=True))
