"""A describe → what the object has: columns, keys, stamps. Values in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import TYPE_CHECKING

import msgspec

from tap_versionforge_salesforce.errors import OddAnswerError, RefusedError
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

#: Field types (``fields[].type``) by how their values are spelled.
KIND_BY_TYPE = {
    "boolean": Kind.BOOLEAN,
    "int": Kind.INTEGER,
    "long": Kind.INTEGER,
    "double": Kind.NUMBER,
    "currency": Kind.NUMBER,
    "percent": Kind.NUMBER,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "time": Kind.TIME,
    "address": Kind.COMPOUND,
    "location": Kind.COMPOUND,
    # Bulk can't serialize it, and REST serves the address of another request instead of a value.
    "base64": Kind.UNSUPPORTED,
    **dict.fromkeys(
        (
            "anyType",
            "combobox",
            "complexvalue",
            "datacategorygroupreference",
            "email",
            "encryptedstring",
            "id",
            "json",
            "masterrecord",
            "multipicklist",
            "phone",
            "picklist",
            "reference",
            "string",
            "textarea",
            "url",
        ),
        Kind.TEXT,
    ),
}
#: In this order of preference; the first that can be filtered and sorted by.
REPLICATION_KEYS = ("SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime")

# Whole numbers by their describe, which come with fractions all the same.
_FRACTIONAL = {
    "site": frozenset({"DailyBandwidthUsed", "DailyRequestTimeUsed"}),
    "knowledge__kav": frozenset({"Attachment__Length__s"}),
}

_ID = ("Id",)
_API_NAME = re.compile(r"[A-Za-z0-9_]+")
# Member names inside an address or location, by the end of the component field's name.
_MEMBERS = (
    "City",
    "Country",
    "CountryCode",
    "GeocodeAccuracy",
    "Latitude",
    "Longitude",
    "PostalCode",
    "State",
    "StateCode",
    "Street",
)


@dataclass(frozen=True, slots=True)
class SObject:
    """One object as its describe tells it, in the tap's words.

    Attributes:
        name: API name, which is also the stream's name.
        label: What people call it.
        columns: Every field that the user may see, in the order of the describe.
        keys: The fields that tell its rows apart; none where no field is known to.
        replication_key: Field to read incrementally by; None where there is none.
        stamps: Date-time fields that can be filtered and sorted by, and whether each can be
            null.
        has_recycle_bin: ``IsDeleted`` is there to filter by.
        is_replicateable: ``getUpdated`` tells of its changes.
        unknown_types: Field types that the tap does not know, by field name.
        relationships: The objects to which each of its relationships can lead, by the name that
            a query has for it, such as ``Account`` or ``Custom__r``.
        meaning: What the describe says to people, packed as `meaning.py` has it; empty where
            nobody wants it.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    replication_key: str | None
    stamps: dict[str, bool]
    has_recycle_bin: bool
    is_replicateable: bool
    unknown_types: dict[str, str]
    relationships: dict[str, tuple[str, ...]] = attribute(default_factory=dict)
    meaning: bytes = attribute(default=b"", repr=False)

    def without_texts(self) -> SObject:
        """Return the object without what people are told of its fields, which can be long."""
        columns = tuple(replace(c, label=None, help_text=None) for c in self.columns)
        return replace(self, columns=columns)

    def column(self, name: str) -> Column | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def with_columns(
        self, columns: tuple[Column, ...], names: Iterable[str | None]
    ) -> tuple[Column, ...]:
        """Return some columns and behind them those of some names, as far as there are any."""
        wanted = [self.column(name) for name in dict.fromkeys(names) if name is not None]
        return (*columns, *(column for column in wanted if column is not None))

    @property
    def one_column(self) -> Column:
        """Return a column that a query of the object can name: its key, where it has one."""
        readable = [column for column in self.columns if column.queried == (column,)]
        keys = [column for column in readable if column.name in self.keys]
        return (keys or readable)[0]

    @property
    def has_ids(self) -> bool:
        """Tell whether each row has an Id of its own."""
        return self.keys == _ID

    def columns_by_spelling(self, names: Iterable[str]) -> dict[str, Column]:
        """Return the column that each of some names means; those that mean none are left out.

        As in Salesforce, upper and lower case do not matter; no column is meant by two names.
        """
        wanted = list(names)
        exact = {column.name: column for column in self.columns}
        spelled = set(wanted)
        others = {n.lower(): column for n, column in exact.items() if n not in spelled}
        found = {name: exact.get(name) or others.pop(name.lower(), None) for name in wanted}
        return {name: column for name, column in found.items() if column is not None}

    def stamp(self, name: str | None) -> str | None:
        """Return the API name of a field that the object can be read by; None where it can't."""
        return spelled_as(str(name or ""), self.stamps)

    @property
    def problem(self) -> RefusedError | None:
        """Return why the object can't be read; None where it can."""
        if all(column.kind is Kind.UNSUPPORTED for column in self.columns):
            problem = "has no field that the user may read"
        elif self.has_ids and self.column("Id") is None:
            problem = "has no field Id, so nothing tells its rows apart"
        else:
            return None
        return RefusedError(
            f"{self.name} {problem}.",
            hint="Leave it out; or Setup > Field Accessibility shows which of its fields the user "
            "may read.",
            code="unreadable-object",
        )


