"""What Salesforce says is judged alike, whatever call brings it, and with whatever status."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
SINCE = {"start_date": "1990-01-01"}
OWN = "https://acme.my.salesforce.com"
FAILED = "InvalidBatch : Failed to process query: "

NOT_FOR_BULK = {
    "relationships": f"{FAILED}FUNCTIONALITY_NOT_ENABLED: Foreign Key Relationships not supported "
    "in Bulk Query",
    "compound": f"{FAILED}API_ERROR: Selecting compound data not supported in Bulk Query",
    "entity": f"{FAILED}INVALIDENTITY: Entity 'Account' is not supported by the Bulk API.",
    "serialize": "Cannot serialize value for 'Payload__c' in CSV format",
    "not enabled": "FeatureNotEnabled : Bulk API is not enabled",
}


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Six accounts in pages of two: a full extract of them is Bulk's."""
    org.settings.page_rows = org.settings.bulk_page_rows = 2
    return org.store.insert("Account", [{"Name": str(n)} for n in range(6)], stamp=LAST_WEEK)


# A job that fails


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("reason", NOT_FOR_BULK.values(), ids=NOT_FOR_BULK)
def test_a_job_that_bulk_can_not_serve_leads_to_rest(
    org: LocalOrg, tap: TapRunner, rows: list[str], reason: str, mode: str
) -> None:
    """As its refused creation does: one job, no halves, and every row once."""
    org.jobs.script("Failed", reason, times=9)
    how: dict[str, object] = {"bulk_threshold": 1, **SINCE} if mode == "incremental" else {}
    run = tap.sync(objects=["Account"], **how)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert len(org.journal.calls("/jobs/query", "POST")) == 1
    assert "Account: REST API, because Bulk API 2.0" in run.log
    assert run.job("Account") is None
    assert org.jobs.all() == []


