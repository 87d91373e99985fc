"""Filters of Spark's → conditions in SOQL, none of which leaves out a row that Spark would keep.

Texts are equal in SOQL whatever their case, and in no order that Spark has. An instant may have
been stored finer than it is served, and the value of a formula with more digits than it is shown
with. So a condition is often weaker than its filter, which is then left to Spark as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import datasource as spark

from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.objects.soql import text_literal
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# "String literals" and lists of any length are bounded by that of the whole query; texts of fields
# that can be filtered are no longer than this.
_LONGEST_TEXT = 255
_LONGEST_CONDITION = 4_000
# Of an int in SOQL, and of what a double holds exactly.
_LARGEST_INTEGER = 2**31 - 1
_MOST_DIGITS = 15
_YEARS = range(1701, 4000)
_SECOND = timedelta(seconds=1)
_SIGNS = {
    spark.EqualTo: "=",
    spark.EqualNullSafe: "=",
    spark.GreaterThan: ">",
    spark.GreaterThanOrEqual: ">=",
    spark.LessThan: "<",
    spark.LessThanOrEqual: "<=",
}
# What is served of these kinds is what SOQL compares.
_EXACT = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.DATE})
_COMPARED = frozenset({*_EXACT, Kind.NUMBER, Kind.DATETIME})


@dataclass(frozen=True, slots=True)
class Pushed:
    """A filter in SOQL.

    Attributes:
        condition: What Salesforce is asked for.
        is_exact: It leaves the very rows that Spark would: the filter is done with.
        is_weak: It says no more than that there is a value.
        is_null: It says that there is none.
    """

    condition: str
    is_exact: bool
    is_weak: bool = False
    is_null: bool = False


def pushed(
    filters: Iterable[spark.Filter], selection: Selection
) -> tuple[list[str], list[spark.Filter]]:
    """Return the conditions that some filters come to, and which filters Spark has to see to.

    Args:
        filters: All of which a row has to fulfil.
        selection: What is read.
    """
    by_name = _filterable(selection)
    conditions: dict[str, list[Pushed]] = {}
    left = []
    for each in filters:
        name, made = _pushed(each, by_name)
        if made is not None:
            conditions.setdefault(name, []).append(made)
        if made is None or not made.is_exact:
            left.append(each)
    return [text for made in conditions.values() for text in _without_weak(made)], left


def _filterable(selection: Selection) -> dict[str, Column]:
    query = selection.query
    # What lies elsewhere, has an index instead of Ids, or is asked for by the Ids of a parent, has
    # rules of its own for what may stand in a condition.
    if "Id" not in query.fields or query.parent or query.sobject.lower().endswith("__x"):
        return {}
    kinds = {column.name: column.kind for column in query.columns}
    return {
        column.property_name: column
        for column in selection.columns
        # What is kept as text is compared as text by Spark, and as what it is by Salesforce.
        if column.is_filterable and kinds.get(column.name) is column.kind
        # A formula's link is served as HTML, which is not what SOQL compares, not even with null.
        if column.kind is not Kind.TEXT or not column.is_calculated
    }


def _without_weak(made: list[Pushed]) -> Iterable[str]:
    # Spark asks for a value wherever it compares one, and no comparison in SOQL holds of null, but
    # that with null itself.
    strong = [each for each in made if not each.is_weak]
    if not strong or any(each.is_null for each in strong):
        strong = made
    return dict.fromkeys(each.condition for each in strong)


def _pushed(each: spark.Filter, columns: Mapping[str, Column]) -> tuple[str, Pushed | None]:
    negated = isinstance(each, spark.Not)
    plain = each.child if negated else each
    path: tuple[str, ...] = getattr(plain, "attribute", ())
    # A part of a struct has two names.
    column = columns.get(".".join(path))
    if column is None:
        return "", None
    made = _negated(plain, column) if negated else _plain(plain, column)
    return column.name, made if made and len(made.condition) <= _LONGEST_CONDITION else None


def _plain(each: spark.Filter, column: Column) -> Pushed | None:
    name, is_exact = column.name, column.kind in _EXACT
    if isinstance(each, spark.EqualNullSafe) and each.value is None:
        each = spark.IsNull(each.attribute)
    if isinstance(each, (spark.IsNull, spark.IsNotNull)):
        # A checkbox is never null where it is asked for, whatever a row is served with.
        if column.kind is Kind.BOOLEAN:
            return None
        is_null = isinstance(each, spark.IsNull)
        text = f"{name} {'=' if is_null else '!='} null"
        return Pushed(text, is_exact, is_weak=not is_null, is_null=is_null)
    if isinstance(each, spark.In):
        values = [value for value in each.value if value is not None]
        return _any_of([_compared(column, "=", value) for value in values], is_exact=is_exact)
    if isinstance(each, spark.StringStartsWith):
        return _starting(column, each.value)
    sign = _SIGNS.get(type(each))
    return None if sign is None else _any_of([_compared(column, sign, each.value)], is_exact)


def _negated(each: spark.Filter, column: Column) -> Pushed | None:
    # A text that differs in nothing but its case is another one to Spark, and none to SOQL.
    if column.kind not in _EXACT or not isinstance(each, (spark.EqualTo, spark.In)):
        return None
    values = each.value if isinstance(each, spark.In) else [each.value]
    literals = [_literal(column, value) for value in values]
    if not literals or None in literals:
        return None
    if column.kind is Kind.BOOLEAN:
        terms = [f"{column.name} = {'false' if each == 'true' else 'true'}" for each in literals]
    else:
        # SOQL keeps rows without a value here, and Spark does not.
        terms = [f"{column.name} != {literal}" for literal in literals]
    return Pushed(" AND ".join(terms), is_exact=False)


def _any_of(terms: Sequence[str | None], is_exact: bool) -> Pushed | None:  # noqa: FBT001  a value
    known = [term for term in terms if term is not None]
    if not known or len(known) < len(terms):
        return None
    text = known[0] if len(known) == 1 else f"({' OR '.join(dict.fromkeys(known))})"
    return Pushed(text, is_exact)


def _compared(column: Column, sign: str, value: object) -> str | None:
    """Return a comparison that holds wherever Spark's does; None where there is none."""
    if column.kind is Kind.DATETIME:
        return _instants(column.name, sign, value)
    if column.kind not in _COMPARED and sign != "=":
        return None
    if column.kind is Kind.BOOLEAN and sign != "=":
        return None
    literal = _literal(column, value)
    return None if literal is None else f"{column.name} {sign} {literal}"


