"""Texts as served → canonical values, a column at a time.

Numbers, dates and moments as text in their one spelling, whole numbers as Int64, booleans as
Boolean, and null for what is none.
"""

from __future__ import annotations

from dataclasses import dataclass
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
_CANONICAL_DATETIME = (
    f"^{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{{3}}(?:Z|\\+0000)$"
)
_SHORT_INTEGER = r"^-?[0-9]{1,18}$"


@dataclass(frozen=True, slots=True)
class _Rule:
    """How the values of a kind become canonical.

    Attributes:
        is_regular: Whether `made` is all that a value needs.
        made: What is made of regular values; null of others, or anything.
        spell: What is made of one other value; None where nothing can be.
        problem: What such a value is told to be.
    """

    is_regular: Callable[[pl.Expr], pl.Expr]
    made: Callable[[pl.Expr], pl.Expr]
    spell: Callable[[str], Any]
    problem: str


def _unchanged(values: pl.Expr) -> pl.Expr:
    return values


_RULES = {
    Kind.NUMBER: _Rule(
        lambda values: values.str.contains(_CANONICAL_NUMBER),
        _unchanged,
        canonical_number,
        "no finite number, made null",
    ),
    Kind.INTEGER: _Rule(
        lambda values: values.str.contains(_SHORT_INTEGER),
        lambda values: values.cast(pl.Int64, strict=False),
        canonical_integer,
        "no whole number, made null",
    ),
    Kind.BOOLEAN: _Rule(
        lambda values: values.is_in(["true", "false"]),
        lambda values: values == "true",
        lambda _: None,
        "neither true nor false, made null",
    ),
    Kind.DATE: _Rule(
        lambda values: values.str.contains(_CANONICAL_DATE),
        _unchanged,
        canonical_date,
        "no date, made null",
    ),
    Kind.DATETIME: _Rule(
        lambda values: values.str.contains(_CANONICAL_DATETIME),
        # REST writes +0000, Bulk writes Z.
        lambda values: values.str.replace("+0000", "Z", literal=True),
        canonical_instant,
        "no date-time, made null",
    ),
}


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
    rules = {column.name: _RULES[column.kind] for column in columns if column.kind in _RULES}
    found = {name: ~rule.is_regular(pl.col(name)) for name, rule in rules.items()}
    # Most pages are regular: one look at all columns at once says so, and each odd value is only
    # looked for where there is one.
    some = table.select(pl.lit(value=True), **{name: odd.any() for name, odd in found.items()})
    irregular = [name for name, is_odd in some.row(0, named=True).items() if is_odd][1:]
    odd = table.select(**{name: found[name].fill_null(value=False) for name in irregular})
    made = table.select(
        rules[column.name].made(pl.col(column.name)) if column.name in rules else column.name
        for column in columns
    )
    respelled = [
        _respelled(table[name], made[name], odd[name].arg_true(), rules[name], ids, oddities)
        for name in irregular
    ]
    return made.with_columns(respelled), tuple(oddities)


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
    served: pl.Series,
    made: pl.Series,
    odd: pl.Series,
    rule: _Rule,
    ids: pl.Series,
    oddities: list[Oddity],
) -> pl.Series:
    """Return a column with its odd values spelled one by one; note those that can't be."""
    spelled = [rule.spell(value) for value in served.gather(odd)]
    lost = [int(at) for at, value in zip(odd, spelled, strict=True) if value is None]
    if lost:
        first = lost[0]
        oddities.append(
            Oddity(served.name, rule.problem, len(lost), str(ids[first]), shown(served[first]))
        )
    return made.scatter(odd, pl.Series(spelled, dtype=made.dtype))
