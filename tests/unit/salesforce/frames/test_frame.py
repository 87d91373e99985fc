"""Pages of both APIs become the same Frame, with every value as it was served."""

from __future__ import annotations

import calendar
import contextlib
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame, csv_frames
from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.frames.spelling import (
    canonical_integer,
    canonical_number,
)
from tap_versionforge_salesforce.salesforce.frames.value_warnings import HALF_CHARACTERS
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant
from tests.support.pages import (
    COLUMNS,
    JSON_NUMBERS,
    Row,
    Value,
    csv_line,
    csv_lines,
    csv_page,
    expected,
    from_csv,
    json_page,
    row,
    rows_of,
)
from tests.support.values import few_examples, instant, instants, some_examples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

ONE_SPELLING = re.compile(r"0\.0|-?[1-9][0-9]*\.(0|[0-9]*[1-9])|-?0\.[0-9]*[1-9]")
AMOUNT = COLUMNS.index(Column("Amount", Kind.NUMBER))
IDENTITY = Column("Id", Kind.TEXT)
_PIECES = [b'"', b'""', b",", b"\n", b"\r", b"x", b"\x00", b"\xff", b"\x1f\x8b\x08\x00", b"{", b"["]
_PIECES += [
    b"\xef\xbb\xbf",
    b"\x78\x9c",
    b"\x28\xb5\x2f\xfd",
    b'"Id"\n',
    csv_line(["x"] * len(COLUMNS)),
]
NASTY_ROWS = [
    row(Name='a "quoted" text, with\nlines\r\nand "', Amount="9.5E8", IsDeleted=True),
    row(Name='"', Employees=7, CloseDate="2026-11-23"),
    row(Name="\n", Id="001000000000002AAA"),
    row(Name='",\n"', Id="001000000000003AAA"),
    row(Name="\u2028\U0001f642", StartTime="08:00:00.000Z"),
]


def decoded(frame: Frame) -> list[tuple[object, ...]]:
    """Return the rows, with numbers as what they are worth."""
    return [
        tuple(
            Decimal(value) if column.kind is Kind.NUMBER and value is not None else value
            for column, value in zip(COLUMNS, values, strict=True)
        )
        for values in frame.table.iter_rows()
    ]


def of_both(rows: list[Row]) -> list[Frame]:
    return [from_json(json_page(rows), COLUMNS).frame, from_csv(csv_page(rows), COLUMNS)]


def column_of(kind: Kind, *served: str) -> Frame:
    """Decode values of one column, served as text in a CSV page."""
    columns = (Column("Field", kind), IDENTITY)
    lines = [["Field", "Id"], *([text, f"{n:018d}"] for n, text in enumerate(served))]
    return from_csv(b"".join(map(csv_line, lines)), columns)


# Both APIs


@given(st.lists(rows_of(), max_size=6))
@some_examples
def test_both_apis_give_the_rows_that_were_served(rows: list[Row]) -> None:
    """Rows of every kind, whatever they hold, are the same from JSON and from CSV, and right."""
    rest, bulk = of_both(rows)
    assert decoded(rest) == decoded(bulk) == [expected(row) for row in rows]
    assert rest.table.equals(bulk.table)
    assert rest.table.schema == bulk.table.schema
    # Half a character, which only JSON can spell, is a whole U+FFFD in a test's CSV.
    assert [o for o in rest.value_warnings if o.problem != HALF_CHARACTERS] == list(
        bulk.value_warnings
    )


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(row(Name="\ud83d"), id="half a character"),
        pytest.param(row(Name=5), id="a number for a text"),
        pytest.param(row(Amount=5) | {"Employees": "7"}, id="a text for a number"),
        pytest.param(row(Amount="NaN"), id="no JSON"),
        pytest.param(row(IsDeleted="false"), id="a text for a boolean"),
        pytest.param(row(IsDeleted=1), id="a number for a boolean"),
    ],
)
@given(rows=st.lists(rows_of(), min_size=1, max_size=4))
@few_examples
def test_one_odd_value_changes_nothing_about_others(odd: Row, rows: list[Row]) -> None:
    """A page with a value that is not as described is read in another way, with the same result."""
    alone = from_json(json_page(rows), COLUMNS).frame.table
    beside = from_json(json_page([*rows, odd]), COLUMNS).frame.table
    assert beside.head(len(rows)).equals(alone)
    assert beside["Id"][-1] == odd["Id"]


def test_what_is_not_as_described_is_kept_where_its_kind_allows() -> None:
    """A number in a text column, a text of digits in a number column, a text of a boolean."""
    served = [row(Name=5, Amount="7.50"), row(IsDeleted="false") | {"Employees": "7"}]
    table = from_json(json_page(served), COLUMNS).frame.table
    assert table["Name"].to_list() == ["5", None]
    assert table["Amount"].to_list() == ["7.5", None]
    assert table["IsDeleted"].to_list() == [None, False]
    assert table["Employees"].to_list() == [None, 7]


