"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from tap_versionforge_salesforce.columns import Column, Kind
from tap_versionforge_salesforce.oddities import NUL_REMOVED, Oddity
from tap_versionforge_salesforce.spelling import (
    canonical_date,
    canonical_instant,
    canonical_integer,
    canonical_number,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CANONICAL_NUMBER = r"^(?:0\.0|-?[1-9][0-9]*\.(?:0|[0-9]*[1-9])|-?0\.[0-9]*[1-9])$"
# Days that exist in every year; 29 February and early years are looked at by themselves.
_DAY = (
    r"[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_CANONICAL_DATE = f"^{_DAY}$"
_CANONICAL_DATETIME = f"^{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{{3}}Z$"
_SHORT_INTEGER = r"^-?[0-9]{1,18}$"


def canonical(
    table: pl.DataFrame, columns: Sequence[Column], *, may_hold_nul: bool
) -> tuple[pl.DataFrame, tuple[Oddity, ...]]:
    """Spell every value canonically.

    A page is nearly always regular, which one look at all columns at once can tell; only the
    columns in which something is not are gone through value by value.

    Args:
        table: Texts as served, null where they are empty; a column for each queried one.
        columns: The queried columns.
        may_hold_nul: False where no text has a NUL character.

    Returns:
        Canonical values, and what could not be kept as it was.
    """
    oddities: list[Oddity] = []
    ids = table["Id"]
    if may_hold_nul:
        table = pl.DataFrame([_without_nul(table[c.name], ids, oddities) for c in columns])
    looks = [
        (~_IS_REGULAR[column.kind](pl.col(column.name))).any().alias(column.name)
        for column in columns
        if column.kind in _IS_REGULAR
    ]
    is_irregular = table.select(looks).row(0, named=True) if looks else {}
    done = [
        _CANONICAL[column.kind](table[column.name], ids, oddities)
        if is_irregular.get(column.name)
        else _AS_IT_IS.get(column.kind, _unchanged)(pl.col(column.name))
        for column in columns
    ]
    return table.select(done), tuple(oddities)


def _without_nul(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    holds_nul = series.str.contains("\x00", literal=True)
    if not holds_nul.any():
        return series
    counted = int(series.str.count_matches("\x00", literal=True).sum())
    first = holds_nul.arg_true()[0]
    oddities.append(
        Oddity(series.name, NUL_REMOVED, counted, str(ids[first]), shown(series[first]))
    )
    removed = series.str.replace_all("\x00", "", literal=True)
    empty: pl.Series = pl.Series([None], dtype=pl.String)
    kept: pl.Series = removed.zip_with(removed != "", empty)
    return kept


def _respelled(
    series: pl.Series,
    regular: pl.Series,
    spell: Callable[[str], Any],
    result: pl.Series,
) -> tuple[pl.Series, list[int]]:
    """Fill the result where the source is not regular; tell where nothing could be made of it."""
    odd = (~regular).fill_null(value=False).arg_true()
    if odd.is_empty():
        return result, []
    spelled = [spell(value) for value in series.gather(odd)]
    lost = [int(at) for at, value in zip(odd, spelled, strict=True) if value is None]
    return result.scatter(odd, pl.Series(spelled, dtype=result.dtype)), lost


def _note_lost(
    problem: str, series: pl.Series, lost: list[int], ids: pl.Series, oddities: list[Oddity]
) -> None:
    if lost:
        first = lost[0]
        oddities.append(
            Oddity(series.name, problem, len(lost), str(ids[first]), shown(series[first]))
        )


def _number(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_CANONICAL_NUMBER)
    result, lost = _respelled(series, regular, canonical_number, series.clone())
    _note_lost("no finite number, made null", series, lost, ids, oddities)
    return result


def _integer(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_SHORT_INTEGER)
    result, lost = _respelled(
        series, regular, canonical_integer, series.cast(pl.Int64, strict=False)
    )
    _note_lost("no whole number, made null", series, lost, ids, oddities)
    return result


def _boolean(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    true, regular = series == "true", series.is_in(["true", "false"])
    result, lost = _respelled(
        series,
        regular,
        lambda _: None,
        true.alias(series.name).zip_with(
            regular.fill_null(value=False), pl.Series([None], dtype=pl.Boolean)
        ),
    )
    _note_lost("neither true nor false, made null", series, lost, ids, oddities)
    return result


def _date(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_CANONICAL_DATE)
    result, lost = _respelled(series, regular, canonical_date, series.clone())
    _note_lost("no date, made null", series, lost, ids, oddities)
    return result


def _datetime(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    # REST writes +0000, Bulk writes Z.
    zulu = series.str.replace("+0000", "Z", literal=True)
    regular = zulu.str.contains(_CANONICAL_DATETIME)
    result, lost = _respelled(zulu, regular, canonical_instant, zulu.clone())
    _note_lost("no date-time, made null", series, lost, ids, oddities)
    return result


def _unchanged(values: pl.Expr) -> pl.Expr:
    return values


#: By kind: whether values have their canonical spelling, or one that `_AS_IT_IS` can take.
_IS_REGULAR: dict[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.NUMBER: lambda values: values.str.contains(_CANONICAL_NUMBER),
    Kind.INTEGER: lambda values: values.str.contains(_SHORT_INTEGER),
    Kind.BOOLEAN: lambda values: values.is_in(["true", "false"]),
    Kind.DATE: lambda values: values.str.contains(_CANONICAL_DATE),
    Kind.DATETIME: lambda values: values.str.contains(_CANONICAL_DATETIME),
}
#: By kind: what is made of regular values where they do not stay what they are.
_AS_IT_IS: dict[Kind, Callable[[pl.Expr], pl.Expr]] = {
    Kind.INTEGER: lambda values: values.cast(pl.Int64),
    Kind.BOOLEAN: lambda values: values == "true",
}
_CANONICAL: dict[Kind, Callable[[pl.Series, pl.Series, list[Oddity]], pl.Series]] = {
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
}
