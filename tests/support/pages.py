"""Rows as a test thinks of them, and the pages in which REST and Bulk API 2.0 would serve them."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.frames.frame import csv_frames
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant
from tests.support.values import instants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

#: A value of a column: text, boolean, whole number, instant; a number as the decimal's own text.
Value = str | bool | int | datetime | None
Row = dict[str, Value]

COLUMNS = (
    Column("Name", Kind.TEXT),
    Column("IsDeleted", Kind.BOOLEAN),
    Column("Employees", Kind.INTEGER),
    Column("Amount", Kind.NUMBER),
    Column("CloseDate", Kind.DATE),
    Column("SystemModstamp", Kind.DATETIME),
    Column("StartTime", Kind.TIME),
    Column("Id", Kind.TEXT),
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


# Pages


def json_page(
    rows: Sequence[Mapping[str, Value]], columns: Sequence[Column] = COLUMNS, **more: object
) -> bytes:
    """Write a page as a REST query serves it."""
    records = [
        ", ".join(
            [
                '"attributes": {"type": "Thing", "url": "/services/data/v68.0/x"}',
                *(f"{json.dumps(c.name)}: {_in_json(c.kind, row[c.name])}" for c in columns),
            ]
        )
        for row in rows
    ]
    envelope = {"totalSize": len(rows), "done": True} | more
    head = json.dumps(envelope).removesuffix("}")
    return f'{head}, "records": [{", ".join(f"{{{record}}}" for record in records)}]}}'.encode()


def _in_json(kind: Kind, value: Value) -> str:
    if kind is Kind.NUMBER and isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return json.dumps(format_instant(value).replace("Z", "+0000"))
    return json.dumps(value)


def from_csv(page: bytes, columns: Sequence[Column]) -> Frame:
    """Decode a page in one piece."""
    (frame,) = csv_frames([page], columns, 1 << 30)
    return frame


def csv_page(rows: Sequence[Mapping[str, Value]], columns: Sequence[Column] = COLUMNS) -> bytes:
    """Write a page as a Bulk API 2.0 job serves it: every value quoted, null as empty."""
    return b"".join(csv_lines(rows, columns))


def csv_lines(
    rows: Sequence[Mapping[str, Value]], columns: Sequence[Column] = COLUMNS
) -> list[bytes]:
    head = [column.name for column in columns]
    lines = [head, *([_in_csv(row[column.name]) for column in columns] for row in rows)]
    return [csv_line(line) for line in lines]


def csv_line(fields: Sequence[str]) -> bytes:
    quoted = (field.replace('"', '""') for field in fields)
    return ",".join(f'"{field}"' for field in quoted).encode() + b"\n"


def _in_csv(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_instant(value) if isinstance(value, datetime) else whole(str(value))


def whole(text: str) -> str:
    """Return the text as UTF-8 can hold it: pairs of surrogates joined, single ones replaced."""
    joined: str = json.loads(json.dumps(text))
    return _LONE_SURROGATE.sub("\ufffd", joined)


def expected(row: Mapping[str, Value], columns: Sequence[Column] = COLUMNS) -> tuple[object, ...]:
    """Return the row as the tap is to hold it, numbers as `Decimal`."""
    return tuple(_expected(column.kind, row[column.name]) for column in columns)


def _expected(kind: Kind, value: Value) -> object:
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, str) and kind is Kind.NUMBER:
        return Decimal(value)
    return whole(value).replace("\x00", "") or None if isinstance(value, str) else value


# Rows

_NASTY = st.sampled_from(
    [
        *("\x00", "\r", "\n", "\r\n", '"', '""', ",", "\t", " ", "\\", "'", "\x1a", "\x7f"),
        *(
            "\u2028",
            "\u2029",
            "\x85",
            "\ufeff",
            "\U0001f642",
            "\U0001f468\u200d\U0001f469",
            "e\u0301",
        ),
        *("\ud83d", "\ude42", "null", "NA", "NaN", "true", "007", '","', '"\n"', "\\n", "#", "="),
    ]
)
TEXTS = st.one_of(
    st.lists(st.one_of(_NASTY, st.text(max_size=3)), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=()), max_size=20),
)
#: Whole numbers, decimals and exponents, in every spelling that JSON has for them.
JSON_NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
_VALUES: dict[Kind, SearchStrategy[Value]] = {
    Kind.TEXT: TEXTS,
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.NUMBER: JSON_NUMBERS,
    Kind.DATE: st.dates().map(lambda day: day.isoformat()),
    Kind.DATETIME: instants(),
    Kind.TIME: st.times().map(lambda at: f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}Z"),
}
_IDS = st.text("0123456789ABCabc", min_size=18, max_size=18)


def rows_of(columns: Sequence[Column] = COLUMNS) -> SearchStrategy[Row]:
    """Rows with a value or null in each column, and always an Id."""
    return st.fixed_dictionaries(
        {
            column.name: _IDS if column.name == "Id" else st.none() | _VALUES[column.kind]
            for column in columns
        }
    )


def row(**values: Value) -> Row:
    """Return a row with these values, null elsewhere."""
    return {column.name: None for column in COLUMNS} | {"Id": "001000000000001AAA"} | values