def test_half_characters_are_counted() -> None:
    """What UTF-8 can't hold is replaced, and told with its column and row."""
    frame = from_json(json_page([row(Name="a\ud83d"), row(Name="b")]), COLUMNS).frame
    assert frame.table["Name"].to_list() == ["a\ufffd", "b"]
    (oddity,) = frame.value_warnings
    assert (oddity.column, oddity.problem, oddity.count) == ("Name", HALF_CHARACTERS, 1)
    assert oddity.value == r"a\ud83d"


@given(st.lists(rows_of(), min_size=1, max_size=3))
@few_examples
def test_decoding_what_was_decoded_changes_nothing(rows: list[Row]) -> None:
    """The canonical form is its own canonical form."""
    first = from_csv(csv_page(rows), COLUMNS)
    again: list[Row] = [
        dict(zip(first.table.columns, values, strict=True)) for values in first.table.iter_rows()
    ]
    assert from_csv(csv_page(again), COLUMNS).table.equals(first.table)


def test_columns_are_in_the_order_of_the_query() -> None:
    """A Frame has a column for each queried column, in that order."""
    for frame in of_both([row()]):
        assert frame.table.columns == [column.name for column in COLUMNS]
        assert frame.height == 1


def test_fields_of_json_are_found_by_name() -> None:
    """The order in which REST serves the fields does not matter."""
    page = json_page(NASTY_ROWS, COLUMNS[::-1])
    assert decoded(from_json(page, COLUMNS).frame) == [expected(row) for row in NASTY_ROWS]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n", id="line break"),
        pytest.param(csv_page([]), id="header"),
    ],
)
def test_pages_without_rows(body: bytes) -> None:
    """A page of no rows is a Frame of no rows, of the same columns and types as any other."""
    empty = from_csv(body, COLUMNS)
    assert empty.height == 0
    assert empty.table.schema == from_json(json_page([]), COLUMNS).frame.table.schema
    assert empty.table.schema == of_both([row(Amount="1")])[0].table.schema


def test_only_the_id() -> None:
    """A query of nothing but the Id is decoded like any other."""
    rows: list[Row] = [{"Id": "001000000000001AAA"}, {"Id": "001000000000002AAA"}]
    for frame in (
        from_json(json_page(rows, (IDENTITY,)), (IDENTITY,)).frame,
        from_csv(csv_page(rows, (IDENTITY,)), (IDENTITY,)),
    ):
        assert frame.table.rows() == [("001000000000001AAA",), ("001000000000002AAA",)]


def test_a_large_page_is_read_whole_and_in_order() -> None:
    """Where a page is decoded in several pieces, line breaks and quotes in texts split no row."""
    rows = [
        row(Name='x",\n"\n",' * (n % 40), Employees=n, Amount=f"{n}.10", Id=f"{n:018d}")
        for n in range(6_000)
    ]
    body = csv_page(rows)
    assert len(body) > 1_000_000
    assert decoded(from_csv(body, COLUMNS)) == [expected(row) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("null", id="null"),
        pytest.param("NA", id="NA"),
        pytest.param("007", id="leading zeros"),
        pytest.param(" padded ", id="blanks around"),
        pytest.param("\t", id="tab"),
        pytest.param('"', id="quote"),
        pytest.param('""', id="quotes"),
        pytest.param("a\r\nb\rc\nd", id="line breaks"),
        pytest.param("\u2028\u2029\x85", id="line breaks of Unicode"),
        pytest.param("\U0001f468\u200d\U0001f469\u200d\U0001f467", id="emoji"),
        pytest.param("\ufeffx", id="byte order mark"),
        pytest.param("\\n \\u0041 \\", id="backslashes"),
        pytest.param("#comment", id="comment"),
        pytest.param("=1+1", id="formula"),
        pytest.param("x" * 131_072, id="longest textarea"),
    ],
)
def test_texts_are_untouched(text: str) -> None:
    """A text is what was served, character by character."""
    for frame in of_both([row(Name=text)]):
        assert frame.table["Name"].to_list() == [text]
        assert frame.value_warnings == ()


@pytest.mark.parametrize("kind", [k for k in Kind if k not in (Kind.COMPOUND, Kind.UNSUPPORTED)])
def test_empty_is_null(kind: Kind) -> None:
    """An empty value is null in every kind, without being odd."""
    frame = column_of(kind, "", "", "")
    assert frame.table["Field"].to_list() == [None, None, None]
    assert frame.value_warnings == ()


