"""Frame → columns of the types that a Parquet file has."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polars.datatypes.classes import TemporalType

_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.BOOLEAN: pl.Boolean(),
    Kind.INTEGER: pl.Int64(),
    # 20 digits before the point and 18 behind it: all that a field of Salesforce's can be set to.
    Kind.NUMBER: pl.Decimal(38, 18),
    Kind.DATE: pl.Date(),
    Kind.DATETIME: pl.Datetime("ms", "UTC"),
    # A time of Parquet's has no zone, and targets would show it without the Z of the messages.
    Kind.TIME: pl.String(),
}
_FORMATS = {
    Kind.DATE: "%Y-%m-%d",
    Kind.DATETIME: "%Y-%m-%dT%H:%M:%S%.3fZ",
}
_TOO_FINE = r"\.[0-9]{19}"


def typed(frame: Frame, columns: Sequence[Column]) -> Frame:
    """Return the selected columns with the types that a Parquet file has for them.

    Args:
        frame: The rows, with a column for each queried column.
        columns: The selected columns.

    Returns:
        Decimals, dates, UTC date-times, texts and structs. Its oddities are the values that such
        a column can't hold, which are null there.
    """
    value_warnings: list[ValueWarning] = []
    series = [
        _typed_column(frame, column, value_warnings).alias(column.property_name)
        for column in columns
    ]
    # A part that is selected beside its compound is one column of the org's, and told once.
    return Frame(pl.DataFrame(series), tuple(dict.fromkeys(value_warnings)))


def _typed_column(frame: Frame, column: Column, value_warnings: list[ValueWarning]) -> pl.Series:
    if not column.is_compound:
        return _typed_series(frame, column, value_warnings)
    members = [
        _typed_series(frame, part, value_warnings).alias(member) for member, part in column.parts
    ]
    table = pl.DataFrame(members)
    is_empty = table.select(pl.all_horizontal(pl.all().is_null())).to_series()
    whole = pl.when(~is_empty).then(pl.struct(pl.all())).alias(column.name)
    return table.select(whole).to_series()


def _typed_series(frame: Frame, column: Column, value_warnings: list[ValueWarning]) -> pl.Series:
    given, wanted = frame.table[column.name], _TYPES[column.kind]
    if given.dtype == wanted:
        return given
    if column.kind is Kind.NUMBER:
        held = given.set(given.str.contains(_TOO_FINE).fill_null(value=False), None)
        made: pl.Series = held.cast(wanted, strict=False)
    else:
        temporal = cast("TemporalType", wanted)
        made = given.str.strptime(temporal, _FORMATS[column.kind], strict=False)
    lost = (made.is_null() & given.is_not_null()).arg_true()
    if not lost.is_empty():
        first = lost[0]
        value_warnings.append(
            ValueWarning(
                column.name,
                f"no {wanted} and null in the Parquet file",
                len(lost),
                frame.row_name(first),
                shown(str(given[first])),
            )
        )
    return made
