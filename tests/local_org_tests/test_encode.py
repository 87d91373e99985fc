"""How values are spelled: JSON for REST, CSV for Bulk API 2.0."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local_org.answers.encode import (
    RawNumber,
    csv_page,
    csv_value,
    dump_json,
    rest_record,
    rest_value,
)
from tests.local_org.answers.spelling import csv_integer, csv_number, decimal_text, rest_number
from tests.local_org.objects.object_notation import default_objects
from tests.local_org_tests.still_clock import new_store

if TYPE_CHECKING:
    from tests.local_org.objects.fields import Field
    from tests.local_org.store.store import Store

OBJECTS = {sobject.name: sobject for sobject in default_objects()}
MOMENT = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
NOBODY_S_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=5).map(
    Decimal.normalize
)


@pytest.fixture
def store() -> Store:
    return new_store()


def _field(name: str, object_name: str = "Measurement__c") -> Field:
    field = OBJECTS[object_name].field(name)
    assert field
    return field


def _records(store: Store, soql: str) -> list[dict[str, Any]]:
    result = store.run(soql, all_rows=True)
    rows = store.fetch(result, 0, result.total_size)
    return [rest_record(result.object_name, "68.0", result, row) for row in rows]


def _page(store: Store, soql: str, delimiter: str = ",", line_ending: str = "\n") -> bytes:
    result = store.run(soql, all_rows=True, bulk=True)
    rows = store.fetch(result, 0, result.total_size)
    return csv_page(result, rows, delimiter=delimiter, line_ending=line_ending)


# Numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal(950000000), "950000000"),
        (Decimal("9.5E+8"), "950000000"),
        (Decimal("1.50"), "1.5"),
        (Decimal("-0"), "-0"),
        (Decimal("0.000"), "0"),
        (Decimal(100), "100"),
        (7, "7"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_stored_numbers_are_plain_decimals(value: Decimal | float, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize(
    ("stored", "in_rest", "in_bulk"),
    [
        ("3", "3.0", "3.0"),
        ("4", "4.0", "4"),
        ("0", "0.0", "0"),
        ("-0", "-0.0", "-0"),
        ("12.5", "12.5", "12.5"),
        ("950000000", "9.5E8", "950000000.0"),
        ("950000001", "950000001.0", "9.50000001E8"),
        ("-16147805824397", "-16147805824397.0", "-1.6147805824397E13"),
        ("16147805824396", "1.6147805824396E13", "16147805824396.0"),
        ("999999999999999999", "999999999999999999.0", "9.99999999999999999E17"),
        ("0.00012", "1.2E-4", "0.00012"),
        ("0.00013", "0.00013", "1.3E-4"),
        ("0.123456789012345678", "0.123456789012345678", "0.123456789012345678"),
        ("9.5E8", "9.5E8", "9.5E8"),
        ("1E5", "1E5", "1E5"),
        ("12.50", "12.50", "12.50"),
        ("950000000.0", "950000000.0", "950000000.0"),
        ("NaN", "NaN", "NaN"),
        ("-Infinity", "-Infinity", "-Infinity"),
    ],
)
def test_the_two_apis_spell_one_number_differently(stored: str, in_rest: str, in_bulk: str) -> None:
    assert (rest_number(stored), csv_number(stored)) == (in_rest, in_bulk)


@settings(deadline=None)
@given(NOBODY_S_DECIMALS)
def test_no_spelling_changes_the_number(number: Decimal) -> None:
    text = decimal_text(number)
    assert Decimal(rest_number(text)) == Decimal(csv_number(text)) == number


@pytest.mark.parametrize(
    ("stored", "in_bulk"),
    [("6", "6"), ("7", "7.0"), ("-17", "-17.0"), ("7.5", "7.5"), ("12.7", "12.7"), ("NaN", "NaN")],
)
def test_bulk_writes_some_integers_as_decimals(stored: str, in_bulk: str) -> None:
    assert csv_integer(stored) == in_bulk
    assert dump_json(rest_value(_field("Count__c"), stored)) == stored.encode()


# Values


@pytest.mark.parametrize(
    ("name", "value", "in_rest", "in_bulk"),
    [
        ("Name", 'a "b"\n', b'"a \\"b\\"\\n"', 'a "b"\n'),
        ("Name", "a\x00b\u2028", b'"a\\u0000b\xe2\x80\xa8"', "a\x00b\u2028"),
        ("Name", None, b"null", ""),
        ("Approved__c", True, b"true", "true"),
        ("Approved__c", False, b"false", "false"),
        ("Cost__c", Decimal("9999999.99"), b"9999999.99", "9999999.99"),
        ("Cost__c", "Infinity", b"Infinity", "Infinity"),
        ("Count__c", Decimal(7), b"7", "7.0"),
        ("Serial__c", "9007199254740993", b"9007199254740993", "9007199254740993"),
        ("Measured_On__c", date(1700, 1, 1), b'"1700-01-01"', "1700-01-01"),
        ("Measured_At__c", MOMENT, b'"2026-11-23T10:00:00.000+0000"', "2026-11-23T10:00:00.000Z"),
        (
            "Measured_At__c",
            MOMENT.replace(microsecond=7000).astimezone(timezone(timedelta(hours=2))),
            b'"2026-11-23T10:00:00.007+0000"',
            "2026-11-23T10:00:00.007Z",
        ),
        ("Starts__c", "08:00:00.000Z", b'"08:00:00.000Z"', "08:00:00.000Z"),
        ("Tags__c", "Urgent;Outdoor", b'"Urgent;Outdoor"', "Urgent;Outdoor"),
        ("Reading__c", "5", b'"5"', "5"),
        ("Reading__c", Decimal(5), b"5.0", "5.0"),
        ("Reading__c", True, b"true", "true"),
        ("Shape__c", "anything", b'"anything"', "anything"),
    ],
)
def test_values(name: str, value: object, in_rest: bytes, in_bulk: str) -> None:
    assert dump_json(rest_value(_field(name), value)) == in_rest
    assert csv_value(_field(name), value) == in_bulk


def test_compounds_are_objects_or_null() -> None:
    place = _field("Place__c")
    value = {"latitude": "46.2", "longitude": "6"}
    assert dump_json(rest_value(place, value)) == b'{"latitude":46.2,"longitude":6.0}'
    assert rest_value(place, {"latitude": None, "longitude": None}) is None


def test_raw_numbers_stand_bare_wherever_they_are() -> None:
    value = {"a": [RawNumber("9.5E8"), {"b": RawNumber("NaN")}], "c": "é\\"}
    assert dump_json(value) == '{"a":[9.5E8,{"b":NaN}],"c":"é\\\\"}'.encode()
    assert RawNumber("1.50").spelling == "1.50"


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_json_is_json(value: object) -> None:
    assert json.loads(dump_json(value)) == value


# Records


def test_a_record_begins_with_its_attributes_and_follows_the_query(store: Store) -> None:
    (account,) = store.insert("Account", [{"Name": "Acme"}])
    rows = [{"LastName": "x", "AccountId": account}, {"LastName": "y"}]
    first, second = store.insert("Contact", rows)
    soql = "SELECT LastName, Account.Name, Id, Account.Owner.Name FROM Contact"
    records = _records(store, soql)
    assert records[0] == {
        "attributes": {
            "type": "Contact",
            "url": f"/services/data/v68.0/sobjects/Contact/{first}",
        },
        "LastName": "x",
        "Account": {
            "attributes": {
                "type": "Account",
                "url": f"/services/data/v68.0/sobjects/Account/{account}",
            },
            "Name": "Acme",
            "Owner": None,
        },
        "Id": first,
    }
    assert list(records[0]) == ["attributes", "LastName", "Account", "Id"]
    assert records[1]["attributes"]["url"].endswith(second)
    assert records[1]["Account"] is None


def test_the_record_s_url_is_there_without_its_id(store: Store) -> None:
    (record_id,) = store.insert("Account", [{"Name": "Acme"}])
    (record,) = _records(store, "SELECT Name FROM Account")
    assert record["attributes"]["url"].endswith(f"/Account/{record_id}")
    assert record.keys() == {"attributes", "Name"}


def test_a_body_is_a_path(store: Store) -> None:
    (record_id, _) = store.insert("Attachment", [{"Body": "aGk="}, {}])
    records = _records(store, "SELECT Body FROM Attachment")
    path = f"/services/data/v68.0/sobjects/Attachment/{record_id}/Body"
    assert [record["Body"] for record in records] == [path, None]


def test_addresses_in_records(store: Store) -> None:
    store.insert("Account", [{"BillingCity": "Graz", "BillingLatitude": Decimal("47.07")}, {}])
    first, second = _records(store, "SELECT BillingAddress FROM Account")
    assert dump_json(first["BillingAddress"]) == (
        b'{"city":"Graz","country":null,"geocodeAccuracy":null,"latitude":47.07,'
        b'"longitude":null,"postalCode":null,"state":null,"street":null}'
    )
    assert second["BillingAddress"] is None


def test_moments_and_days_of_fetched_rows(store: Store) -> None:
    moment = datetime(1700, 1, 1, 0, 0, 0, 7000, tzinfo=timezone.utc)
    row = {"Measured_At__c": moment, "Measured_On__c": date(4000, 12, 31)}
    store.insert("Measurement__c", [row])
    soql = "SELECT Measured_At__c, Measured_On__c FROM Measurement__c"
    (record,) = _records(store, soql)
    assert record["Measured_At__c"] == "1700-01-01T00:00:00.007+0000"
    assert record["Measured_On__c"] == "4000-12-31"
    assert b'"1700-01-01T00:00:00.007Z","4000-12-31"' in _page(store, soql)


# Pages


def test_a_page_is_quoted_throughout(store: Store) -> None:
    store.insert("Account", [{"Name": 'say "so"\r\n', "AnnualRevenue": 4}, {"Name": "x"}])
    page = _page(store, "SELECT Name, AnnualRevenue, IsDeleted, Owner.Name FROM Account")
    assert page == (
        b'"Name","AnnualRevenue","IsDeleted","Owner.Name"\n'
        b'"say ""so""\r\n","4","false",""\n'
        b'"x","","false",""\n'
    )


@pytest.mark.parametrize("delimiter", [",", ";", "|", "^", "`", "\t"], ids=ascii)
@pytest.mark.parametrize("line_ending", ["\n", "\r\n"], ids=ascii)
def test_a_page_is_read_back_by_any_csv_reader(
    store: Store, delimiter: str, line_ending: str
) -> None:
    store.seed("Measurement__c", 100)
    result = store.run("SELECT Id, Name, Long_Note__c FROM Measurement__c", all_rows=True)
    rows = store.fetch(result, 0, 100)
    page = csv_page(result, rows, delimiter=delimiter, line_ending=line_ending).decode()
    header, *read = _read_csv(page, delimiter)
    assert header == ["Id", "Name", "Long_Note__c"]
    assert read == [[str(value or "") for value in row[:3]] for row in rows]


def test_no_rows_are_a_header(store: Store) -> None:
    assert _page(store, "SELECT Id FROM Account", ";", "\r\n") == b'"Id"\r\n'
    result = store.run("SELECT Id FROM Account", all_rows=True)
    assert csv_page(result, [], delimiter=",", line_ending="\n", header=False) == b""


@pytest.mark.parametrize("name", ["Opportunity", "Measurement__c", "User", "AccountHistory"])
def test_both_apis_tell_the_same(store: Store, name: str) -> None:
    """Whatever is seeded, the two spellings mean one value."""
    store.seed(name, 120)
    fields = [field for field in store.sobjects[name].fields if field.in_bulk]
    names = ", ".join(field.name for field in fields)
    soql = "SELECT ... FROM ".replace("...", names) + name
    records = _records(store, soql)
    header, *lines = _read_csv(_page(store, soql).decode())
    assert len(records) == len(lines) == 120
    for record, line in zip(records, lines, strict=True):
        for field, name_in_csv, text in zip(fields, header, line, strict=True):
            assert name_in_csv == field.name
            assert _meaning(field, text) == _meaning(field, _plain(record[field.name]))


def _read_csv(page: str, delimiter: str = ",") -> list[list[str]]:
    # The csv module of Python 3.10 refuses NUL, so another character stands for it meanwhile.
    stand_in = "\ue000"
    assert stand_in not in page
    text = io.StringIO(page.replace("\0", stand_in), newline="")
    lines = csv.reader(text, delimiter=delimiter)
    return [[value.replace(stand_in, "\0") for value in line] for line in lines]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, RawNumber):
        return value.spelling
    return "" if value is None else str(value)


def _meaning(field: Field, text: str) -> object:
    if field.is_number and text:
        return Decimal(text)
    if field.type == "datetime":
        return text.replace("+0000", "Z")
    if field.type == "anyType" and text[:1].isdigit() and "-" not in text[:-1]:
        return Decimal(text)
    return text
