"""What SOQL lets a filter do to a field of each type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.local_org.soql import soql_errors
from tests.local_org.soql.tree import Comparison, Membership

if TYPE_CHECKING:
    from tests.local_org.objects.fields import Field
    from tests.local_org.soql.tree import LiteralType, Value

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")
_LITERALS: dict[str, tuple[LiteralType, str]] = {
    "boolean": ("boolean", "boolean"),
    "currency": ("number", "double"),
    "date": ("date", "date"),
    "datetime": ("datetime", "dateTime"),
    "double": ("number", "double"),
    "int": ("number", "int"),
    "long": ("number", "long"),
    "percent": ("number", "double"),
    "time": ("null", "time"),
}
"""Describe type → the literal it is compared with, and its name in the error message.

Everything else is compared with a string; a time with nothing, as this org reads no time literals.
"""
_EQUALITY_ONLY = frozenset({"boolean", "multipicklist"})
_NO_PATTERNS = frozenset(_LITERALS) | {"id", "reference", "multipicklist"}


def check_filter(soql: str, comparison: Comparison | Membership, field: Field) -> None:
    """Raise what Salesforce answers where the field can't be filtered like this."""
    position = comparison.path.position
    if field.is_compound:
        raise soql_errors.not_filterable_address(soql, position)
    if not field.filterable:
        raise soql_errors.not_filterable(soql, position, field.name)
    if isinstance(comparison, Comparison):
        _check_operator(soql, comparison, field)
        values: tuple[Value, ...] = (comparison.value,)
    else:
        values = comparison.values
    for value in values:
        _check_value(soql, position, field, value)


def _check_operator(soql: str, comparison: Comparison, field: Field) -> None:
    operator = comparison.operator
    no_pattern = operator == "LIKE" and field.type in _NO_PATTERNS
    no_order = operator not in {"=", "!=", "LIKE"} and field.type in _EQUALITY_ONLY
    if no_pattern or no_order:
        raise soql_errors.invalid_operator(soql, comparison.path.position, field.type)


def _check_value(soql: str, position: int, field: Field, value: Value) -> None:
    if value.type == "null" or (value.type == "days" and field.type in {"date", "datetime"}):
        return
    expected, shown = _LITERALS.get(field.type, ("string", "string"))
    if value.type != expected:
        raise soql_errors.wrong_literal(soql, position, field.name, shown)
    if field.is_id and not _is_id(value.value):
        raise soql_errors.invalid_id(soql, position, str(value.value))


def _is_id(value: object) -> bool:
    return value == "" or bool(_ID.fullmatch(str(value)))
