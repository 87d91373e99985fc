"""The org's objects change between the catalog and the run, or while rows are read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.catalogs import entry_of, select_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.catalogs import Catalog
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact"]
MODES = ["auto", "rest", "bulk"]
GONE = "The field Account.Industry is selected, but the org no longer has it"


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    """Rows for several pages of each stream, an hour apart."""
    org.settings.page_rows = org.settings.bulk_page_rows = org.settings.result_page_rows = 3
    return {
        name: [
            row_id
            for hours in range(7)
            for row_id in org.store.insert(
                name, [{"Description": f"{name} {hours}"}], stamp=LAST_WEEK + timedelta(hours=hours)
            )
        ]
        for name in STREAMS
    }


@pytest.fixture
def catalog(tap: TapRunner, rows: dict[str, list[str]]) -> Catalog:
    """Return a catalog of the org as it was."""
    assert rows
    return tap.discover(objects=STREAMS)


def is_whole(run: Run, rows: dict[str, list[str]]) -> bool:
    return all(set(run.ids(name)) == set(rows[name]) for name in STREAMS)


def describes(org: LocalOrg, name: str = "Account") -> int:
    return len(org.journal.calls(f"*/sobjects/{name}/describe"))


def first_asked(org: LocalOrg, change: Callable[[], object]) -> None:
    """Let the org change when its rows of Account are asked for the first time."""
    org.faults.add(faults.querying("Account"), faults.before(change))


def goes_between_two_pages(org: LocalOrg, field: str) -> None:
    """Hide a field of Account before the second page, which is refused for it."""

    def refuse(_: Call, __: Callable[[], Answer]) -> Answer:
        org.store.hide_field("Account", field)
        error = SalesforceError(400, "INVALID_FIELD", f"No such column '{field}'")
        return outages.salesforce(error)(_, __)

    org.faults.add("GET /query/*", refuse)


def has_fields(run: Run, stream: str, *fields: str) -> list[list[bool]]:
    """Tell which of the fields are in each of a stream's SCHEMA messages."""
    return [
        [field in schema["schema"]["properties"] for field in fields]
        for schema in run.messages_of("SCHEMA", stream)
    ]


def fails_alone(run: Run, rows: dict[str, list[str]]) -> bool:
    """Tell whether Account failed by name, with what to do, and Contact is whole."""
    last = run.log.splitlines()[-1]
    is_told = "Account" in last and "run again, for each run describes its objects" in last
    schemas = len(run.messages_of("SCHEMA", "Account"))
    is_alone = set(run.ids("Contact")) == set(rows["Contact"])
    return is_told and is_alone and (run.exit_code, schemas) == (7, 1)


# A field is gone


@pytest.mark.parametrize("api_mode", MODES)
@pytest.mark.parametrize("start_date", [None, "2020-01-01"], ids=["full", "incremental"])
def test_field_that_goes_before_its_rows_are_asked_for(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    catalog: Catalog,
    api_mode: str,
    start_date: str | None,
) -> None:
    """The stream fails alone; the next run describes it, and every row comes without the field."""
    first_asked(org, lambda: org.store.hide_field("Account", "Industry"))
    run = tap.sync(catalog=catalog, api_mode=api_mode, start_date=start_date)
    assert fails_alone(run, rows), run.log
    assert describes(org) == 0
    assert (run.ids("Account"), run.bookmark("Account")) == ([], None)

    again = tap.sync(catalog=catalog, api_mode=api_mode, start_date=start_date, state=run.state)
    assert again.exit_code == 0, again.log
    assert set(again.ids("Account")) == set(rows["Account"])
    assert again.log.count(GONE) == 1
    assert has_fields(again, "Account", "Industry", "Name") == [[False, True]]
    assert not any("Industry" in record for record in again.records("Account"))


@pytest.mark.parametrize("has_catalog", [True, False], ids=["catalog", "no catalog"])
def test_field_that_goes_before_the_run(
    org: LocalOrg,
    tap: TapRunner,
    rows: dict[str, list[str]],
    catalog: Catalog,
    *,
    has_catalog: bool,
) -> None:
    """SCHEMA does not have it either: a target would write null over what it has."""
    org.store.hide_field("Account", "Industry")
    run = tap.sync(catalog=catalog if has_catalog else None, objects=STREAMS)
    assert run.exit_code == 0, run.log
    assert is_whole(run, rows)
    assert describes(org) == 0
    assert run.log.count(GONE) == has_catalog
    assert has_fields(run, "Account", "Industry", "Name") == [[False, True]]


