"""REST or Bulk API 2.0: the rules by which an extraction gets its API, and why."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobFailedError,
    JobNotEndedError,
    JobTimeoutError,
    RefusedError,
    Remedy,
    RequestTimeoutError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.client import REST_PAGE_ROWS
from tap_versionforge_salesforce.salesforce.http.refusals import is_code, is_not_for_bulk

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.http.quota import Allowance

# When the daily Bulk jobs are used up, REST may take over with this share of the calls left.
_SHARE_OF_CALLS = 0.1
_TOO_LONG = (414, 431)

# Why jobs fail that a smaller one would not ("Troubleshoot query timeouts" in the Bulk API 2.0
# guide, and seen in the issues of other extractors); and what no size changes.
_TOO_LARGE = ("timeout", "timed out", "running for too long", "too large", "too_large", "retried")
_NOT_ITS_SIZE = (
    "invalid_field",
    "invalid_type",
    "invalidentity",
    "malformed_query",
    "insufficient",
    "not supported",
    "featurenotenabled",
    "limit_exceeded",
)
# A job that ran out of time, or failed for a reason nobody knows, may not be too large at all.
_MOST_DOUBTFUL_HALVINGS = 4


class Api(enum.Enum):
    """Which API serves the rows."""

    REST = "REST API"
    BULK = "Bulk API 2.0"


@dataclass(frozen=True, slots=True)
class Choice:
    """An API, and the reason for it.

    Attributes:
        api: Where to ask.
        reason: Ends the sentence "... because ...".
        is_final: Nothing that the first answer says can change it.
    """

    api: Api
    reason: str
    is_final: bool


def opening(
    *, mode: str, is_full: bool, is_part: bool, counted_rows: int | None, is_test: bool
) -> Choice:
    """Return which API to ask first.

    Args:
        mode: The setting ``api_mode``.
        is_full: No lower end: the whole object is wanted.
        is_part: A part of what was too large for one Bulk job is wanted.
        counted_rows: Approximate rows of the object; None where unknown.
        is_test: Only a few rows are wanted, and never a Bulk job.
    """
    if is_test:
        return Choice(Api.REST, "this is a test of a few rows", is_final=True)
    if is_part:
        reason = "this is a part of what was too large for one job"
        return Choice(Api.BULK, reason, is_final=True)
    if mode != "auto":
        api = Api.REST if mode == "rest" else Api.BULK
        return Choice(api, f"api_mode is {mode}", is_final=True)
    if is_full and counted_rows is not None and counted_rows > REST_PAGE_ROWS:
        reason = f"all rows are read, about {counted_rows:,}"
        return Choice(Api.BULK, reason, is_final=True)
    return Choice(Api.REST, "its first page tells how many rows there are", is_final=False)


def of_parents() -> Choice:
    """Return the API for what is answered only by the Ids of a parent."""
    reason = "Salesforce answers its queries only by the Ids of a parent"
    return Choice(Api.REST, reason, is_final=True)


def after_first_page(
    *, is_full: bool, total_rows: int | None, is_complete: bool, bulk_threshold: int
) -> Choice:
    """Return the API for the whole extraction, now that the first REST page is here.

    Args:
        is_full: No lower end: the whole object is wanted.
        total_rows: ``totalSize`` of the query; None where nobody counts them.
        is_complete: The page holds all of them.
        bulk_threshold: The setting of that name; it does not raise the bar for a full extract.
    """
    if total_rows is None:
        reason = "nobody counts the rows of an external object, and Bulk API 2.0 serves none"
        return Choice(Api.REST, reason, is_final=True)
    if is_full and is_complete:
        reason = f"all rows fit into one page ({total_rows:,})"
        return Choice(Api.REST, reason, is_final=True)
    if is_full:
        reason = f"all {total_rows:,} rows are read, more than one REST page"
        return Choice(Api.BULK, reason, is_final=True)
    if total_rows > bulk_threshold:
        reason = f"{_to_read(total_rows)}, more than bulk_threshold ({bulk_threshold:,})"
        return Choice(Api.BULK, reason, is_final=True)
    reason = f"{_to_read(total_rows)}, no more than bulk_threshold ({bulk_threshold:,})"
    return Choice(Api.REST, reason, is_final=True)


def _to_read(rows: int) -> str:
    # Not "changed": the look-back's rows are among them.
    return "1 row to read" if rows == 1 else f"{rows:,} rows to read"


def reason_to_use_bulk(error: TapError) -> str | None:
    """Return why an error of a REST query leads to Bulk; None where it does not."""
    if isinstance(error, (IncompleteError, UnavailableError)):
        return f"REST {_in_vain(error)}"
    if not isinstance(error, RefusedError):
        return None
    if is_too_long(error):
        return "its query is too long for a REST request"
    if error.error_code == "QUERY_TIMEOUT":
        return "REST takes too long for its query"
    if "OPERATION_TOO_LARGE" in (error.error_code, error.reason.partition(":")[0]):
        return "its query is too large for REST"
    return None


def is_too_long(error: TapError) -> bool:
    """Tell whether a query is too long for a URL; there may be room for it in a body."""
    return isinstance(error, RefusedError) and error.status in _TOO_LONG


def without_bulk(error: TapError, no_bulk: str | None) -> TapError:
    """Return the error to tell of REST rows that do not come.

    Args:
        error: What became of them.
        no_bulk: Why there is no way to Bulk; None where that was not tried.
    """
    if no_bulk is None or reason_to_use_bulk(error) is None:
        return error
    message = f"{error.message} There is no other way: {no_bulk}."
    if not isinstance(error, RefusedError):
        return error.reworded(message)
    # Its own may lead to Bulk.
    hint = "Fewer rows or columns make the query smaller."
    return error.reworded(message, hint=hint).offering(Remedy.FEWER_ROWS, Remedy.FEWER_COLUMNS)


def of_both(error: TapError, of_bulk: TapError | None, no_bulk: str | None) -> TapError:
    """Return the error to tell of rows that neither API serves.

    Args:
        error: What became of them by REST, in the end.
        of_bulk: What became of them by Bulk, where they were then asked for by REST.
        no_bulk: As for `without_bulk`.
    """
    # That may pass, and its job be gone on with; what REST refuses or has not, stays so.
    if isinstance(of_bulk, UnavailableError) and not isinstance(error, UnavailableError):
        return of_bulk.reworded(f"{of_bulk.message} By REST: {error.message}")
    return without_bulk(error, no_bulk)


def _in_vain(error: IncompleteError | UnavailableError) -> str:
    if isinstance(error, IncompleteError):
        return "did not serve it whole"
    is_timeout = isinstance(error, RequestTimeoutError)
    return "did not answer in time" if is_timeout else "could not serve it"


def reason_to_use_rest(error: TapError, *, is_few: bool) -> str | None:
    """Return why what came of a Bulk job leads to REST; None where it does not.

    Args:
        error: Of its creation, of the job or of its results.
        is_few: Its rows are known to be few.
    """
    if isinstance(error, JobNotEndedError):
        return "its Bulk job does not end and its rows are few" if is_few else None
    if isinstance(error, (IncompleteError, UnavailableError)):
        return f"Bulk API 2.0 {_in_vain(error)}"
    if not isinstance(error, RefusedError):
        return None
    if is_code(error.error_code, "FEATURENOTENABLED"):
        return "Bulk API 2.0 is not enabled for this org or user"
    if is_not_for_bulk(error.error_code, error.reason):
        return "Bulk API 2.0 does not serve this object or query"
    return None


def may_be_too_large(error: TapError, failures_before: int) -> bool:
    """Tell whether a job has failed that might succeed with fewer rows.

    Args:
        error: What became of it.
        failures_before: Larger jobs for the same rows that failed before it, none in between
            having succeeded.
    """
    if isinstance(error, JobTimeoutError):
        return failures_before < _MOST_DOUBTFUL_HALVINGS
    if not isinstance(error, JobFailedError):
        return False
    if reason_to_use_rest(error, is_few=False) is not None:
        return False
    reason = error.reason.lower()
    if any(text in reason for text in _NOT_ITS_SIZE):
        return False
    is_known = any(text in reason for text in _TOO_LARGE)
    return is_known or failures_before < _MOST_DOUBTFUL_HALVINGS


def jobs_are_used_up(error: TapError) -> TypeGuard[RefusedError]:
    """Tell whether a job was refused, or failed, for the day's jobs or result storage."""
    return isinstance(error, RefusedError) and is_code(
        error.error_code, "LIMIT_EXCEEDED", "EXCEEDEDQUOTA"
    )


def rest_can_stand_in(rows: int | None, daily: Allowance | None, *, few_rows: int) -> bool:
    """Tell whether REST may serve what Bulk can't today.

    Args:
        rows: How many rows are wanted; None where unknown.
        daily: The org's daily API calls; None where unknown.
        few_rows: As many may be read without knowing how many calls are left.
    """
    if rows is None:
        return False
    if daily is None:
        return rows <= few_rows
    return math.ceil(rows / REST_PAGE_ROWS) < daily.remaining * _SHARE_OF_CALLS
