"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

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
    from collections.abc import Callable, Iterator, Sequence

_CANONICAL_NUMBER = r"^(?:0\.0|-?[1-9][0-9]*\.(?:0|[0-9]*[1-9])|-?0\.[0-9]*[1-9])$"
# Of the years from 1000 on; earlier ones are looked at by themselves.
_LEAP_YEAR = "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
_DAY = (
    r"(?:[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_CANONICAL_DATE = f"^{_DAY}$"
_SECOND = "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_CANONICAL_DATETIME = f"^{_DAY}{_SECOND}\\.[0-9]{{3}}(?:Z|\\+0000)$"
# Of the years from 1 to 999, but for their leap days.
_EARLY_DAY = (
    r"0(?:[0-9]{2}[1-9]|[0-9][1-9]0|[1-9]00)-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_EARLY_DATE = f"^{_EARLY_DAY}$"
_USUAL_DATETIME = f"^{_DAY}{_SECOND}(?:\\.[0-9]{{3}})?(?:Z|[+-]00:?00)$"
_WHOLE_SECOND, _MILLISECONDS = len("2026-11-28T07:54:00"), len(".000")
_SHORT_INTEGER = r"^-?[0-9]{1,18}$"
_POINTED_INTEGER = r"^-?[0-9]{1,18}\.0$"
_PLAIN = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
# Fewer values than these are made canonical one by one sooner than in columns.
_FEW = 30
# As Java writes numbers from ten million on. A `Decimal(38, 18)` holds each of these.
_SCIENTIFIC = r"^-?[0-9]\.[0-9]{1,17}E(?:[0-9]|1[0-9])$|^-?[0-9]\.[0-9]{1,10}E-[1-8]$"
# A double gives back fifteen digits as they were (DBL_DIG), and its shortest text has them; between
# these bounds polars writes that text without an exponent.
_DIGITS_OF_DOUBLE = 15
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e15
_LENGTH_OF_ZERO = len("-0.00")


class _Way(NamedTuple):
    """One way in which values of a kind are spelled.

    Attributes:
        is_of: Whether a value is spelled so.
        made: What is made of those; null of others, or anything.
    """

    is_of: Callable[[pl.Expr], pl.Expr]
    made: Callable[[pl.Expr], pl.Expr] = lambda values: values


@dataclass(frozen=True, slots=True)
class _Rule:
    """How the values of a kind become canonical.

    Attributes:
        regular: The way in which nearly all are spelled.
        others: Ways that come besides, each tried where those before it do not fit.
        spell: What is made of one value that is spelled in none of them; None where nothing can be.
        problem: What a value is told to be of which nothing can be made.
    """

    regular: _Way
    problem: str
    others: tuple[_Way, ...] = ()
    spell: Callable[[str], Any] = lambda _: None


def _is_short_number(values: pl.Expr) -> pl.Expr:
    """Tell whether a double holds a number without a loss, however it is spelled."""
    size = values.cast(pl.Float64, strict=False).abs()
    length = values.str.len_bytes()
    # Of a longer text it may be so small that a double has nothing of it.
    is_zero = (size == 0) & (length <= _LENGTH_OF_ZERO)
    is_plain = (size < _LARGEST_PLAIN) & ((size >= _SMALLEST_PLAIN) | is_zero)
    return is_plain & (length <= _DIGITS_OF_DOUBLE)


def _short_numbers(values: pl.Expr) -> pl.Expr:
    numbers = values.cast(pl.Float64, strict=False)
    # No minus before zero.
    return pl.when(numbers == 0).then(numbers.abs()).otherwise(numbers).cast(pl.String)


def _long_numbers(values: pl.Expr) -> pl.Expr:
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


def _is_long_number(values: pl.Expr) -> pl.Expr:
    return _long_numbers(values).str.contains(_CANONICAL_NUMBER)


def _whole_numbers(values: pl.Expr) -> pl.Expr:
    return values.str.strip_suffix(".0").cast(pl.Int64, strict=False)


def _is_usual_datetime(values: pl.Expr) -> pl.Expr:
    # Within the years that SOQL can hold; others are looked at one by one.
    return values.str.contains(_USUAL_DATETIME) & (values >= "1701") & (values < "4000")


def _datetimes(values: pl.Expr) -> pl.Expr:
    """Return date-times in UTC, with or without milliseconds, in the one spelling."""
    fraction = values.str.slice(_WHOLE_SECOND, _MILLISECONDS)
    has_fraction = fraction.str.starts_with(".")
    milliseconds = pl.when(has_fraction).then(fraction).otherwise(pl.lit(".000"))
    return pl.concat_str(values.str.slice(0, _WHOLE_SECOND), milliseconds, pl.lit("Z"))


_RULES = {
    Kind.NUMBER: _Rule(
        _Way(lambda values: values.str.contains(_CANONICAL_NUMBER)),
        problem="no finite number, made null",
        others=(_Way(_is_short_number, _short_numbers), _Way(_is_long_number, _long_numbers)),
        spell=canonical_number,
    ),
    Kind.INTEGER: _Rule(
        _Way(
            lambda values: values.str.contains(_SHORT_INTEGER),
            lambda values: values.cast(pl.Int64, strict=False),
        ),
        problem="no whole number, made null",
        # As Bulk may write them.
        others=(_Way(lambda values: values.str.contains(_POINTED_INTEGER), _whole_numbers),),
        spell=canonical_integer,
    ),
    Kind.BOOLEAN: _Rule(
        _Way(lambda values: values.is_in(["true", "false"]), lambda values: values == "true"),
        problem="neither true nor false, made null",
    ),
    Kind.DATE: _Rule(
        _Way(lambda values: values.str.contains(_CANONICAL_DATE)),
        problem="no date, made null",
        others=(_Way(lambda values: values.str.contains(_EARLY_DATE)),),
        spell=canonical_date,
    ),
    Kind.DATETIME: _Rule(
        _Way(
            lambda values: values.str.contains(_CANONICAL_DATETIME),
            # REST writes +0000, Bulk writes Z.
            lambda values: values.str.replace("+0000", "Z", literal=True),
        ),
        problem="no date-time, made null",
        others=(_Way(_is_usual_datetime, _datetimes),),
        spell=canonical_instant,
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
    odd = [column for column in columns if flags.get(_flag(column))]
    made = made.with_columns(_respelled(table, made, odd, value_warnings))
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
    value_warnings: list[ValueWarning],
) -> Iterator[pl.Series]:
    """Yield the columns in which some values are not regular, with these spelled.

    Columns of a kind are gone through together: a step of polars costs as much as all that it does
    to a hundred values.

    Args:
        table: As served.
        made: What is made of it as if all were regular.
        odd: The columns that have others.
        value_warnings: Takes what can't be kept.
    """
    are_odd = [_is_odd(column).arg_true().implode().alias(column.name) for column in odd]
    at = table.select(are_odd)
    for kind in dict.fromkeys(column.kind for column in odd):
        places = {c.name: at[c.name][0] for c in odd if c.kind is kind}
        served = [table[name][places[name]].rename("") for name in places]
        respelled = _in_other_ways(pl.concat(served), _RULES[kind], made[next(iter(places))].dtype)
        start = 0
        for column in (column for column in odd if column.kind is kind):
            # What is none of its kind stays as it is.
            told = [] if column.as_text else value_warnings
            place, values = places[column.name], table[column.name][places[column.name]]
            found = _spelled(
                values,
                respelled.slice(start, len(values)),
                _RULES[kind],
                row_names(table),
                place,
                told,
            )
            start += len(values)
            yield made[column.name].scatter(place, found)


def _is_odd(column: Column) -> pl.Expr:
    return ~_RULES[column.kind].regular.is_of(pl.col(column.name))


def _spelled(
    served: pl.Series,
    respelled: pl.Series,
    rule: _Rule,
    ids: pl.Series,
    at: pl.Series,
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
        record_id, value = str(ids[int(at[first])]), shown(served[first])
        value_warnings.append(ValueWarning(served.name, rule.problem, len(lost), record_id, value))
    return respelled.scatter(left, pl.Series(spelled, dtype=respelled.dtype))


def _in_other_ways(odd: pl.Series, rule: _Rule, dtype: pl.DataType) -> pl.Series:
    """Return what is made of values in the ways that come besides; null of those in none."""
    if len(odd) < _FEW or not rule.others:
        return pl.Series(odd.name, [None] * len(odd), dtype=dtype)
    values = pl.col(odd.name)
    made: pl.Expr = pl.lit(None, dtype=dtype)
    for way in reversed(rule.others):
        made = pl.when(way.is_of(values)).then(way.made(values)).otherwise(made)
    return odd.to_frame().select(made.alias(odd.name)).to_series()
