"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.spelling import (
    canonical_date,
    canonical_instant,
    canonical_integer,
    canonical_number,
    shown,
)
from tap_versionforge_salesforce.salesforce.frames.value_warnings import NUL_REMOVED, ValueWarning
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CANONICAL_NUMBER = r"^(?:0\.0|-?[1-9][0-9]*\.(?:0|[0-9]*[1-9])|-?0\.[0-9]*[1-9])$"
# Of the years from 1000 on; earlier ones are looked at by themselves.
_LEAP_YEAR = "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
_DAY = (
    r"(?:[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_CANONICAL_DATE = f"^{_DAY}$"
_CANONICAL_DATETIME = (
    f"^{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{{3}}(?:Z|\\+0000)$"
)
_SHORT_INTEGER = r"^-?[0-9]{1,18}$"
_PLAIN = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
# Fewer values than these are made canonical one by one sooner than in columns.
_FEW = 100
# As Java writes numbers from ten million on. A `Decimal(38, 18)` holds each of these.
_SCIENTIFIC = r"^-?[0-9]\.[0-9]{1,17}E(?:[0-9]|1[0-9])$|^-?[0-9]\.[0-9]{1,10}E-[1-8]$"


@dataclass(frozen=True, slots=True)
class _Rule:
    """How the values of a kind become canonical.

    Attributes:
        is_regular: Whether `made` is all that a value needs.
        problem: What a value is told to be of which nothing can be made.
        spell: What is made of one value; None where nothing can be.
        made: What is made of regular values; null of others, or anything.
        usual: What is made of values that are not regular and yet come often; others may stay.
    """

    is_regular: Callable[[pl.Expr], pl.Expr]
    problem: str
    spell: Callable[[str], Any] = lambda _: None
    made: Callable[[pl.Expr], pl.Expr] = lambda values: values
    usual: Callable[[pl.Expr], pl.Expr] = lambda values: values


def _usual_numbers(values: pl.Expr) -> pl.Expr:
    scientific = values.cast(pl.Decimal(38, 18), strict=False).cast(pl.String)
    decimals = (
        pl.when(values.str.contains(_SCIENTIFIC))
        .then(scientific)
        .when(values.str.contains(_PLAIN))
        .then(pl.when(values.str.contains(".", literal=True)).then(values).otherwise(values + "."))
    )
    stripped = decimals.str.strip_chars_end("0")
    whole = pl.when(stripped.str.ends_with(".")).then(stripped + "0").otherwise(stripped)
    return whole.replace("-0.0", "0.0")


_RULES = {
    Kind.NUMBER: _Rule(
        is_regular=lambda values: values.str.contains(_CANONICAL_NUMBER),
        problem="no finite number, made null",
        spell=canonical_number,
        usual=_usual_numbers,
    ),
    Kind.INTEGER: _Rule(
        is_regular=lambda values: values.str.contains(_SHORT_INTEGER),
        problem="no whole number, made null",
        spell=canonical_integer,
        made=lambda values: values.cast(pl.Int64, strict=False),
        # As Bulk may write them.
        usual=lambda values: values.str.strip_suffix(".0"),
    ),
    Kind.BOOLEAN: _Rule(
        is_regular=lambda values: values.is_in(["true", "false"]),
        problem="neither true nor false, made null",
        made=lambda values: values == "true",
    ),
    Kind.DATE: _Rule(
        is_regular=lambda values: values.str.contains(_CANONICAL_DATE),
        problem="no date, made null",
        spell=canonical_date,
    ),
    Kind.DATETIME: _Rule(
        is_regular=lambda values: values.str.contains(_CANONICAL_DATETIME),
        problem="no date-time, made null",
        spell=canonical_instant,
        # REST writes +0000, Bulk writes Z.
        made=lambda values: values.str.replace("+0000", "Z", literal=True),
    ),
}


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
    respelled = [
        _respelled(
            table[column.name],
            made[column.name],
            column.kind,
            ids,
            # What is none of its kind stays as it is.
            [] if column.as_text else value_warnings,
        )
        for column in columns
        if flags.get(_flag(column))
    ]
    made = made.with_columns(respelled)
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
        values, rule = pl.col(column.name), _RULES.get(column.kind)
        made.append(values if rule is None else rule.made(values))
        if rule is not None:
            odd.append((~rule.is_regular(values)).any().alias(_flag(column)))
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
    served: pl.Series,
    made: pl.Series,
    kind: Kind,
    ids: pl.Series,
    value_warnings: list[ValueWarning],
) -> pl.Series:
    """Return a column with the values that are not regular spelled; note those that can't be."""
    rule, values = _RULES[kind], pl.col(served.name)
    is_odd = ~rule.is_regular(values)
    at = served.to_frame().select(is_odd.arg_true()).to_series()
    if len(at) > _FEW:
        usual = served.gather(at).to_frame().select(rule.usual(values))
        made = made.scatter(at, usual.select(rule.made(values)).to_series())
        at = at.filter(usual.select(is_odd.fill_null(value=True)).to_series())
    spelled = [rule.spell(value) for value in served.gather(at)]
    lost = [int(at) for at, value in zip(at, spelled, strict=True) if value is None]
    if lost:
        first = lost[0]
        value_warnings.append(
            ValueWarning(
                served.name, rule.problem, len(lost), str(ids[first]), shown(served[first])
            )
        )
    return made.scatter(at, pl.Series(spelled, dtype=made.dtype))
