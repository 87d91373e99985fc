"""A describe → what its object, fields and picklist values mean, as rows. Values in, values out.

It is most of a describe, so it is kept packed, and only where somebody wants it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = tuple[object, ...]

_TEXT, _FLAG, _WHOLE = Kind.TEXT, Kind.BOOLEAN, Kind.INTEGER


def _column(name: str, kind: Kind, help_text: str) -> Column:
    return Column(name, kind, help_text=help_text)


_OBJECT = _column("object", _TEXT, "API name of the object.")
_FIELD = _column("field", _TEXT, "API name of the field.")
OBJECT_COLUMNS = (
    _OBJECT,
    _column("label", _TEXT, "What people call it."),
    _column("label_plural", _TEXT, "What people call several."),
    _column("key_prefix", _TEXT, "The first three characters of its Ids."),
    _column("is_custom", _FLAG, "Somebody has made it in this org, or a package has."),
    _column("is_custom_setting", _FLAG, "It is a custom setting."),
    _column("is_queryable", _FLAG, "The user may query it."),
    _column("is_searchable", _FLAG, "The user may search in it."),
    _column("is_createable", _FLAG, "The user may create rows."),
    _column("is_updateable", _FLAG, "The user may change rows."),
    _column("is_deletable", _FLAG, "The user may delete rows."),
    _column("is_undeletable", _FLAG, "Rows can be taken out of the recycle bin."),
    _column("is_replicateable", _FLAG, "Salesforce tells which of its rows have changed."),
)
FIELD_COLUMNS = (
    _OBJECT,
    _FIELD,
    _column("type", _TEXT, "Its type in the describe."),
    _column("label", _TEXT, "What people call it."),
    _column("help_text", _TEXT, "What people are told about it."),
    _column("formula", _TEXT, "What it is calculated by."),
    _column("reference_to", _TEXT, "The objects that it can refer to, with commas."),
    _column("relationship_name", _TEXT, "What a query calls that relationship."),
    _column("length", _WHOLE, "Most characters of a text."),
    _column("precision", _WHOLE, "Most digits of a number."),
    _column("scale", _WHOLE, "Digits behind the point."),
    _column("is_custom", _FLAG, "Somebody has made it in this org, or a package has."),
    _column("is_calculated", _FLAG, "A formula or roll-up, which moves no stamp."),
    _column("is_nillable", _FLAG, "It may be empty."),
    _column("is_unique", _FLAG, "No two rows have the same value."),
    _column("is_external_id", _FLAG, "It holds the Id of another system."),
    _column("is_encrypted", _FLAG, "It is stored encrypted, and may come masked."),
    _column("is_createable", _FLAG, "The user may set it in a new row."),
    _column("is_updateable", _FLAG, "The user may change it."),
    _column("is_filterable", _FLAG, "It may stand in a condition."),
    _column("is_sortable", _FLAG, "Rows can be sorted by it."),
)
PICKLIST_COLUMNS = (
    _OBJECT,
    _FIELD,
    _column("value", _TEXT, "What rows hold."),
    _column("label", _TEXT, "What people see instead."),
    _column("is_active", _FLAG, "It can be chosen."),
    _column("is_default", _FLAG, "A new row has it."),
)


class _Value(msgspec.Struct, rename="camel", gc=False):
    value: object = None
    label: object = None
    active: object = False
    default_value: object = False


class _Field(msgspec.Struct, rename="camel", gc=False):
    """Of any type, for no key is taken on trust."""

    name: object
    type: object = None
    label: object = None
    inline_help_text: object = None
    calculated_formula: object = None
    reference_to: object = None
    relationship_name: object = None
    length: object = None
    precision: object = None
    scale: object = None
    custom: object = False
    calculated: object = False
    nillable: object = False
    unique: object = False
    external_id: object = False
    encrypted: object = False
    createable: object = False
    updateable: object = False
    filterable: object = False
    sortable: object = False
    picklist_values: list[_Value] | None = None


class _Object(msgspec.Struct, rename="camel", gc=False):
    name: object
    label: object = None
    label_plural: object = None
    key_prefix: object = None
    custom: object = False
    custom_setting: object = False
    queryable: object = False
    searchable: object = False
    createable: object = False
    updateable: object = False
    deletable: object = False
    undeletable: object = False
    replicateable: object = False
    fields: list[_Field] | None = None


_FROM_JSON = msgspec.json.Decoder(_Object)
_PACKER = msgspec.msgpack.Encoder()
_UNPACKER = msgspec.msgpack.Decoder(_Object)


def meaning_from_json(body: bytes) -> bytes:
    """Return what an answer of ``/sobjects/{name}/describe`` says of meaning, packed.

    Args:
        body: The whole answer, UTF-8 JSON.

    Returns:
        What the rows of this module are made from; nothing where the answer is none.
    """
    return _packed(lambda: _FROM_JSON.decode(body))


def meaning_from_describe(content: object) -> bytes:
    """Return the same of an answer that is decoded."""
    return _packed(lambda: msgspec.convert(content, _Object))


def _packed(decoded: Callable[[], _Object]) -> bytes:
    try:
        return zlib.compress(_PACKER.encode(decoded()), 1)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return b""


def object_rows(meaning: bytes) -> Iterator[Row]:
    """Yield the one row of an object, with the values of `OBJECT_COLUMNS`."""
    told = _unpacked(meaning)
    flags = (
        *(told.custom, told.custom_setting, told.queryable, told.searchable, told.createable),
        *(told.updateable, told.deletable, told.undeletable, told.replicateable),
    )
    texts = (told.name, told.label, told.label_plural, told.key_prefix)
    yield (*map(_text, texts), *map(bool, flags))


def field_rows(meaning: bytes) -> Iterator[Row]:
    """Yield a row for each field that the user may see, with the values of `FIELD_COLUMNS`."""
    told = _unpacked(meaning)
    for field in told.fields or ():
        referred = field.reference_to if isinstance(field.reference_to, list) else []
        texts = (
            *(told.name, field.name, field.type, field.label, field.inline_help_text),
            *(field.calculated_formula, ",".join(map(str, referred)), field.relationship_name),
        )
        flags = (
            *(field.custom, field.calculated, field.nillable, field.unique, field.external_id),
            *(field.encrypted, field.createable, field.updateable, field.filterable),
            field.sortable,
        )
        sizes = (field.length, field.precision, field.scale)
        yield (*map(_text, texts), *map(_whole, sizes), *map(bool, flags))


def picklist_rows(meaning: bytes) -> Iterator[Row]:
    """Yield a row for each value of each picklist, with the values of `PICKLIST_COLUMNS`."""
    told = _unpacked(meaning)
    for field in told.fields or ():
        values = (each for each in field.picklist_values or () if each.value is not None)
        # Of one value, one row: it is the key.
        for value, each in {str(each.value): each for each in values}.items():
            texts = (_text(told.name), _text(field.name), value, _text(each.label))
            yield (*texts, bool(each.active), bool(each.default_value))


def _unpacked(meaning: bytes) -> _Object:
    return _UNPACKER.decode(zlib.decompress(meaning))


def _text(value: object) -> str | None:
    return str(value).replace("\0", "") if value else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
