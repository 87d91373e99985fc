"""Frames become records."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.messages import RecordMessage

from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind, select_columns
from tap_versionforge_salesforce.singer.json_schema import property_schema
from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter
from tap_versionforge_salesforce.singer.output.record_lines import (
    Envelope,
    LineMaker,
    records,
    with_texts,
)
from tests.support.pages import (
    COLUMNS,
    JSON_NUMBERS,
    Row,
    Value,
    csv_page,
    expected,
    from_csv,
    json_page,
    row,
    rows_of,
)
from tests.support.values import few_examples, some_examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

CITY = Column("BillingCity", Kind.TEXT)
LATITUDE = Column("BillingLatitude", Kind.NUMBER)
ADDRESS = Column("BillingAddress", Kind.COMPOUND, (("city", CITY), ("latitude", LATITUDE)))
IDENTITY = Column("Id", Kind.TEXT)


@given(st.lists(rows_of(), max_size=4))
@few_examples
def test_records_hold_the_rows_in_order(rows: list[Row]) -> None:
    """Each row is a record with the selected properties in their order, from either API."""
    names = [column.name for column in COLUMNS]
    wanted = [dict(zip(names, expected(row), strict=True)) for row in rows]
    assert list(records(from_json(json_page(rows), COLUMNS).frame, COLUMNS)) == wanted
    assert list(records(from_csv(csv_page(rows), COLUMNS), COLUMNS)) == wanted


@given(JSON_NUMBERS)
@few_examples
def test_numbers_are_exact_and_have_no_exponent(text: str) -> None:
    """A number in a record is worth what was served, and is written without an exponent."""
    [record] = records(from_json(json_page([row(Amount=text)]), COLUMNS).frame, COLUMNS)
    assert record["Amount"] == Decimal(text)
    assert isinstance(record["Amount"], Decimal)
    assert "e" not in str(record["Amount"]).lower()


def test_only_what_is_selected_is_in_a_record() -> None:
    """Properties come in the order of the selection, and what is only queried stays out."""
    frame = from_csv(csv_page([row(Name="x", Employees=7)]), COLUMNS)
    by_name = {column.name: column for column in COLUMNS}
    [record] = records(frame, [by_name["Employees"], by_name["Name"]])
    assert list(record.items()) == [("Employees", 7), ("Name", "x")]


def of_address(city: Value, latitude: Value, *selected: Column) -> dict[str, object]:
    columns = select_columns(selected)
    values: dict[str, Value] = {"BillingCity": city, "BillingLatitude": latitude, "Id": "001A"}
    served = [{column.name: values[column.name] for column in columns}]
    [rest] = records(from_json(json_page(served, columns), columns).frame, selected)
    [bulk] = records(from_csv(csv_page(served, columns), columns), selected)
    assert rest == bulk
    return rest


@pytest.mark.parametrize(
    ("city", "latitude", "address"),
    [
        pytest.param("Bonn", "50.73", {"city": "Bonn", "latitude": Decimal("50.73")}, id="whole"),
        pytest.param("Bonn", None, {"city": "Bonn", "latitude": None}, id="a part is missing"),
        pytest.param(None, "0", {"city": None, "latitude": Decimal(0)}, id="zero is a value"),
        pytest.param(None, None, None, id="empty"),
        pytest.param("", None, None, id="empty text"),
    ],
)
def test_compounds_are_built_from_their_parts(
    city: Value, latitude: Value, address: dict[str, object] | None
) -> None:
    """An address is an object of its parts, and null where all of them are, in both APIs."""
    record = of_address(city, latitude, IDENTITY, ADDRESS)
    assert record == {"Id": "001A", "BillingAddress": address}


def test_a_part_may_be_selected_itself() -> None:
    """A part that is selected as well stands in the record beside the compound."""
    assert of_address("Bonn", None, CITY, ADDRESS) == {
        "BillingCity": "Bonn",
        "BillingAddress": {"city": "Bonn", "latitude": None},
    }


# Lines

NOW = datetime(2026, 11, 23, 10, 0, 0, 123_000, tzinfo=timezone.utc)
SHAPE = (*COLUMNS, Column("BillingCity", Kind.TEXT), Column("BillingLatitude", Kind.NUMBER))
PLACE = Column("BillingPlace", Kind.COMPOUND, (("latitude", LATITUDE),))
SELECTIONS = st.lists(
    st.sampled_from([*SHAPE[:-3], ADDRESS, PLACE, CITY, LATITUDE]), unique=True, max_size=12
).map(lambda chosen: [*chosen, IDENTITY])


def lines_of(
    frame: Frame,
    columns: Sequence[Column],
    envelope: Envelope,
    *,
    numbers_are_texts: bool = False,
) -> bytes:
    maker = LineMaker(columns, numbers_are_texts=numbers_are_texts)
    return bytes(maker.messages(frame, envelope))


@given(
    rows=st.lists(rows_of(SHAPE), max_size=5),
    selection=SELECTIONS,
    version=st.none() | st.integers(0, 2**53),
    are_texts=st.booleans(),
)
@some_examples
def test_lines_say_what_the_records_say(
    *, rows: list[Row], selection: list[Column], version: int | None, are_texts: bool
) -> None:
    """For any rows and any selection the lines are the records, in the same order."""
    frame = from_json(json_page(rows, SHAPE), SHAPE).frame
    envelope = Envelope("Thing__c", NOW, version)
    lines = lines_of(frame, selection, envelope, numbers_are_texts=are_texts)
    messages = [json.loads(line, parse_float=Decimal) for line in lines.split(b"\n")[:-1]]
    assert lines.endswith(b"\n") or not rows
    writer, made = MessageWriter(), records(frame, selection)
    if are_texts:
        schemas = {c.property_name: property_schema(c, numbers_are_texts=True) for c in selection}
        made = (with_texts(record, schemas) for record in made)
    by_record = (
        writer.format_message(RecordMessage("Thing__c", record, version, NOW)) for record in made
    )
    assert messages == [json.loads(line, parse_float=Decimal) for line in by_record]


@given(st.lists(rows_of(), min_size=1, max_size=3))
@few_examples
def test_lines_of_both_apis_are_the_same_bytes(rows: list[Row]) -> None:
    """A page of REST and the same page of Bulk are written alike, byte for byte."""
    rest, bulk = from_json(json_page(rows), COLUMNS).frame, from_csv(csv_page(rows), COLUMNS)
    envelope = Envelope("Thing__c", NOW, None)
    assert lines_of(rest, COLUMNS, envelope) == lines_of(bulk, COLUMNS, envelope)


SHORT = ["0.0", "-0.1", "0.0001", "7.0", "99999999999999.9", "-9999999999999.9", "1234567.25"]
LONG = ["0.00009", "-0.000000000000000001", "123456789012345.0", "0.3333333333333333"]
LONG += ["99999999999999999999.123456789012345678"]


@pytest.mark.parametrize("numbers", [SHORT, LONG, SHORT + LONG], ids=["short", "long", "both"])
def test_numbers_have_their_digits_in_lines(numbers: list[str]) -> None:
    """Also those that a double can't hold, or whose text would get an exponent; and in objects."""
    columns = [LATITUDE, ADDRESS, IDENTITY]
    queried = (CITY, LATITUDE, IDENTITY)
    page: list[Row] = [
        {"BillingCity": None, "BillingLatitude": number, "Id": "001A"}
        for number in [*numbers, None]
    ]
    frame = from_csv(csv_page(page, queried), queried)
    with LineMaker(columns).messages(frame, Envelope("Thing__c", NOW, None)) as made:
        lines = bytes(made).decode().splitlines()
    spelled = [re.findall(r'atitude":([^,}]+)', line) for line in lines]
    assert spelled == [[number, number] for number in numbers] + [["null"]]
    assert '"BillingAddress":null' in lines[-1]


