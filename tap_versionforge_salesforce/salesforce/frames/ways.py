"""In which ways Salesforce spells numbers, dates and date-times, and what is made of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.spelling import (
    canonical_date,
    canonical_instant,
    canonical_integer,
    canonical_number,
)
from tap_versionforge_salesforce.salesforce.objects.columns import Kind

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
# As Java writes numbers from ten million on. A `Decimal(38, 18)` holds each of these.
_SCIENTIFIC = r"^-?[0-9]\.[0-9]{1,17}E(?:[0-9]|1[0-9])$|^-?[0-9]\.[0-9]{1,10}E-[1-8]$"
# A double gives back fifteen digits as they were (DBL_DIG), and its shortest text has them; between
# these bounds polars writes that text without an exponent.
_DIGITS_OF_DOUBLE = 15
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e15
_LENGTH_OF_ZERO = len("-0.00")
# A cast takes longer exponents, which a value that is looked at by itself can't have.
_SHORT_NUMBER = r"^[+-]?[0-9.]+(?:[eE][+-]?[0-9]{1,4})?$"


class Way(NamedTuple):
    """One way in which values of a kind are spelled.

    Attributes:
        is_of: Whether a value is spelled so.
        made: What is made of those; null of others, or anything.
    """

    is_of: Callable[[pl.Expr], pl.Expr]
    made: Callable[[pl.Expr], pl.Expr] = lambda values: values


@dataclass(frozen=True, slots=True)
class Rule:
    """How the values of a kind become canonical.

    Attributes:
        regular: The way in which nearly all are spelled.
        others: Ways that come besides, each tried where those before it do not fit.
        spell: What is made of one value that is spelled in none of them; None where nothing can be.
        problem: What a value is told to be of which nothing can be made.
    """

    regular: Way
    problem: str
    others: tuple[Way, ...] = ()
    spell: Callable[[str], Any] = lambda _: None


def _is_short_number(values: pl.Expr) -> pl.Expr:
    """Tell whether a double holds a number without a loss, however it is spelled."""
    size = values.cast(pl.Float64, strict=False).abs()
    length = values.str.len_bytes()
    # Of a longer text it may be so small that a double has nothing of it.
    is_zero = (size == 0) & (length <= _LENGTH_OF_ZERO)
    is_plain = (size < _LARGEST_PLAIN) & ((size >= _SMALLEST_PLAIN) | is_zero)
    return is_plain & (length <= _DIGITS_OF_DOUBLE) & values.str.contains(_SHORT_NUMBER)


def _short_numbers(values: pl.Expr) -> pl.Expr:
    numbers = values.cast(pl.Float64, strict=False)
    # No minus before zero.
    return pl.when(numbers == 0).then(numbers.abs()).otherwise(numbers).cast(pl.String)


def as_doubles(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame | None:
    """Return a table with columns of numbers as doubles, whose texts are what they were made of.

    Args:
        table: Canonical values.
        names: The columns that have numbers.

    Returns:
        None where a double does not hold some number as it is.
    """
    if not names:
        return table
    texts = pl.concat([table[name] for name in names], rechunk=True)
    if (texts.str.len_bytes() > _DIGITS_OF_DOUBLE + len(".")).any():
        return None
    numbers = texts.cast(pl.Float64)
    size = numbers.abs()
    if ((size > 0) & (size < _SMALLEST_PLAIN)).any():
        return None
    rows = table.height
    return table.with_columns(
        numbers.slice(n * rows, rows).alias(name) for n, name in enumerate(names)
    )


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


#: How the values of each kind become canonical; those of others are texts.
RULES = {
    Kind.NUMBER: Rule(
        Way(lambda values: values.str.contains(_CANONICAL_NUMBER)),
        problem="no finite number, made null",
        others=(Way(_is_short_number, _short_numbers), Way(_is_long_number, _long_numbers)),
        spell=canonical_number,
    ),
    Kind.INTEGER: Rule(
        Way(
            lambda values: values.str.contains(_SHORT_INTEGER),
            lambda values: values.cast(pl.Int64, strict=False),
        ),
        problem="no whole number, made null",
        # As Bulk may write them.
        others=(Way(lambda values: values.str.contains(_POINTED_INTEGER), _whole_numbers),),
        spell=canonical_integer,
    ),
    Kind.BOOLEAN: Rule(
        Way(lambda values: values.is_in(["true", "false"]), lambda values: values == "true"),
        problem="neither true nor false, made null",
    ),
    Kind.DATE: Rule(
        Way(lambda values: values.str.contains(_CANONICAL_DATE)),
        problem="no date, made null",
        others=(Way(lambda values: values.str.contains(_EARLY_DATE)),),
        spell=canonical_date,
    ),
    Kind.DATETIME: Rule(
        Way(
            lambda values: values.str.contains(_CANONICAL_DATETIME),
            # REST writes +0000, Bulk writes Z.
            lambda values: values.str.replace("+0000", "Z", literal=True),
        ),
        problem="no date-time, made null",
        others=(Way(_is_usual_datetime, _datetimes),),
        spell=canonical_instant,
    ),
}
