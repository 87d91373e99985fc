"""Frame → columns of real types: decimals, dates, instants, structs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polars.datatypes.classes import TemporalType

#: The type of the values of each kind.
TYPES: Mapping[Kind, pl.DataType] = MappingProxyType(
    {
        Kind.TEXT: pl.String(),
        Kind.BOOLEAN: pl.Boolean(),
        Kind.INTEGER: pl.Int64(),
        # 20 digits before the point, 18 behind it: all that a field of Salesforce's can be set to.
        Kind.NUMBER: pl.Decimal(38, 18),
        Kind.DATE: pl.Date(),
        Kind.DATETIME: pl.Datetime("ms", "UTC"),
        Kind.TIME: pl.Time(),
    }
)
_FORMATS = {
    Kind.DATE: "%Y-%m-%d",
    Kind.DATETIME: "%Y-%m-%dT%H:%M:%S%.3fZ",
    Kind.TIME: "%H:%M:%S%.3fZ",
}
_TOO_FINE = r"\.[0-9]{19}"


def typed(
    frame: Frame, columns: Sequence[Column], types: Mapping[Kind, pl.DataType] = TYPES
) -> Frame:
    """Return the selected columns with real types.

    Args:
        frame: The rows, with a column for each queried column.
        columns: The selected columns.
        types: Of the values of each kind; text keeps any of them as it is.

    Returns:
        Columns by the names of their properties; compound ones are structs. Its oddities are the
        values that their type can't hold, which are null there: nothing is rounded.
    """
    value_warnings: list[ValueWarning] = []
    series = [
        _typed_column(frame, column, types, value_warnings).alias(column.property_name)
        for column in columns
    ]
    # A part that is selected beside its compound is one column of the org's, and told once.
    return Frame(pl.DataFrame(series), tuple(dict.fromkeys(value_warnings)))


def schema_of(
    columns: Sequence[Column], types: Mapping[Kind, pl.DataType] = TYPES
) -> dict[str, pl.DataType]:
    """Return the types of what `typed` returns, by name.

    Args:
        columns: The selected columns.
        types: Of the values of each kind.
    """
    return {column.property_name: _type_of(column, types) for column in columns}


def _type_of(column: Column, types: Mapping[Kind, pl.DataType]) -> pl.DataType:
    if column.is_compound:
        return pl.Struct({member: _type_of(part, types) for member, part in column.parts})
    return types[column.kind]


def _typed_column(
    frame: Frame,
    column: Column,
    types: Mapping[Kind, pl.DataType],
    value_warnings: list[ValueWarning],
) -> pl.Series:
    if not column.is_compound:
        return _typed_series(frame, column, types[column.kind], value_warnings)
    members = [
        _typed_column(frame, part, types, value_warnings).alias(member)
        for member, part in column.parts
    ]
    table = pl.DataFrame(members)
    is_empty = table.select(pl.all_horizontal(pl.all().is_null())).to_series()
    whole = pl.when(~is_empty).then(pl.struct(pl.all())).alias(column.name)
    return table.select(whole).to_series()


def _typed_series(
    frame: Frame, column: Column, wanted: pl.DataType, value_warnings: list[ValueWarning]
) -> pl.Series:
    given = frame.table[column.name]
    if given.dtype == wanted:
        return given
    made: pl.Series
    if wanted == pl.String:
        made = given.cast(wanted)
        return made
    if column.kind is Kind.NUMBER:
        held = given.set(given.str.contains(_TOO_FINE).fill_null(value=False), None)
        made = held.cast(wanted, strict=False)
    else:
        temporal = cast("TemporalType", wanted)
        made = given.str.strptime(temporal, _FORMATS[column.kind], strict=False)
    lost = (made.is_null() & given.is_not_null()).arg_true()
    if not lost.is_empty():
        first = lost[0]
        value_warnings.append(
            ValueWarning(
                column.name,
                f"no {wanted}",
                len(lost),
                frame.row_name(first),
                shown(str(given[first])),
            )
        )
    return made
