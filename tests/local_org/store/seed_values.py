"""SQL expressions that make up a value for each field, from the row's number alone.

`n` is the row's number in its table, `r` its number in this seeding (from 0), `stamp` when it last
changed. The same row of the same field is always the same, on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from tests.local_org.store import hurt as hurts
from tests.local_org.store import seed_words as words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.local_org.objects.fields import Field

NULL_EVERY = 5
"""One of so many values is null where the field allows it."""
_SALTS = 1_000_003
_TEXT_TYPES = frozenset({"string", "textarea", "phone", "combobox", "url"})
_LONG_TEXT = 255
_CODE_LENGTH = 20
"""A shorter text is a code, made of digits."""
_COUNTED = ("Days", "Count", "Logins")
_LATITUDE, _LONGITUDE = 90, 180


def mixed(salt: str) -> str:
    """Return a number below 2**24 that jumps about from row to row."""
    return f"(((n + {crc32(salt.encode()) % _SALTS}) * 2654435761 % 4294967296) >> 8)"


def literal(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def one_of(values: Sequence[str], salt: str) -> str:
    """Return one of the texts."""
    return f"[{', '.join(map(literal, values))}][1 + {mixed(salt)} % {len(values)}]"


def value(field: Field, salt: str, *, hurt: bool) -> str:
    """Return the expression for a field without a rule of its own."""
    plain = _nullable(field, salt, _plain(field, salt))
    painful = _painful(field, salt) if hurt else None
    if painful is None:
        return plain
    count, expression = painful
    return f"CASE WHEN r < {count} THEN {expression} ELSE {plain} END"


def _nullable(field: Field, salt: str, expression: str) -> str:
    if not field.nillable:
        return expression
    # The parts of one address are null together, so that the whole is null sometimes.
    shared = field.compound_field_name or ""
    together = f"{mixed(f'{shared} null')} % {NULL_EVERY} = 0 OR " if shared else ""
    alone = f"{mixed(f'{salt} null')} % {NULL_EVERY} = 0"
    return f"CASE WHEN {together}{alone} THEN NULL ELSE {expression} END"


def _painful(field: Field, salt: str) -> tuple[int, str] | None:
    """Return how many rows begin with values that hurt, and the expression for them."""
    if field.type in _TEXT_TYPES and not field.unique and field.extra_type_info != "imageurl":
        count = len(hurts.TEXTS)
        place = f"1 + (r + {crc32(salt.encode()) % count}) % {count}"
        return count, f"left($texts[{place}], {field.length})"
    values = _painful_values(field)
    if not values:
        return None
    listed = ", ".join(map(literal, values))
    cast = {"date": "::DATE", "datetime": "::TIMESTAMP"}.get(field.type, "")
    return len(values), f"[{listed}][1 + r]{cast}"


def _painful_values(field: Field) -> Sequence[str]:
    if field.is_number:
        whole = field.type in {"int", "long"}
        return hurts.integers(field) if whole else hurts.decimals(field)
    return {
        "date": hurts.DATES,
        "datetime": hurts.DATETIMES,
        "time": hurts.TIMES,
        "anyType": hurts.ANY_VALUES,
    }.get(field.type, ())


def _plain(field: Field, salt: str) -> str:
    if field.picklist_values and field.type != "multipicklist":
        return one_of(field.picklist_values, salt)
    make = _BY_TYPE.get(field.type)
    return make(field, salt) if make else _text(field, salt)


def _text(field: Field, salt: str) -> str:
    for ending, choice in words.BY_NAME_ENDING.items():
        if field.name.endswith(ending):
            return f"left({one_of(choice, salt)}, {field.length})"
    if 0 < field.length <= _CODE_LENGTH:
        return f"left(CAST({mixed(salt)} AS VARCHAR), {field.length})"
    return f"left({literal(field.label)} || ' ' || {mixed(salt)}, {field.length or _LONG_TEXT})"


def _textarea(field: Field, salt: str) -> str:
    if field.name.endswith("Street"):
        return f"(1 + {mixed(salt)} % 250) || ' ' || {one_of(words.STREETS, salt)}"
    return f"left({one_of(words.SENTENCES, salt)}, {field.length})"


def _multipicklist(field: Field, salt: str) -> str:
    first, second = (one_of(field.picklist_values, f"{salt}{half}") for half in (1, 2))
    return f"CASE WHEN {first} = {second} THEN {first} ELSE {first} || ';' || {second} END"


def _boolean(_field: Field, salt: str) -> str:
    return f"{mixed(salt)} % 2 = 0"


def _whole(field: Field, salt: str) -> str:
    digits = 2 if field.name.endswith(_COUNTED) else min(field.digits, 6)
    return f"CAST({mixed(salt)} % {10**digits} AS VARCHAR)"


def _long(_field: Field, salt: str) -> str:
    return f"CAST({mixed(salt)} * 16777216 + {mixed(salt + '2')} AS VARCHAR)"


def _decimal(field: Field, salt: str) -> str:
    """Return decimal text as `spelling.decimal_text` writes it."""
    scale = field.scale
    coordinate = _coordinate(field)
    limit = coordinate or 10 ** min(field.precision - scale, 8)
    if field.type == "percent":
        limit = min(limit, 101)
    whole = f"CAST({mixed(salt)} % {limit} AS VARCHAR)"
    if coordinate:
        whole = f"CASE WHEN {mixed(salt + 'sign')} % 2 = 0 THEN '-' ELSE '' END || {whole}"
    if not scale:
        return whole
    halves = f"lpad({mixed(salt + '1')} || '', 8, '3') || lpad({mixed(salt + '2')} || '', 8, '7')"
    return f"rtrim(rtrim({whole} || '.' || left({halves}, {scale}), '0'), '.')"


def _coordinate(field: Field) -> int | None:
    if field.compound_field_name is None:
        return None
    return _LATITUDE if "Latitude" in field.name else _LONGITUDE


def _date(_field: Field, salt: str) -> str:
    return f"DATE '2015-01-01' + CAST({mixed(salt)} % 4000 AS INTEGER)"


def _datetime(_field: Field, salt: str) -> str:
    milliseconds = f"CASE WHEN {mixed(salt)} % 4 = 0 THEN {mixed(salt + 'ms')} % 1000 ELSE 0 END"
    seconds = f"to_seconds(CAST({mixed(salt)} * 12 AS BIGINT))"
    return f"TIMESTAMP '2018-01-01' + {seconds} + to_milliseconds({milliseconds})"


def _time(_field: Field, salt: str) -> str:
    hours, minutes = (
        f"lpad(CAST({mixed(salt + unit)} % {size} AS VARCHAR), 2, '0')"
        for unit, size in (("h", 24), ("m", 60))
    )
    return f"{hours} || ':' || {minutes} || ':00.000Z'"


def _any_value(_field: Field, salt: str) -> str:
    kinds = (
        "'\"Warm\"'",
        "'true'",
        f"CAST({mixed(salt)} AS VARCHAR)",
        "'12.5'",
        "'\"2024-02-29\"'",
    )
    return f"[{', '.join(kinds)}][1 + {mixed(salt)} % {len(kinds)}]"


def _constant(text: str) -> Callable[[Field, str], str]:
    return lambda _field, _salt: text


_BY_TYPE: Mapping[str, Callable[[Field, str], str]] = {
    "anyType": _any_value,
    "base64": _constant("base64(encode('Attachment ' || n))"),
    "boolean": _boolean,
    "combobox": lambda _field, salt: one_of(words.UNITS, salt),
    "complexvalue": _constant("'{\"recordTypeInfos\":[]}'"),
    "currency": _decimal,
    "datacategorygroupreference": _constant("'Products'"),
    "date": _date,
    "datetime": _datetime,
    "double": _decimal,
    "email": _constant("'person.' || n || '@example.com'"),
    "encryptedstring": _constant("'************' || lpad(CAST(n % 10000 AS VARCHAR), 4, '0')"),
    "int": _whole,
    "json": _constant("'{\"row\":' || n || '}'"),
    "long": _long,
    "multipicklist": _multipicklist,
    "percent": _decimal,
    "phone": _constant("'+1 555 ' || lpad(CAST(n % 10000000 AS VARCHAR), 7, '0')"),
    "textarea": _textarea,
    "time": _time,
    "url": _constant("'https://www.example.com/' || n"),
}
