"""Frame → Singer records."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_versionforge_salesforce.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_versionforge_salesforce.frames import Frame


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
    readers = [(column.name, _reader(column, place)) for column in columns]
    for row in frame.table.iter_rows():
        yield {name: read(row) for name, read in readers}


def _reader(column: Column, place: dict[str, int]) -> Callable[[tuple[Any, ...]], Any]:
    if column.kind is Kind.COMPOUND:
        parts = [(member, _reader(part, place)) for member, part in column.parts]
        return lambda row: _compound({member: read(row) for member, read in parts})
    at = place[column.name]
    if column.kind is Kind.NUMBER:
        return lambda row: None if row[at] is None else PlainDecimal(row[at])
    return lambda row: row[at]


def _compound(members: dict[str, Any]) -> dict[str, Any] | None:
    return None if all(value is None for value in members.values()) else members
