"""Frame → a JSON object for each row, as lines, made column by column."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame

# Their canonical values are JSON as they are; those of all others are texts.
_JSON_AS_THEY_ARE = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN})


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
        bare = _JSON_AS_THEY_ARE - ({Kind.NUMBER} if numbers_are_texts else set())
        self._record = _object([(column.property_name, column) for column in columns], bare)
        self._room = io.BytesIO()

    def lines(self, frame: Frame, *, head: str = "", tail: str = "") -> memoryview:
        """Return the object of each row, in order, as UTF-8 lines.

        Args:
            frame: The rows, with a column for each queried column.
            head: What stands before each object.
            tail: What stands behind it.
        """
        parts = [pl.lit(head)] * bool(head) + [self._record] + [pl.lit(tail)] * bool(tail)
        self._room.seek(0)
        if frame.height:
            # JSON has no line break within it, so this writer of lines need not quote anything.
            frame.table.select(pl.concat_str(parts)).write_csv(
                self._room, include_header=False, quote_style="never"
            )
        return self._room.getbuffer()[: self._room.tell()]


def _object(members: Sequence[tuple[str, Column]], bare: AbstractSet[Kind]) -> pl.Expr:
    """Return each row's JSON object: what is no text first, and all texts in one stroke."""
    texts = [(name, column) for name, column in members if _is_text(column, bare)]
    pieces = [pl.lit("{")]
    for name, column in members:
        if not _is_text(column, bare):
            pieces += [pl.lit(f"{json.dumps(name)}:"), _value(column, bare), pl.lit(",")]
    if not texts:
        return pl.concat_str([*pieces[:-1], pl.lit("}")])
    encoded = pl.struct(pl.col(column.name).alias(name) for name, column in texts)
    return pl.concat_str([*pieces, encoded.struct.json_encode().str.strip_prefix("{")])


def _is_text(column: Column, bare: AbstractSet[Kind]) -> bool:
    return not column.is_compound and column.kind not in bare


def _value(column: Column, bare: AbstractSet[Kind]) -> pl.Expr:
    if not column.is_compound:
        return pl.col(column.name).cast(pl.String).fill_null("null")
    empty = pl.all_horizontal(pl.col(part.name).is_null() for part in column.queried)
    return pl.when(empty).then(pl.lit("null")).otherwise(_object(column.parts, bare))
