"""Frame → Singer RECORD messages: as lines, column by column, or as records, row by row."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
# Their canonical values are JSON as they are; those of all others are texts.
_JSON_AS_THEY_ARE = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN})


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

    def head(self) -> str:
        """Return what stands before the record."""
        return f'{{"type":"RECORD","stream":{json.dumps(self.stream)},"record":'

    def tail(self) -> str:
        """Return what stands behind the record."""
        version = "" if self.version is None else f',"version":{self.version}'
        return f'{version},"time_extracted":"{self.time_extracted.isoformat()}"}}'


class LineMaker:
    """Makes the lines of one stream.

    They are made in memory that is taken once: fresh memory for each page would cost nearly as
    much as all else that is done to it. So the lines of a page have to be let go before those of
    the next are made, which Python sees to: making them is an OSError otherwise.

    Args:
        columns: The selected columns.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._record = _object([(column.property_name, column) for column in columns])
        self._room = io.BytesIO()

    def messages(self, frame: Frame, envelope: Envelope) -> memoryview:
        """Return a RECORD message for each row, in order, as UTF-8 lines.

        Args:
            frame: The rows, with a column for each queried column.
            envelope: What stands around each record.
        """
        return self._lines(frame, pl.lit(envelope.head()), self._record, pl.lit(envelope.tail()))

    def objects(self, frame: Frame) -> memoryview:
        """Return each row's JSON object, without a message around it, as UTF-8 lines."""
        return self._lines(frame, self._record)

    def _lines(self, frame: Frame, *parts: pl.Expr) -> memoryview:
        self._room.seek(0)
        if frame.height:
            # JSON has no line break within it, so this writer of lines need not quote anything.
            frame.table.select(pl.concat_str(parts)).write_csv(
                self._room, include_header=False, quote_style="never"
            )
        return self._room.getbuffer()[: self._room.tell()]


def _object(members: Sequence[tuple[str, Column]]) -> pl.Expr:
    """Return each row's JSON object: what is no text first, and all texts in one stroke."""
    texts = [(name, column) for name, column in members if _is_text(column)]
    pieces = [pl.lit("{")]
    for name, column in members:
        if not _is_text(column):
            pieces += [pl.lit(f"{json.dumps(name)}:"), _value(column), pl.lit(",")]
    if not texts:
        return pl.concat_str([*pieces[:-1], pl.lit("}")])
    encoded = pl.struct(pl.col(column.name).alias(name) for name, column in texts)
    return pl.concat_str([*pieces, encoded.struct.json_encode().str.strip_prefix("{")])


def _is_text(column: Column) -> bool:
    return not column.is_compound and column.kind not in _JSON_AS_THEY_ARE


def _value(column: Column) -> pl.Expr:
    if not column.is_compound:
        return pl.col(column.name).cast(pl.String).fill_null("null")
    empty = pl.all_horizontal(pl.col(part.name).is_null() for part in column.queried)
    return pl.when(empty).then(pl.lit("null")).otherwise(_object(column.parts))


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
        Dicts of JSON values; numbers are `Decimal`, compound fields objects made from their
        parts, or None where all parts are empty.
    """
    place = {name: n for n, name in enumerate(frame.table.columns)}
    readers = [(column.property_name, _reader(column, place)) for column in columns]
    for row in frame.table.iter_rows():
        yield {name: read(row) for name, read in readers}


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
