"""REST or Bulk API 2.0, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobFailedError,
    JobNotEndedError,
    JobQueuedError,
    JobTimeoutError,
    QuotaError,
    RefusedError,
    RequestTimeoutError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.client import REST_PAGE_ROWS
from tap_versionforge_salesforce.salesforce.http.quota import Allowance
from tap_versionforge_salesforce.salesforce.http.refusals import error_in_words
from tap_versionforge_salesforce.salesforce.query.api_choice import (
    Api,
    Choice,
    after_first_page,
    jobs_are_used_up,
    may_be_too_large,
    opening,
    reason_to_use_bulk,
    reason_to_use_rest,
    rest_can_stand_in,
)


def refused(error_code: str = "", reason: str = "", *, status: int = 400) -> RefusedError:
    return RefusedError("Refused.", hint=".", status=status, error_code=error_code, reason=reason)


# The first question


def opened(**asked: Any) -> Choice:  # noqa: ANN401  what opening takes
    usual = {"mode": "auto", "is_full": True, "is_part": False, "is_test": False}
    return opening(**{**usual, "counted_rows": None, **asked})


@pytest.mark.parametrize(
    ("is_full", "counted", "api", "is_final"),
    [
        pytest.param(True, REST_PAGE_ROWS + 1, Api.BULK, True, id="more than a page"),
        pytest.param(True, 5_000_000, Api.BULK, True, id="very many"),
        pytest.param(True, REST_PAGE_ROWS, Api.REST, False, id="a page"),
        pytest.param(True, 0, Api.REST, False, id="none"),
        pytest.param(True, None, Api.REST, False, id="not counted"),
        pytest.param(False, None, Api.REST, False, id="incremental"),
        pytest.param(False, 5_000_000, Api.REST, False, id="incremental of a large table"),
    ],
)
def test_opening(*, is_full: bool, counted: int | None, api: Api, is_final: bool) -> None:
    """A full extract of more than a REST page is Bulk at once; else the first page decides."""
    choice = opened(is_full=is_full, counted_rows=counted)
    assert (choice.api, choice.is_final) == (api, is_final)
    assert choice.reason


@pytest.mark.parametrize(("mode", "api"), [("rest", Api.REST), ("bulk", Api.BULK)])
@pytest.mark.parametrize("is_full", [True, False])
@pytest.mark.parametrize("counted", [None, 0, 5_000_000])
def test_a_mode_that_is_set_decides(
    mode: str, api: Api, *, is_full: bool, counted: int | None
) -> None:
    """api_mode rest and bulk are final, however many rows there are."""
    choice = opened(mode=mode, is_full=is_full, counted_rows=counted)
    assert (choice.api, choice.is_final) == (api, True)
    assert choice.reason == f"api_mode is {mode}"


@pytest.mark.parametrize("mode", ["auto", "rest", "bulk"])
def test_a_test_makes_no_job(mode: str) -> None:
    """A few rows are never worth a Bulk job, whatever the settings say."""
    choice = opened(mode=mode, counted_rows=5_000_000, is_test=True)
    assert (choice.api, choice.is_final) == (Api.REST, True)


def test_a_part_of_what_was_too_large_is_bulks() -> None:
    """REST is not asked again whether it is large."""
    choice = opened(is_full=False, is_part=True)
    assert (choice.api, choice.is_final) == (Api.BULK, True)
    assert choice.reason == "this is a part of what was too large for one job"


# After the first page


@pytest.mark.parametrize(
    ("is_full", "total", "is_complete", "api"),
    [
        pytest.param(True, 10, True, Api.REST, id="full, one page"),
        pytest.param(True, 10, False, Api.BULK, id="full, not complete"),
        pytest.param(True, 9_999, False, Api.BULK, id="full, threshold does not raise it"),
        pytest.param(False, 10_000, False, Api.REST, id="changes at the threshold"),
        pytest.param(False, 10_001, False, Api.BULK, id="changes above the threshold"),
        pytest.param(False, 0, True, Api.REST, id="no changes"),
        pytest.param(False, 10, True, Api.REST, id="few changes"),
    ],
)
def test_first_page_decides(*, is_full: bool, total: int, is_complete: bool, api: Api) -> None:
    """Full extracts beyond one page, and changes above bulk_threshold, go to Bulk."""
    choice = after_first_page(
        is_full=is_full, total_rows=total, is_complete=is_complete, bulk_threshold=10_000
    )
    assert (choice.api, choice.is_final) == (api, True)
    assert f"{total:,}" in choice.reason


def test_threshold_of_nothing() -> None:
    """bulk_threshold 0 sends every change to Bulk, and no change nowhere."""
    found = {
        total: after_first_page(
            is_full=False, total_rows=total, is_complete=True, bulk_threshold=0
        ).api
        for total in (0, 1)
    }
    assert found == {0: Api.REST, 1: Api.BULK}


# What one API refuses and the other can serve


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused(status=414), id="414"),
        pytest.param(refused(status=431), id="431"),
        pytest.param(
            refused("QUERY_TIMEOUT", "Your query request was running too long"), id="timeout"
        ),
        pytest.param(refused("QUERY_TIMEOUT", status=500), id="timeout as 500"),
        pytest.param(
            refused("OPERATION_TOO_LARGE", "exceeded 100000 distinct ids"), id="too large"
        ),
        pytest.param(
            refused("EXTERNAL_OBJECT_EXCEPTION", "OPERATION_TOO_LARGE: exceeded"),
            id="too large inside",
        ),
        pytest.param(RequestTimeoutError("Timed out.", hint="."), id="read timeout"),
        pytest.param(UnavailableError("Down.", hint="."), id="tried in vain"),
        pytest.param(IncompleteError("Cut.", hint="."), id="not whole"),
    ],
)
def test_what_rest_can_not_serve_goes_to_bulk(error: TapError) -> None:
    """What is too long, too slow or too large for REST has a way to Bulk, and a reason."""
    assert reason_to_use_bulk(error)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused("MALFORMED_QUERY"), id="malformed"),
        pytest.param(refused("INVALID_FIELD", "No such column OPERATION_TOO_LARGE"), id="field"),
        pytest.param(refused(status=404), id="404"),
        pytest.param(QuotaError("Used up.", hint="."), id="quota"),
    ],
)
def test_other_errors_of_rest_stay_errors(error: TapError) -> None:
    """What Bulk would refuse as well is not tried there."""
    assert reason_to_use_bulk(error) is None


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            refused("INVALIDENTITY", "Entity 'ContractStatus' is not supported by the Bulk API."),
            id="entity",
        ),
        pytest.param(
            refused("API_ERROR", "Selecting compound data not supported in Bulk Query"),
            id="compound",
        ),
        pytest.param(
            refused("INVALID_FIELD", "Selecting compound data not supported in Bulk Query"),
            id="compound with another code",
        ),
        pytest.param(
            refused(
                "API_ERROR",
                "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
            ),
            id="relationships",
        ),
        pytest.param(
            refused("API_ERROR", "Cannot serialize value for 'X' in CSV format"), id="serialize"
        ),
        pytest.param(
            refused("FEATURENOTENABLED", "Bulk API is not enabled", status=403), id="not enabled"
        ),
        pytest.param(UnavailableError("Down.", hint="."), id="tried in vain"),
        pytest.param(IncompleteError("Cut.", hint="."), id="not whole"),
    ],
)
def test_what_bulk_does_not_serve_goes_to_rest(error: TapError) -> None:
    """An object or query that is not for Bulk has a way to REST, and a reason."""
    assert reason_to_use_rest(error, is_few=False)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused("MALFORMED_QUERY"), id="malformed"),
        pytest.param(refused("INVALID_FIELD", "No such column 'X'"), id="field"),
        pytest.param(refused("LIMIT_EXCEEDED", "Max bulk v2 query jobs"), id="limit"),
        pytest.param(JobTimeoutError("Late.", hint="."), id="does not end"),
        pytest.param(QuotaError("No calls.", hint="."), id="no calls left"),
    ],
)
def test_other_errors_of_bulk_stay_errors(error: TapError) -> None:
    """What REST would refuse as well, or what has a rule of its own, is not tried there."""
    assert reason_to_use_rest(error, is_few=False) is None


@pytest.mark.parametrize("kind", [JobTimeoutError, JobQueuedError])
def test_a_job_that_does_not_end_goes_to_rest_where_its_rows_are_few(
    kind: type[JobNotEndedError],
) -> None:
    """Larger ones are halved, or left to the next run."""
    error = kind("Late.", hint=".")
    assert reason_to_use_rest(error, is_few=True)
    assert reason_to_use_rest(error, is_few=False) is None


@pytest.mark.parametrize(
    ("error", "used_up"),
    [
        pytest.param(
            refused("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached"),
            True,
            id="jobs",
        ),
        pytest.param(
            refused(
                "LIMIT_EXCEEDED",
                "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded",
            ),
            True,
            id="storage",
        ),
        pytest.param(refused("INVALIDENTITY"), False, id="entity"),
        pytest.param(QuotaError("Used up.", hint="."), False, id="daily calls"),
    ],
)
def test_used_up_jobs_are_known(error: TapError, *, used_up: bool) -> None:
    """The day's jobs and the day's storage are one trouble, the day's calls another."""
    assert jobs_are_used_up(error) is used_up


