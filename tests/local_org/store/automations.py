"""What an org does by itself: it counts formulas anew, and changes rows that nobody saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.local_org.store.tables import naive, quoted, sql

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.objects.catalog import Catalog
    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.store.database import Database


class Formula(Protocol):
    """What the value of a calculated field is made of."""

    def sql(self) -> str:
        """Return it as SQL of a text, in which the row is `this` and the moment is `?`."""

    @property
    def others(self) -> tuple[str, ...]:
        """Return the other objects that it reads."""


@dataclass(frozen=True)
class ParentValue:
    """A field of the row's parent, as `Account.Rating` is one of a contact's."""

    lookup: str
    parent: str
    field: str

    @property
    def others(self) -> tuple[str, ...]:
        return (self.parent,)

    def sql(self) -> str:
        parents = f'{quoted(self.parent)} other WHERE other."Id" = this.{quoted(self.lookup)}'
        return sql("(SELECT", f"other.{quoted(self.field)} FROM {parents}", "AND ? IS NOT NULL)")


@dataclass(frozen=True)
class RollUp:
    """The sum of a field over the row's living children."""

    child: str
    lookup: str
    field: str

    @property
    def others(self) -> tuple[str, ...]:
        return (self.child,)

    def sql(self) -> str:
        total = f"coalesce(sum(CAST(other.{quoted(self.field)} AS DECIMAL(38, 2))), 0)"
        children = f'{quoted(self.child)} other WHERE other.{quoted(self.lookup)} = this."Id"'
        return sql(
            "(SELECT", total, "FROM", children, 'AND NOT other."IsDeleted" AND ? IS NOT NULL)'
        )


@dataclass(frozen=True)
class DaysSince:
    """`TODAY()` less a date or moment of the row."""

    field: str

    @property
    def others(self) -> tuple[str, ...]:
        return ()

    def sql(self) -> str:
        return f"date_diff('day', CAST(this.{quoted(self.field)} AS DATE), CAST(? AS DATE))"


class Formulas:
    """The formulas of an org. Their values are counted when somebody asks, and move no stamp."""

    def __init__(self, catalog: Catalog, database: Database) -> None:
        self._catalog = catalog
        self._database = database
        self._formulas: list[tuple[str, Field, Formula]] = []

    def add(self, object_name: str, field: Field, formula: Formula) -> None:
        self._formulas.append((object_name, field, formula))

    def clear(self) -> None:
        self._formulas.clear()

    def recount(self, now: datetime) -> None:
        """Let every row have the values that its formulas have now."""
        for object_name, field, formula in self._formulas:
            table = self._database.table(self._catalog.whole(object_name))
            for other in formula.others:
                self._database.table(self._catalog.whole(other))
            value = f"CAST({formula.sql()} AS VARCHAR)"
            name = quoted(field.name)
            statement = sql("UPDATE", table, "AS this SET", f"{name} = {value}")
            self._database.execute(statement, [naive(now)])


def lookups_to(sobject: SObject, parent: str) -> list[str]:
    """Return the fields of an object that hold Ids of another."""
    return [field.name for field in sobject.fields if parent in field.reference_to]