def spelled_as(name: str, names: Iterable[str]) -> str | None:
    """Return that of some names which is meant by a name; upper and lower case do not matter."""
    known = list(names)
    return name if name in known else {each.lower(): each for each in known}.get(name.lower())


class _Field(msgspec.Struct, rename="camel", gc=False):
    """What is wanted of a field; all else is passed over without being decoded.

    Whatever is missing has its usual value: old versions and odd objects leave keys out. Of any
    type, for no key is taken on trust.
    """

    name: object
    type: object = None
    label: object = None
    inline_help_text: object = None
    compound_field_name: object = None
    calculated: object = False
    nillable: object = False
    filterable: object = False
    sortable: object = False
    relationship_name: object = None
    reference_to: object = None


class _Describe(msgspec.Struct, rename="camel", gc=False):
    name: object
    label: object = None
    replicateable: object = False
    fields: list[_Field] | None = None


_DECODER = msgspec.json.Decoder(_Describe)


def sobject_from_json(body: bytes) -> SObject:
    """Read an answer of ``/sobjects/{name}/describe``, of which little is wanted.

    Args:
        body: The whole answer, UTF-8 JSON.

    Raises:
        OddAnswerError: It is no describe: something in it has no name that a query can hold.
    """
    return _read(lambda: _DECODER.decode(body))


def sobject_from_describe(content: object) -> SObject:
    """Read an answer of ``/sobjects/{name}/describe`` that is decoded.

    Args:
        content: The JSON of the whole answer.

    Raises:
        OddAnswerError: As `sobject_from_json`.
    """
    return _read(lambda: msgspec.convert(content, _Describe))


def _read(decoded: Callable[[], _Describe]) -> SObject:
    try:
        return _sobject(decoded())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        asked = "a describe"
        raise OddAnswerError(asked) from None


