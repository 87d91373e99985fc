"""How rows are kept in DuckDB: one table for each sObject, one column for each stored field."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.local_org.answers.encode import RawNumber, dump_json, number_text
from tests.local_org.answers.spelling import decimal_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject

NUMBER = "_n"
"""A hidden column: the row's number, in the order in which rows were made."""
VISIBLE_FROM = "_visible_from"
"""A hidden column: when the transaction that made the row commits; null is at once."""
HIDDEN_COLUMNS = {NUMBER: "BIGINT", VISIBLE_FROM: "TIMESTAMP"}

_SQL_TYPES = {"boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP"}


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def sql(*parts: str) -> str:
    """Return a statement from its parts. Names in it are the describes', values never are in it."""
    return " ".join(parts)


def sql_type(field: Field) -> str:
    """Return the type of the field's column. Numbers are text: any spelling must survive."""
    return _SQL_TYPES.get(field.type, "VARCHAR")


def stored_fields(sobject: SObject) -> list[Field]:
    """Return the fields that have a column: all but compounds, which are made of their parts."""
    return [field for field in sobject.fields if not field.is_compound]


def create_table(sobject: SObject) -> str:
    """Return the statement that makes the object's table."""
    columns = [f"{quoted(name)} {type_name}" for name, type_name in HIDDEN_COLUMNS.items()]
    columns += [column_definition(field) for field in stored_fields(sobject)]
    return f"CREATE TABLE {quoted(sobject.name)} ({', '.join(columns)})"


def column_definition(field: Field) -> str:
    """Return the field's column with its type; a checkbox that nobody ticked is false."""
    default = " DEFAULT false" if field.type == "boolean" else ""
    return f"{quoted(field.name)} {sql_type(field)}{default}"


def insert_columns(
    sobject: SObject, columns: Mapping[str, Sequence[object]]
) -> tuple[str, list[list[object]]]:
    """Return the statement and the values that insert whole columns at once."""
    types = HIDDEN_COLUMNS | {field.name: sql_type(field) for field in stored_fields(sobject)}
    names = ", ".join(quoted(name) for name in columns)
    lists = ", ".join(f"unnest(CAST(? AS {types[name]}[]))" for name in columns)
    statement = sql("INSERT INTO", quoted(sobject.name), f"({names})", "SELECT", lists)
    return statement, [list(values) for values in columns.values()]


def to_stored(field: Field, value: object) -> object:
    """Return what the column keeps for a value; empty text is null, as in Salesforce."""
    if value is None or value == "":
        return None
    if field.is_number:
        return number_text(value)
    return _TO_STORED.get(field.type, _text)(value)


def from_stored(field: Field, value: object) -> object:
    """Return the canonical Python value: a Decimal where a number is one, aware datetimes."""
    if value is None:
        return None
    if field.is_number:
        return number(str(value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc)
    return parse_any(value) if field.type == "anyType" else value


def number(text: str) -> Decimal | str:
    """Return the number, or the text of what is none or not finite."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        return text
    return value if value.is_finite() else text


def parse_any(value: object) -> object:
    """Return what an anyType column keeps as JSON."""
    return json.loads(str(value), parse_float=Decimal, parse_int=Decimal)


def naive(moment: datetime) -> datetime:
    """Return a moment as DuckDB keeps it: UTC, without saying so."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def _text(value: object) -> object:
    if not isinstance(value, str):
        message = f"not a text: {value!r}"
        raise TypeError(message)
    return value


def _moment(value: object) -> object:
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return naive(value) if isinstance(value, datetime) else _refuse(value)


def _day(value: object) -> object:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value if isinstance(value, date) else _refuse(value)


def _boolean(value: object) -> object:
    return value if isinstance(value, bool) else _refuse(value)


def _any(value: object) -> object:
    if isinstance(value, (Decimal, float)):
        value = RawNumber(decimal_text(value))
    return dump_json(value).decode()


def _refuse(value: object) -> object:
    message = f"the wrong type for this field: {value!r}"
    raise TypeError(message)


_TO_STORED: Mapping[str, Callable[[object], object]] = {
    "anyType": _any,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
}
