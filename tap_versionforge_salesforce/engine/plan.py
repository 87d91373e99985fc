"""What it would take to read a query. No row is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError, UnavailableError
from tap_versionforge_salesforce.salesforce.query.api_choice import Api
from tap_versionforge_salesforce.salesforce.query.cost import choice_beforehand, cost_of, times_of

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

_NAMES = {Api.REST: "rest", Api.BULK: "bulk"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What it would take to read a query.

    Attributes:
        api: ``rest`` or ``bulk``.
        reason: Why that one; ends the sentence "... because ...".
        rows: How many there are now; None where nobody tells beforehand.
        calls: API calls, at the least.
        jobs: Bulk query jobs.
        megabytes: Of the day's storage for results.
        seconds: About how long it takes.
    """

    api: str
    reason: str
    rows: int | None
    calls: int
    jobs: int
    megabytes: int
    seconds: int


def plan_of(org: Org, query: Query, options: QueryOptions) -> Plan:
    """Return what it would take to read a query, for which its rows are counted.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is read.

    Raises:
        TapError: Salesforce can't be asked at all.
    """
    rows = _count(org, query)
    choice = choice_beforehand(query, rows, options, is_full=query.is_full)
    columns = len(query.columns)
    cost = cost_of(rows or 0, columns, is_bulk=choice.api is Api.BULK)
    times = times_of(rows or 0, columns, cost, parallel_downloads=options.parallel_downloads)
    return Plan(
        api=_NAMES[choice.api],
        reason=choice.reason,
        rows=rows,
        calls=cost.calls,
        jobs=cost.jobs,
        megabytes=cost.megabytes,
        seconds=math.ceil(sum(times)),
    )


def _count(org: Org, query: Query) -> int | None:
    if query.parent is not None:
        return None
    try:
        content = org.client.query(query.count(), deleted=query.all_rows, briefly=True).json()
    except (RefusedError, UnavailableError):
        # Of a table that is too large to be counted, or that nobody counts.
        return None
    rows = content.get("totalSize") if isinstance(content, dict) else None
    return rows if isinstance(rows, int) and rows >= 0 else None
