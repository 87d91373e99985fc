"""Making, changing and removing rows, as the org's users and automations do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local_org.store.ids import case_safe, make_id
from tests.local_org.store.tables import (
    NUMBER,
    VISIBLE_FROM,
    from_stored,
    insert_columns,
    naive,
    quoted,
    sql,
    stored_fields,
    to_stored,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.store.database import Database

INTEGRATION_USER_ID = make_id("005", 1)
"""Who made and changed everything, unless a row says otherwise."""
ANY_PREFIX = "000"
"""The key prefix in Ids of objects that have none."""

STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime")
_THESE_IDS = 'WHERE "Id" IN (SELECT unnest(?))'
_USERS = ("CreatedById", "LastModifiedById", "OwnerId")


class Rows:
    """Writes to, and plain reads from, the tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(
        self,
        sobject: SObject,
        rows: Sequence[Mapping[str, object]],
        *,
        stamp: datetime,
        visible_from: datetime | None,
    ) -> list[str]:
        """Insert rows, fill in what Salesforce fills in, return the Ids."""
        if not rows:
            return []
        numbers = self._database.take_numbers(sobject, len(rows))
        filled = [
            _filled(sobject, row, number, stamp) for row, number in zip(rows, numbers, strict=True)
        ]
        columns: dict[str, list[object]] = {NUMBER: list(numbers)}
        if visible_from:
            columns[VISIBLE_FROM] = [naive(visible_from)] * len(rows)
        for field in stored_fields(sobject):
            if any(field.name in row for row in filled):
                default = False if field.type == "boolean" else None
                values = (row.get(field.name, default) for row in filled)
                columns[field.name] = [to_stored(field, value) for value in values]
        self._database.execute(*insert_columns(sobject, columns))
        return [str(row["Id"]) for row in filled]

    def update(self, sobject: SObject, ids: Sequence[str], values: Mapping[str, object]) -> None:
        """Set the same values in each of the rows."""
        if not values:
            return
        fields = [_stored_field(sobject, name) for name in values]
        stored = [to_stored(field, values[field.name]) for field in fields]
        settings = ", ".join(f"{quoted(field.name)} = ?" for field in fields)
        self._change(sobject, ids, f"SET {settings}", stored)
        if _has_person_name(sobject) and values.keys() & {"FirstName", "LastName"}:
            name = 'SET "Name" = concat_ws(\' \', "FirstName", "LastName")'
            self._change(sobject, ids, name, [])

    def hard_delete(self, sobject: SObject, ids: Sequence[str]) -> None:
        """Remove rows without a trace."""
        table = self._database.table(sobject)
        statement = sql("DELETE FROM", table, _THESE_IDS)
        _expect_all(self._database.execute(statement, [_long(ids)]), ids)

    def set_visible_from(
        self, sobject: SObject, ids: Sequence[str], moment: datetime | None
    ) -> None:
        """Let the user see the rows from a moment on; always where that is None."""
        stored = None if moment is None else naive(moment)
        self._change(sobject, ids, f"SET {VISIBLE_FROM} = ?", [stored])

    def count(self, sobject: SObject, *, now: datetime, include_deleted: bool) -> int:
        """Return the number of committed rows."""
        condition = _visible(sobject, include_deleted=include_deleted)
        table = self._database.table(sobject)
        statement = sql("SELECT count(*) FROM", table, "WHERE", condition)
        return int(self._database.execute(statement, [naive(now)])[0][0])

    def read(
        self, sobject: SObject, *, now: datetime, include_deleted: bool
    ) -> list[dict[str, object]]:
        """Return the committed rows with canonical values, compounds made of their parts."""
        fields = stored_fields(sobject)
        names = ", ".join(quoted(field.name) for field in fields)
        table = self._database.table(sobject)
        condition = _visible(sobject, include_deleted=include_deleted)
        where = sql("WHERE", condition, "ORDER BY", NUMBER)
        statement = sql("SELECT", names, "FROM", table, where)
        stored = self._database.execute(statement, [naive(now)])
        return [_canonical(sobject, fields, values) for values in stored]

    def _change(
        self, sobject: SObject, ids: Sequence[str], setting: str, values: list[object]
    ) -> None:
        table = self._database.table(sobject)
        statement = sql("UPDATE", table, setting, _THESE_IDS)
        _expect_all(self._database.execute(statement, [*values, _long(ids)]), ids)


def _filled(
    sobject: SObject, row: Mapping[str, object], number: int, stamp: datetime
) -> dict[str, object]:
    """Return the row with everything that Salesforce fills in by itself."""
    for name in row:
        _stored_field(sobject, name)
    given = next((row[name] for name in STAMPS if row.get(name)), stamp)
    defaults: dict[str, object] = dict.fromkeys(STAMPS, given)
    defaults |= dict.fromkeys(_USERS, INTEGRATION_USER_ID)
    defaults["Id"] = make_id(sobject.key_prefix or ANY_PREFIX, number)
    if _has_person_name(sobject):
        names = (row.get("FirstName"), row.get("LastName"))
        defaults["Name"] = " ".join(str(name) for name in names if name)
    filled: dict[str, object] = {}
    for field in sobject.fields:
        if field.name in row:
            filled[field.name] = row[field.name]
        elif field.auto_number:
            filled[field.name] = f"{number:08d}"
        elif field.name in defaults:
            filled[field.name] = defaults[field.name]
    return filled


def _has_person_name(sobject: SObject) -> bool:
    name = sobject.field("Name")
    return name is not None and name.extra_type_info == "personname"


def _stored_field(sobject: SObject, name: str) -> Field:
    field = sobject.field(name)
    if field is None or field.is_compound or field.name != name:
        message = f"{sobject.name} has no field {name!r} to write to"
        raise KeyError(message)
    return field


def _visible(sobject: SObject, *, include_deleted: bool) -> str:
    committed = f"coalesce({VISIBLE_FROM} <= ?, true)"
    if include_deleted or not sobject.field("IsDeleted"):
        return committed
    return f'{committed} AND NOT "IsDeleted"'


def _canonical(
    sobject: SObject, fields: Sequence[Field], stored: Sequence[object]
) -> dict[str, object]:
    pairs = zip(fields, stored, strict=True)
    values = {field.name: from_stored(field, value) for field, value in pairs}
    return {
        field.name: _compound(sobject, field, values) if field.is_compound else values[field.name]
        for field in sobject.fields
    }


def _compound(
    sobject: SObject, field: Field, values: Mapping[str, object]
) -> dict[str, object] | None:
    parts = sobject.parts(field)
    found = {name: values[part.name] if part else None for name, part in parts.items()}
    return found if any(value is not None for value in found.values()) else None


def _long(ids: Sequence[str]) -> list[str]:
    return [case_safe(record_id) for record_id in ids]


def _expect_all(answer: list[tuple[int]], ids: Sequence[str]) -> None:
    changed = answer[0][0]
    if changed != len(set(ids)):
        message = f"{len(set(ids))} rows asked for, {changed} found"
        raise KeyError(message)
