"""REST or Bulk API 2.0: the four rules, seen in what the org was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LONG_FIELDS = tuple(
    Field(name=f"Rather_Long_Custom_Field_Name_{n}__c", type="string", label=f"F{n}", length=10)
    for n in range(400)
)


def apis(org: LocalOrg) -> list[str]:
    return [api for api, _ in org.journal.soql()]


def assert_told(run: Run, api: str, reason: str, stream: str = "Account") -> None:
    """Log and run report say in the same words which API it was, and why."""
    assert f"{stream}: {api}, because {reason}." in run.log
    (told,) = run.report["streams"]
    assert (told["api"], told["reason"]) == (api, reason)


def seeded(org: LocalOrg, count: int, name: str = "Account") -> list[str]:
    return org.store.seed(name, count, hurt=False)


def test_small_full_extract_never_pays_for_a_job(org: LocalOrg, tap: TapRunner) -> None:
    """A table that fits into one page goes by REST."""
    rows = seeded(org, 50)
    run = tap.sync(objects=["Account"])
    assert apis(org) == ["rest"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert "REST API, because all rows fit into one page (50)." in run.log


def test_counted_full_extract_goes_to_bulk_at_once(org: LocalOrg, tap: TapRunner) -> None:
    """More rows than a page by recordCount: Bulk, with no REST query before."""
    rows = seeded(org, 2_100)
    run = tap.sync(objects=["Account"])
    assert apis(org) == ["bulk"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert "Bulk API 2.0, because all rows are read, about 2,100." in run.log


def test_rows_are_counted_once_for_all_streams(org: LocalOrg, tap: TapRunner) -> None:
    """One recordCount call serves every full extract of the run."""
    seeded(org, 10)
    tap.sync(objects=["Account", "Contact", "User"])
    counts = org.journal.calls("/limits/recordCount")
    assert len(counts) == 1
    assert set(counts[0].query["sObjects"].split(",")) == {"Account", "Contact", "User"}


def test_incremental_run_counts_nothing(org: LocalOrg, tap: TapRunner) -> None:
    """With a start_date no stream is a full extract, and recordCount is not asked."""
    seeded(org, 10)
    tap.sync(objects=["Account"], start_date="2000-01-01")
    assert org.journal.calls("/limits/recordCount") == []


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "left out"])
def test_unknown_count_lets_the_first_page_decide(
    org: LocalOrg, tap: TapRunner, *, refused: bool
) -> None:
    """Without a count, an incomplete first page sends a full extract to Bulk."""
    rows = seeded(org, 2_100)
    org.settings.view_setup = not refused
    org.settings.record_count_omits = {"Account"}
    run = tap.sync(objects=["Account"])
    assert apis(org) == ["rest", "bulk"]
    # The page is dropped: no row comes twice.
    assert sorted(run.ids("Account")) == sorted(rows)
    reason = "all 2,100 rows are read, more than one REST page"
    assert_told(run, "Bulk API 2.0", reason)


def test_threshold_does_not_raise_the_bar_for_full_extracts(org: LocalOrg, tap: TapRunner) -> None:
    """bulk_threshold is for incremental extracts."""
    seeded(org, 2_100)
    tap.sync(objects=["Account"], bulk_threshold=100_000)
    assert apis(org) == ["bulk"]


def test_incremental_below_the_threshold_stays_on_rest(org: LocalOrg, tap: TapRunner) -> None:
    """totalSize of the first page decides, at no extra call."""
    org.settings.page_rows = 20
    rows = seeded(org, 50)
    run = tap.sync(objects=["Account"], start_date="1990-01-01", bulk_threshold=50)
    assert apis(org) == ["rest"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert "50 rows to read, no more than bulk_threshold (50)" in run.log


def test_rows_of_the_look_back_are_not_called_changed(org: LocalOrg, tap: TapRunner) -> None:
    """Where nothing has changed since the last run, the reason does not say that something has."""
    seeded(org, 1)
    first = tap.sync(objects=["Account"])
    second = tap.sync(objects=["Account"], state=first.state)
    assert "1 row to read, no more than bulk_threshold (10,000)" in second.log
    assert "changed" not in second.log


def test_incremental_above_the_threshold_goes_to_bulk(org: LocalOrg, tap: TapRunner) -> None:
    """One row more, and the page is dropped for a job."""
    org.settings.page_rows = 20
    rows = seeded(org, 51)
    run = tap.sync(objects=["Account"], start_date="1990-01-01", bulk_threshold=50)
    assert apis(org) == ["rest", "bulk"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert_told(run, "Bulk API 2.0", "51 rows to read, more than bulk_threshold (50)")


def test_bulk_query_has_neither_order_nor_limit(org: LocalOrg, tap: TapRunner) -> None:
    """Either would switch off PK chunking."""
    seeded(org, 5)
    tap.sync(objects=["Account"], api_mode="bulk")
    ((_, soql),) = org.journal.soql()
    assert "ORDER BY" not in soql
    assert "LIMIT" not in soql


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_mode_forces_one_api(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """api_mode rest and bulk ask no other API, whatever the size."""
    rows = seeded(org, 2_500)
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert apis(org) == [api_mode]
    assert sorted(run.ids("Account")) == sorted(rows)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param(
            faults.answer(414, "<html>too long</html>"),
            "its query is too long for a REST request",
            id="414",
        ),
        pytest.param(
            faults.answer(431, "<html>too large</html>"),
            "its query is too long for a REST request",
            id="431",
        ),
        pytest.param(
            outages.query_timeout(), "REST takes too long for its query", id="QUERY_TIMEOUT"
        ),
        pytest.param(
            outages.operation_too_large(),
            "its query is too large for REST",
            id="OPERATION_TOO_LARGE",
        ),
    ],
)
def test_what_rest_refuses_goes_to_bulk_unretried(
    org: LocalOrg, tap: TapRunner, fault: faults.Action, reason: str
) -> None:
    """The first page's refusal moves the extraction over, at one REST call."""
    rows = seeded(org, 30)
    org.faults.add("GET /query*", fault, times=None)
    run = tap.sync(objects=["Account"], start_date="1990-01-01")
    assert run.exit_code == 0, run.log
    assert apis(org) == ["rest", "bulk"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert_told(run, "Bulk API 2.0", reason)


def test_first_page_that_times_out_goes_to_bulk(org: LocalOrg, tap: TapRunner) -> None:
    """A read timeout is not tried again where Bulk can serve."""
    rows = seeded(org, 5)
    org.faults.add("GET /query*", faults.delay(1.5), times=None)
    run = tap.sync(objects=["Account"], start_date="1990-01-01", request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert apis(org) == ["rest", "bulk"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert_told(run, "Bulk API 2.0", "REST did not answer in time")


def test_query_too_long_for_a_url_is_not_even_sent(org: LocalOrg, tap: TapRunner) -> None:
    """A query that Salesforce would refuse for its length goes straight to Bulk."""
    wide = replace(
        org.store.sobjects["Account"],
        fields=(*org.store.sobjects["Account"].fields, *LONG_FIELDS),
    )
    org.store.remove_object("Account")
    org.store.add_object(wide)
    rows = seeded(org, 3)
    run = tap.sync(objects=["Account"], start_date="1990-01-01")
    assert run.exit_code == 0, run.log
    assert apis(org) == ["bulk"]
    assert sorted(run.ids("Account")) == sorted(rows)
    assert_told(run, "Bulk API 2.0", "its query is too long for a REST request")


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_what_bulk_does_not_serve_goes_to_rest(org: LocalOrg, tap: TapRunner, mode: str) -> None:
    """INVALIDENTITY moves the extraction to REST, page after page."""
    rows = seeded(org, 2_100, "ContractStatus")
    settings: dict[str, object] = {} if mode == "full" else {"start_date": "1990-01-01"}
    run = tap.sync(objects=["ContractStatus"], bulk_threshold=1, **settings)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("ContractStatus")) == sorted(rows)
    # The first page of the incremental extraction is there already, and is not asked for again.
    assert apis(org) == (["bulk", "rest"] if mode == "full" else ["rest", "bulk"])
    assert_told(
        run, "REST API", "Bulk API 2.0 does not serve this object or query", "ContractStatus"
    )


def test_where_bulk_is_not_enabled_rest_serves(org: LocalOrg, tap: TapRunner) -> None:
    """FEATURENOTENABLED is no end either."""
    rows = seeded(org, 2_100)
    org.faults.add("POST /jobs/query", outages.bulk_not_enabled(), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert_told(run, "REST API", "Bulk API 2.0 is not enabled for this org or user")


def test_no_jobs_left_and_few_rows_goes_to_rest(org: LocalOrg, tap: TapRunner) -> None:
    """With the day's jobs used up, REST serves what costs under a tenth of the calls left."""
    rows = seeded(org, 2_100)
    org.faults.add("POST /jobs/query", outages.salesforce(errors.bulk_jobs_exceeded()), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    reason = "the day's Bulk jobs are used up and 2,100 rows are few enough"
    assert_told(run, "REST API", reason)


def test_no_jobs_left_and_many_rows_stops(org: LocalOrg, tap: TapRunner) -> None:
    """Otherwise the run stops cleanly with exit code 4, and the bookmark stands."""
    seeded(org, 2_100)
    org.limits.calls.remaining = 15
    org.faults.add("POST /jobs/query", outages.salesforce(errors.bulk_jobs_exceeded()), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 4, run.log
    assert run.bookmark("Account") is None
    assert "Traceback" not in run.log


def test_refusal_of_both_apis_ends_the_stream_only(org: LocalOrg, tap: TapRunner) -> None:
    """Exit code 7, and the other streams are complete."""
    contacts = seeded(org, 5, "Contact")
    seeded(org, 5)
    invalid = outages.salesforce(errors.SalesforceError(400, "MALFORMED_QUERY", "no"))
    org.faults.add(lambda c: "FROM Account" in c.query.get("q", ""), invalid, times=None)
    run = tap.sync(objects=["Account", "Contact"])
    assert run.exit_code == 7
    assert sorted(run.ids("Contact")) == sorted(contacts)
    assert run.bookmark("Contact") is not None
    assert run.bookmark("Account") is None
    assert "Account: " in run.log.splitlines()[-1]


NO_SUCH_ENTITY = outages.salesforce(errors.invalid_entity("Account"))
MALFORMED = outages.salesforce(errors.malformed_query("unexpected token"))


@pytest.mark.parametrize("first", ["REST", "Bulk"])
@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        pytest.param(
            NO_SUCH_ENTITY, "Bulk API 2.0 does not serve this object or query", id="object"
        ),
        pytest.param(
            outages.bulk_not_enabled(),
            "Bulk API 2.0 is not enabled for this org or user",
            id="not enabled",
        ),
    ],
)
def test_where_bulk_is_no_way_the_refusal_of_rest_is_told(
    org: LocalOrg, tap: TapRunner, first: str, refusal: faults.Action, why: str
) -> None:
    """A smaller query would help, and Bulk would not, whichever was asked first."""
    seeded(org, 5 if first == "REST" else 2_100)
    timeout = org.faults.add("GET /query*", outages.query_timeout(), times=None)
    org.faults.add("POST /jobs/query", refusal, times=None)
    since = {"start_date": "1990-01-01"} if first == "REST" else {}
    run = tap.sync(objects=["Account"], **since)
    assert run.exit_code == 7
    told = run.log.splitlines()[-1]
    assert "QUERY_TIMEOUT: Your query request was running for too long." in told
    assert f"There is no other way: {why}." in told
    assert "A later start_date reads fewer rows. Deselect columns in the catalog." in told
    assert "api_mode" not in told
    assert timeout.fired == 1


def test_where_no_answer_came_in_time_the_hint_stays(org: LocalOrg, tap: TapRunner) -> None:
    """More time for the request is a way out, where Bulk is none."""
    seeded(org, 5)
    org.faults.add("GET /query*", faults.delay(1.5), times=None)
    org.faults.add("POST /jobs/query", NO_SUCH_ENTITY, times=None)
    run = tap.sync(objects=["Account"], start_date="1990-01-01", request_timeout_seconds=1)
    assert run.exit_code == 5, run.log
    told = run.log.splitlines()[-1]
    assert "There is no other way: Bulk API 2.0 does not serve this object or query." in told
    assert "request_timeout_seconds allows more time" in told


def test_what_bulk_finds_wrong_with_the_query_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """REST was only too slow for it: the refusal of Bulk names what to mend."""
    seeded(org, 5)
    org.faults.add("GET /query*", outages.query_timeout(), times=None)
    org.faults.add("POST /jobs/query", MALFORMED, times=None)
    run = tap.sync(objects=["Account"], start_date="1990-01-01")
    assert run.exit_code == 7
    told = run.log.splitlines()[-1]
    assert "MALFORMED_QUERY: unexpected token" in told
    assert "QUERY_TIMEOUT" not in told


def test_what_rest_finds_wrong_with_the_query_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """Bulk would not have served the object, but that is not what has to be mended."""
    seeded(org, 2_100)
    org.faults.add("GET /query*", MALFORMED, times=None)
    org.faults.add("POST /jobs/query", NO_SUCH_ENTITY, times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 7
    told = run.log.splitlines()[-1]
    assert "MALFORMED_QUERY: unexpected token" in told
    assert "There is no other way" not in told


def test_where_the_days_jobs_are_used_up_no_hint_leads_to_bulk(
    org: LocalOrg, tap: TapRunner
) -> None:
    """REST stands in, and what it refuses can't go back."""
    seeded(org, 2_100)
    org.faults.add("GET /query*", outages.query_timeout(), times=None)
    org.faults.add("POST /jobs/query", outages.bulk_jobs_used_up(), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 7
    told = run.log.splitlines()[-1]
    assert "QUERY_TIMEOUT" in told
    assert "There is no other way: the day's Bulk jobs are used up." in told
    assert "api_mode" not in told