@pytest.mark.parametrize(
    ("escaped", "kept"),
    [
        pytest.param(r"a\ud83db", "a\ufffdb", id="first half"),
        pytest.param(r"a\ude42b", "a\ufffdb", id="second half"),
        pytest.param(r"\ude42\ud83d", "\ufffd\ufffd", id="halves the wrong way round"),
        pytest.param(r"x\ud83d", "x\ufffd", id="at the end"),
        pytest.param(r"\ud83d\ude42\ud83d", "\U0001f642\ufffd", id="behind a whole one"),
    ],
)
def test_half_a_character_loses_nothing_else(escaped: str, kept: str) -> None:
    """JSON can spell half of a surrogate pair; it is replaced, and all around it stays."""
    body = json_page([row(Name="HERE"), row(Name="other")]).replace(b"HERE", escaped.encode())
    assert from_json(body, COLUMNS).frame.table["Name"].to_list() == [kept, "other"]


@pytest.mark.parametrize("token", [r'"\ud83d"', r'["\ud83d"]', r'{"\ud83d": 1}'])
def test_half_a_character_is_no_boolean(token: str) -> None:
    """What a boolean column can't hold is null, whatever it is made of."""
    body = json_page([row(IsDeleted="HERE"), row(IsDeleted=True)]).replace(
        b'"HERE"', token.encode()
    )
    assert from_json(body, COLUMNS).frame.table["IsDeleted"].to_list() == [None, True]


@pytest.mark.parametrize(
    ("token", "text"),
    [
        pytest.param("5", "5", id="number"),
        pytest.param("5.10", "5.10", id="decimals as served"),
        pytest.param("true", "true", id="boolean"),
        pytest.param('"x"', "x", id="text"),
        pytest.param('""', None, id="empty text"),
        pytest.param("null", None, id="null"),
    ],
)
def test_any_type_is_the_text_as_served(token: str, text: str | None) -> None:
    """What a history holds may be anything, and is told as text."""
    body = json_page([row(Name="HERE")]).replace(b'"HERE"', token.encode())
    assert from_json(body, COLUMNS).frame.table["Name"].to_list() == [text]


# Numbers


ANY_NUMBER = st.one_of(
    JSON_NUMBERS,
    st.from_regex(
        r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?", fullmatch=True
    ),
)


@given(st.lists(ANY_NUMBER, min_size=1, max_size=8))
@some_examples
def test_any_decimal_keeps_its_value_and_gets_one_spelling(texts: list[str]) -> None:
    """Whatever digits were served, the number is worth the same and written in the one form."""
    frame = column_of(Kind.NUMBER, *texts)
    for served, kept in zip(texts, frame.table["Field"], strict=True):
        assert Decimal(kept) == Decimal(served)
        assert ONE_SPELLING.fullmatch(kept)
        assert canonical_number(served) == kept
        assert canonical_number(kept) == kept
    assert frame.value_warnings == ()


# More than are respelled one by one.
MANY = 101
#: What Java makes of a double: one digit, a point, and an exponent from ten million on.
JAVA_NUMBERS = st.from_regex(r"-?[0-9]\.[0-9]{1,20}E-?[0-9]{1,2}", fullmatch=True)


@given(st.lists(ANY_NUMBER | JAVA_NUMBERS, min_size=1, max_size=8))
@some_examples
def test_many_odd_numbers_are_respelled_as_one_is(texts: list[str]) -> None:
    """A column full of other spellings, which has a way of its own, comes out as value by value."""
    frame = column_of(Kind.NUMBER, *texts * MANY)
    assert frame.table["Field"].to_list() == [canonical_number(text) for text in texts] * MANY
    assert frame.value_warnings == ()


#: Nearly a number, a date or a date-time, or one in an odd spelling.
NEARLY = {
    Kind.NUMBER: st.text("0123456789.eE+-_ ,xinfa\u0661", min_size=1, max_size=18)
    | st.from_regex(r"[1-9][eE][+-]?0{3,6}[0-9]", fullmatch=True),
    Kind.INTEGER: st.from_regex(r"[+-]?[0-9]{1,20}(\.0|\.00|\.5|e0|_1)?", fullmatch=True),
    Kind.DATE: st.from_regex(r"[012][0-9]{3}-[01][0-9]-[0-3][0-9]( |Z)?", fullmatch=True),
    Kind.DATETIME: st.from_regex(
        r"[012][0-9]{3}-[01][0-9]-[0-3][0-9][T ][012][0-9]:[0-5][0-9]:[0-6][0-9]"
        r"(\.[0-9]{1,4})?(Z|[+-](00|01|14):?(00|30)|)",
        fullmatch=True,
    ),
}


@given(st.data(), st.sampled_from(list(NEARLY)))
@some_examples
def test_many_odd_values_are_spelled_as_one_is(data: st.DataObject, kind: Kind) -> None:
    """What is gone through in columns comes out as what is looked at by itself."""
    texts = data.draw(st.lists(NEARLY[kind], min_size=1, max_size=6))
    alone = [column_of(kind, text).table["Field"].item() for text in texts]
    many = column_of(kind, *texts * MANY)
    assert many.table["Field"].to_list() == alone * MANY
    lost = sum(value is None for value in alone)
    assert sum(each.count for each in many.value_warnings) == lost * MANY


