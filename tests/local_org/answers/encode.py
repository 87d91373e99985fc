"""How Salesforce spells values, records and pages: JSON for REST, CSV for Bulk API 2.0."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from tests.local_org.answers.spelling import csv_integer, csv_number, decimal_text, rest_number
from tests.local_org.objects.fields import INTEGER_TYPES, NUMBER_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

    from tests.local_org.objects.fields import Field
    from tests.local_org.soql.plan import GroupColumn
    from tests.local_org.store.store import Result

    Converter: TypeAlias = Callable[[object], object]
    Row: TypeAlias = tuple[object, ...]

# A lone surrogate can't be in data: DuckDB keeps UTF-8. So nothing but a raw number holds one.
_MARK = "\udfff"
_OPENING = f'"{_MARK}'
_CLOSING = f'{_MARK}"'


class RawNumber(str):
    """A number that `dump_json` writes exactly as it is spelled here."""

    __slots__ = ()

    def __new__(cls, spelling: str) -> Self:
        return super().__new__(cls, f"{_MARK}{spelling}{_MARK}")

    @property
    def spelling(self) -> str:
        return self[1:-1]


def dump_json(value: object) -> bytes:
    """Return compact UTF-8 JSON, raw numbers as they are spelled, NaN and Infinity bare."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace(_OPENING, "").replace(_CLOSING, "").encode()


# REST


def rest_value(field: Field, value: object) -> object:
    """Return a value as `dump_json` takes it.

    A base64 value comes back as it went in: its path needs the record, see `rest_record`.
    """
    convert = _rest_converter(field)
    return value if value is None or convert is None else convert(value)


def rest_record(object_name: str, api_version: str, result: Result, row: Row) -> dict[str, object]:
    """Return a record of /query: `attributes` first, parents nested, null where there is none."""
    return _record_builder(object_name, api_version, result)(row)


def group_record(columns: Sequence[GroupColumn], group: Row) -> dict[str, object]:
    """Return what a query of groups tells of one: like a record, which has no address."""
    record: dict[str, object] = {"attributes": {"type": "AggregateResult"}}
    for column, value in zip(columns, group, strict=True):
        convert = _rest_converter(column.column.field)
        if column.function in {"COUNT", "COUNT_DISTINCT"}:
            convert = None
        elif column.function in {"SUM", "AVG"}:
            convert = _raw_double
        record[column.name] = value if value is None or convert is None else convert(value)
    return record


def _rest_converter(field: Field) -> Converter | None:
    """Return what turns a stored value into JSON; None where it is JSON already."""
    if field.type in NUMBER_TYPES:
        return _raw_double
    if field.type in INTEGER_TYPES:
        return _raw_integer
    if field.is_compound:
        return _compound
    return _REST_CONVERTERS.get(field.type)


def _raw_double(value: object) -> RawNumber:
    return RawNumber(rest_number(number_text(value)))


def _raw_integer(value: object) -> RawNumber:
    return RawNumber(number_text(value))


def _any_type(value: object) -> object:
    return _raw_double(value) if _is_number(value) else value


def _rest_datetime(value: object) -> str:
    return f"{_timestamp(value)}+0000"


def _compound(value: object) -> dict[str, object] | None:
    if not isinstance(value, dict):
        message = f"not the parts of a compound: {value!r}"
        raise TypeError(message)
    if all(part is None for part in value.values()):
        return None
    return {name: _part(name, part) for name, part in value.items()}


def _part(name: str, value: object) -> object:
    is_number = value is not None and name in {"latitude", "longitude"}
    return _raw_double(value) if is_number else value


_REST_CONVERTERS: Mapping[str, Converter] = {
    "anyType": _any_type,
    "date": str,
    "datetime": _rest_datetime,
}


@lru_cache(64)
def _record_builder(object_name: str, api_version: str, result: Result) -> _RecordBuilder:
    base = f"/services/data/v{api_version.removeprefix('v')}/sobjects"
    root = _RecordBuilder(base, object_name, len(result.columns))
    builders: dict[tuple[str, ...], _RecordBuilder] = {(): root}
    for index, join in enumerate(result.joins, start=len(result.columns) + 1):
        builders[join.path] = _RecordBuilder(base, join.sobject.name, index)
    for index, column in enumerate(result.columns):
        for depth in range(1, len(column.path)):
            parent = builders[column.path[:depth]]
            builders[column.path[: depth - 1]].add_parent(column.path[depth - 1], parent)
        builders[column.path[:-1]].add(column.path[-1], index, column.field)
    return root