@pytest.mark.parametrize(
    ("rows", "remaining", "can"),
    [
        pytest.param(2_000 * 99, 1_000, True, id="99 calls of 1,000"),
        pytest.param(2_000 * 99 + 1, 1_000, False, id="100 calls of 1,000"),
        pytest.param(1, 11, True, id="one call of 11"),
        pytest.param(1, 10, False, id="one call of 10"),
        pytest.param(1, -5, False, id="none left"),
        pytest.param(None, 1_000, False, id="rows unknown"),
        pytest.param(10, None, True, id="calls unknown, few rows"),
        pytest.param(11, None, False, id="calls unknown, more rows"),
    ],
)
def test_rest_stands_in_for_less_than_a_tenth_of_the_calls(
    *, rows: int | None, remaining: int | None, can: bool
) -> None:
    """Without jobs, REST takes over only where it leaves nine tenths of the calls to others."""
    daily = None if remaining is None else Allowance(100_000, remaining)
    assert rest_can_stand_in(rows, daily, few_rows=10) is can


# What failed


def failed(reason: str) -> JobFailedError:
    return JobFailedError("", hint="", reason=reason)


LATE = JobTimeoutError("", hint="")
TIMED_OUT = failed("InvalidBatch : Failed to process query: QUERY_TIMEOUT: too long")
NO_FIELD = failed("InvalidBatch : Failed to process query: INVALID_FIELD: no")