def _sobject(describe: _Describe) -> SObject:
    fields = describe.fields
    if fields is None:
        msg = "no fields"
        raise ValueError(msg)
    names = [_name(field) for field in fields]
    name = _name(describe)
    fractional = _FRACTIONAL.get(name.lower(), frozenset())
    columns = tuple(
        replace(column, kind=Kind.NUMBER)
        if column.kind is Kind.INTEGER and column.name in fractional
        else column
        for column in (
            _column(name, field, fields) for name, field in zip(names, fields, strict=True)
        )
    )
    keys = _keys(name, set(names))
    if keys != _ID:
        # A query that names it gets the empty Id in each row.
        columns = tuple(replace(c, kind=Kind.UNSUPPORTED) if c.name == "Id" else c for c in columns)
    # Where a row has no Id, the describe promises filters that queries refuse.
    stamps = {
        name: bool(field.nillable)
        for name, field in zip(names, fields, strict=True)
        if keys == _ID and _is_stamp(field)
    }
    return SObject(
        name=name,
        label=str(describe.label or name),
        columns=columns,
        keys=keys,
        replication_key=next((name for name in REPLICATION_KEYS if name in stamps), None),
        stamps=stamps,
        has_recycle_bin=any(
            field.name == "IsDeleted" and bool(field.filterable) for field in fields
        ),
        is_replicateable=bool(describe.replicateable),
        unknown_types={
            name: str(field.type)
            for name, field in zip(names, fields, strict=True)
            if str(field.type) not in KIND_BY_TYPE
        },
        relationships=_relationships(fields),
    )


def _relationships(fields: Iterable[_Field]) -> dict[str, tuple[str, ...]]:
    return {
        field.relationship_name: tuple(map(str, field.reference_to))
        for field in fields
        if isinstance(field.relationship_name, str)
        and isinstance(field.reference_to, list)
        and field.reference_to
    }


def _name(described: _Describe | _Field) -> str:
    """Return the name that queries hold.

    Raises:
        ValueError: They can't hold it.
    """
    name = described.name
    if not isinstance(name, str) or not _API_NAME.fullmatch(name):
        msg = "not an API name"
        raise ValueError(msg)
    return name


def _keys(name: str, fields: Collection[str]) -> tuple[str, ...]:
    """Return which fields tell rows apart.

    Rows of big objects have no Id ("SOQL with Big Objects" in the SOQL guide). Custom ones end in
    __b, and their index is in no describe. Those of Real-Time Event Monitoring have the event's
    own identifier, and none of the stamps of its other objects, whose rows do have Ids.
    """
    if name.lower().endswith("__b"):
        return ()
    if "EventIdentifier" in fields and not {"SystemModstamp", "LastModifiedDate"} & set(fields):
        return ("EventIdentifier",)
    return _ID


def _is_stamp(field: _Field) -> bool:
    return bool(field.filterable and field.sortable) and field.type == "datetime"


def _column(name: str, field: _Field, fields: Sequence[_Field]) -> Column:
    kind = KIND_BY_TYPE.get(str(field.type), Kind.TEXT)
    parts = _parts(field, fields) if kind is Kind.COMPOUND else ()
    return Column(
        name,
        Kind.UNSUPPORTED if kind is Kind.COMPOUND and not parts else kind,
        parts,
        label=_text(field.label),
        help_text=_text(field.inline_help_text),
        is_calculated=bool(field.calculated),
        is_filterable=bool(field.filterable),
    )


def _text(value: object) -> str | None:
    return str(value) if value else None


def _parts(compound: _Field, fields: Sequence[_Field]) -> tuple[tuple[str, Column], ...]:
    parts = {}
    for field in fields:
        # Account.Name names itself as its compound field, and Contact.Name is a plain text whose
        # parts carry its name: only an address or location has parts in the sense meant here.
        if field.compound_field_name != compound.name or field is compound:
            continue
        name = _name(field)
        member = _member(name)
        kind = KIND_BY_TYPE.get(str(field.type), Kind.TEXT)
        if member is not None and kind is not Kind.COMPOUND:
            parts[member] = Column(
                name,
                kind,
                is_calculated=bool(field.calculated),
                is_filterable=bool(field.filterable),
            )
    return tuple(sorted(parts.items()))


def _member(component: str) -> str | None:
    stem = component.removesuffix("__s")
    member = max((m for m in _MEMBERS if stem.endswith(m)), key=len, default=None)
    return None if member is None else member[0].lower() + member[1:]
