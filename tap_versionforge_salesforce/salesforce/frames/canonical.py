"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import NUL_REMOVED, ValueWarning
from tap_versionforge_salesforce.salesforce.frames.ways import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# Fewer values than these are made canonical one by one sooner than in columns.
_FEW = 30


def canonical(
    table: pl.DataFrame,
    columns: Sequence[Column],
    *,
    may_hold_nul: bool,
    rows_before: int = 0,
) -> tuple[pl.DataFrame, tuple[ValueWarning, ...]]:
    """Spell every value canonically.

    Columns of a kind are gone through as one, each behind the other: a step of polars costs as
    much as all that it does to a hundred values, and of five hundred columns a slice has few rows.

    Args:
        table: Texts as served, null where they are empty; a column for each queried one.
        columns: The queried columns.
        may_hold_nul: False where no text has a NUL character.
        rows_before: As for `row_names`.

    Returns:
        Canonical values, and what could not be kept as it was.
    """
    value_warnings: list[ValueWarning] = []
    ids = row_names(table, rows_before)
    served = {each.name: each for each in table.get_columns()}
    if may_hold_nul:
        served = {name: _without_nul(each, ids, value_warnings) for name, each in served.items()}
    made, lost = dict(served), list[ValueWarning]()
    for kind, rule in RULES.items():
        of_kind = [column for column in columns if column.kind is kind]
        if of_kind:
            made |= _of_kind([served[each.name] for each in of_kind], of_kind, rule, ids, lost)
    value_warnings += sorted(lost, key=lambda each: table.columns.index(each.column))
    for column in columns:
        if column.as_text:
            made[column.name] = _as_text(made[column.name], served[column.name])
    return pl.DataFrame(list(made.values())), tuple(value_warnings)


def _of_kind(
    served: Sequence[pl.Series],
    columns: Sequence[Column],
    rule: Rule,
    ids: pl.Series,
    value_warnings: list[ValueWarning],
) -> dict[str, pl.Series]:
    """Return what is made of all columns of a kind, by name.

    A page is nearly always regular, which one look can tell; only what is not is gone through
    again.

    Args:
        served: The values of each column.
        columns: Some at least.
        rule: Of their kind.
        ids: What a message calls each row.
        value_warnings: Takes what can't be kept.
    """
    rows = len(ids)
    # Chunk by chunk, each step would cost what it costs for a column alone.
    whole = pl.concat(served, rechunk=True)
    values = pl.col(whole.name)
    look = rule.regular.made(values), rule.regular.is_of(values).alias("is regular")
    made, is_regular = whole.to_frame().select(look).get_columns()
    if not is_regular.all():
        odd = (~is_regular).arg_true()
        found = _in_other_ways(whole[odd], rule, made.dtype)
        left = found.is_null()
        if left.any():
            places = odd.filter(left)
            spelled = [rule.spell(value) for value in whole[places]]
            found = found.scatter(left.arg_true(), pl.Series(spelled, dtype=made.dtype))
            lost = [place for place, value in zip(places, spelled, strict=True) if value is None]
            value_warnings += _warnings(lost, whole, columns, rule, ids)
        made = made.scatter(odd, found)
    return {
        column.name: made.slice(n * rows, rows).alias(column.name)
        for n, column in enumerate(columns)
    }


def _warnings(
    lost: Sequence[int],
    whole: pl.Series,
    columns: Sequence[Column],
    rule: Rule,
    ids: pl.Series,
) -> Iterator[ValueWarning]:
    """Yield what is told of the values of which nothing could be made, one for each column.

    Args:
        lost: Their places in all columns, in order.
        whole: The values of all columns.
        columns: Which these are.
        rule: Of their kind.
        ids: What a message calls each row.
    """
    rows = len(ids)
    for n, places in groupby(lost, key=lambda place: place // rows):
        first, *others = places
        # What is none of its kind stays as it is.
        if not columns[n].as_text:
            record_id, value = str(ids[first % rows]), shown(whole[first])
            count = 1 + len(others)
            yield ValueWarning(columns[n].name, rule.problem, count, record_id, value)


def _as_text(made: pl.Series, served: pl.Series) -> pl.Series:
    texts: pl.Series = made.cast(pl.String).zip_with(made.is_not_null(), served)
    return texts


def row_names(table: pl.DataFrame, rows_before: int = 0) -> pl.Series:
    """Return what a message calls each row: its Id, or its place where it has none.

    Args:
        table: The rows.
        rows_before: Of the same page.
    """
    if "Id" in table.columns:
        return table["Id"]
    places: pl.Series = (pl.int_range(1, table.height + 1, eager=True) + rows_before).cast(
        pl.String
    )
    return places


def _without_nul(
    series: pl.Series, ids: pl.Series, value_warnings: list[ValueWarning]
) -> pl.Series:
    holds_nul = series.str.contains("\x00", literal=True)
    if not holds_nul.any():
        return series
    counted = int(series.str.count_matches("\x00", literal=True).sum())
    first = holds_nul.arg_true()[0]
    value_warnings.append(
        ValueWarning(series.name, NUL_REMOVED, counted, str(ids[first]), shown(series[first]))
    )
    removed = series.str.replace_all("\x00", "", literal=True)
    empty: pl.Series = pl.Series([None], dtype=pl.String)
    kept: pl.Series = removed.zip_with(removed != "", empty)
    return kept


def _in_other_ways(odd: pl.Series, rule: Rule, dtype: pl.DataType) -> pl.Series:
    """Return what is made of values in the ways that come besides; null of those in none."""
    if len(odd) < _FEW or not rule.others:
        return pl.Series(odd.name, [None] * len(odd), dtype=dtype)
    values = pl.col(odd.name)
    made: pl.Expr = pl.lit(None, dtype=dtype)
    for way in reversed(rule.others):
        made = pl.when(way.is_of(values)).then(way.made(values)).otherwise(made)
    return odd.to_frame().select(made.alias(odd.name)).to_series()