def test_warnings_come_in_the_order_of_columns_and_name_rows_as_served() -> None:
    """Of whatever kinds the columns are, also where a NUL is taken out of the Ids."""
    columns = [Column("A", Kind.NUMBER), Column("D", Kind.DATE), Column("B", Kind.NUMBER)]
    columns.append(Column("Id", Kind.TEXT))
    page = b'"A","D","B","Id"\n"x","q","y","0\x001"\n'
    (frame,) = csv_frames([page], columns, 1 << 20)
    found = [(each.column, each.record_id) for each in frame.value_warnings]
    assert found == [(name, "0\x001") for name in ("Id", "A", "D", "B")]


@pytest.mark.parametrize(
    ("kind", "served", "kept"),
    [
        pytest.param(
            Kind.NUMBER, ["1.5E7", "NaN", "7", "", "-0"], "15000000.0 7.0 0.0", id="number"
        ),
        pytest.param(Kind.INTEGER, ["7.0", "7.5", "8", "", "-0"], "7 8 0", id="whole number"),
        pytest.param(Kind.BOOLEAN, ["true", "1", "false", "", "TRUE"], "True False", id="boolean"),
        pytest.param(
            Kind.DATE,
            ["2024-02-29", "2025-02-29", "0999-01-01", ""],
            "2024-02-29 0999-01-01",
            id="date",
        ),
    ],
)
def test_many_values_that_can_not_be_kept(kind: Kind, served: list[str], kept: str) -> None:
    """However many there are, what can be kept is, and the others are counted, the first told."""
    frame = column_of(kind, *served * MANY)
    found = frame.table["Field"].to_list()
    assert [str(value) for value in found if value is not None] == kept.split() * MANY
    (oddity,) = frame.value_warnings
    lost = len(served) - len(kept.split()) - 1
    assert (oddity.count, oddity.value, oddity.record_id) == (lost * MANY, served[1], f"{1:018d}")


@pytest.mark.parametrize("year", [1600, 1700, 1996, 2000, 2023, 2024, 2100, 2400, 4000])
def test_leap_days(year: int) -> None:
    """29 February is a date in the years that have one, and null in others, a moment too."""
    day = f"{year}-02-29"
    is_leap = calendar.isleap(year)
    assert column_of(Kind.DATE, day).table["Field"].to_list() == [day if is_leap else None]
    moment = f"{day}T10:00:00.000Z"
    assert column_of(Kind.DATETIME, moment).table["Field"].to_list() == [
        moment if is_leap else None
    ]


@given(st.integers(-(10**20), 10**20), st.integers(-20, 20), st.integers(1, 20))
@some_examples
def test_one_value_has_one_spelling(digits: int, exponent: int, zeros: int) -> None:
    """Three spellings of one value, with an exponent, another one, and none, come out alike."""
    spellings = (
        f"{digits}e{exponent}",
        f"{digits}{'0' * zeros}E{exponent - zeros}",
        f"{Decimal(f'{digits}e{exponent}'):f}",
    )
    assert len({canonical_number(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("served", "kept"),
    [
        pytest.param("9.5E8", "950000000.0", id="exponent"),
        pytest.param("950000000", "950000000.0", id="no decimals"),
        pytest.param("950000000.000", "950000000.0", id="zeros"),
        pytest.param("1.6147805824397E13", "16147805824397.0", id="as Bulk serves it"),
        pytest.param("1E-7", "0.0000001", id="small"),
        pytest.param("-0", "0.0", id="minus zero"),
        pytest.param("-0.0E5", "0.0", id="minus zero with an exponent"),
        pytest.param("-0.50", "-0.5", id="between zero and minus one"),
        pytest.param("007.50", "7.5", id="leading zeros"),
        pytest.param("+5", "5.0", id="plus"),
        pytest.param(".5", "0.5", id="no whole part"),
        pytest.param("5.", "5.0", id="nothing behind the point"),
        pytest.param("123456789012345678.78", "123456789012345678.78", id="20 digits"),
        pytest.param("0.123456789012345678", "0.123456789012345678", id="18 decimals"),
        pytest.param("99999999999999999999999999.99", "99999999999999999999999999.99", id="28"),
        pytest.param("NaN", None, id="NaN"),
        pytest.param("Infinity", None, id="Infinity"),
        pytest.param("-Infinity", None, id="-Infinity"),
        pytest.param("1e9999", None, id="beyond all amounts"),
        pytest.param("1,000.00", None, id="thousands"),
        pytest.param("1_000", None, id="underscore"),
        pytest.param("0x10", None, id="hexadecimal"),
        pytest.param(" 1", None, id="blank"),
        pytest.param("1\n", None, id="line break"),
        pytest.param("\u0661", None, id="Arabic digit"),
        pytest.param("-", None, id="sign"),
        pytest.param(".", None, id="point"),
        pytest.param("e5", None, id="exponent alone"),
    ],
)
def test_numbers(served: str, kept: str | None) -> None:
    """One spelling for one value; null for what is no finite number, by column and by itself."""
    assert canonical_number(served) == kept
    assert column_of(Kind.NUMBER, served).table["Field"].to_list() == [kept]


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_what_json_has_no_number_for(token: str) -> None:
    """NaN and Infinity, which Salesforce has been seen to serve, are null and counted."""
    frame = from_json(json_page([row(Amount=token)]), COLUMNS).frame
    assert frame.table["Amount"].to_list() == [None]
    assert [(o.column, o.count, o.value) for o in frame.value_warnings] == [("Amount", 1, token)]


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["{}", "{}.0", "{}.000", "{}e0"]))
@some_examples
def test_whole_numbers_in_any_spelling(number: int, spelling: str) -> None:
    """Every whole number of 64 bits is itself, decimals of zeros or not."""
    served = spelling.format(number)
    assert canonical_integer(served) == number
    assert column_of(Kind.INTEGER, served).table["Field"].to_list() == [number]


