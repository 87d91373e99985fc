"""REST and Bulk API 2.0 give the same records, and these are what the org holds."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tests.local_org.store import hurt
from tests.support.catalogs import Catalog, metadata_of, set_selected

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

OBJECTS = (
    "Account",
    "Contact",
    "Contract",
    "Opportunity",
    "User",
    "OpportunityLineItem",
    "QuoteLineItem",
    "OrderItem",
    "ContractLineItem",
    "Invoice__c",
    "Measurement__c",
)
# One row for each text that hurts, and some that are plain.
ROWS = len(hurt.TEXTS) + 20
PAGE_ROWS = 30
RECORD_LINE = re.compile(
    r'\{"type":"RECORD","stream":"\w+","record":(\{.*\})(?:,"version":\d+)?,"time_extracted":"[^"]*"\}'
)


def record_lines(run: Run) -> dict[str, str]:
    """Return the `record` of each RECORD line as it was written, by Id."""
    lines = [line for line in run.stdout.split("\n") if line.startswith('{"type":"RECORD"')]
    found = [match[1] for line in lines if (match := RECORD_LINE.fullmatch(line))]
    assert len(found) == len(lines)
    by_id = {record["Id"]: text for record, text in zip(records_of(run), found, strict=True)}
    assert len(by_id) == len(found)
    return by_id


def records_of(run: Run) -> list[dict[str, Any]]:
    return [message["record"] for message in run.messages_of("RECORD")]


def read_by_both(tap: TapRunner, **how: object) -> tuple[Run, Run]:
    runs = tap.sync(api_mode="rest", **how), tap.sync(api_mode="bulk", **how)
    for run, api in zip(runs, ("rest", "bulk"), strict=True):
        assert run.exit_code == 0, f"{api}: {run.log}"
    return runs


def canonical(value: object) -> object:
    """Return what the exactness contract makes of a value in the org."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("\x00", "") or None
    if isinstance(value, dict):
        return {member: canonical(part) for member, part in value.items()}
    return value


def everything_of(tap: TapRunner, stream: str) -> Catalog:
    """Return a catalog that selects every field that both APIs serve alike."""
    catalog = tap.discover(objects=[stream])
    compounds = [n for n, m in metadata_of(catalog, stream).items() if "selected-by-default" in m]
    set_selected(catalog, stream, *compounds, selected=True)
    if stream == "Measurement__c":
        # Bulk can't serialize json, and its CSV can't tell an anyType 5 from a "5".
        set_selected(catalog, stream, "Payload__c", "Reading__c", selected=False)
    return catalog


@pytest.mark.parametrize("stream", OBJECTS)
def test_both_apis_give_what_the_org_holds(org: LocalOrg, tap: TapRunner, stream: str) -> None:
    """Byte for byte the same records, with the org's own values, valid by their schema."""
    org.settings.page_rows = PAGE_ROWS
    org.settings.bulk_page_rows = PAGE_ROWS
    org.store.seed(stream, ROWS)
    rest, bulk = read_by_both(tap, catalog=everything_of(tap, stream))
    assert record_lines(rest) == record_lines(bulk)
    rows = {row["Id"]: row for row in org.store.rows(stream)}
    records = {record["Id"]: record for record in rest.records(stream)}
    assert set(records) == set(rows)
    for row_id, record in records.items():
        expected = {name: canonical(rows[row_id][name]) for name in record}
        assert record == expected, row_id
    (schema,) = rest.messages_of("SCHEMA")
    assert bulk.messages_of("SCHEMA") == [schema]
    assert set(schema["schema"]["properties"]) == set(rest.records(stream)[0])
    validator = Draft7Validator(schema["schema"])
    for record in records.values():
        validator.validate(record)


def test_column_that_bulk_cannot_serve_moves_the_stream_to_rest(
    org: LocalOrg, tap: TapRunner
) -> None:
    """With a json column selected, an extract meant for Bulk goes by REST, and is whole."""
    org.settings.page_rows = 10
    rows = org.store.seed("Measurement__c", 25, hurt=False)
    run = tap.sync(objects=["Measurement__c"], start_date="1990-01-01", bulk_threshold=5)
    assert run.exit_code == 0, run.log
    assert [api for api, _ in org.journal.soql()] == ["rest", "bulk"]
    assert "Measurement__c: REST API, because Bulk" in run.log
    assert sorted(run.ids("Measurement__c")) == sorted(rows)
    assert any(record["Payload__c"] for record in run.records("Measurement__c"))