@pytest.mark.parametrize("field", ["Industry", "BillingCity"])
def test_field_that_goes_between_two_pages(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog, field: str
) -> None:
    """What was read before is kept, and the next run goes on behind it."""
    goes_between_two_pages(org, field)
    run = tap.sync(catalog=catalog, api_mode="rest", start_date="2020-01-01")
    assert fails_alone(run, rows), run.log
    assert all(field in record for record in run.records("Account"))
    again = tap.sync(catalog=catalog, api_mode="rest", state=run.state)
    assert again.exit_code == 0, again.log
    assert run.ids("Account")
    assert {*run.ids("Account"), *again.ids("Account")} == set(rows["Account"])
    assert not any(field in record for record in again.records("Account"))


def test_field_that_goes_while_the_job_waits(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog
) -> None:
    """The job fails, and is not in the state: the next run makes another one."""
    org.faults.add(
        "POST /jobs/query", faults.after(lambda: org.store.hide_field("Account", "Industry"))
    )
    org.jobs.script(
        "Failed", "InvalidBatch : Failed to process query: INVALID_FIELD: No such column 'Industry'"
    )
    run = tap.sync(catalog=catalog, api_mode="bulk", max_parallel_jobs=1)
    assert fails_alone(run, rows), run.log
    assert run.job("Account") is None
    again = tap.sync(catalog=catalog, api_mode="bulk", state=run.state)
    assert again.exit_code == 0, again.log
    assert set(again.ids("Account")) == set(rows["Account"])


def test_part_of_an_address_that_goes(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog
) -> None:
    """The address is read without it."""
    select_fields(catalog, "Account", "BillingAddress")
    org.store.update("Account", rows["Account"], {"BillingStreet": "1 Main St"}, stamp=LAST_WEEK)
    org.store.hide_field("Account", "BillingCity")
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert is_whole(run, rows)
    assert "The field Account.BillingAddress.city is selected, but the org no longer" in run.log
    (schema,) = run.messages_of("SCHEMA", "Account")
    members = set(schema["schema"]["properties"]["BillingAddress"]["properties"])
    assert "street" in members
    assert all(set(each["BillingAddress"]) == members for each in run.records("Account"))
    assert "city" not in members


def test_field_that_a_stream_map_needs(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog
) -> None:
    """The records of the SDK's own path are without the field as well."""
    org.store.hide_field("Account", "Industry")
    maps = {"Account": {"Shout": "Name.upper() if Name else None"}}
    run = tap.sync(catalog=catalog, stream_maps=maps)
    assert run.exit_code == 0, run.log
    assert is_whole(run, rows)
    assert has_fields(run, "Account", "Industry", "Shout") == [[False, True]]


def test_replication_key_that_goes(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog
) -> None:
    """Nothing can be read by it: the stream fails, and the next run says what to change."""
    first_asked(org, lambda: org.store.hide_field("Account", "SystemModstamp"))
    run = tap.sync(catalog=catalog, start_date="2020-01-01")
    assert fails_alone(run, rows), run.log
    again = tap.sync(catalog=catalog, start_date="2020-01-01", state=run.state)
    assert again.exit_code == 2, again.log
    assert "Account can't be read incrementally by SystemModstamp" in again.log


# An object is gone


@pytest.mark.parametrize("api_mode", MODES)
def test_object_that_goes_fails_alone(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog, api_mode: str
) -> None:
    """Exit code 7, the others are read, and the bookmark stays where it was."""
    before = "2020-01-02T00:00:00.000Z"
    mark = {"replication_key": "SystemModstamp", "replication_key_value": before}
    first_asked(org, lambda: org.store.hide_object("Account"))
    run = tap.sync(catalog=catalog, api_mode=api_mode, state={"bookmarks": {"Account": mark}})
    assert fails_alone(run, rows), run.log
    assert "1 of the selected streams failed" in run.log.splitlines()[-1]
    assert run.bookmark("Account") == before
    again = tap.sync(catalog=catalog, api_mode=api_mode, state=run.state)
    assert again.exit_code == 7, again.log
    assert "Account can't be described: HTTP 404" in again.log.splitlines()[-1]
    assert set(again.ids("Contact")) <= set(rows["Contact"])