@pytest.mark.parametrize(
    ("served", "kept"),
    [
        pytest.param("7.0", 7, id="zero decimals"),
        pytest.param("0.0", 0, id="zero as Bulk serves it"),
        pytest.param("-0", 0, id="minus zero"),
        pytest.param("1.2E3", 1200, id="exponent"),
        pytest.param("007", 7, id="leading zeros"),
        pytest.param("7.5", None, id="not whole"),
        pytest.param("9223372036854775807", 2**63 - 1, id="largest"),
        pytest.param("9223372036854775808", None, id="too large"),
        pytest.param("-9223372036854775808", -(2**63), id="smallest"),
        pytest.param("-9223372036854775809", None, id="too small"),
        pytest.param("1e400", None, id="far too large"),
        pytest.param("NaN", None, id="NaN"),
        pytest.param("seven", None, id="word"),
        pytest.param(" 7", None, id="blank"),
    ],
)
def test_integers(served: str, kept: int | None) -> None:
    """What is whole and fits is kept; all else is null, by column and by itself."""
    assert canonical_integer(served) == kept
    assert column_of(Kind.INTEGER, served).table["Field"].to_list() == [kept]


# Dates and booleans


@pytest.mark.parametrize(
    ("served", "kept"),
    [
        pytest.param("2026-11-23T10:00:00.000+0000", "2026-11-23T10:00:00.000Z", id="as REST"),
        pytest.param("2026-11-23T10:00:00.007Z", "2026-11-23T10:00:00.007Z", id="as Bulk"),
        pytest.param("2026-11-23T10:00:00.000+00:00", "2026-11-23T10:00:00.000Z", id="colon"),
        pytest.param("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z", id="no milliseconds"),
        pytest.param("2026-11-23T10:00:00.000-0800", "2026-11-23T18:00:00.000Z", id="other zone"),
        pytest.param("soon", None, id="word"),
        pytest.param("2026-11-23T25:00:00Z", None, id="no such hour"),
        pytest.param("0001-01-01T00:00:00.000+1000", None, id="before all calendars"),
    ],
)
def test_datetimes(served: str, kept: str | None) -> None:
    """A date-time is in UTC with milliseconds, whichever way it was written."""
    assert column_of(Kind.DATETIME, served).table["Field"].to_list() == [kept]


@pytest.mark.parametrize(
    ("kind", "served", "kept"),
    [
        pytest.param(Kind.DATE, "2026-11-23", "2026-11-23", id="date"),
        pytest.param(Kind.DATE, "23.11.2026", None, id="date the other way"),
        pytest.param(Kind.DATE, "2026-11-23T00:00:00Z", None, id="date with a time"),
        pytest.param(Kind.BOOLEAN, "true", True, id="true"),
        pytest.param(Kind.BOOLEAN, "false", False, id="false"),
        pytest.param(Kind.BOOLEAN, "TRUE", None, id="uppercase"),
        pytest.param(Kind.BOOLEAN, "1", None, id="one"),
        pytest.param(Kind.TIME, "08:00:00.000Z", "08:00:00.000Z", id="time"),
    ],
)
def test_dates_times_and_booleans(kind: Kind, served: str, *, kept: str | bool | None) -> None:
    """What has the form of its kind is kept, all else is null."""
    assert column_of(kind, served).table["Field"].to_list() == [kept]


# Oddities


