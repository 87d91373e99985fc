"""The functions of SOQL: where each may stand, what it takes, and of which kind its values are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.soql.conditions import leaves
from tap_versionforge_salesforce.salesforce.soql.tree import (
    Call,
    Comparison,
    Membership,
    Path,
    SoqlError,
    Value,
)
from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import TypeGuard

    from tap_versionforge_salesforce.salesforce.soql.tree import Term

#: "Date Functions" of the SOQL guide.
DATE_FUNCTIONS = {
    **dict.fromkeys(
        (
            "CALENDAR_MONTH",
            "CALENDAR_QUARTER",
            "CALENDAR_YEAR",
            "DAY_IN_MONTH",
            "DAY_IN_WEEK",
            "DAY_IN_YEAR",
            "FISCAL_MONTH",
            "FISCAL_QUARTER",
            "FISCAL_YEAR",
            "HOUR_IN_DAY",
            "WEEK_IN_MONTH",
            "WEEK_IN_YEAR",
        ),
        Kind.INTEGER,
    ),
    "DAY_ONLY": Kind.DATE,
}
#: "Aggregate Functions" of the SOQL guide; None where the values are of the argument's kind.
AGGREGATES = {
    "AVG": Kind.NUMBER,
    "COUNT": Kind.INTEGER,
    "COUNT_DISTINCT": Kind.INTEGER,
    "GROUPING": Kind.INTEGER,
    "MAX": None,
    "MIN": None,
    "SUM": Kind.NUMBER,
}
#: What changes how a value is told, and leaves the column's name as it is.
TELLING = {"FORMAT": Kind.TEXT, "convertCurrency": Kind.NUMBER, "toLabel": Kind.TEXT}
IN_CONDITIONS = frozenset({*DATE_FUNCTIONS, "DISTANCE", "toLabel"})
IN_HAVING = IN_CONDITIONS | frozenset(AGGREGATES)
IN_SELECT = frozenset({*DATE_FUNCTIONS, *AGGREGATES, *TELLING})
IN_GROUPS = frozenset({*DATE_FUNCTIONS, "CUBE", "ROLLUP"})
IN_ORDER = IN_SELECT | {"DISTANCE"}

_SPELLED = {
    name.lower(): name
    for name in (*IN_SELECT, *IN_GROUPS, "DISTANCE", "GEOLOCATION", "convertTimezone", "FIELDS")
}
_UNITS = frozenset({"'mi'", "'km'"})


def spelled(name: str) -> str:
    """Return a function's name as the documentation spells it; as it is where it is unknown."""
    return _SPELLED.get(name.lower(), name)


def check_condition(term: Term, allowed: Collection[str]) -> None:
    """Refuse functions that can't stand in a condition, or not like this.

    Args:
        term: The condition.
        allowed: The functions that can.

    Raises:
        SoqlError: One can't.
    """
    for leaf in leaves(term):
        if not isinstance(leaf.left, Call):
            continue
        check_call(leaf.left, allowed, "a condition")
        if leaf.left.name == "DISTANCE":
            _check_distance(leaf)


def check_call(call: Call, allowed: Collection[str], place: str) -> None:
    """Refuse a function that can't stand in a place, or not with such arguments.

    Args:
        call: The function.
        allowed: The functions that can.
        place: Where that is.

    Raises:
        SoqlError: It can't.
    """
    if call.name not in allowed:
        known = ", ".join(sorted(allowed, key=str.lower))
        raise SoqlError(
            f"calls {call.name}, which can't stand in {place}{did_you_mean(call.name, allowed)}",
            f"There can be {known}.",
        )
    if not _takes(call):
        raise SoqlError(
            f"calls {call.soql}, which is not what {call.name} takes",
            f"It is written {_EXAMPLES.get(call.name, f'{call.name}(Field)')}.",
        )


_EXAMPLES = {
    "CUBE": "CUBE(Field, Other)",
    "DISTANCE": "DISTANCE(Location__c, GEOLOCATION(37.77, -122.41), 'km')",
    "ROLLUP": "ROLLUP(Field, Other)",
    "FORMAT": "FORMAT(Field) or FORMAT(MAX(Field))",
}


def _takes(call: Call) -> bool:
    arguments = call.arguments
    if call.name == "DISTANCE":
        return _is_distance(arguments)
    if call.name in {"CUBE", "ROLLUP"}:
        return bool(arguments) and all(
            isinstance(each, Path) or _is_call(each, DATE_FUNCTIONS) for each in arguments
        )
    if not arguments:
        return call.name == "COUNT"
    within = {"convertTimezone"} if call.name in DATE_FUNCTIONS else set()
    if call.name == "FORMAT":
        within = {"AVG", "MAX", "MIN", "SUM", "convertCurrency"}
    first = arguments[0]
    fits = isinstance(first, Path) or (_is_call(first, within) and _takes(first))
    return fits and len(arguments) == 1


def _is_call(argument: object, names: Collection[str]) -> TypeGuard[Call]:
    return isinstance(argument, Call) and argument.name in names


def _is_distance(arguments: tuple[Path | Value | Call, ...]) -> bool:
    if len(arguments) != len(("from", "to", "unit")):
        return False
    start, end, unit = arguments
    to_place = isinstance(end, Path) or (
        isinstance(end, Call)
        and end.name == "GEOLOCATION"
        and len(end.arguments) == len(("latitude", "longitude"))
        and all(isinstance(each, Value) and each.kind == "number" for each in end.arguments)
    )
    # The field has to come first ("Location-Based SOQL Queries" of the SOQL guide).
    return isinstance(start, Path) and to_place and unit.soql.lower() in _UNITS


def _check_distance(leaf: object) -> None:
    if isinstance(leaf, Comparison):
        fits = leaf.operator in {"<", ">"} and leaf.value.kind == "number"
    else:
        fits = not isinstance(leaf, Membership)
    if not fits:
        raise SoqlError(
            "compares DISTANCE in a way that SOQL has not",
            "It is compared with a number, by < or >.",
        )