def test_lines_still_held_are_never_written_over() -> None:
    """Memory serves page after page; who holds on to a page's lines is told, not given others."""
    frame = from_csv(csv_page([row(Name="x")]), COLUMNS)
    maker, envelope = LineMaker(COLUMNS), Envelope("Thing__c", NOW, None)
    with maker.messages(frame, envelope) as held:
        before = bytes(held)
        with pytest.raises(OSError, match="export"):
            maker.messages(frame, envelope)
        assert held == before
    assert maker.messages(frame, envelope) == before


def test_a_short_page_after_a_long_one_is_short() -> None:
    """Nothing of a page is left in the lines of the next one."""
    long, short = (from_csv(csv_page([row(Name="x")] * count), COLUMNS) for count in (1_000, 1))
    maker, envelope = LineMaker(COLUMNS), Envelope("Thing__c", NOW, None)
    maker.messages(long, envelope).release()
    assert bytes(maker.messages(short, envelope)) == lines_of(short, COLUMNS, envelope)


def test_records_are_json_but_for_their_numbers() -> None:
    """What a record holds is text, boolean, whole number, null, object or `Decimal`."""
    frame = from_csv(csv_page([row(Name="x", IsDeleted=False, Employees=1, Amount="1")]), COLUMNS)
    [record] = records(frame, COLUMNS)
    amount = record.pop("Amount")
    assert json.loads(json.dumps(record)) == record
    assert str(amount) == "1.0"
