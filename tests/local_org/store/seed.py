"""Rows made up for tests, demos and benchmarks: any number, and the same in every run.

The rows are made by one SQL statement, so a hundred thousand take seconds. Their stamps are spread
over the years up to one minute before the clock's now, and often equal: one row in ten was changed
by one and the same bulk update, which is more rows than a REST page holds once there are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.local_org.store import hurt as hurts
from tests.local_org.store import seed_words as words
from tests.local_org.store.ids import make_id
from tests.local_org.store.rows import ANY_PREFIX, INTEGRATION_USER_ID
from tests.local_org.store.seed_values import NULL_EVERY, literal, mixed, one_of, value
from tests.local_org.store.tables import NUMBER, naive, quoted, sql, stored_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject

YEARS = 4
NEWEST = timedelta(minutes=1)
ROWS_PER_STAMP = 4
BULK_UPDATE_EVERY = 10
UNKNOWN_PREFIX = "0ZZ"
"""For references to objects that the org has no rows of."""

_PERSON_NAME = 'concat_ws(\' \', "FirstName", "LastName")'
_RULES: Mapping[str, str] = {
    "Account.Name": (
        f"{one_of(words.COMPANIES, 'company')} || ' ' || "
        f"{one_of(words.TRADES, 'trade')} || ' ' || n"
    ),
    "Opportunity.Name": f"{one_of(words.COMPANIES, 'o')} || ' - ' || {one_of(words.DEALS, 'o2')}",
    "Opportunity.IsClosed": "\"StageName\" LIKE 'Closed%'",
    "Opportunity.IsWon": "\"StageName\" = 'Closed Won'",
    "Opportunity.FiscalYear": 'CAST(year("CloseDate") AS VARCHAR)',
    "Opportunity.FiscalQuarter": 'CAST(quarter("CloseDate") AS VARCHAR)',
    "Opportunity.Fiscal": 'year("CloseDate") || \' \' || quarter("CloseDate")',
    "Contact.Name": _PERSON_NAME,
    "User.Name": _PERSON_NAME,
    "User.Username": "'user.' || n || '@local-org.example'",
    "User.CommunityNickname": "'user' || n",
    "User.Alias": "left('u' || n, 8)",
    "User.IsActive": f"{mixed('active')} % 8 <> 0",
    "User.UserType": "'Standard'",
}
"""Expressions for fields that hang together; they may name fields further up in the describe."""


@dataclass(frozen=True)
class SeedStatement:
    """The statement that inserts seeded rows, the values of its parameters, the rows' Ids."""

    text: str
    values: Mapping[str, object]
    ids: list[str]


def seed_statement(
    sobject: SObject,
    numbers: range,
    *,
    now: datetime,
    hurt: bool,
    ids_of: Callable[[str], Sequence[str]],
) -> SeedStatement:
    """Return what inserts the rows of these numbers; `ids_of` knows what references may hold."""
    ids = [make_id(sobject.key_prefix or ANY_PREFIX, number) for number in numbers]
    newest = now.replace(microsecond=0) - NEWEST
    values: dict[str, object] = {
        "ids": ids,
        "first": numbers.start,
        "newest": naive(newest),
        "oldest": naive(newest - timedelta(days=365 * YEARS)),
    }
    maker = _Maker(sobject, ids, ids_of, values, hurt=hurt)
    fields = stored_fields(sobject)
    made = ", ".join(f"{maker.expression(field)} AS {quoted(field.name)}" for field in fields)
    names = ", ".join(quoted(field.name) for field in fields)
    rows = f"({_stamped(len(ids))})"
    target = f"{quoted(sobject.name)} ({NUMBER}, {names})"
    text = sql("INSERT INTO", target, "SELECT n,", made, "FROM", rows, "ORDER BY n")
    if "$texts" in text:
        values["texts"] = list(hurts.TEXTS)
    return SeedStatement(text, values, ids)


def _stamped(count: int) -> str:
    """Return the query for row numbers, Ids and stamps."""
    buckets = max(1, count // ROWS_PER_STAMP)
    span = "date_diff('second', $oldest, $newest)"
    share = (
        f"CASE WHEN r = {count - 1} THEN 1.0 "
        f"WHEN r % {BULK_UPDATE_EVERY} = 3 THEN 0.75 "
        f"ELSE {mixed('stamp')} % {buckets} / {buckets} END"
    )
    rows = (
        "SELECT unnest($ids) AS record_id, "
        "unnest(range(len($ids))) AS r, unnest(range(len($ids))) + $first AS n"
    )
    stamp = f"$oldest + to_seconds(CAST(floor({span} * ({share})) AS BIGINT))"
    return sql("SELECT r, n, record_id,", stamp, "AS stamp FROM", f"({rows})")


class _Maker:
    """Chooses the expression for each field of one object."""

    def __init__(
        self,
        sobject: SObject,
        own_ids: Sequence[str],
        ids_of: Callable[[str], Sequence[str]],
        values: dict[str, object],
        *,
        hurt: bool,
    ) -> None:
        self._sobject = sobject
        self._own_ids = own_ids
        self._ids_of = ids_of
        self._values = values
        self._hurt = hurt

    def expression(self, field: Field) -> str:
        rule = _RULES.get(f"{self._sobject.name}.{field.name}") or self._system(field)
        if rule:
            return rule
        salt = f"{self._sobject.name}.{field.name}"
        if field.auto_number:
            return "lpad(CAST(n AS VARCHAR), 8, '0')"
        if field.type == "reference":
            return self._reference(field, salt)
        return value(field, salt, hurt=self._hurt)

    def _system(self, field: Field) -> str | None:
        """Return the expression for what Salesforce fills in, in an order that could be true."""
        has_later = self._sobject.field("LastModifiedDate") or self._sobject.field("SystemModstamp")
        changed = f"stamp - to_minutes(CASE WHEN n % 8 = 0 THEN 1 + {mixed('job')} % 90 ELSE 0 END)"
        modified = changed if self._sobject.field("SystemModstamp") else "stamp"
        created = f"({modified}) - to_hours({mixed('age')} % 9000)" if has_later else "stamp"
        return {
            "Id": "record_id",
            "IsDeleted": "false",
            "MasterRecordId": "NULL",
            "SystemModstamp": "stamp",
            "LastModifiedDate": modified,
            "CreatedDate": created,
            "LoginTime": "stamp",
        }.get(field.name)

    def _reference(self, field: Field, salt: str) -> str:
        target = field.reference_to[-1]
        ids = self._own_ids if target == self._sobject.name else self._ids_of(target)
        if not ids:
            default = INTEGRATION_USER_ID if target == "User" else make_id(UNKNOWN_PREFIX, 1)
            return "NULL" if field.nillable else literal(default)
        parameter = f"{target}_ids"
        self._values[parameter] = list(ids)
        chosen = f"${parameter}[1 + {mixed(salt)} % {len(ids)}]"
        if not field.nillable:
            return chosen
        return f"CASE WHEN {mixed(f'{salt} null')} % {NULL_EVERY} = 0 THEN NULL ELSE {chosen} END"
