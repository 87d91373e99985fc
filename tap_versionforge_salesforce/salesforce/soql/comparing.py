"""With what a field is compared: values of its kind, or Salesforce refuses the whole query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.soql.literals import shown

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.soql.checking import Found
    from tap_versionforge_salesforce.salesforce.soql.conditions import FieldUse
    from tap_versionforge_salesforce.salesforce.soql.tree import LiteralKind, Value

_NUMBERS: tuple[LiteralKind, ...] = ("number", "currency")
# "Supply a value whose data type matches the field type" (fieldExpression in the SOQL guide).
# A time is not among them: what it is compared with, the guide does not say.
_FITTING: dict[Kind, tuple[LiteralKind, ...]] = {
    Kind.BOOLEAN: ("boolean",),
    Kind.DATE: ("date", "date literal"),
    Kind.DATETIME: ("datetime", "date literal"),
    Kind.INTEGER: _NUMBERS,
    Kind.NUMBER: _NUMBERS,
    Kind.TEXT: ("string",),
}
_FIELD = {
    Kind.BOOLEAN: "a boolean",
    Kind.DATE: "a date",
    Kind.DATETIME: "a date-time",
    Kind.INTEGER: "a number",
    Kind.NUMBER: "a number",
    Kind.TEXT: "a text",
}
_GIVEN: dict[LiteralKind, str] = {
    "boolean": "a boolean",
    "currency": "an amount of money",
    "date": "a date",
    "date literal": "a date",
    "datetime": "a date-time",
    "number": "a number",
    "string": "a text",
    "time": "a time of day",
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(rf"({_DAY.pattern}T[0-9:]{{8}}(?:\.[0-9]+)?)(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def check_values(use: FieldUse, field: Found, what: str) -> None:
    """Refuse a value that is of another kind than the field; null is of all.

    Args:
        use: The field as the condition names it, with what it is compared with.
        field: The same as the describes have it.
        what: Where the condition was written, as for `parsed_condition`.

    Raises:
        SettingsError: One is.
    """
    kind = field.column.kind
    fitting = _FITTING.get(kind)
    if fitting is None or not field.is_of_known_type:
        return
    for value in use.values:
        if value.kind != "null" and value.kind not in fitting:
            name = ".".join(use.names)
            raise SettingsError(
                f"{what} compares {name} with {shown(value.text)}, which is {_GIVEN[value.kind]}; "
                f"{field.sobject}.{field.column.name} is {_FIELD[kind]}.",
                hint=_hint(kind, name, value),
                code="invalid-soql",
            )


def _hint(kind: Kind, name: str, value: Value) -> str:
    plain = value.text.strip("'")
    day = _DAY.match(plain)
    if kind is Kind.TEXT:
        return f"A text stands in single quotes: '{plain}'."
    if kind is Kind.BOOLEAN:
        right = plain.lower() if plain.lower() in {"true", "false"} else "true or false"
        return f"Write {right}, without quotes."
    if kind is Kind.DATE:
        right = day[0] if day else "2026-11-28"
        return f"Write {right}, without quotes or a time of day; or TODAY, LAST_N_DAYS:30 and such."
    if kind is Kind.DATETIME:
        found = _INSTANT.match(plain)
        right = "2026-11-28T00:00:00Z"
        if found is not None:
            right = f"{found[1]}{found[2] or 'Z'}"
        elif day is not None:
            right = f"{day[0]}T00:00:00Z"
        by_day = f", or DAY_ONLY({name}) for whole days in UTC" if value.kind == "date" else ""
        return f"Write {right}, without quotes{by_day}; or TODAY, LAST_N_DAYS:30 and such."
    right = plain if _NUMBER.fullmatch(plain) else "1000 or 99.5"
    return f"Write {right}, without quotes."