NOT_SERIALIZED = failed("Cannot serialize value for 'Payload__c' in CSV format")
STORAGE_USED_UP = failed("LIMIT_EXCEEDED: Max bulk v2 query result size stored (1) kb per 24 hrs")


@pytest.mark.parametrize(
    "reason",
    [
        "FUNCTIONALITY_NOT_ENABLED: Foreign Key Relationships not supported in Bulk Query",
        "API_ERROR: Selecting compound data not supported in Bulk Query",
        "INVALIDENTITY: Entity 'X' is not supported by the Bulk API.",
        "INVALIDENTITY: no",
        "FEATURENOTENABLED: no",
        "Cannot serialize value for 'Payload__c' in CSV format",
        "Bulk API doesn't support fields of type complexvalue",
    ],
)
@pytest.mark.parametrize("before", ["", "InvalidBatch : Failed to process query: "])
def test_what_a_failed_job_says_leads_to_rest_as_a_refusal_does(before: str, reason: str) -> None:
    """One judgement of Bulk's words, and no halves of what Bulk does not serve at any size."""
    error_code, words = error_in_words(before + reason)
    error = JobFailedError("", hint="", error_code=error_code, reason=words)
    assert reason_to_use_rest(error, is_few=False)
    assert not may_be_too_large(error, 0)


def test_a_job_that_fails_for_the_days_storage_is_known() -> None:
    """As the refusal of a job for that is."""
    error_code, words = error_in_words(f"InvalidBatch : {STORAGE_USED_UP.reason}")
    assert jobs_are_used_up(RefusedError("", hint="", error_code=error_code, reason=words))


@pytest.mark.parametrize(
    ("word", "may_be"),
    [
        *((w, True) for w in ("timeout", "timed out", "running for too long", "too large")),
        *((w, True) for w in ("TOO_LARGE", "retried")),
        *((w, False) for w in ("INVALID_FIELD", "INVALID_TYPE", "INVALIDENTITY")),
        *((w, False) for w in ("MALFORMED_QUERY", "INSUFFICIENT", "not supported")),
        *((w, False) for w in ("FEATURENOTENABLED", "LIMIT_EXCEEDED")),
    ],
)
def test_words_wherever_they_stand(word: str, *, may_be: bool) -> None:
    """Salesforce puts them behind others, in either case; at the tenth half only they count."""
    for text in (f"Batch 7 said {word} of it", f"batch 7 said {word.lower()} of it"):
        assert may_be_too_large(failed(text), 10) is may_be
        assert may_be_too_large(failed(text), 0) is may_be


@pytest.mark.parametrize(
    ("error", "failures", "may_be"),
    [
        pytest.param(TIMED_OUT, 0, True, id="too large"),
        pytest.param(TIMED_OUT, 40, True, id="still too large"),
        pytest.param(failed("retried more than fifteen times"), 40, True, id="retried"),
        pytest.param(NO_FIELD, 0, False, id="another reason"),
        pytest.param(NOT_SERIALIZED, 0, False, id="not for Bulk"),
        pytest.param(STORAGE_USED_UP, 0, False, id="storage used up"),
        pytest.param(failed("no reason given"), 3, True, id="nobody knows"),
        pytest.param(failed("no reason given"), 4, False, id="nobody knows, again and again"),
        pytest.param(LATE, 3, True, id="late"),
        pytest.param(LATE, 4, False, id="late, again and again"),
        pytest.param(UnavailableError("", hint=""), 0, False, id="unavailable"),
        pytest.param(RefusedError("", hint="", reason="timeout"), 0, False, id="refused"),
        pytest.param(IncompleteError("", hint=""), 0, False, id="incomplete"),
    ],
)
def test_what_may_be_too_large(error: TapError, failures: int, *, may_be: bool) -> None:
    """Halves are no remedy for what is wrong with the query, and not without end for the rest."""
    assert may_be_too_large(error, failures) is may_be
