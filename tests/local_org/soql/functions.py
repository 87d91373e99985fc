"""The functions of one field: of a date, in UTC as for every client of the API; and toLabel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.local_org.answers import errors

if TYPE_CHECKING:
    from tests.local_org.objects.fields import Field

_DATES = frozenset({"date", "datetime"})
# The year begins in January, the fiscal one as well.
_OF_DATES = {
    "CALENDAR_YEAR": "year({})",
    "CALENDAR_QUARTER": "quarter({})",
    "CALENDAR_MONTH": "month({})",
    "DAY_IN_MONTH": "day({})",
    "DAY_ONLY": "CAST({} AS DATE)",
    "FISCAL_YEAR": "year({})",
    "FISCAL_QUARTER": "quarter({})",
    "FISCAL_MONTH": "month({})",
}
_LABEL = "TOLABEL"
FUNCTIONS = (*_OF_DATES, _LABEL)


def field_of(function: str, field: Field) -> Field:
    """Return what a function makes of a field; a label is the value, as nobody translates here."""
    if function == _LABEL:
        return field
    if field.type not in (_DATES - {"date"} if function == "DAY_ONLY" else _DATES):
        raise errors.malformed_query(f"field {field.name} does not support function {function}")
    kind = "date" if function == "DAY_ONLY" else "int"
    return replace(field, type=kind, groupable=True)


def is_numbered(function: str | None) -> bool:
    """Tell whether Salesforce numbers a column of it in place of a name."""
    return function in _OF_DATES


def sql_of(function: str | None, expression: str) -> str:
    """Return a function as DuckDB has it."""
    return _OF_DATES.get(function or "", "{}").format(expression)