class _RecordBuilder:
    """Makes the JSON object of one record, or of one parent inside it."""

    def __init__(self, base: str, object_name: str, id_index: int) -> None:
        self._url = f"{base}/{object_name}/"
        self._object_name = object_name
        self.id_index = id_index
        self._members: dict[str, tuple[int, Converter | None]] = {}
        self._parents: dict[str, _RecordBuilder] = {}
        self._bodies: list[str] = []

    def add(self, name: str, index: int, field: Field) -> None:
        self._members[name] = (index, _rest_converter(field))
        if field.type == "base64":
            self._bodies.append(name)

    def add_parent(self, name: str, parent: _RecordBuilder) -> None:
        # The Id keeps the parent's place among the members until the parent itself is made.
        self._members.setdefault(name, (parent.id_index, None))
        self._parents[name] = parent

    def __call__(self, row: Row) -> dict[str, object]:
        url = f"{self._url}{row[self.id_index]}"
        record: dict[str, object] = {"attributes": {"type": self._object_name, "url": url}}
        for name, (index, convert) in self._members.items():
            value = row[index]
            record[name] = value if value is None or convert is None else convert(value)
        for name in self._bodies:
            record[name] = record[name] and f"{url}/{name}"
        for name, parent in self._parents.items():
            record[name] = record[name] and parent(row)
        return record


# Bulk API 2.0


def csv_value(field: Field, value: object) -> str:
    """Return a value as Bulk writes it, before quoting; null is the empty text."""
    return "" if value is None else _csv_converter(field)(value)


def csv_header(result: Result, *, delimiter: str, line_ending: str) -> bytes:
    """Return the header row that every result page starts with."""
    return _csv_line([column.name for column in result.columns], delimiter, line_ending)


def csv_rows(
    result: Result, rows: Sequence[Row], *, delimiter: str, line_ending: str
) -> list[bytes]:
    """Return each row as one CSV record with its line ending."""
    if not rows:
        return []
    columns = [
        _csv_column(column.field, values)
        for column, values in zip(result.columns, zip(*rows, strict=True), strict=False)
    ]
    return [_csv_line(values, delimiter, line_ending) for values in zip(*columns, strict=True)]


def csv_page(
    result: Result,
    rows: Sequence[Row],
    *,
    delimiter: str,
    line_ending: str,
    header: bool = True,
) -> bytes:
    """Return a result page: all is quoted, quotes are doubled, line breaks in values stay."""
    style = {"delimiter": delimiter, "line_ending": line_ending}
    start = csv_header(result, **style) if header else b""
    return start + b"".join(csv_rows(result, rows, **style))


def _csv_line(values: Sequence[str], delimiter: str, line_ending: str) -> bytes:
    inner = f'"{delimiter}"'.join(values)
    return f'"{inner}"{line_ending}'.encode()


def _csv_column(field: Field, values: Sequence[object]) -> list[str]:
    convert = _csv_converter(field)
    return ["" if value is None else _quotable(convert(value)) for value in values]


def _quotable(text: str) -> str:
    return text.replace('"', '""')


def _csv_converter(field: Field) -> Callable[[object], str]:
    if field.type in NUMBER_TYPES:
        return lambda value: csv_number(number_text(value))
    if field.type in INTEGER_TYPES:
        return lambda value: csv_integer(number_text(value))
    return _CSV_CONVERTERS.get(field.type, str)


def _csv_any_type(value: object) -> str:
    if isinstance(value, bool):
        return _csv_boolean(value)
    return csv_number(number_text(value)) if _is_number(value) else str(value)


def _csv_boolean(value: object) -> str:
    return "true" if value else "false"


def _csv_datetime(value: object) -> str:
    return f"{_timestamp(value)}Z"


_CSV_CONVERTERS: Mapping[str, Callable[[object], str]] = {
    "anyType": _csv_any_type,
    "boolean": _csv_boolean,
    "date": str,
    "datetime": _csv_datetime,
}


# Both


def number_text(value: object) -> str:
    """Return a number as the store keeps it."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float, Decimal)):
        return decimal_text(value)
    message = f"not a number: {value!r}"
    raise TypeError(message)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _timestamp(value: object) -> object:
    """Return a moment without its zone; what `Store.fetch` returns is written like that."""
    if isinstance(value, datetime):
        moment = value.astimezone(timezone.utc) if value.tzinfo else value
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return value
