"""Typed columns hold what the text columns say, or null and a count."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.frames.typed import TYPES, schema_of, typed
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tests.support.pages import Value, csv_page, from_csv
from tests.support.values import instants, some_examples

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

IDENTITY = Column("Id", Kind.TEXT)
HELD = st.decimals(-(10**19), 10**19, places=18) | st.decimals(-(10**15), 10**15, places=2)


def column_of(kind: Kind, *values: str | None) -> Frame:
    """Return a Frame of one column, and typed columns of it."""
    columns = (Column("Field", kind), IDENTITY)
    rows: list[dict[str, Value]] = [
        {"Field": value, "Id": f"{n:018d}"} for n, value in enumerate(values)
    ]
    return typed(from_csv(csv_page(rows, columns), columns), columns)


def read_back(frame: Frame) -> list[object]:
    """Write a Parquet file and read it."""
    file = io.BytesIO()
    frame.table.write_parquet(file)
    return pl.read_parquet(file.getvalue())["Field"].to_list()


@given(st.lists(HELD, min_size=1, max_size=10))
@some_examples
def test_decimals_are_exact(numbers: list[Decimal]) -> None:
    """Every number of up to 18 decimals is the same number in the file."""
    frame = column_of(Kind.NUMBER, *(f"{number:f}" for number in numbers))
    assert read_back(frame) == numbers
    assert frame.value_warnings == ()


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        pytest.param(Kind.NUMBER, "0.1234567890123456789", id="19 decimals"),
        pytest.param(Kind.NUMBER, "1E30", id="31 digits"),
    ],
)
def test_what_a_type_can_not_hold_is_null_and_counted(kind: Kind, served: str) -> None:
    """Nothing is rounded: such a value is null, and told with its row."""
    frame = column_of(kind, None, served, served)
    assert read_back(frame) == [None, None, None]
    (oddity,) = frame.value_warnings
    assert (oddity.column, oddity.count, oddity.record_id) == ("Field", 2, f"{1:018d}")
    assert "Decimal" in oddity.problem


@given(st.lists(instants(), min_size=1, max_size=10))
@some_examples
def test_moments_are_moments_in_utc(moments: list[datetime]) -> None:
    """A date-time is the same instant, from 1700 to 4000."""
    frame = column_of(Kind.DATETIME, *(moment.isoformat() for moment in moments))
    assert read_back(frame) == moments


def test_other_types() -> None:
    """Dates, whole numbers, booleans and texts have types of their own."""
    assert read_back(column_of(Kind.DATE, "1700-01-01", "4000-12-31", None)) == [
        date(1700, 1, 1),
        date(4000, 12, 31),
        None,
    ]
    assert read_back(column_of(Kind.INTEGER, "7.0", None)) == [7, None]
    assert read_back(column_of(Kind.BOOLEAN, "true", None)) == [True, None]
    assert read_back(column_of(Kind.TEXT, "a\r\n", None)) == ["a\r\n", None]


def test_times_of_day() -> None:
    """They are so with their milliseconds, which Salesforce has; what is none is told."""
    frame = column_of(Kind.TIME, "08:30:00.250Z", "23:59:59.999Z", None, "soon")
    assert read_back(frame) == [time(8, 30, 0, 250_000), time(23, 59, 59, 999_000), None, None]
    (oddity,) = frame.value_warnings
    assert (oddity.count, oddity.record_id, oddity.value) == (1, f"{3:018d}", "soon")


@pytest.mark.parametrize(
    ("kind", "served", "text"),
    [
        pytest.param(Kind.TIME, "08:30:00.250Z", "08:30:00.250Z", id="time"),
        pytest.param(Kind.NUMBER, "1E30", f"1{'0' * 30}.0", id="number"),
        pytest.param(Kind.INTEGER, "7.0", "7", id="integer"),
        pytest.param(Kind.BOOLEAN, "true", "true", id="boolean"),
    ],
)
def test_a_kind_may_stay_text(kind: Kind, served: str, text: str) -> None:
    """In its one spelling, which holds everything."""
    columns = (Column("Field", kind), IDENTITY)
    served_rows: list[dict[str, Value]] = [{"Field": served, "Id": "1"}, {"Field": None, "Id": "2"}]
    frame = from_csv(csv_page(served_rows, columns), columns)
    found = typed(frame, columns, {**TYPES, kind: pl.String()})
    assert found.table["Field"].to_list() == [text, None]
    assert found.value_warnings == ()


def test_the_schema_is_that_of_the_rows() -> None:
    """Known before there are any, for every kind and for compounds."""
    parts = {f"P{n}": Column(f"P{n}", kind) for n, kind in enumerate(TYPES)}
    columns = (*parts.values(), Column("All", Kind.COMPOUND, tuple(parts.items())), IDENTITY)
    queried = (*parts.values(), IDENTITY)
    frame = from_csv(csv_page([{**dict.fromkeys(parts), "Id": "1"}], queried), queried)
    assert dict(typed(frame, columns).table.schema) == schema_of(columns)


def test_compounds_are_structs() -> None:
    """A compound field is a struct of its parts, and null where all of them are."""
    city, latitude = Column("City", Kind.TEXT), Column("Latitude", Kind.NUMBER)
    address = Column("Address", Kind.COMPOUND, (("city", city), ("latitude", latitude)))
    served: list[dict[str, Value]] = [
        {"City": "Bonn", "Latitude": "50.7", "Id": "1"},
        {"City": None, "Latitude": None, "Id": "2"},
        {"City": None, "Latitude": "0", "Id": "3"},
    ]
    frame = from_csv(csv_page(served, (city, latitude, IDENTITY)), (city, latitude, IDENTITY))
    assert typed(frame, [address, IDENTITY]).table["Address"].to_list() == [
        {"city": "Bonn", "latitude": Decimal("50.7")},
        None,
        {"city": None, "latitude": Decimal(0)},
    ]


def test_a_part_beside_its_compound_is_told_once() -> None:
    """A value that does not fit counts once, however many properties show it."""
    latitude = Column("Latitude", Kind.NUMBER)
    place = Column("Place", Kind.COMPOUND, (("latitude", latitude),))
    served: list[dict[str, Value]] = [{"Latitude": "1E30", "Id": "1"}]
    frame = from_csv(csv_page(served, (latitude, IDENTITY)), (latitude, IDENTITY))
    (oddity,) = typed(frame, [latitude, place, IDENTITY]).value_warnings
    assert oddity.count == 1


def test_an_empty_page_has_the_types_too() -> None:
    """Files agree on their types, however few values they have."""
    schema = column_of(Kind.DATETIME, None).table.schema
    assert schema["Field"] == pl.Datetime("ms", "UTC")
