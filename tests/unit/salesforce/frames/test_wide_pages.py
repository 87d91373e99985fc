"""What is decoded and written some rows at a time is the same as in one stroke."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json, leads_to
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tests.support.values import some_examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGE = 1 << 30
ID = Column("Id", Kind.TEXT)
MIXED = (
    *(Column("Name", Kind.TEXT), Column("Filler", Kind.TEXT), Column("Amount", Kind.NUMBER)),
    *(Column("Count", Kind.INTEGER), Column("IsWon", Kind.BOOLEAN), ID),
)
#: What a cut between two records could be mistaken about.
_PIECES = (
    *('},{"attributes":', '"', "\\", "]}", '"},{"', "null", "a", "é", "\x01", "\u2028", ","),
    '{"totalSize":1,"done":true,"records":[',
)


def page(records: Sequence[Mapping[str, object]], **members: object) -> bytes:
    """Return an answer as Salesforce writes it."""
    attributes = {"type": "Thing__c", "url": "/services/data/v66.0/sobjects/Thing__c/a0X"}
    answer = {
        "totalSize": len(records),
        "done": True,
        **members,
        "records": [{"attributes": attributes, **each} for each in records],
    }
    return json.dumps(answer, separators=(",", ":")).encode()


def records_of(names: Sequence[str | None], filler_bytes: int) -> list[dict[str, object]]:
    """Return a record for each name, of about that size."""
    return [
        {
            "Name": name,
            "Filler": None if at % 3 == 0 else f"{at} " + "x" * filler_bytes,
            "Amount": None if at % 5 == 0 else float(f"{at}.25"),
            "Count": None if at % 7 == 0 else at,
            "IsWon": None if at % 11 == 0 else at % 2 == 0,
            "Id": f"row{at}",
        }
        for at, name in enumerate(names)
    ]


def values_of(records: Sequence[Mapping[str, object]]) -> list[tuple[object, ...]]:
    """Return what a Frame has of them."""

    def value(each: Mapping[str, object], column: Column) -> object:
        found = each[column.name]
        if found is not None and column.kind is Kind.NUMBER:
            return str(found)
        return found or None if column.kind is Kind.TEXT else found

    return [tuple(value(each, column) for column in MIXED) for each in records]


names = st.lists(
    st.none() | st.lists(st.sampled_from(_PIECES), max_size=4).map("".join), min_size=1, max_size=12
)


@some_examples
@given(names)
@pytest.mark.parametrize("filler_bytes", [0, 60_000, 900_000])
def test_a_text_is_no_border(filler_bytes: int, texts: list[str | None]) -> None:
    """Whatever stands in a text: a page is cut between two records."""
    records = records_of(texts, filler_bytes)
    result = from_json(page(records), MIXED)
    assert result.height == len(records)
    frames = list(result.frames)
    assert [row for frame in frames for row in frame.table.rows()] == values_of(records)
    assert result.frame.table.rows() == values_of(records)


@pytest.mark.parametrize("filler_bytes", [1_000, 40_000])
@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        pytest.param("a\0b", "ab", id="a NUL"),
        pytest.param("half \ud83d", "half \ufffd", id="half a character"),
        pytest.param(7, "7", id="a number"),
        pytest.param({"a": [1.10, None]}, '{"a":[1.1,null]}', id="an object"),
    ],
)
def test_one_odd_value_of_a_page(odd: object, kept: str, filler_bytes: int) -> None:
    """It changes nothing about the others, wherever it stands."""
    records = records_of([f"name {n}" for n in range(300)], filler_bytes)
    wanted = values_of(records)
    records[200]["Name"] = odd
    wanted[200] = (kept, *wanted[200][1:])
    frame = from_json(page(records), MIXED).frame
    assert frame.table.rows() == wanted
    told = [(each.column, each.count, each.record_id) for each in frame.value_warnings]
    assert told in ([], [("Name", 1, "row200")])


def test_numbers_keep_their_digits() -> None:
    """A float would round them, and what is null lies between numbers too."""
    records = records_of(["a"] * 400, 1_000)
    long, shortest = b"123456789012345678.25", b'"Amount":1.25,'
    body = page(records).replace(shortest, b'"Amount":' + long + b",")
    frame = from_json(body, MIXED).frame
    assert frame.table["Amount"][1] == long.decode()
    assert frame.table["Amount"].null_count() == 80
    assert frame.table["Count"].to_list() == [each["Count"] for each in records]


@pytest.mark.parametrize("filler_bytes", [10, 60_000])
@pytest.mark.parametrize(
    "layout",
    [
        pytest.param({"indent": 1}, id="over several lines"),
        pytest.param({"sort_keys": True, "separators": (",", ":")}, id="sorted"),
        pytest.param({}, id="with blanks"),
    ],
)
def test_an_answer_that_is_written_otherwise(layout: dict[str, object], filler_bytes: int) -> None:
    """JSON is JSON; only that it leads on is not known before it is read."""
    records = records_of(["a", None, "c"] * 50, filler_bytes)
    usual = page(records, done=False, nextRecordsUrl="/services/data/v66.0/query/01g-2000")
    body = json.dumps(json.loads(usual), **layout).encode()  # type: ignore[arg-type]
    found = from_json(body, MIXED)
    assert found.frame.table.rows() == values_of(records)
    assert found.next_records_url == leads_to(usual) == "/services/data/v66.0/query/01g-2000"
    assert leads_to(body) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b'{"totalSize":1,"done":false,"nextRecordsUrl":"/a\\u0062", ', id="escaped"),
        pytest.param(b'{"totalSize":1,"done":false,"records":[', id="none named"),
        pytest.param(page([]), id="the last"),
        pytest.param(
            b'{"totalSize":1,"done":false,"nextRecordsUrl":"/a\xff","records":[', id="a broken byte"
        ),
    ],
)
def test_what_leads_nowhere(body: bytes) -> None:
    """Nothing is guessed of an answer that does not begin as usual."""
    assert leads_to(body) is None


@pytest.mark.parametrize("filler_bytes", [10, 60_000])
def test_a_record_without_a_field_is_none_of_the_querys(filler_bytes: int) -> None:
    """It is no null, however many records of the page have come before it."""
    records = records_of(["a"] * 300, filler_bytes)
    del records[250]["Amount"]
    with pytest.raises(IncompleteError) as caught:
        list(from_json(page(records), MIXED).frames)
    assert caught.value.code == "broken-page"


def test_a_cut_wide_page_gives_no_row() -> None:
    """It is known to be whole before the first of its rows is handed out."""
    body = page(records_of(["a"] * 300, 60_000))
    for end in (-1, -2, -3, -10_000, len(body) // 2):
        with pytest.raises(IncompleteError):
            from_json(body[:end], MIXED)


def test_a_wide_page_is_read_some_rows_at_a_time() -> None:
    """Its rows come in order, and what is odd in any of them is told by its Id."""
    width, height = 500, 1_000
    columns = (*(Column(f"T{n}", Kind.TEXT) for n in range(width)), ID)
    odd = {"T7": "half \ud83d"}
    records = [
        {f"T{n}": f"{row}.{n} " for n in range(width)}
        | {"Id": f"row{row}"}
        | (odd if row in (150, 390) else {})
        for row in range(height)
    ]
    usual = from_json(page([each | {"T7": "7"} for each in records]), columns)
    assert usual.height == sum(frame.height for frame in usual.frames) == height
    assert len(list(usual.frames)) > 1
    frame = from_json(page(records), columns).frame
    assert frame.table["Id"].to_list() == [f"row{row}" for row in range(height)]
    assert frame.table["T499"].to_list() == [f"{row}.499 " for row in range(height)]
    assert sum(each.count for each in frame.value_warnings) == 2
    assert {each.record_id for each in frame.value_warnings[:1]} == {"row150"}


def test_rows_without_ids_are_told_by_their_place_in_the_page() -> None:
    """In whichever part of it they come."""
    columns = (
        *(Column("Filler", Kind.TEXT), Column("Name", Kind.TEXT)),
        Column("CloseDate", Kind.DATE),
    )
    records = [
        {"Filler": "x" * 60_000, "Name": f"name {n}", "CloseDate": "2024-02-29"} for n in range(200)
    ]
    records[160]["CloseDate"] = "2023-02-29"
    (told,) = from_json(page(records), columns).frame.value_warnings
    assert (told.column, told.record_id) == ("CloseDate", "161")
    records[150]["Name"] = "\0"
    found = from_json(page(records), columns).frame.value_warnings
    assert [(each.column, each.record_id) for each in found] == [
        ("Name", "151"),
        ("CloseDate", "161"),
    ]


def test_a_column_by_itself_keeps_nothing_else_in_memory() -> None:
    """Ids that are known for as long as a run reads would hold every text of every page."""
    frame = from_json(page(records_of(["a"] * 100, 10_000)), MIXED).frame
    kept = frame.by_itself("Id")
    assert kept.to_list() == [f"row{n}" for n in range(100)]
    buffers = kept.to_arrow(compat_level=pl.CompatLevel.newest()).buffers()
    assert sum(buffer.size for buffer in buffers if buffer is not None) < 10_000


def test_pieces_are_all_rows_once() -> None:
    """However large they are meant to be."""
    columns = (Column("Name", Kind.TEXT), ID)
    frame = from_json(page([{"Name": "x" * n, "Id": str(n)} for n in range(100)]), columns).frame
    for size in (1, 500, LARGE):
        pieces = list(frame.pieces(size))
        assert [i for piece in pieces for i in piece.table["Id"]] == [str(n) for n in range(100)]
    assert len(list(frame.pieces(LARGE))) == 1
    assert list(from_json(page([]), columns).frame.pieces(1)) == []
