"""The JSON Schema of an object's records."""

from __future__ import annotations

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


def record_schema(sobject: SObject) -> dict[str, Any]:
    """Return the JSON Schema of a record, in the SDK's order; made anew each time."""
    properties = {column.name: property_schema(column) for column in sobject.columns}
    return {"properties": properties, "title": sobject.label, "type": "object"}


def property_schema(column: Column) -> dict[str, Any]:
    """Return the JSON Schema of a column's values."""
    described: dict[str, Any] = {}
    if column.is_compound:
        described["properties"] = {member: _part_schema(part) for member, part in column.parts}
    if column.label:
        described["title"] = column.label
    if column.help_text:
        described["description"] = column.help_text
    described |= _value_schema(column)
    if column.name == "Id":
        described["type"] = "string"
    return described


def _part_schema(column: Column) -> dict[str, Any]:
    if not column.is_compound:
        return _value_schema(column)
    members = {member: _part_schema(part) for member, part in column.parts}
    return {"properties": members, **_value_schema(column)}


def _value_schema(column: Column) -> dict[str, Any]:
    # Never an enum or a maxLength: orgs hold values that break their own limits.
    types = [_JSON_TYPE[column.kind], "null"]
    if column.kind in _JSON_FORMAT:
        return {"format": _JSON_FORMAT[column.kind], "type": types}
    return {"type": types}
