"""A describe → what the object has: columns, keys, stamps. Values in, values out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from tap_versionforge_salesforce.errors import OddAnswerError, RefusedError
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

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

    def without_texts(self) -> SObject:
        """Return the object without what people are told of its fields, which can be long."""
        columns = tuple(replace(c, label=None, help_text=None) for c in self.columns)
        return replace(self, columns=columns)

    def column(self, name: str) -> Column | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)

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


def sobject_from_describe(describe: Mapping[str, Any]) -> SObject:
    """Read an answer of ``/sobjects/{name}/describe``.

    Args:
        describe: The whole answer. Keys that are missing are taken for their usual values: old
            versions and odd objects leave some out.

    Raises:
        UnavailableError: It is no describe: something in it has no name that a query can hold.
    """
    fields: Sequence[Mapping[str, Any]] = _fields(describe)
    fractional = _FRACTIONAL.get(str(describe["name"]).lower(), frozenset())
    columns = tuple(
        replace(column, kind=Kind.NUMBER)
        if column.kind is Kind.INTEGER and column.name in fractional
        else column
        for column in (_column(field, fields) for field in fields)
    )
    keys = _keys(describe["name"], {str(field["name"]) for field in fields})
    if keys != _ID:
        # A query that names it gets the empty Id in each row.
        columns = tuple(replace(c, kind=Kind.UNSUPPORTED) if c.name == "Id" else c for c in columns)
    # Where a row has no Id, the describe promises filters that queries refuse.
    stamps = {
        str(field["name"]): bool(field.get("nillable"))
        for field in fields
        if keys == _ID and _is_stamp(field)
    }
    return SObject(
        name=describe["name"],
        label=str(describe.get("label") or describe["name"]),
        columns=columns,
        keys=keys,
        replication_key=next((name for name in REPLICATION_KEYS if name in stamps), None),
        stamps=stamps,
        has_recycle_bin=any(
            field["name"] == "IsDeleted" and bool(field.get("filterable")) for field in fields
        ),
        is_replicateable=bool(describe.get("replicateable")),
        unknown_types={
            str(field["name"]): str(field.get("type"))
            for field in fields
            if str(field.get("type")) not in KIND_BY_TYPE
        },
    )


def _fields(describe: object) -> Sequence[Mapping[str, Any]]:
    if not _is_named(describe):
        raise OddAnswerError("a describe")
    fields = describe.get("fields") or []
    if not isinstance(fields, list) or not all(map(_is_named, fields)):
        raise OddAnswerError(f"the describe of {describe['name']}")
    return fields


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


def _is_stamp(field: Mapping[str, Any]) -> bool:
    is_usable = bool(field.get("filterable") and field.get("sortable"))
    return is_usable and field.get("type") == "datetime"


def _is_named(described: object) -> TypeGuard[Mapping[str, Any]]:
    name = described.get("name") if isinstance(described, dict) else None
    return isinstance(name, str) and _API_NAME.fullmatch(name) is not None


def _column(field: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> Column:
    kind = KIND_BY_TYPE.get(str(field.get("type")), Kind.TEXT)
    parts = _parts(field, fields) if kind is Kind.COMPOUND else ()
    return Column(
        str(field["name"]),
        Kind.UNSUPPORTED if kind is Kind.COMPOUND and not parts else kind,
        parts,
        label=_text(field.get("label")),
        help_text=_text(field.get("inlineHelpText")),
    )


def _text(value: object) -> str | None:
    return str(value) if value else None


def _parts(
    compound: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, Column], ...]:
    parts = {}
    for field in fields:
        # Account.Name names itself as its compound field, and Contact.Name is a plain text whose
        # parts carry its name: only an address or location has parts in the sense meant here.
        if field.get("compoundFieldName") != compound["name"] or field is compound:
            continue
        name = str(field["name"])
        member = _member(name)
        kind = KIND_BY_TYPE.get(str(field.get("type")), Kind.TEXT)
        if member is not None and kind is not Kind.COMPOUND:
            parts[member] = Column(name, kind)
    return tuple(sorted(parts.items()))


def _member(component: str) -> str | None:
    stem = component.removesuffix("__s")
    member = max((m for m in _MEMBERS if stem.endswith(m)), key=len, default=None)
    return None if member is None else member[0].lower() + member[1:]