@pytest.mark.parametrize("status", [500, 503])
def test_describe_that_fails_never_makes_a_stream_vanish(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog, status: int
) -> None:
    """Neither in the composite nor alone."""
    assert rows
    trouble = faults.answer(status, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}])
    org.faults.add("POST /composite", trouble, times=None)
    org.faults.add("*/sobjects/*/describe", trouble, times=None)
    run = tap.sync(catalog=catalog)
    assert (run.exit_code, run.records("Contact")) == (5, [])


# Types


def retyped(catalog: Catalog, field: str, schema: dict[str, Any]) -> Catalog:
    """Let the catalog say that a field of Account was of this type."""
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == "Account")
    entry["schema"]["properties"][field] = schema
    return catalog


@pytest.mark.parametrize(
    ("field", "before", "change", "value"),
    [
        pytest.param(
            "AnnualRevenue",
            {"type": ["string", "null"]},
            "from string to number",
            Decimal("5.0"),
            id="text to number",
        ),
        pytest.param(
            "Name",
            {"type": ["number", "null"]},
            "from number to string",
            "5",
            id="number to text",
        ),
        pytest.param(
            "NumberOfEmployees",
            {"type": ["boolean", "null"]},
            "from boolean to integer",
            5,
            id="flag to integer",
        ),
        pytest.param(
            "CreatedDate",
            {"type": ["string", "null"], "format": "date"},
            "from string (date) to string (date-time)",
            f"{LAST_WEEK:%Y-%m-%dT%H:%M:%S}.000Z",
            id="date to date-time",
        ),
    ],
)
def test_type_that_changed_since_the_catalog(
    org: LocalOrg,
    tap: TapRunner,
    catalog: Catalog,
    field: str,
    before: dict[str, Any],
    change: str,
    value: object,
) -> None:
    """SCHEMA and values are of the type that Salesforce describes now, and it is said."""
    described = entry_of(catalog, "Account")["schema"]["properties"][field]
    row = {"Name": "5", "AnnualRevenue": 5, "NumberOfEmployees": 5}
    (row_id,) = org.store.insert("Account", [row], stamp=LAST_WEEK)
    run = tap.sync(catalog=retyped(catalog, field, before))
    assert run.exit_code == 0, run.log
    assert f"The type of Account.{field} has changed {change} since the catalog" in run.log
    (schema,) = run.messages_of("SCHEMA", "Account")
    assert schema["schema"]["properties"][field] == described
    (record,) = (each for each in run.records("Account") if each["Id"] == row_id)
    assert (record[field], type(record[field])) == (value, type(value))


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        pytest.param("NumberOfEmployees", {"type": ["number", "null"]}, id="integer is a number"),
        pytest.param("CreatedDate", {"type": ["string", "null"]}, id="no format"),
        pytest.param("Name", {"type": ["string"], "maxLength": 80}, id="stricter"),
        pytest.param("Name", {"type": ["object", "string", "null"]}, id="wider"),
        pytest.param("Name", {}, id="anything"),
    ],
)
def test_schema_that_a_user_has_changed_stays(
    tap: TapRunner, rows: dict[str, list[str]], catalog: Catalog, field: str, schema: dict[str, Any]
) -> None:
    """What allows the values that come is the user's own choice."""
    run = tap.sync(catalog=retyped(catalog, field, schema))
    assert run.exit_code == 0, run.log
    assert is_whole(run, rows)
    assert "has changed from" not in run.log
    (message,) = run.messages_of("SCHEMA", "Account")
    assert message["schema"]["properties"][field] == schema


def test_new_fields_are_reported(org: LocalOrg, tap: TapRunner, catalog: Catalog) -> None:
    """By name, as far as a line holds them."""
    for n in range(12):
        org.store.add_field("Account", Field(name=f"N{n}__c", type="string", label="N", length=9))
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert "Account has fields that the catalog does not know: N0__c, N1__c" in run.log
    assert "N9__c and 2 more." in run.log
    assert "Contact has fields" not in run.log
