"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from functools import lru_cache
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
    table: pl.DataFrame, columns: Sequence[Column], *, may_hold_nul: bool
) -> tuple[pl.DataFrame, tuple[ValueWarning, ...]]:
    """Spell every value canonically.

    A page is nearly always regular, which one look at all columns at once can tell; only the
    columns in which something is not are gone through again, and only for that.

    Args:
        table: Texts as served, null where they are empty; a column for each queried one.
        columns: The queried columns.
        may_hold_nul: False where no text has a NUL character.

    Returns:
        Canonical values, and what could not be kept as it was.
    """
    value_warnings: list[ValueWarning] = []
    ids = row_names(table)
    if may_hold_nul:
        table = pl.DataFrame([_without_nul(table[c.name], ids, value_warnings) for c in columns])
    seen = table.select(_first_look(tuple(columns)))
    made = seen.select(table.columns)
    flags = seen.row(0, named=True) if seen.height else {}
    odd = [column for column in columns if flags.get(_flag(column))]
    lost: list[ValueWarning] = []
    made = made.with_columns(_respelled(table, made, odd, ids, lost))
    value_warnings += sorted(lost, key=lambda each: table.columns.index(each.column))
    texts = [
        _as_text(made[column.name], table[column.name]) for column in columns if column.as_text
    ]
    return made.with_columns(texts), tuple(value_warnings)


def _as_text(made: pl.Series, served: pl.Series) -> pl.Series:
    texts: pl.Series = made.cast(pl.String).zip_with(made.is_not_null(), served)
    return texts


def row_names(table: pl.DataFrame) -> pl.Series:
    """Return what a message calls each row: its Id, or its place where it has none."""
    if "Id" in table.columns:
        return table["Id"]
    places: pl.Series = pl.int_range(1, table.height + 1, eager=True).cast(pl.String)
    return places


@lru_cache(maxsize=8)
def _first_look(columns: tuple[Column, ...]) -> list[pl.Expr]:
    """Return what is made of each column, and whether each has a value that is not regular."""
    made, odd = [], []
    for column in columns:
        values, rule = pl.col(column.name), RULES.get(column.kind)
        made.append(values if rule is None else rule.regular.made(values))
        if rule is not None:
            odd.append((~rule.regular.is_of(values)).any().alias(_flag(column)))
    return made + odd


def _flag(column: Column) -> str:
    # No field has a blank in its name.
    return f"{column.name} is odd"


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


def _respelled(
    table: pl.DataFrame,
    made: pl.DataFrame,
    odd: Sequence[Column],
    ids: pl.Series,
    value_warnings: list[ValueWarning],
) -> Iterator[pl.Series]:
    """Yield the columns in which some values are not regular, with these spelled.

    Columns of a kind are gone through together: a step of polars costs as much as all that it does
    to a hundred values.

    Args:
        table: As served.
        made: What is made of it as if all were regular.
        odd: The columns that have others.
        ids: What a message calls each row.
        value_warnings: Takes what can't be kept.
    """
    are_odd = [_is_odd(column).arg_true().implode().alias(column.name) for column in odd]
    places = table.select(are_odd)
    for kind in dict.fromkeys(column.kind for column in odd):
        rule, of_kind = RULES[kind], [column for column in odd if column.kind is kind]
        at = [places[column.name][0] for column in of_kind]
        served = [table[column.name][each] for column, each in zip(of_kind, at, strict=True)]
        together = pl.concat([values.rename("") for values in served])
        respelled, start = _in_other_ways(together, rule, made[of_kind[0].name].dtype), 0
        for column, each, values in zip(of_kind, at, served, strict=True):
            # What is none of its kind stays as it is.
            told = [] if column.as_text else value_warnings
            found = respelled.slice(start, len(values))
            found = _spelled(values, found, rule, ids[each], told)
            yield made[column.name].scatter(each, found)
            start += len(values)


def _is_odd(column: Column) -> pl.Expr:
    return ~RULES[column.kind].regular.is_of(pl.col(column.name))


def _spelled(
    served: pl.Series,
    respelled: pl.Series,
    rule: Rule,
    ids: pl.Series,
    value_warnings: list[ValueWarning],
) -> pl.Series:
    """Return values with those spelled one by one for which there is no other way yet."""
    if not respelled.null_count():
        return respelled
    left = respelled.is_null().arg_true()
    spelled = [rule.spell(value) for value in served[left]]
    lost = [int(place) for place, value in zip(left, spelled, strict=True) if value is None]
    if lost:
        first = lost[0]
        record_id, value = str(ids[first]), shown(served[first])
        value_warnings.append(ValueWarning(served.name, rule.problem, len(lost), record_id, value))
    return respelled.scatter(left, pl.Series(spelled, dtype=respelled.dtype))


def _in_other_ways(odd: pl.Series, rule: Rule, dtype: pl.DataType) -> pl.Series:
    """Return what is made of values in the ways that come besides; null of those in none."""
    if len(odd) < _FEW or not rule.others:
        return pl.Series(odd.name, [None] * len(odd), dtype=dtype)
    values = pl.col(odd.name)
    made: pl.Expr = pl.lit(None, dtype=dtype)
    for way in reversed(rule.others):
        made = pl.when(way.is_of(values)).then(way.made(values)).otherwise(made)
    return odd.to_frame().select(made.alias(odd.name)).to_series()
