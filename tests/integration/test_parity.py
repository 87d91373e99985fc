"""REST and Bulk API 2.0 give the same records, and these are what the org holds."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tests.integration.catalogs import Catalog, metadata_of, set_selected
from tests.local_org import faults, hurt
from tests.local_org.spelling import decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.integration.harness import Run, TapRunner
    from tests.local_org import LocalOrg

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
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)
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


def read_by_either(tap: TapRunner, api_mode: str, stream: str) -> Run:
    """Read a stream without the one field that Bulk can't serve."""
    catalog = tap.discover(objects=[stream])
    if stream == "Measurement__c":
        set_selected(catalog, stream, "Payload__c", selected=False)
    run = tap.sync(api_mode=api_mode, catalog=catalog)
    assert run.exit_code == 0, run.log
    return run


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


# Numbers


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_one_spelling_for_one_number(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Every digit served is written, without exponent, rounding, minus zero or idle zeros."""
    spellings = {
        "9.5E8": "950000000.0",
        "950000000": "950000000.0",
        "12.50": "12.5",
        "-0": "0.0",
        "-0.0": "0.0",
        "0E-18": "0.0",
        "1.6147805824397E13": "16147805824397.0",
        "1234567890123456.78": "1234567890123456.78",
        "-9999999999999999.99": "-9999999999999999.99",
        "123.456789012345678": "123.456789012345678",
        "0.1": "0.1",
        "1.0E-15": "0.000000000000001",
        "-0.0000001": "-0.0000001",
    }
    rows = [{"Value__c": served} for served in spellings]
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    lines = record_lines(read_by_either(tap, api_mode, "Measurement__c"))
    written = [re.findall(r'"Value__c":([^,}]*)', lines[row_id]) for row_id in ids]
    assert written == [[spelling] for spelling in spellings.values()]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_whole_numbers_stay_whole(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """An int spelled 7.0 is 7, and a long keeps all its digits."""
    values = {"7.0": 7, "-7": -7, "1.2E3": 1200, "9223372036854775807": 2**63 - 1}
    rows = [{"Serial__c": served} for served in values]
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    lines = record_lines(read_by_either(tap, api_mode, "Measurement__c"))
    written = [re.findall(r'"Serial__c":([^,}]*)', lines[row_id]) for row_id in ids]
    assert written == [[str(value)] for value in values.values()]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_odd_numbers_become_null_and_are_told(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """What is no number costs a null and one warning per column, with Id and value."""
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    good = {"Value__c": "1.5", "Count__c": "7", "Serial__c": "-1"}
    odd: list[dict[str, str]] = [
        {"Value__c": "NaN"},
        {"Value__c": "Infinity", "Count__c": "7.5"},
        {"Value__c": "-Infinity", "Serial__c": "9223372036854775808"},
        {"Value__c": "-Infinity", "Count__c": "NaN"},
        {"Value__c": "1E999"},
    ]
    rows = [good | row for row in ({}, *odd, {})]
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    run = read_by_either(tap, api_mode, "Measurement__c")
    records = {record["Id"]: record for record in run.records("Measurement__c")}
    for row_id, row in zip(ids, ({}, *odd, {}), strict=True):
        expected = {n: None if n in row else Decimal(text) for n, text in good.items()}
        assert {name: records[row_id][name] for name in good} == expected
    warnings = [line for line in run.log.splitlines() if "made null" in line]
    told = {column: [line for line in warnings if f".{column}:" in line] for column in good}
    for column, count, first, value in (
        ("Value__c", 5, ids[1], "NaN"),
        ("Count__c", 2, ids[2], "7.5"),
        ("Serial__c", 1, ids[3], "9223372036854775808"),
    ):
        (line,) = told[column]
        assert "WARNING" in line
        for part in (f"Measurement__c.{column}", f" {count} ", f" {value} ", first):
            assert part in line


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
@pytest.mark.parametrize(
    ("field", "value", "in_json", "in_csv", "served"),
    [
        ("Cost__c", "424242.25", b":424242.25", b'"424242.25"', b"n/a"),
        ("Approved__c", True, b'__c":true', b'"true"', b"perhaps"),
        ("Measured_On__c", "2031-12-30", b':"2031-12-30"', b'"2031-12-30"', b"30.12.2031"),
        (
            "Measured_At__c",
            "2031-12-30T08:15:00Z",
            b':"2031-12-30T08:15:00.000+0000"',
            b'"2031-12-30T08:15:00.000Z"',
            b"soon",
        ),
    ],
    ids=["number", "boolean", "date", "datetime"],
)
def test_text_in_another_kind_of_column_becomes_null(
    org: LocalOrg,
    tap: TapRunner,
    api_mode: str,
    field: str,
    value: object,
    in_json: bytes,
    in_csv: bytes,
    served: bytes,
) -> None:
    """Orgs hold values that break their own types: a null, and one warning with Id and value."""
    bare = in_json.partition(b":")[0] + b':"' + served + b'"'

    def spoil(body: bytes) -> bytes:
        spoiled = body.replace(in_json, bare).replace(in_csv, b'"' + served + b'"')
        assert spoiled != body
        return spoiled

    match = "GET /queryAll*" if api_mode == "rest" else "*/results"
    org.faults.add(match, faults.replace_body(spoil))
    (row_id,) = org.store.insert("Measurement__c", [{field: value}], stamp=YESTERDAY)
    run = read_by_either(tap, api_mode, "Measurement__c")
    (record,) = run.records("Measurement__c")
    assert record[field] is None
    (line,) = [line for line in run.log.splitlines() if "made null" in line]
    for part in ("WARNING", f"Measurement__c.{field}", f" {served.decode()} ", row_id):
        assert part in line


# Text


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_nul_is_removed_and_counted(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Text without its NUL characters; what is nothing then is null, and one line counts them."""
    org.settings.page_rows = org.settings.bulk_page_rows = 1
    names = {"a\x00b\x00": "ab", "\x00\x00\x00": None, "plain": "plain"}
    rows = [{"Name": name, "Description": "\x00d"} for name in names]
    ids = org.store.insert("Account", rows, stamp=YESTERDAY)
    run = read_by_either(tap, api_mode, "Account")
    records = {record["Id"]: record for record in run.records("Account")}
    assert [records[row_id]["Name"] for row_id in ids] == list(names.values())
    assert {record["Description"] for record in records.values()} == {"d"}
    (line,) = [line for line in run.log.splitlines() if "NUL" in line]
    assert " 8 NUL characters" in line
    assert "Name" in line
    assert "Description" in line


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_empty_is_null_and_blanks_are_not(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Salesforce can't tell empty from null in CSV, so neither can the tap; blanks are text."""
    values = {"": None, " ": " ", "  a ": "  a ", "null": "null", '""': '""', "\n": "\n"}
    rows = [{"Note__c": value} for value in values]
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    run = read_by_either(tap, api_mode, "Measurement__c")
    records = {record["Id"]: record for record in run.records("Measurement__c")}
    assert [records[row_id]["Note__c"] for row_id in ids] == list(values.values())


texts = st.text(
    st.one_of(
        st.sampled_from('",\r\n\t\x00\\;|^`\u2028\u2029\u0085\ufeff \U0001f600'),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=40,
)
decimals = st.decimals(
    min_value=Decimal("-9999999999999999.99"), max_value=Decimal("9999999999999999.99"), places=2
)
spelled = st.builds(
    lambda number, how: how(number),
    decimals,
    st.sampled_from([decimal_text, str, "{:E}".format]),
)
measurements = st.fixed_dictionaries(
    {"Name": texts, "Note__c": texts, "Long_Note__c": texts, "Unit__c": texts, "Cost__c": spelled}
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(measurements, min_size=1, max_size=25), page=st.integers(3, 30))
def test_any_text_and_amount_comes_through_both_apis(
    org: LocalOrg, tap: TapRunner, rows: Sequence[Mapping[str, str]], page: int
) -> None:
    """Whatever people write, however pages cut it, both APIs give it unchanged."""
    org.reset()
    org.settings.page_rows = org.settings.bulk_page_rows = page
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    catalog = everything_of(tap, "Measurement__c")
    rest, bulk = read_by_both(tap, catalog=catalog)
    assert record_lines(rest) == record_lines(bulk)
    records = {record["Id"]: record for record in rest.records("Measurement__c")}
    for row_id, row in zip(ids, rows, strict=True):
        expected = {name: canonical(value) for name, value in row.items()}
        expected["Cost__c"] = Decimal(row["Cost__c"])
        assert {name: records[row_id][name] for name in row} == expected


# What CSV can't carry


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_any_type_is_the_text_served(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """An anyType value comes as text, whatever it is in the org."""
    values: dict[str, object] = {
        "warm": "warm",
        "true": True,
        "false": "false",
        "2024-02-29": "2024-02-29",
        'say "so"': 'say "so"',
        "12.5": Decimal("12.5"),
    }
    rows = [{"Reading__c": value} for value in values.values()]
    ids = org.store.insert("Measurement__c", rows, stamp=YESTERDAY)
    run = read_by_either(tap, api_mode, "Measurement__c")
    records = {record["Id"]: record for record in run.records("Measurement__c")}
    assert [records[row_id]["Reading__c"] for row_id in ids] == list(values)


def test_column_that_bulk_cannot_serve_moves_the_stream_to_rest(
    org: LocalOrg, tap: TapRunner
) -> None:
    """With a json column selected, an extract meant for Bulk goes by REST, and is whole."""
    org.settings.page_rows = 10
    rows = org.store.seed("Measurement__c", 25, hurt=False)
    run = tap.sync(objects=["Measurement__c"], start_date="1990-01-01", bulk_threshold=5)
    assert run.exit_code == 0, run.log
    assert [api for api, _ in org.journal.soql()] == ["rest", "bulk", "rest"]
    assert sorted(run.ids("Measurement__c")) == sorted(rows)
    assert any(record["Payload__c"] for record in run.records("Measurement__c"))
