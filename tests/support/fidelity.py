"""What Salesforce serves and what a record then holds: the cases behind docs/fidelity.md.

`tests/integration/salesforce/frames/test_fidelity.py` puts each case on the wire and reads it with
the tap, by both APIs; `tests/support/documents.py` writes them into the tables of the document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NUL = "NUL characters removed"
HALVES = "half characters, replaced by U+FFFD"
NO_NUMBER = "no finite number, made null"
NO_INTEGER = "no whole number, made null"
NO_BOOLEAN = "neither true nor false, made null"
NO_DATE = "no date, made null"
NO_DATETIME = "no date-time, made null"

UNKNOWN_TYPE = "hologram"
"""A field type that Salesforce does not have yet."""
LONGEST = 131_072
"""Characters of the longest text that Salesforce holds."""


@dataclass(frozen=True)
class Case:
    """One value on its way.

    Attributes:
        type: The field's type in the describe.
        what: What is special about the value.
        rest: The JSON that a REST query serves; of a compound field, that of each part.
        bulk: What stands between the quotes of a Bulk API 2.0 result, before they are doubled;
            None where Bulk can't serve the type.
        record: The JSON that stands in the record; None where the field is not in it.
        told: What the log says of it; None where it says nothing.
        record_by_bulk: The JSON in the record where Bulk served it, in the one type where that
            can be another.
    """

    type: str
    what: str
    rest: str | Mapping[str, str]
    bulk: str | Mapping[str, str] | None
    record: str | None
    told: str | None = None
    record_by_bulk: str | None = None


def text(kind: str, what: str, value: str) -> Case:
    """Return the case of a text that comes out as it went in."""
    spelled = json.dumps(value, ensure_ascii=False)
    return Case(kind, what, spelled, value, spelled)


TEXTS = (
    text("id", "an Id", "a0B000000000001AAA"),
    text("reference", "a lookup", "001000000000001AAA"),
    text("picklist", "a value of the list", "Prospecting"),
    text("picklist", "one that was taken off the list", "Suspect (old)"),
    text("multipicklist", "several values", "East;West;North-West"),
    text("phone", "a phone number", "+49 (228) 555-0100"),
    text("phone", "what is none", "ask at the desk"),
    text("url", "an address", "https://www.example.com/?a=1&b=%20"),
    text("email", "an address", "o'neil+sales@example.com"),
    text("email", "a sandbox's", "jane@example.com.invalid"),
    text("combobox", "a free value", "kg/m³"),
    text("encryptedstring", "masked for this user", "************4242"),
    text("datacategorygroupreference", "a category group", "Products"),
    text("masterrecord", "the row it was merged into", "001000000000002AAA"),
    text("textarea", "several lines", "Rhenus AG\r\nHafenstraße 1\r\n"),
    text("textarea", "rich text", "<p>a &amp; b&nbsp;<b>c</b></p>"),
    text("textarea", "the longest", "x" * LONGEST),
    text("string", "a formula's HTML", '<a href="/001x" target="_blank">x</a>'),
    text("string", "a formula that failed", "#Error!"),
    text("string", "longer than the describe allows", "Bahnhofstraße " * 20),
    Case("string", "null", "null", "", "null"),
    Case("string", "empty", '""', "", "null"),
    text("string", "a blank", " "),
    text("string", "blanks around it", "  a  "),
    text("string", "a word for nothing", "null"),
    text("string", "another", "N/A"),
    text("string", "leading zeros", "007"),
    text("string", "the look of a number", "1E5"),
    text("string", "quotes", 'say "so"'),
    text("string", "nothing but a quote", '"'),
    text("string", "the look of CSV", '","'),
    text("string", "a tab", "a\tb"),
    text("string", "LF", "a\nb"),
    text("string", "CR", "a\rb"),
    text("string", "CRLF at the end", "a\r\n"),
    text("string", "a line separator", "a\u2028b"),
    text("string", "a paragraph separator", "a\u2029b"),
    text("string", "next line", "a\x85b"),
    text("string", "a byte order mark first", "\ufeffa"),
    text("string", "control characters", "a\x01\x1a\x1f\x7fb"),
    text("string", "an emoji of several characters", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
    text("string", "a combined character", "e\u0301"),
    text("string", "a backslash", "C:\\new"),
    text("string", "the look of an escape", "\\u0041\\n"),
    text("string", "the look of a formula", "=1+1"),
    text("string", "the look of JSON", '{"a": [1]}'),
    Case("string", "escapes where none are needed", r'"\u00fc\/\u003c"', "ü/<", '"ü/<"'),
    Case("string", "an emoji in escapes", r'"\ud83d\ude42"', "\U0001f642", '"\U0001f642"'),
    Case("string", "NUL", r'"a\u0000b\u0000"', "a\x00b\x00", '"ab"', NUL),
    Case("string", "nothing but NUL", r'"\u0000"', "\x00", "null", NUL),
    # Bulk serves UTF-8, which has no halves.
    Case("string", "half a surrogate pair", r'"a\ud83db"', None, '"a\ufffdb"', HALVES),
    Case("string", "a number", "5.10", "5.10", '"5.10"'),
    Case("string", "a boolean", "true", "true", '"true"'),
)

NUMBERS = (
    Case("currency", "an amount", "1234.5", "1234.5", "1234.5"),
    Case(
        "currency", "18 digits", "1234567890123456.78", "1234567890123456.78", "1234567890123456.78"
    ),
    Case("currency", "less than nothing", "-0.01", "-0.01", "-0.01"),
    Case("currency", "one value, two spellings", "9.5E8", "950000000", "950000000.0"),
    Case("currency", "the other way round", "950000000.0", "9.5E8", "950000000.0"),
    Case("currency", "no decimals", "100", "100", "100.0"),
    Case("currency", "zeros at the end", "12.50", "12.50", "12.5"),
    Case("currency", "zero", "0.0", "0", "0.0"),
    Case("currency", "minus zero", "-0.0", "-0", "0.0"),
    Case("currency", "null", "null", "", "null"),
    Case(
        "currency",
        "more digits than the describe allows",
        "12345678901234567890.125",
        "12345678901234567890.125",
        "12345678901234567890.125",
    ),
    Case("percent", "a percentage", "12.5", "12.5", "12.5"),
    Case("percent", "above a hundred", "250.0", "250", "250.0"),
    Case(
        "double",
        "18 decimals",
        "0.123456789012345678",
        "0.123456789012345678",
        "0.123456789012345678",
    ),
    Case("double", "what a float can't hold", "0.1", "0.1", "0.1"),
    Case("double", "very large", "16147805824397.0", "1.6147805824397E13", "16147805824397.0"),
    Case("double", "very small", "1.0E-15", "0.000000000000001", "0.000000000000001"),
    Case("double", "zero with an exponent", "0E-18", "0E-18", "0.0"),
    Case("double", "a number as a text", '"12.50"', "12.50", "12.5"),
    Case("double", "NaN", "NaN", "NaN", "null", NO_NUMBER),
    Case("double", "Infinity", "Infinity", "Infinity", "null", NO_NUMBER),
    Case("double", "minus Infinity", "-Infinity", "-Infinity", "null", NO_NUMBER),
    Case("double", "beyond all amounts", "1E999", "1E999", "null", NO_NUMBER),
    Case("double", "a text", '"n/a"', "n/a", "null", NO_NUMBER),
    Case("currency", "thousands", '"1,000.00"', "1,000.00", "null", NO_NUMBER),
    Case("currency", "a text of two lines", r'"n/a\nsoon"', "n/a\nsoon", "null", NO_NUMBER),
    Case(
        "currency", "what would colour a log", r'"\u001b[31mn/a"', "\x1b[31mn/a", "null", NO_NUMBER
    ),
    Case("percent", "a boolean", "true", "true", "null", NO_NUMBER),
)

INTEGERS = (
    Case("int", "a whole number", "12300", "12300", "12300"),
    Case("int", "with a decimal", "7.0", "7.0", "7"),
    Case("int", "with an exponent", "1.2E3", "1.2E3", "1200"),
    Case("int", "less than nothing", "-7", "-7.0", "-7"),
    Case("int", "zero", "0", "0.0", "0"),
    Case("int", "minus zero", "-0", "-0", "0"),
    Case("int", "null", "null", "", "null"),
    Case("int", "a number as a text", '"007"', "007", "7"),
    Case("int", "more digits than the describe allows", "4294967296", "4294967296", "4294967296"),
    Case(
        "long",
        "what a float can't hold",
        "9007199254740993",
        "9007199254740993",
        "9007199254740993",
    ),
    Case(
        "long", "the largest", "9223372036854775807", "9223372036854775807", "9223372036854775807"
    ),
    Case(
        "long", "the least", "-9223372036854775808", "-9223372036854775808", "-9223372036854775808"
    ),
    Case("int", "not whole", "7.5", "7.5", "null", NO_INTEGER),
    Case(
        "long", "beyond 64 bits", "9223372036854775808", "9223372036854775808", "null", NO_INTEGER
    ),
    Case("int", "NaN", "NaN", "NaN", "null", NO_INTEGER),
    Case("int", "a text", '"twelve"', "twelve", "null", NO_INTEGER),
)

BOOLEANS = (
    Case("boolean", "true", "true", "true", "true"),
    Case("boolean", "false", "false", "false", "false"),
    Case("boolean", "null", "null", "", "null"),
    Case("boolean", "a text of that", '"true"', "true", "true"),
    Case("boolean", "a number", "1", "1", "null", NO_BOOLEAN),
    Case("boolean", "another text", '"perhaps"', "perhaps", "null", NO_BOOLEAN),
)

DATES = (
    text("date", "a date", "2026-11-23"),
    text("date", "the earliest", "1700-01-01"),
    text("date", "the latest", "4000-12-31"),
    text("date", "a leap day", "2024-02-29"),
    text("date", "a year with a digit missing", "0206-11-23"),
    Case("date", "null", "null", "", "null"),
    Case("date", "no such year", '"0000-11-23"', "0000-11-23", "null", NO_DATE),
    Case("date", "no such day", '"2026-02-30"', "2026-02-30", "null", NO_DATE),
    Case("date", "no such month", '"2026-13-01"', "2026-13-01", "null", NO_DATE),
    Case("date", "the other way round", '"23.11.2026"', "23.11.2026", "null", NO_DATE),
    Case(
        "date",
        "with a time",
        '"2026-11-23T10:00:00.000+0000"',
        "2026-11-23T10:00:00.000Z",
        "null",
        NO_DATE,
    ),
    Case(
        "datetime",
        "a moment",
        '"2026-11-23T10:00:00.000+0000"',
        "2026-11-23T10:00:00.000Z",
        '"2026-11-23T10:00:00.000Z"',
    ),
    Case(
        "datetime",
        "the zones the other way round",
        '"2026-11-23T10:00:00.007Z"',
        "2026-11-23T10:00:00.007+0000",
        '"2026-11-23T10:00:00.007Z"',
    ),
    Case(
        "datetime",
        "the earliest",
        '"1700-01-01T00:00:00.000+0000"',
        "1700-01-01T00:00:00.000Z",
        '"1700-01-01T00:00:00.000Z"',
    ),
    Case(
        "datetime",
        "the latest",
        '"4000-12-31T23:59:59.999+0000"',
        "4000-12-31T23:59:59.999Z",
        '"4000-12-31T23:59:59.999Z"',
    ),
    Case(
        "datetime",
        "a leap day before the earliest",
        '"1600-02-29T10:00:00.000+0000"',
        "1600-02-29T10:00:00.000Z",
        '"1600-02-29T10:00:00.000Z"',
    ),
    Case(
        "datetime",
        "another zone",
        '"2026-11-23T02:00:00.000-0800"',
        "2026-11-23T11:00:00.000+01:00",
        '"2026-11-23T10:00:00.000Z"',
    ),
    Case(
        "datetime",
        "no milliseconds",
        '"2026-11-23T10:00:00+0000"',
        "2026-11-23T10:00:00Z",
        '"2026-11-23T10:00:00.000Z"',
    ),
    Case("datetime", "a date", '"2026-11-23"', "2026-11-23", '"2026-11-23T00:00:00.000Z"'),
    Case("datetime", "null", "null", "", "null"),
    Case(
        "datetime",
        "no such hour",
        '"2026-11-23T25:00:00.000+0000"',
        "2026-11-23T25:00:00.000Z",
        "null",
        NO_DATETIME,
    ),
    Case(
        "datetime",
        "no such day",
        '"2026-02-30T10:00:00.000+0000"',
        "2026-02-30T10:00:00.000Z",
        "null",
        NO_DATETIME,
    ),
    Case("datetime", "a text", '"soon"', "soon", "null", NO_DATETIME),
    text("time", "a time", "08:00:00.000Z"),
    text("time", "the last of the day", "23:59:59.999Z"),
    Case("time", "null", "null", "", "null"),
    text("time", "a text", "noon"),
)

_STREET = "Hafenstraße 1\r\nHalle 3"
COMPOUNDS = (
    Case(
        "address",
        "the parts of one",
        {
            "City": '"Bonn"',
            "Country": "null",
            "Latitude": "50.73",
            "Street": json.dumps(_STREET, ensure_ascii=False),
        },
        {"City": "Bonn", "Country": "", "Latitude": "50.73", "Street": _STREET},
        r'{"city":"Bonn","country":null,"latitude":50.73,"street":"Hafenstraße 1\r\nHalle 3"}',
    ),
    Case(
        "address",
        "all parts are empty",
        {"City": '""', "Latitude": "null"},
        {"City": "", "Latitude": ""},
        "null",
    ),
    Case(
        "location",
        "a place",
        {"Latitude": "-33.8688197", "Longitude": "1.512092955E2"},
        {"Latitude": "-33.8688197", "Longitude": "151.2092955"},
        '{"latitude":-33.8688197,"longitude":151.2092955}',
    ),
    Case(
        "location",
        "where zero meets zero",
        {"Latitude": "0.0", "Longitude": "-0.0"},
        {"Latitude": "0", "Longitude": "0"},
        '{"latitude":0.0,"longitude":0.0}',
    ),
    Case(
        "location",
        "half of it is no number",
        {"Latitude": "NaN", "Longitude": "7.1"},
        {"Latitude": "NaN", "Longitude": "7.1"},
        '{"latitude":null,"longitude":7.1}',
        NO_NUMBER,
    ),
)

OTHERS = (
    text("anyType", "a text", "Warm"),
    Case("anyType", "a boolean", "true", "true", '"true"'),
    Case("anyType", "a number", "5.10", "5.10", '"5.10"'),
    Case("anyType", "a number in two spellings", "5.0", "5", '"5.0"', None, '"5"'),
    Case("anyType", "null", "null", "", "null"),
    Case("json", "a text", r'"{\"a\":1.50}"', None, r'"{\"a\":1.50}"'),
    Case(
        "complexvalue",
        "an object",
        '{"a":1.50,"b":[true,"ü"]}',
        None,
        r'"{\"a\":1.50,\"b\":[true,\"ü\"]}"',
    ),
    text(UNKNOWN_TYPE, "a text", "a type of next year"),
    Case(UNKNOWN_TYPE, "a number", "1.50", "1.50", '"1.50"'),
    Case(UNKNOWN_TYPE, "null", "null", "", "null"),
    Case(UNKNOWN_TYPE, "an object", '{"a":1.50}', None, r'"{\"a\":1.50}"'),
    Case(
        "base64",
        "a file",
        '"/services/data/v68.0/sobjects/Attachment/00P000000000001AAA/Body"',
        None,
        None,
    ),
)

GROUPS = {
    "texts": TEXTS,
    "numbers": NUMBERS,
    "integers": INTEGERS,
    "booleans": BOOLEANS,
    "dates": DATES,
    "compounds": COMPOUNDS,
    "others": OTHERS,
}
CASES = tuple(case for cases in GROUPS.values() for case in cases)

AMOUNTS_AS_TEXTS = {"Opportunity": {"Amount": "str(Amount) if Amount is not None else None"}}
"""The stream map of docs/fidelity.md for targets that make a number a double."""