@pytest.mark.parametrize(
    ("kind", "odd", "problem"),
    [
        pytest.param(Kind.NUMBER, "NaN", "no finite number, made null", id="number"),
        pytest.param(Kind.INTEGER, "7.5", "no whole number, made null", id="integer"),
        pytest.param(Kind.BOOLEAN, "yes", "neither true nor false, made null", id="boolean"),
        pytest.param(Kind.DATE, "today", "no date, made null", id="date"),
        pytest.param(Kind.DATETIME, "now", "no date-time, made null", id="date-time"),
        pytest.param(Kind.TEXT, "a\x00b\x00", "NUL characters removed", id="NUL"),
    ],
)
def test_what_can_not_be_kept_is_counted(kind: Kind, odd: str, problem: str) -> None:
    """The column, the number of cases, and Id and text of the first one are told."""
    frame = column_of(kind, "", odd, "", odd)
    [oddity] = frame.value_warnings
    assert (oddity.column, oddity.problem) == ("Field", problem)
    assert oddity.count == (4 if kind is Kind.TEXT else 2)
    assert oddity.record_id == f"{1:018d}"
    assert oddity.value == odd.replace("\x00", "\\0")


def test_other_values_beside_an_odd_one_are_kept() -> None:
    """One bad value harms no other."""
    frame = column_of(Kind.NUMBER, "1", "NaN", "2.50", "", "3E2", "x")
    assert frame.table["Field"].to_list() == ["1.0", None, "2.5", None, "300.0", None]
    assert frame.value_warnings[0].count == 2


def test_nul_is_removed_in_every_kind() -> None:
    """What databases can't hold is taken out before anything else is judged."""
    frame = column_of(Kind.NUMBER, "1\x00.5", "2")
    assert frame.table["Field"].to_list() == ["1.5", "2.0"]
    assert frame.value_warnings[0].problem == "NUL characters removed"


def test_a_text_of_nothing_but_nul_is_null() -> None:
    """What is empty without its NUL characters is empty."""
    assert column_of(Kind.TEXT, "\x00\x00").table["Field"].to_list() == [None]


def test_long_values_are_told_shortened() -> None:
    """A log line does not carry a whole document."""
    [oddity] = column_of(Kind.NUMBER, "x" * 5000).value_warnings
    assert oddity.value == "x" * 80 + "\u2026"


# What is not whole


def row_ends(lines: list[bytes]) -> dict[int, int]:
    """Return how many rows lie before each end of a row."""
    ends, at = {}, 0
    for n, line in enumerate(lines):
        at += len(line)
        ends[at] = n
    return ends


def cut_is_seen(rows: list[Row], at: int) -> None:
    """Check that a page cut there is refused, or misses rows that its header's count tells of."""
    lines = csv_lines(rows)
    body, ends = b"".join(lines), row_ends(lines)
    if at not in ends:
        with pytest.raises(IncompleteError):
            from_csv(body[:at], COLUMNS)
        return
    frame = from_csv(body[:at], COLUMNS)
    assert frame.height == ends[at] < len(rows)
    assert decoded(frame) == [expected(row) for row in rows[: ends[at]]]


def test_a_page_cut_at_any_byte_is_seen() -> None:
    """No cut gives a wrong row; one between rows leaves fewer than Salesforce counted."""
    for at in range(1, len(csv_page(NASTY_ROWS))):
        cut_is_seen(NASTY_ROWS, at)


@given(st.lists(rows_of(), min_size=1, max_size=4), st.data())
@some_examples
def test_any_page_cut_at_any_byte_is_seen(rows: list[Row], data: st.DataObject) -> None:
    """Whatever the rows hold."""
    cut_is_seen(rows, data.draw(st.integers(1, len(csv_page(rows)) - 1)))


@given(st.lists(rows_of(), min_size=1, max_size=4), st.data())
@some_examples
def test_a_row_cut_short_is_seen(rows: list[Row], data: st.DataObject) -> None:
    """A row that lost its last fields is never filled up with nulls."""
    lines = csv_lines(rows)
    which = data.draw(st.integers(1, len(rows)))
    kept = data.draw(st.integers(0, len(COLUMNS) - 1))
    fields = re.findall(rb'"(?:[^"]|"")*"', lines[which])
    assert len(fields) == len(COLUMNS)
    lines[which] = b",".join(fields[:kept]) + b"\n"
    with pytest.raises(IncompleteError):
        from_csv(b"".join(lines), COLUMNS)


