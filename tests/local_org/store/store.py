"""The org's rows and the SOQL that reads them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from tests.local_org.objects.catalog import Catalog
from tests.local_org.objects.object_notation import fields_with
from tests.local_org.soql.parser import parse
from tests.local_org.soql.plan import make_plan
from tests.local_org.soql.plan_sql import Statement
from tests.local_org.store.automations import Formulas, lookups_to
from tests.local_org.store.database import Database
from tests.local_org.store.rows import INTEGRATION_USER_ID, Rows
from tests.local_org.store.seed import seed_statement
from tests.local_org.store.tables import parse_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.soql.plan import Column, Join, Plan
    from tests.local_org.store.automations import Formula


ARCHIVED = frozenset({"Event", "Task"})
"""Activities that are a year old; of other objects `IsArchived` hides nothing."""


class Clock(Protocol):
    """What tells the org the time."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""


@dataclass(frozen=True, eq=False)
class Result:
    """What a query found: which rows, in which order. Their values are read page by page.

    A row that `fetch` returns holds the columns, then the record's own Id, the Id of each parent
    in `joins` and a number of the store's; only the columns are the query's.
    """

    plan: Plan
    numbers: array[int]
    groups: tuple[tuple[object, ...], ...] = ()
    """What a query of groups found in their place; these do not change any more."""

    @property
    def object_name(self) -> str:
        return self.plan.sobject.name

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.plan.columns

    @property
    def joins(self) -> tuple[Join, ...]:
        return self.plan.joins

    @property
    def total_size(self) -> int:
        return len(self.groups) if self.plan.query.is_grouped else len(self.numbers)

    @property
    def is_count(self) -> bool:
        return self.plan.query.is_count


# When the user sees rows that nobody shares.
_NEVER = datetime(9999, 1, 1, tzinfo=timezone.utc)


