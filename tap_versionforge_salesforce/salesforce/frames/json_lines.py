"""Frame → a JSON object for each row, as lines, made column by column."""

from __future__ import annotations

import io
import json
from itertools import groupby
from typing import TYPE_CHECKING, Final

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.ways import as_doubles
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

#: The place of a row's object among what stands around it.
ROW: Final = object()


class JsonLines:
    """Makes the lines of rows with the same columns.

    They are made in memory that is taken once: fresh memory for each page would cost nearly as
    much as all else that is done to it. So the lines of a page have to be let go before those of
    the next are made, which Python sees to: making them is an OSError otherwise.

    Args:
        columns: The selected columns.
        numbers_are_texts: A number that is not whole is a text, which nobody rounds.
    """

    def __init__(self, columns: Sequence[Column], *, numbers_are_texts: bool = False) -> None:
        members = [(column.property_name, column) for column in columns]
        queried = {each.name: each for column in columns for each in column.queried}
        self._numbers = [
            name for name, each in queried.items() if _is_number(each) and not numbers_are_texts
        ]
        self._values = [_value(column).alias(name) for name, column in members]
        self._text = _text_of_object(members)
        self._room = io.BytesIO()

    def lines(self, frame: Frame, *, around: Mapping[str, object] | None = None) -> memoryview:
        """Return the object of each row, in order, as UTF-8 lines.

        Args:
            frame: The rows, with a column for each queried column.
            around: An object that each is a member of, with `ROW` in its place; None for none.
        """
        self._room.seek(0)
        if frame.height:
            table = as_doubles(frame.table, self._numbers)
            if table is not None:
                table.select(self._members(around)).write_ndjson(self._room)
            else:
                self._write_texts(frame.table, around)
        return self._room.getbuffer()[: self._room.tell()]

    def _members(self, around: Mapping[str, object] | None) -> Sequence[pl.Expr]:
        if around is None:
            return self._values
        return [
            (pl.struct(self._values) if value is ROW else pl.lit(value)).alias(name)
            for name, value in around.items()
        ]

    def _write_texts(self, table: pl.DataFrame, around: Mapping[str, object] | None) -> None:
        """Write lines in which each number has the digits of its text.

        The one way that holds any number, and half as fast: polars has no number type for them
        whose values it writes bare.
        """
        parts = [self._text]
        if around is not None:
            pieces = [
                f"{json.dumps(name)}:{'' if value is ROW else json.dumps(value)}"
                for name, value in around.items()
            ]
            place = list(around.values()).index(ROW) + 1
            head, tail = ",".join(pieces[:place]), "".join(f",{each}" for each in pieces[place:])
            parts = [pl.lit("{" + head), self._text, pl.lit(tail + "}")]
        # JSON has no line break within it, so this writer of lines need not quote anything.
        table.select(pl.concat_str(parts)).write_csv(
            self._room, include_header=False, quote_style="never"
        )


def _value(column: Column) -> pl.Expr:
    if not column.is_compound:
        return pl.col(column.name)
    members = pl.struct(_value(part).alias(name) for name, part in column.parts)
    return pl.when(~_is_empty(column)).then(members)


def _is_empty(compound: Column) -> pl.Expr:
    return pl.all_horizontal(pl.col(part.name).is_null() for part in compound.queried)


def _text_of_object(members: Sequence[tuple[str, Column]]) -> pl.Expr:
    """Return each row's JSON object: numbers by their texts, and what is between two in one go."""
    pieces: list[pl.Expr] = []
    before = "{"
    for has_number, run in groupby(members, lambda member: any(map(_is_number, member[1].queried))):
        if not has_number:
            others = pl.struct(_value(column).alias(name) for name, column in run)
            encoded = others.struct.json_encode().str.strip_prefix("{").str.strip_suffix("}")
            pieces += [pl.lit(before), encoded]
            before = ","
            continue
        for name, column in run:
            pieces += [pl.lit(f"{before}{json.dumps(name)}:"), _text_of_value(column)]
            before = ","
    return pl.concat_str([*pieces, pl.lit("}")])


def _is_number(column: Column) -> bool:
    return column.kind is Kind.NUMBER


def _text_of_value(column: Column) -> pl.Expr:
    if not column.is_compound:
        return pl.col(column.name).fill_null("null")
    return pl.when(_is_empty(column)).then(pl.lit("null")).otherwise(_text_of_object(column.parts))
