"""The JSON Schema of an object's records."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.salesforce.objects.columns import Kind

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject

_JSON_TYPE = {
    Kind.TEXT: "string",
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "number",
    Kind.DATE: "string",
    Kind.DATETIME: "string",
    # No format: the `time` of JSON Schema and many targets can't hold Salesforce's zoned time.
    Kind.TIME: "string",
    Kind.COMPOUND: "object",
    Kind.UNSUPPORTED: "string",
}
_JSON_FORMAT = {Kind.DATE: "date", Kind.DATETIME: "date-time"}
#: What a number that comes as a text has in its schema. The SDK's targets look for this format
#: (its own `SingerDecimalType` has another), and take the size from beside it: without one,
#: Snowflake and others would make a column with no place behind the point.
DECIMAL_TEXT = MappingProxyType({"format": "x-singer.decimal", "precision": 38, "scale": 18})


def record_schema(sobject: SObject, *, numbers_are_texts: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a record, in the SDK's order; made anew each time.

    Args:
        sobject: The object.
        numbers_are_texts: As the setting ``number_format`` has them.
    """
    properties = {
        column.name: property_schema(column, numbers_are_texts=numbers_are_texts)
        for column in sobject.columns
    }
    return {"properties": properties, "title": sobject.label, "type": "object"}


def property_schema(column: Column, *, numbers_are_texts: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a column's values.

    Args:
        column: The column.
        numbers_are_texts: As the setting ``number_format`` has them.
    """
    described: dict[str, Any] = {}
    if column.is_compound:
        described["properties"] = {
            member: _part_schema(part, numbers_are_texts=numbers_are_texts)
            for member, part in column.parts
        }
    if column.label:
        described["title"] = column.label
    if column.help_text:
        described["description"] = column.help_text
    described |= _value_schema(column, numbers_are_texts=numbers_are_texts)
    if column.name == "Id":
        described["type"] = "string"
    return described


def _part_schema(column: Column, *, numbers_are_texts: bool) -> dict[str, Any]:
    schema = _value_schema(column, numbers_are_texts=numbers_are_texts)
    if not column.is_compound:
        return schema
    members = {
        member: _part_schema(part, numbers_are_texts=numbers_are_texts)
        for member, part in column.parts
    }
    return {"properties": members, **schema}


def _value_schema(column: Column, *, numbers_are_texts: bool) -> dict[str, Any]:
    # Never an enum or a maxLength: orgs hold values that break their own limits.
    if column.kind is Kind.NUMBER and numbers_are_texts:
        return {**DECIMAL_TEXT, "type": ["string", "null"]}
    types = [_JSON_TYPE[column.kind], "null"]
    if column.kind in _JSON_FORMAT:
        return {"format": _JSON_FORMAT[column.kind], "type": types}
    return {"type": types}
