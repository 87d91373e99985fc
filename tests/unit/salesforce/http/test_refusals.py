"""What Salesforce's refusals mean, however they come."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.http.refusals import (
    are_not_there_yet,
    error_in_words,
    is_missing_permission,
)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("InvalidBatch : Failed to process query: INVALID_FIELD: No such column", "INVALID_FIELD"),
        (
            "InvalidBatch : Failed to process query: OPERATION_TOO_LARGE: exceeded 100000 ids",
            "OPERATION_TOO_LARGE",
        ),
        ("LIMIT_EXCEEDED: Max bulk v2 query jobs", "LIMIT_EXCEEDED"),
        ("FeatureNotEnabled : Bulk API is not enabled", "FeatureNotEnabled"),
        ("InvalidBatch : Failed to process query", ""),
        ("CategoryNode insufficient access rights on cross-reference id", ""),
        ("retried more than fifteen times", ""),
        ("", ""),
    ],
)
def test_the_code_in_why_a_job_failed(reason: str, code: str) -> None:
    """It is the one that the creation of the job would have been refused with."""
    assert error_in_words(reason) == (code, reason)


@pytest.mark.parametrize(
    ("status", "code", "reason", "may_come"),
    [
        (404, "NOT_FOUND", "The requested resource does not exist", True),
        (400, "API_ERROR", "The results are not yet available", True),
        (400, "INVALIDJOBSTATE", "The job is not complete: its state is InProgress", True),
        (400, "API_ERROR", "Invalid locator", False),
        (409, "INVALIDJOBSTATE", "The job was created with a different API version", False),
        (403, "INSUFFICIENT_ACCESS", "", False),
    ],
)
def test_results_that_may_still_come(
    status: int, code: str, reason: str, *, may_come: bool
) -> None:
    """A job that is complete has results; another refusal than their absence is one for good."""
    assert are_not_there_yet(status, code, reason) is may_come


@pytest.mark.parametrize(
    ("code", "reason", "is_missing"),
    [
        ("INSUFFICIENT_ACCESS", "", True),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "", True),
        ("FORBIDDEN", "You lack a permission for that", True),
        ("API_ERROR", "no", False),
        ("", "", False),
    ],
)
def test_a_missing_permission_is_one_where_salesforce_says_so(
    code: str, reason: str, *, is_missing: bool
) -> None:
    """Any other refusal is none."""
    assert is_missing_permission(code, reason) is is_missing