def _instants(name: str, sign: str, value: object) -> str | None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    instant = value.astimezone(timezone.utc)
    if instant.year not in _YEARS:
        return None
    begin = instant.replace(microsecond=0)
    since, until = format_instant(begin), format_instant(begin + _SECOND)
    terms = {
        "=": f"({name} >= {since} AND {name} < {until})",
        ">": f"{name} >= {since}",
        ">=": f"{name} >= {since}",
        "<": f"{name} < {until}",
        "<=": f"{name} < {until}",
    }
    return terms[sign]


def _literal(column: Column, value: object) -> str | None:
    kind = column.kind
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return "true" if value else "false"
    if kind is Kind.INTEGER and isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= _LARGEST_INTEGER else None
    if kind is Kind.NUMBER and isinstance(value, Decimal) and not column.is_calculated:
        return _number(value)
    if kind is Kind.DATE and isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat() if value.year in _YEARS else None
    if kind is Kind.TEXT and isinstance(value, str) and _is_plain(value):
        return text_literal(value)
    return None


def _number(value: Decimal) -> str | None:
    text = f"{value.normalize():f}" if value.is_finite() else ""
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return text if text and len(digits) <= _MOST_DIGITS else None


def _starting(column: Column, prefix: str) -> Pushed | None:
    # A backslash escapes twice, and differently in the two grammars of a pattern.
    is_text = column.kind is Kind.TEXT and isinstance(prefix, str)
    if not is_text or not _is_plain(prefix) or "\\" in prefix:
        return None
    escaped = prefix.replace("%", r"\%").replace("_", r"\_").replace("'", r"\'")
    return Pushed(f"{column.name} LIKE '{escaped}%'", is_exact=False)


def _is_plain(text: str) -> bool:
    """Tell whether a text means the same in SOQL, where blanks at an end may count for nothing."""
    return (
        0 < len(text) <= _LONGEST_TEXT
        and text == text.strip()
        and text.isprintable()
        and "\N{REPLACEMENT CHARACTER}" not in text
    )
