"""What the org says beforehand of its daily limits and its rows, which is only advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.http.quota import from_limits
from tap_versionforge_salesforce.salesforce.http.refusals import is_missing_permission

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.org import Org


def read_limits(org: Org) -> str | None:
    """Take in what ``/limits`` says of an org.

    Returns:
        Why it says nothing, as the end of a sentence; None where it does.
    """
    try:
        limits = org.client.limits()
    except (RefusedError, UnavailableError) as error:
        return why_not(error)
    org.quota.note(limits)
    if from_limits(limits, "DailyApiRequests") is None:
        return "the answer does not hold the daily API calls"
    return None


def why_not(error: TapError) -> str:
    """Return what came instead of advice, without the full stop."""
    if not isinstance(error, RefusedError):
        return error.message.rstrip(".")
    told = f"HTTP {error.status}, {error.error_code or 'without an errorCode'}"
    if is_missing_permission(error.error_code, error.reason):
        return f"{told}: the user lacks the permission View Setup and Configuration"
    return f"{told}: {error.reason.rstrip('.')}" if error.reason else told