@given(st.lists(rows_of(), min_size=1, max_size=4), st.data())
@few_examples
def test_a_row_with_a_field_too_many_is_seen(rows: list[Row], data: st.DataObject) -> None:
    """A row that grew is never cut to fit."""
    lines = csv_lines(rows)
    which = data.draw(st.integers(1, len(rows)))
    lines[which] = lines[which].removesuffix(b"\n") + b',"more"\n'
    with pytest.raises(IncompleteError):
        from_csv(b"".join(lines), COLUMNS)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param([c.name for c in COLUMNS[::-1]], id="other order"),
        pytest.param([c.name for c in COLUMNS[1:]], id="one less"),
        pytest.param(["More", *(c.name for c in COLUMNS)], id="one more"),
        pytest.param(["Title", *(c.name for c in COLUMNS[1:])], id="other name"),
        pytest.param(["Id", *(c.name for c in COLUMNS[1:])], id="one name twice"),
        pytest.param(["name", *(c.name for c in COLUMNS[1:])], id="other case"),
    ],
)
def test_other_columns_are_refused(header: list[str]) -> None:
    """Values are never read under another field's name."""
    body = csv_line(header) + csv_line(["x"] * len(header))
    with pytest.raises(IncompleteError) as caught:
        from_csv(body, COLUMNS)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(csv_page([row(Name="x")]).replace(b"x", b"\xff"), id="no UTF-8"),
        pytest.param(b"<html>\n<body>maintenance</body>\n</html>\n", id="HTML"),
        pytest.param(b"Records not found for this query\n", id="text"),
        pytest.param(b"\x1f\x8b\x08\x00\x00\n", id="still compressed"),
    ],
)
def test_what_is_no_page_of_the_query_is_refused(body: bytes) -> None:
    """Something else with the right status is no empty result."""
    with pytest.raises(IncompleteError) as caught:
        from_csv(body, COLUMNS)
    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            csv_page([row(Name="x")]).replace(b'"x"', b'"private ' + b"x" * 5_000 + b'"x'),
            id="no CSV",
        ),
        pytest.param(csv_lines([row(Name="private " * 500)])[1], id="no header row"),
    ],
)
def test_a_broken_page_is_told_in_one_short_line(body: bytes) -> None:
    """A page's values are not for the log, and the CSV reader's advice is not for the user."""
    with pytest.raises(IncompleteError) as caught:
        from_csv(body, COLUMNS)
    assert len(caught.value.message) < 300
    assert "\n" not in caught.value.message


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map(b"".join))
@some_examples
def test_no_bytes_are_a_crash(body: bytes) -> None:
    """Whatever arrives with the right status is a page, or is told as none."""
    with contextlib.suppress(IncompleteError):
        from_csv(body, COLUMNS)
    with contextlib.suppress(IncompleteError):
        from_csv(csv_lines([])[0] + body, COLUMNS)
    with contextlib.suppress(IncompleteError):
        from_json(body, COLUMNS)


def test_json_cut_at_any_byte_is_refused() -> None:
    """JSON has an end, and nothing before it is an answer."""
    body = json_page(NASTY_ROWS)
    for at in range(len(body)):
        with pytest.raises(IncompleteError):
            from_json(body[:at], COLUMNS)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"{}", id="empty object"),
        pytest.param(b'{"totalSize": 0, "done": true}', id="no records"),
        pytest.param(b'{"totalSize": 0, "done": true, "records": null}', id="records are null"),
        pytest.param(b'{"totalSize": 1, "done": true, "records": [{}]}', id="record is empty"),
        pytest.param(b'{"totalSize": 1, "done": true, "records": ["x"]}', id="record is a text"),
        pytest.param(b'{"totalSize": 1, "done": true, "records": [null]}', id="record is null"),
        pytest.param(b'{"done": true, "records": []}', id="no totalSize"),
        pytest.param(b'{"totalSize": null, "done": true, "records": []}', id="totalSize is null"),
        pytest.param(b'{"totalSize": "x", "done": true, "records": []}', id="totalSize is a word"),
        pytest.param(b'{"totalSize": 5, "records": []}', id="not said whether it is all"),
        pytest.param(b'{"totalSize": 5, "done": "false", "records": []}', id="done is a text"),
        pytest.param(b'{"totalSize": 5, "done": null, "records": []}', id="done is null"),
        pytest.param(b'{"totalSize": 5, "done": false, "records": []}', id="no next page"),
        pytest.param(
            b'{"totalSize": 5, "done": false, "records": [], "nextRecordsUrl": null}',
            id="next page is null",
        ),
        pytest.param(b"[" * 100_000, id="very deep"),
        pytest.param(json_page([row(Name="x")]).replace(b'"x"', b'"\xff"'), id="no UTF-8"),
    ],
)
def test_what_is_no_answer_to_a_query_is_refused(body: bytes) -> None:
    """JSON of another shape is told as incomplete, and is never an empty page."""
    with pytest.raises(IncompleteError) as caught:
        from_json(body, COLUMNS)
    assert caught.value.code == "broken-page"
    assert caught.value.exit_code == 6


def test_a_missing_field_is_no_null() -> None:
    """A record without one of the queried fields is no whole record."""
    with pytest.raises(IncompleteError):
        from_json(json_page(NASTY_ROWS, COLUMNS[1:]), COLUMNS)


# Pieces of a page


