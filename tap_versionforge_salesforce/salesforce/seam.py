"""What other front ends may use, in one place: `salesforce` hands it out when it is asked for."""

from __future__ import annotations

from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
from tap_versionforge_salesforce.salesforce.client import ResultPageRef
from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
from tap_versionforge_salesforce.salesforce.http.quota import Quota
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import SObject
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Query, Range, query_of
from tap_versionforge_salesforce.salesforce.org import Org
from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.read import (
    Job,
    create_job,
    page_slices,
    read,
    read_page,
)
from tap_versionforge_salesforce.salesforce.query.rows_once import rows_once

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
