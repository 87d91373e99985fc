"""What the tasks of a plan will take of the day's API calls, and whether these will do.

No task can tell the driver what it has used: Spark's Python data sources have no way back for that.
So it is said beforehand, at the least, and the next plan is told what is left by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.query.cost import cost_of
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.http.quota import Quota
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

# To create it, to see that it is done, for its page, and to delete it.
_CALLS_OF_A_SMALL_JOB = 4


def calls_of_rest(rows: int, query: Query) -> int:
    """Return how many calls it takes at the least to read rows by REST.

    Args:
        rows: How many come; 0 where nobody knows.
        query: That reads them.
    """
    return cost_of(rows, len(query.columns), is_bulk=False).calls


def calls_of_range(rows: int, query: Query, options: QueryOptions) -> int:
    """Return how many calls it takes at the least to read a range of Ids.

    Args:
        rows: How many come; 0 where nobody knows.
        query: That reads them.
        options: How they are read.
    """
    by_rest = calls_of_rest(rows, query)
    if options.api_mode == "rest" or (options.api_mode == "auto" and by_rest == 1):
        return by_rest
    by_job = _CALLS_OF_A_SMALL_JOB
    if rows > options.bulk_page_rows:
        by_job = cost_of(rows, len(query.columns), is_bulk=True).calls
    # In auto mode a first page by REST tells that there has to be a job.
    return by_job + (options.api_mode == "auto")


def shortfall(quota: Quota, calls: int, warn_below: int) -> str | None:
    """Return what to warn about before tasks begin; None while there is enough.

    Args:
        quota: As the driver knows it.
        calls: That they make at the least.
        warn_below: Calls of the day of which no fewer should be left behind them.
    """
    left = quota.daily
    if left is None or not calls:
        return None
    usable = max(0, left.remaining - quota.reserve)
    if usable - calls >= warn_below:
        return None
    needed = f"its tasks make {counted(calls, 'API call')} or more"
    if calls > usable:
        return (
            f"{needed}, and {usable:,} of the day's {left.maximum:,} may still be made: they will "
            "fail once those are used up. Read it at another time, or less of it (fields, where)."
        )
    return (
        f"{needed}, behind which {usable - calls:,} or fewer of the day's {left.maximum:,} may be "
        f"made (warned below {warn_below:,}, quota_warning_threshold)."
    )