def blocks_of(page: bytes, size: int) -> list[bytes]:
    """Return a page as it comes from a file that gives so much at a time."""
    return [page[start : start + size] for start in range(0, len(page), size)]


def rows_in(frames: Iterable[Frame]) -> list[tuple[object, ...]]:
    return [values for frame in frames for values in frame.table.iter_rows()]


@given(st.lists(rows_of(), max_size=8), st.integers(1, 400), st.integers(1, 400))
@some_examples
def test_pieces_hold_the_rows_of_the_page(
    rows: list[Row], block_bytes: int, piece_bytes: int
) -> None:
    """Wherever a page is cut for decoding, its rows come out whole and in order."""
    page = csv_page(rows)
    found = rows_in(csv_frames(blocks_of(page, block_bytes), COLUMNS, piece_bytes))
    assert found == rows_in([from_csv(page, COLUMNS)])
    assert len(found) == len(rows)


@given(st.lists(rows_of(), min_size=1, max_size=4), st.integers(1, 200), st.data())
@some_examples
def test_pieces_of_a_cut_page_are_not_whole(
    rows: list[Row], piece_bytes: int, data: st.DataObject
) -> None:
    """What is cut off is missed in the pieces as it is in the page."""
    page = csv_page(rows)
    cut = page[: data.draw(st.integers(1, len(page) - 1))]
    try:
        found = rows_in(csv_frames(blocks_of(cut, 64), COLUMNS, piece_bytes))
    except IncompleteError:
        return
    assert len(found) < len(rows)


def test_a_row_larger_than_a_piece_stays_whole() -> None:
    """131,072 characters with line breaks and quotes are one value, however small the pieces."""
    long = 'a "b"\n,\r\n' * 12_000
    rows = [row(Name=long), row(Name="x"), row(Name=long)]
    frames = list(csv_frames(blocks_of(csv_page(rows), 4_096), COLUMNS, 4_096))
    assert [name for frame in frames for name in frame.table["Name"]] == [long, "x", long]
    assert len(frames) >= 2


@pytest.mark.parametrize("page", [b"", csv_page([])], ids=["empty", "header only"])
def test_a_page_without_rows_is_one_frame(page: bytes) -> None:
    """A page of no rows is still looked at."""
    (frame,) = csv_frames([page], COLUMNS, 100)
    assert frame.height == 0


# Paging


def test_there_is_a_next_page() -> None:
    """The address of the next page and the count of the whole query are told."""
    page = from_json(
        json_page(NASTY_ROWS, totalSize=3222, done=False, nextRecordsUrl="/query/01g-2000"), COLUMNS
    )
    assert (page.total_size, page.next_records_url) == (3222, "/query/01g-2000")
    assert page.frame.height == len(NASTY_ROWS)


def test_this_is_the_last_page() -> None:
    """A page that is said to be the last has no next one."""
    assert from_json(json_page(NASTY_ROWS), COLUMNS).next_records_url is None


# Checkpoints

STAMPED = (Column("SystemModstamp", Kind.DATETIME), IDENTITY)


def stamped(stamps: list[datetime | None]) -> Frame:
    rows: list[dict[str, Value]] = [
        {"SystemModstamp": stamp, "Id": f"{n:018d}"} for n, stamp in enumerate(stamps)
    ]
    return from_json(json_page(rows, STAMPED), STAMPED).frame


@given(st.lists(instants(), max_size=8), instants(), st.integers(0, 2))
@some_examples
def test_checkpoint_is_the_last_row_below_the_bound(
    stamps: list[datetime], bound: datetime, nulls: int
) -> None:
    """Of a sorted page, nulls first, the checkpoint is the greatest (stamp, Id) below the bound."""
    ordered: list[datetime | None] = [*[None] * nulls, *sorted(stamps)]
    below = [
        (format_instant(stamp), f"{n:018d}")
        for n, stamp in enumerate(ordered)
        if stamp is not None and stamp < bound
    ]
    checkpoint = stamped(ordered).last_below("SystemModstamp", format_instant(bound))
    assert checkpoint == (below[-1] if below else None)


@given(st.lists(instants(), min_size=1, max_size=8))
@few_examples
def test_checkpoint_is_never_the_bound_itself(stamps: list[datetime]) -> None:
    """A row that carries the bound's own stamp belongs to the next window."""
    last = max(stamps)
    checkpoint = stamped([*sorted(stamps)]).last_below("SystemModstamp", format_instant(last))
    assert checkpoint is None or checkpoint[0] < format_instant(last)


def test_rows_of_one_stamp_are_told_apart_by_id() -> None:
    """Where many rows have one stamp, the checkpoint names the last one's Id."""
    stamp = instant("2026-11-23T10:00:00Z")
    checkpoint = stamped([stamp] * 3).last_below("SystemModstamp", "2026-11-23T10:00:00.001Z")
    assert checkpoint == ("2026-11-23T10:00:00.000Z", f"{2:018d}")
