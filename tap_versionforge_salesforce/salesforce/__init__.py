"""A Salesforce client library: no Singer, no stdout, no state file.

What other front ends may use of it is what stands in ``__all__``::

    with Org(credentials=credentials) as org:
        account = org.describe("Account")
        query = query_of(account, account.columns, include_deleted=True)
        for page in read(org, query):
            page.frame.table  # polars, a text in each cell as Salesforce means it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.seam import (
        Column,
        Credentials,
        Frame,
        HttpOptions,
        IdRange,
        Job,
        Kind,
        Org,
        Page,
        Query,
        QueryOptions,
        Quota,
        Range,
        ResultPageRef,
        SObject,
        create_job,
        page_slices,
        query_of,
        read,
        read_page,
        rows_once,
    )

__all__ = [
    "Column",
    "Credentials",
    "Frame",
    "HttpOptions",
    "IdRange",
    "Job",
    "Kind",
    "Org",
    "Page",
    "Query",
    "QueryOptions",
    "Quota",
    "Range",
    "ResultPageRef",
    "SObject",
    "create_job",
    "page_slices",
    "query_of",
    "read",
    "read_page",
    "rows_once",
]


def __getattr__(name: str) -> object:
    """Return what the seam has of that name: nobody else waits for what it stands on."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from tap_versionforge_salesforce.salesforce import seam  # noqa: PLC0415  polars takes its time

    return getattr(seam, name)
