"""The errors that Salesforce and what stands before it are known to answer, one function each."""

from __future__ import annotations

from tests.local_org.answers import errors
from tests.local_org.conditions.faults import Action, answer

_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head>"
    "<body><h1>We are down for maintenance.</h1><p>Sorry for the inconvenience.</p></body></html>"
)


def salesforce(error: errors.SalesforceError, *, headers: dict[str, str] | None = None) -> Action:
    """Any error of `errors.py`."""
    return answer(error.status, list[object](error.body()), headers=headers)


def unknown_exception() -> Action:
    """500 UNKNOWN_EXCEPTION, with an ErrorId for support."""
    return salesforce(errors.unknown_exception())


def server_unavailable(*, retry_after: int | str | None = None) -> Action:
    """503 SERVER_UNAVAILABLE; Retry-After is rare but allowed, in seconds or as a date."""
    return salesforce(errors.server_unavailable(), headers=_retry_after(retry_after))


def maintenance_page(status: int = 503) -> Action:
    """502, 503 or 504 as an HTML page."""
    return answer(status, _MAINTENANCE)


def not_acceptable() -> Action:
    """406 with no body at all."""
    return answer(406, reason="CustomNotAcceptable")


def edge_setting_up() -> Action:
    """420 from Salesforce Edge, as HTML."""
    return answer(
        420,
        "<html><body><h1>We are setting things up for you</h1><p>Try again soon.</p></body></html>",
        reason="Enhance Your Calm",
    )


def too_many_requests(*, retry_after: int | str | None = 2) -> Action:
    """429, usually from something between the client and Salesforce."""
    return answer(
        429, "<html><body>Too many requests</body></html>", headers=_retry_after(retry_after)
    )


def not_json() -> Action:
    """200 with a page for people."""
    return answer(200, "<html><body>Please log in</body></html>")


def daily_limit() -> Action:
    """403: the day's calls are used up; no retry helps."""
    return salesforce(errors.request_limit_exceeded())


def concurrent_limit(*, requests_text: bool = False) -> Action:
    """403: too many long calls at once; a retry in seconds helps. There are two texts."""
    if requests_text:
        message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        return salesforce(errors.SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", message))
    return salesforce(errors.concurrent_limit_exceeded())


def transaction_security(status: int = 403) -> Action:
    """401 or 403 TXN_SECURITY_METERING_ERROR."""
    error = errors.transaction_security_metering()
    return salesforce(errors.SalesforceError(status, error.code, error.message))


def api_disabled_for_org() -> Action:
    """403: the org's edition has no API."""
    return salesforce(errors.api_disabled_for_org())


def api_disabled_for_user() -> Action:
    """403: the user lacks "API Enabled"."""
    return salesforce(errors.api_disabled_for_user())


def session_expired(status: int = 401) -> Action:
    """401, or what a proxy makes of it: sign in again."""
    error = errors.invalid_session()
    return salesforce(errors.SalesforceError(status, error.code, error.message))


def session_not_for_rest() -> Action:
    """401 that no sign-in cures."""
    return salesforce(errors.session_not_for_rest())


def app_not_attached() -> Action:
    """The other 401 that no sign-in cures."""
    return salesforce(errors.app_not_attached())


def url_not_reset() -> Action:
    """404: another host serves the org's data."""
    return salesforce(errors.url_not_reset())


def query_timeout() -> Action:
    """400 QUERY_TIMEOUT."""
    return salesforce(errors.query_timeout())


def operation_too_large() -> Action:
    """400 OPERATION_TOO_LARGE."""
    return salesforce(errors.operation_too_large())


def bulk_jobs_used_up() -> Action:
    """400 LIMIT_EXCEEDED: no more query jobs today."""
    return salesforce(errors.bulk_jobs_exceeded())


def bulk_storage_used_up() -> Action:
    """400 LIMIT_EXCEEDED: no more room for results today."""
    return salesforce(errors.bulk_storage_exceeded())


def bulk_not_enabled() -> Action:
    """403 FEATURENOTENABLED."""
    return salesforce(errors.feature_not_enabled())


def uri_too_long(status: int = 414) -> Action:
    """414 or 431, which come at any time near the limit."""
    return answer(status, f"<html><body>{status}</body></html>")


def _retry_after(value: int | str | None) -> dict[str, str]:
    return {} if value is None else {"Retry-After": str(value)}