class Store:
    """A stand-in for what is behind Salesforce's APIs. Any number of threads may use it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._catalog = Catalog()
        self._database = Database()
        self._rows = Rows(self._database)
        self._formulas = Formulas(self._catalog, self._database)
        # Of each transaction that commits late: when it began, and when it commits.
        self._late: list[tuple[datetime, datetime]] = []

    # The objects

    @property
    def sobjects(self) -> dict[str, SObject]:
        """What the user may see, by name. Change it with the methods below."""
        return self._catalog.visible

    def add_object(self, sobject: SObject) -> None:
        """Create an object, or replace one and its rows."""
        with self._database.lock:
            self._database.drop(sobject.name)
            self._catalog.add(sobject)

    def remove_object(self, name: str) -> None:
        """Delete an object with its rows."""
        with self._database.lock:
            self._catalog.remove(name)
            self._database.drop(name)

    def add_field(self, object_name: str, *fields: Field) -> None:
        """Create fields at the end of the object; its rows stay, with null in them."""
        with self._database.lock:
            self._database.add_columns(self._catalog.whole(object_name), fields)
            self._catalog.add_fields(object_name, fields)

    def add_formula(self, object_name: str, field: Field, formula: Formula) -> None:
        """Create a field that is counted whenever somebody asks for it, and moves no stamp."""
        calculated = replace(field, calculated=True)
        self.add_field(object_name, calculated)
        self._formulas.add(object_name, calculated, formula)

    def add_feature(self, name: str) -> None:
        """Let the org have a feature, such as ``person_accounts``: objects get its fields."""
        for object_name, fields in fields_with(name).items():
            self.add_field(object_name, *fields)

    def hide_field(self, object_name: str, field_name: str) -> None:
        """Take away the user's right to see a field."""
        with self._database.lock:
            self._catalog.hide_field(object_name, field_name)

    def show_field(self, object_name: str, field_name: str) -> None:
        """Give back the right to see a field."""
        with self._database.lock:
            self._catalog.show_field(object_name, field_name)

    def hide_object(self, name: str) -> None:
        """Take away the user's right to see an object."""
        with self._database.lock:
            self._catalog.hide_object(name)

    def show_object(self, name: str) -> None:
        """Give back the right to see an object."""
        with self._database.lock:
            self._catalog.show_object(name)

    def reset(self) -> None:
        """Go back to the default objects, all visible and empty."""
        with self._database.lock:
            self._database.drop_all()
            self._catalog.reset()
            self._formulas.clear()
            self._late.clear()

    # The rows

    def seed(self, object_name: str, count: int, *, hurt: bool = True) -> list[str]:
        """Insert rows as `seed.py` makes them up, the same in every run; return the Ids."""
        with self._database.lock:
            sobject = self._catalog.whole(object_name)
            statement = seed_statement(
                sobject,
                self._database.take_numbers(sobject, count),
                now=self._clock.now(),
                hurt=hurt,
                ids_of=self._record_ids,
            )
            self._database.execute(statement.text, statement.values)
        return statement.ids

    def insert(
        self,
        object_name: str,
        rows: Sequence[Mapping[str, object]],
        *,
        stamp: datetime | None = None,
        visible_from: datetime | None = None,
        transaction_began: datetime | None = None,
    ) -> list[str]:
        """Insert rows and return their Ids.

        With `visible_from`, the transaction commits then, however old the stamps are. It began
        with these, unless `transaction_began` says otherwise.
        """
        sobject = self._catalog.whole(object_name)
        moment = self._stamp(stamp)
        with self._database.lock:
            if visible_from is not None:
                self._late.append((transaction_began or moment, visible_from))
            return self._rows.insert(sobject, rows, stamp=moment, visible_from=visible_from)

    def update(
        self,
        object_name: str,
        ids: Sequence[str],
        values: Mapping[str, object],
        *,
        stamp: datetime | None = None,
        touch: bool = True,
    ) -> None:
        """Change rows; `touch=False` is how a formula changes: no stamp moves."""
        sobject = self._catalog.whole(object_name)
        stamps: dict[str, object] = {}
        if touch:
            stamps = dict.fromkeys(("LastModifiedDate", "SystemModstamp"), self._stamp(stamp))
            stamps["LastModifiedById"] = INTEGRATION_USER_ID
        known = {name: value for name, value in stamps.items() if sobject.field(name)}
        with self._database.lock:
            self._rows.update(sobject, ids, {**known, **values})

    def delete(
        self, object_name: str, ids: Sequence[str], *, stamp: datetime | None = None
    ) -> None:
        """Put rows into the recycle bin."""
        self._set_deleted(object_name, ids, stamp, deleted=True)

    def undelete(
        self, object_name: str, ids: Sequence[str], *, stamp: datetime | None = None
    ) -> None:
        """Take rows out of the recycle bin."""
        self._set_deleted(object_name, ids, stamp, deleted=False)

    def hard_delete(self, object_name: str, ids: Sequence[str]) -> None:
        """Remove rows so that no query shows them again, not even an open cursor."""
        self._rows.hard_delete(self._catalog.whole(object_name), ids)

    def empty_recycle_bin(self, object_name: str) -> None:
        """Remove the rows in it for good, as Salesforce does by itself after fifteen days."""
        self.hard_delete(
            object_name, [str(row["Id"]) for row in self.rows(object_name) if row["IsDeleted"]]
        )

    def delete_with_children(
        self, object_name: str, ids: Sequence[str], child_names: Sequence[str]
    ) -> None:
        """Put rows into the recycle bin, and their children with them: no stamp of these moves."""
        self.delete(object_name, ids)
        for name in child_names:
            child = self._catalog.whole(name)
            lookups = lookups_to(child, object_name)
            gone = [
                str(row["Id"])
                for row in self.rows(name)
                if any(row[lookup] in ids for lookup in lookups)
            ]
            self._rows.update(child, gone, {"IsDeleted": True})

    def sync_quote(self, opportunity_ids: Sequence[str]) -> None:
        """Make the line items of opportunities anew: the old ones pass by the recycle bin."""
        name = "OpportunityLineItem"
        kept = ("OpportunityId", "PricebookEntryId", "Product2Id", "Quantity", "UnitPrice")
        old = [row for row in self.rows(name) if row["OpportunityId"] in opportunity_ids]
        self.hard_delete(name, [str(row["Id"]) for row in old])
        self.insert(name, [{field: row[field] for field in kept} for row in old])

    def hide_rows(self, object_name: str, ids: Sequence[str]) -> None:
        """Take away the user's right to see rows, which moves no stamp."""
        self._rows.set_visible_from(self._catalog.whole(object_name), ids, _NEVER)

    def show_rows(self, object_name: str, ids: Sequence[str]) -> None:
        """Share rows with the user, which moves no stamp either."""
        self._rows.set_visible_from(self._catalog.whole(object_name), ids, None)

    def count(self, object_name: str, *, include_deleted: bool = False) -> int:
        """Return how many committed rows there are."""
        sobject = self._catalog.whole(object_name)
        return self._rows.count(sobject, now=self._clock.now(), include_deleted=include_deleted)

    def rows(self, object_name: str, *, include_deleted: bool = True) -> list[dict[str, object]]:
        """Return the committed rows, oldest first, with every field, hidden ones too."""
        sobject = self._catalog.whole(object_name)
        self._formulas.recount(self._clock.now())
        return self._rows.read(sobject, now=self._clock.now(), include_deleted=include_deleted)

    def oldest_open_transaction(self) -> datetime | None:
        """Return when the oldest transaction began that has not committed; None without any."""
        now = self._clock.now()
        with self._database.lock:
            is_open = (began for began, commits in self._late if began <= now < commits)
            return min(is_open, default=None)

    # The queries

    def run(self, soql: str, *, all_rows: bool, bulk: bool = False) -> Result:
        """Run a query, or raise the SalesforceError that answers it."""
        query = parse(soql)
        with self._database.lock:
            self._formulas.recount(self._clock.now())
            plan = make_plan(soql, query, self.sobjects, bulk=bulk)
            whole = self._catalog.whole(plan.sobject.name)
            for sobject in plan.sobjects:
                self._database.table(self._catalog.whole(sobject.name))
            statement = Statement(plan, self._clock.now())
            without = [] if all_rows else _hiding_fields(whole)
            if query.is_grouped:
                text = statement.groups(without=without)
                return Result(
                    plan, array("q"), tuple(self._database.execute(text, statement.values))
                )
            text = statement.matching_rows(without=without)
            found = self._database.execute(text, statement.values)
        return Result(plan, array("q", (number for (number,) in found)))

    def fetch(self, result: Result, start: int, count: int) -> list[tuple[object, ...]]:
        """Return rows of a result as they are now; hard-deleted ones are gone."""
        numbers = result.numbers[start : start + count]
        if not numbers:
            return []
        self._formulas.recount(self._clock.now())
        statement = Statement(result.plan, self._clock.now())
        rows = self._database.execute(statement.values_of(numbers.tolist()), statement.values)
        place = {number: index for index, number in enumerate(numbers)}
        rows.sort(key=lambda row: place[row[-1]])
        return _with_any_values(result.columns, rows)

    def _set_deleted(
        self, object_name: str, ids: Sequence[str], stamp: datetime | None, *, deleted: bool
    ) -> None:
        sobject = self._catalog.whole(object_name)
        if not sobject.field("IsDeleted"):
            message = f"{object_name} has no recycle bin"
            raise ValueError(message)
        values: dict[str, object] = {"IsDeleted": deleted}
        if sobject.field("SystemModstamp"):
            values["SystemModstamp"] = self._stamp(stamp)
        self._rows.update(sobject, ids, values)

    def _stamp(self, stamp: datetime | None) -> datetime:
        """Return a stamp with the whole seconds that Salesforce's stamps have."""
        return (stamp or self._clock.now()).replace(microsecond=0)

    def _record_ids(self, object_name: str) -> list[str]:
        if not self._catalog.has(object_name):
            return []
        return self._database.record_ids(self._catalog.whole(object_name))


def _hiding_fields(sobject: SObject) -> list[str]:
    """Return the fields that keep a row out of a query: it is in the recycle bin, or archived."""
    names = ["IsDeleted", *(["IsArchived"] if sobject.name in ARCHIVED else [])]
    return [name for name in names if sobject.field(name) is not None]


def _with_any_values(
    columns: Sequence[Column], rows: list[tuple[object, ...]]
) -> list[tuple[object, ...]]:
    """Return the rows with the values of anyType columns read from their JSON."""
    places = [index for index, column in enumerate(columns) if column.field.type == "anyType"]
    if not places:
        return rows
    return [
        tuple(
            parse_any(value) if index in places and value is not None else value
            for index, value in enumerate(row)
        )
        for row in rows
    ]