def test_other_streams_jobs_are_read_beside_it(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """A job that was made before its turn may fail there as well."""
    contacts = org.store.insert("Contact", [{"LastName": "x"}] * 5, stamp=LAST_WEEK)
    org.jobs.script("JobComplete")
    org.jobs.script("Failed", NOT_FOR_BULK["serialize"])
    org.settings.record_count_factor = 10_000
    run = tap.sync(objects=["Account", "Contact"])
    assert run.exit_code == 0, run.log
    assert (run.ids("Account"), run.ids("Contact")) == (rows, contacts)
    assert {each["api"] for each in run.report["streams"]} == {"REST API", "Bulk API 2.0"}


@pytest.mark.parametrize("is_created", [True, False], ids=["failed", "refused"])
def test_a_field_that_bulk_can_not_serve_is_named_with_both_ways_out(
    org: LocalOrg, tap: TapRunner, rows: list[str], *, is_created: bool
) -> None:
    """With api_mode bulk the stream fails, at once."""
    assert rows
    if is_created:
        org.jobs.script("Failed", NOT_FOR_BULK["serialize"], times=9)
    else:
        refused = outages.salesforce(errors.unserializable_in_bulk("Payload__c"))
        org.faults.add("POST /jobs/query", refused, times=None)
    run = tap.sync(objects=["Account"], api_mode="bulk")
    assert run.exit_code == 7, run.log
    assert "can't serve Payload__c: leave that field out" in run.log
    assert "Deselect the field in the catalog. api_mode auto reads by REST" in run.log
    assert len(org.journal.calls("/jobs/query", "POST")) == 1


def test_a_job_that_fails_for_the_days_storage_is_a_used_up_day(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """As its refused creation is: REST serves few rows."""
    reason = f"{FAILED}LIMIT_EXCEEDED: {errors.bulk_storage_exceeded().message}"
    org.jobs.script("Failed", reason, times=9)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert "the day's Bulk jobs are used up and 6 rows are few enough" in run.log


# Results that are late


LATE = {
    "404": outages.salesforce(errors.not_found()),
    "400": outages.salesforce(errors.api_error("The results are not yet available")),
    "not complete": outages.salesforce(errors.invalid_job_state("The job is not complete")),
    "204": faults.answer(204),
    "empty": faults.answer(200, headers={"Content-Type": "text/csv"}),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_results_that_are_late_are_looked_at_again(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: list[str], late: faults.Action
) -> None:
    """JobComplete does not mean that the first page is there."""
    org.faults.add("*/results", late, times=2)
    run = tap.sync(objects=["Account"], api_mode="bulk", parallel_downloads=1)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert {1.0, 2.0} <= set(clock.slept)


def test_results_that_never_come_end_in_a_verdict(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: list[str]
) -> None:
    """A few looks with growing waits, and then it is this stream's failure."""
    assert rows
    fault = org.faults.add("*/results", LATE["404"], times=None)
    run = tap.sync(objects=["Account"], api_mode="bulk", parallel_downloads=1)
    assert run.exit_code == 7, run.log
    assert fault.fired == 5
    assert sum(clock.slept) < 60


# With whatever status


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("path", ["POST /composite", "GET /queryAll", "*/results"])
def test_an_ended_session_is_renewed_with_any_status(
    org: LocalOrg, tap: TapRunner, rows: list[str], path: str, status: int
) -> None:
    """What a proxy makes of the status changes nothing about it."""
    org.faults.add(path, outages.session_expired(status))
    mode = "bulk" if "results" in path else "rest"
    run = tap.sync(objects=["Account"], api_mode=mode)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert run.log.count("The session had ended; signed in again.") == 1


def test_a_session_that_ends_for_ever_is_a_sign_in_error(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """With exit code 3, not as a stream's failure."""
    assert rows
    org.faults.add("GET /queryAll", outages.session_expired(400), times=None)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 3, run.log
    assert run.log.rstrip().endswith("[session-refused]")


@pytest.mark.parametrize("path", ["GET /queryAll", "POST /composite", "GET /limits"])
def test_an_unknown_exception_passes_with_any_status(
    org: LocalOrg, tap: TapRunner, rows: list[str], path: str
) -> None:
    """It is asked again, not taken for a refusal."""
    error = errors.unknown_exception()
    trouble = outages.salesforce(errors.SalesforceError(400, error.code, error.message))
    fault = org.faults.add(path, trouble)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert fault.fired == 1
    assert run.ids("Account") == rows


# What is wrong, by its name


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/services/data", "rest"),
        ("POST /composite", "rest"),
        ("GET /limits", "rest"),
        ("GET /limits/recordCount", "auto"),
        ("GET /queryAll", "rest"),
        ("POST /jobs/query", "bulk"),
        (faults.is_poll, "bulk"),
        ("*/results", "bulk"),
    ],
    ids=lambda value: "job's state" if callable(value) else None,
)
def test_another_hosts_address_is_a_wrong_setting(
    org: LocalOrg, tap: TapRunner, rows: list[str], path: faults.Match, mode: str
) -> None:
    """Whatever call meets it: exit code 2, and the address that the sign-in names."""
    assert rows
    org.settings.token_instance_url = OWN
    org.faults.add(path, outages.url_not_reset(), times=None)
    run = tap.sync(objects=["Account"], api_mode=mode)
    assert run.exit_code == 2, run.log
    last = run.log.splitlines()[-1]
    assert last.endswith("[instance-url-not-reset]")
    assert f"Set instance_url to {OWN}, which its sign-in names" in last


def test_another_hosts_address_in_a_part_of_a_composite(org: LocalOrg, tap: TapRunner) -> None:
    """It is not that object's trouble."""
    org.settings.composite_refusal = None
    body = errors.url_not_reset().body()
    part = {"body": body, "httpStatusCode": 404, "referenceId": "d0", "httpHeaders": {}}
    org.faults.add("POST /composite", faults.answer(200, {"compositeResponse": [part]}))
    org.faults.add("GET /sobjects/*/describe", outages.url_not_reset(), times=None)
    run = tap.command("--config", tap.config(objects=["Account"]), "--discover")
    assert run.exit_code == 2, run.log
    assert run.log.rstrip().endswith("[instance-url-not-reset]")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        pytest.param(errors.query_too_complicated(), "formula fields", id="too complicated"),
        pytest.param(errors.not_filterable("SystemModstamp"), "FULL_TABLE", id="filter"),
        pytest.param(
            errors.malformed_query("Filters may not have any gaps within the composite key"),
            "FULL_TABLE",
            id="composite key",
        ),
    ],
)
def test_the_hint_says_what_helps(
    org: LocalOrg, tap: TapRunner, rows: list[str], error: errors.SalesforceError, advice: str
) -> None:
    """The stream fails by name, and the line says what to change."""
    assert rows
    org.faults.add(faults.querying("Account"), outages.salesforce(error), times=None)
    run = tap.sync(objects=["Account"], **SINCE)
    assert run.exit_code == 7, run.log
    last = run.log.splitlines()[-1]
    assert "Account: " in last
    assert advice in last
