"""Salesforce's error bodies: one function for each error, with Salesforce's own words."""

from __future__ import annotations


class SalesforceError(Exception):
    """An error as a REST or Bulk API 2.0 resource answers it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> list[dict[str, object]]:
        """Return the JSON body: always an array, never an object."""
        return [{"message": self.message, "errorCode": self.code}]


# Sessions and whole requests


def invalid_session() -> SalesforceError:
    return SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def session_not_for_rest() -> SalesforceError:
    """A 401 that a new sign-in does not cure."""
    message = "This session is not valid for use with the REST API"
    return SalesforceError(401, "INVALID_SESSION_ID", message)


def app_not_attached() -> SalesforceError:
    """The other 401 that a new sign-in does not cure."""
    message = "Connected app is not attached to Agent"
    return SalesforceError(401, "INVALID_SESSION_ID", message)


def url_not_reset() -> SalesforceError:
    """The host signs users in, and is not the one that serves this org's data."""
    message = "Destination URL not reset. The URL returned from login must be set"
    return SalesforceError(404, "URL_NOT_RESET", message)


def invalid_auth_header() -> SalesforceError:
    return SalesforceError(401, "INVALID_AUTH_HEADER", "INVALID_AUTH_HEADER")


def not_found() -> SalesforceError:
    return SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")


def method_not_allowed(method: str, allowed: str) -> SalesforceError:
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return SalesforceError(405, "METHOD_NOT_ALLOWED", message)


def unsupported_api_version() -> SalesforceError:
    """A retired version, as against one that never was (`not_found`)."""
    message = "The requested API version has been retired and is no longer available."
    return SalesforceError(410, "UNSUPPORTED_API_VERSION", message)


def request_limit_exceeded() -> SalesforceError:
    """The org's daily calls are used up: waiting seconds does not help."""
    return SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def concurrent_limit_exceeded() -> SalesforceError:
    """Too many long calls at once: the same code, but worth a retry in seconds."""
    return SalesforceError(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.")


def transaction_security_metering() -> SalesforceError:
    message = (
        "We can't complete the action because enabled transaction security policies "
        "took too long to complete."
    )
    return SalesforceError(403, "TXN_SECURITY_METERING_ERROR", message)


def api_disabled_for_org() -> SalesforceError:
    message = "The REST API is not enabled for this Organization."
    return SalesforceError(403, "API_DISABLED_FOR_ORG", message)


def api_disabled_for_user() -> SalesforceError:
    return SalesforceError(403, "API_CURRENTLY_DISABLED", "API is disabled for this User")


def insufficient_access() -> SalesforceError:
    message = "The user does not have sufficient permissions to perform this operation."
    return SalesforceError(403, "INSUFFICIENT_ACCESS", message)


def server_unavailable() -> SalesforceError:
    return SalesforceError(503, "SERVER_UNAVAILABLE", "Server Unavailable")


def unknown_exception() -> SalesforceError:
    message = (
        "An unexpected error occurred. Please include this ErrorId if you contact support: "
        "1234567890-12345 (123456789)"
    )
    return SalesforceError(500, "UNKNOWN_EXCEPTION", message)


def json_parser_error(message: str) -> SalesforceError:
    return SalesforceError(400, "JSON_PARSER_ERROR", message)


# Queries


def not_queryable(entity: str) -> SalesforceError:
    message = f"entity type {entity} does not support query"
    return SalesforceError(400, "INVALID_TYPE_FOR_OPERATION", message)


def external_object_unsupported(entity: str) -> SalesforceError:
    message = f"Getting all {entity} is unsupported"
    return SalesforceError(400, "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", message)


def duplicate_field(name: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_FIELD", f"duplicate field selected: {name}")


def malformed_query(message: str) -> SalesforceError:
    return SalesforceError(400, "MALFORMED_QUERY", message)


def implementation_restriction(reason: str) -> SalesforceError:
    return malformed_query(f"Implementation restriction: {reason}")


def offset_too_large(limit: int) -> SalesforceError:
    message = f"Maximum SOQL offset allowed is {limit}"
    return SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", message)


def invalid_query_locator() -> SalesforceError:
    return SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")


def query_timeout() -> SalesforceError:
    return SalesforceError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")


def query_too_complicated() -> SalesforceError:
    message = (
        "Query is either selecting too many fields or the filter conditions are too complicated."
    )
    return SalesforceError(400, "QUERY_TOO_COMPLICATED", message)


def not_filterable(name: str) -> SalesforceError:
    message = f"field '{name}' can not be filtered in a query call"
    return SalesforceError(400, "INVALID_FIELD", message)


def operation_too_large() -> SalesforceError:
    message = "exceeded 100000 distinct who/what's"
    return SalesforceError(400, "OPERATION_TOO_LARGE", message)


def exceeded_id_limit() -> SalesforceError:
    return SalesforceError(400, "EXCEEDED_ID_LIMIT", "exceeded id limit: 600000")


def invalid_replication_date(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_REPLICATION_DATE", message)


# Bulk API 2.0


def api_error(message: str) -> SalesforceError:
    return SalesforceError(400, "API_ERROR", message)


def compound_in_bulk() -> SalesforceError:
    return api_error("Selecting compound data not supported in Bulk Query")


def aggregate_in_bulk() -> SalesforceError:
    return api_error("Aggregate Relationships not supported in Bulk V2 Query with CSV content type")


def too_many_groups() -> SalesforceError:
    message = (
        "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
        "single batch"
    )
    return SalesforceError(400, "EXCEEDED_ID_LIMIT", message)


def offset_in_bulk() -> SalesforceError:
    return api_error("OFFSET clause is not supported in Bulk Query")


def unserializable_in_bulk(name: str) -> SalesforceError:
    return api_error(f"Cannot serialize value for '{name}' in CSV format")


def invalid_entity(name: str) -> SalesforceError:
    message = f"Entity '{name}' is not supported by the Bulk API."
    return SalesforceError(400, "INVALIDENTITY", message)


def feature_not_enabled() -> SalesforceError:
    return SalesforceError(403, "FEATURENOTENABLED", "Bulk API is not enabled")


def invalid_job(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALIDJOB", message)


def invalid_job_state(message: str) -> SalesforceError:
    return SalesforceError(400, "INVALIDJOBSTATE", message)


def abort_completed_job() -> SalesforceError:
    return invalid_job_state("Aborting already Completed Job not allowed")


def delete_unfinished_job() -> SalesforceError:
    return api_error("Error encountered when deleting the job because the job is not terminated")


def other_api_version() -> SalesforceError:
    """Results asked for with another version than the job was created with."""
    message = "The job was created with a different API version"
    return SalesforceError(409, "INVALIDJOBSTATE", message)


def bulk_jobs_exceeded(limit: int = 10_000) -> SalesforceError:
    message = f"Max bulk v2 query jobs ({limit}) per 24 hrs has been reached"
    return SalesforceError(400, "LIMIT_EXCEEDED", message)


def bulk_storage_exceeded(limit_kilobytes: int = 1_000_000_000) -> SalesforceError:
    message = (
        f"Max bulk v2 query result size stored ({limit_kilobytes}) kb per 24 hrs has been exceeded"
    )
    return SalesforceError(400, "LIMIT_EXCEEDED", message)
