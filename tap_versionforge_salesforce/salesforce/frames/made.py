"""Rows that no API has served → a Frame: what the tap knows itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.objects.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column

_TYPES = {Kind.BOOLEAN: pl.Boolean, Kind.INTEGER: pl.Int64}


def frame_of(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Frame:
    """Return rows as a Frame.

    Args:
        columns: Texts, whole numbers and booleans.
        rows: Their values, canonical as they are.
    """
    types = {column.name: _TYPES.get(column.kind, pl.String) for column in columns}
    return Frame(pl.DataFrame(list(rows), schema=types, orient="row"))
