"""What may help against an error, in the words of this tap's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import Remedy

if TYPE_CHECKING:
    from tap_versionforge_salesforce.errors import TapError
    from tap_versionforge_salesforce.salesforce.objects.soql import Query

_SETTINGS = {
    Remedy.FIELD: "Deselect the field in the catalog.",
    Remedy.FEWER_COLUMNS: "Deselect columns in the catalog.",
    Remedy.FEWER_ROWS: "A later start_date reads fewer rows.",
    Remedy.WHOLE: "Set replication_method to FULL_TABLE for this stream in the catalog.",
    Remedy.OBJECT: "Take it out of objects, or deselect it in the catalog.",
    Remedy.REST: "api_mode rest reads by REST.",
    Remedy.BULK: "api_mode bulk reads by Bulk API 2.0.",
    Remedy.EITHER_API: "api_mode auto reads by REST what Bulk API 2.0 does not serve.",
    Remedy.MORE_TIME: "job_timeout_seconds allows more time.",
}
# Where rows are those of a query of the user's own.
_OF_QUERIES = {
    Remedy.FIELD: "Take the field out of its query in soql_streams.",
    Remedy.FEWER_COLUMNS: "Take columns out of its query in soql_streams.",
    Remedy.FEWER_ROWS: "A WHERE of its query in soql_streams that says more reads fewer rows.",
    Remedy.WHOLE: "Leave replication_key out of soql_streams.",
    Remedy.OBJECT: "Take the query out of soql_streams, or deselect it in the catalog.",
}


def name_settings(error: TapError, query: Query | None = None) -> None:
    """Add to an error's hint with which settings it can be followed.

    Args:
        error: What went wrong.
        query: With what; None where that is no query.
    """
    settings = dict(_SETTINGS)
    if query is not None and query.stream:
        settings |= _OF_QUERIES
    if query is not None and query.only_rest:
        del settings[Remedy.BULK]
    error.advise(" ".join(settings[each] for each in error.remedies if each in settings))
