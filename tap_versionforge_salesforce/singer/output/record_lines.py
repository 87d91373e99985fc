"""Frame → Singer RECORD messages: as lines, column by column, or as records, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_versionforge_salesforce.salesforce.frames.json_lines import ROW, JsonLines
from tap_versionforge_salesforce.salesforce.objects.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column


# As lines


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the RECORD messages of one page have in common.

    Attributes:
        stream: The stream's name.
        time_extracted: When the page was here.
        version: Of a stream that is read whole; None for others.
    """

    stream: str
    time_extracted: datetime
    version: int | None

    def members(self) -> dict[str, object]:
        """Return what a message says, with `ROW` in the place of the record."""
        version = {} if self.version is None else {"version": self.version}
        return {
            "type": "RECORD",
            "stream": self.stream,
            "record": ROW,
            **version,
            "time_extracted": self.time_extracted.isoformat(),
        }


class LineMaker:
    """Makes the lines of one stream.

    The lines of a page have to be let go before those of the next are made; see `JsonLines`.

    Args:
        columns: The selected columns.
        numbers_are_texts: As the setting ``number_format`` has them.
    """

    def __init__(self, columns: Sequence[Column], *, numbers_are_texts: bool = False) -> None:
        self._lines = JsonLines(columns, numbers_are_texts=numbers_are_texts)

    def messages(self, frame: Frame, envelope: Envelope) -> memoryview:
        """Return a RECORD message for each row, in order, as UTF-8 lines.

        Args:
            frame: The rows, with a column for each queried column.
            envelope: What stands around each record.
        """
        return self._lines.lines(frame, around=envelope.members())


# As records


class PlainDecimal(Decimal):
    """A number whose text has no exponent, which `Decimal` would use below 0.000001."""

    @override
    def __str__(self) -> str:
        return format(self, "f")


def records(frame: Frame, columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    """Yield a record for each row, in order.

    Args:
        frame: The rows, with a column for each queried column.
        columns: The selected columns, in the order that their properties are to have.

    Returns:
        Dicts of JSON values; numbers with decimals are `Decimal`, compound fields objects made
        from their parts, or None where all parts are empty.
    """
    place = {name: n for n, name in enumerate(frame.table.columns)}
    readers = [(column.property_name, _reader(column, place)) for column in columns]
    for row in frame.table.iter_rows():
        yield {name: read(row) for name, read in readers}


def with_texts(record: dict[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its `Decimal`s as texts, as ``singer.decimal`` has them.

    Args:
        record: What a stream map has made.
        properties: Of its schema; what is a number there stays one.
    """
    return {
        name: value if _is_number(properties.get(name, {})) else _with_texts(value)
        for name, value in record.items()
    }


def _is_number(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", [])
    return not {"number", "integer"}.isdisjoint([types] if isinstance(types, str) else types)


def _with_texts(value: Any) -> Any:  # noqa: ANN401  of any kind that JSON has
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {name: _with_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_texts(each) for each in value]
    return value


def _reader(column: Column, place: dict[str, int]) -> Callable[[tuple[Any, ...]], Any]:
    if column.is_compound:
        parts = [(member, _reader(part, place)) for member, part in column.parts]
        return lambda row: _compound({member: read(row) for member, read in parts})
    at = place[column.name]
    if column.kind is Kind.NUMBER:
        return lambda row: None if row[at] is None else PlainDecimal(row[at])
    return lambda row: row[at]


def _compound(members: dict[str, Any]) -> dict[str, Any] | None:
    return None if all(value is None for value in members.values()) else members
