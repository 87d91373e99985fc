"""The embedded DuckDB, its tables and the one lock around them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import duckdb

from tests.local_org.store.tables import NUMBER, column_definition, create_table, quoted, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject


class Database:
    """Tables are made when they are first needed, so an org with many objects starts at once."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._connection = duckdb.connect(":memory:")
        self._next_numbers: dict[str, int] = {}

    def execute(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement and return all its rows."""
        with self.lock:
            return self._connection.execute(statement, values).fetchall()

    def table(self, sobject: SObject) -> str:
        """Return the object's table, as SQL names it; make it if need be."""
        with self.lock:
            if sobject.name not in self._next_numbers:
                self._connection.execute(create_table(sobject))
                self._next_numbers[sobject.name] = 1
        return quoted(sobject.name)

    def take_numbers(self, sobject: SObject, count: int) -> range:
        """Return the numbers of rows about to be made; none is given out twice."""
        with self.lock:
            self.table(sobject)
            first = self._next_numbers[sobject.name]
            self._next_numbers[sobject.name] = first + count
        return range(first, first + count)

    def add_columns(self, sobject: SObject, fields: Iterable[Field]) -> None:
        """Give the object's table columns for new fields; one that is made later has them."""
        if sobject.name not in self._next_numbers:
            return
        for field in fields:
            if not field.is_compound:
                definition = column_definition(field)
                self.execute(f"ALTER TABLE {self.table(sobject)} ADD COLUMN {definition}")

    def record_ids(self, sobject: SObject) -> list[str]:
        """Return the Ids of all rows, in the order in which they were made."""
        if sobject.name not in self._next_numbers:
            return []
        statement = sql('SELECT "Id" FROM', quoted(sobject.name), "ORDER BY", NUMBER)
        return [record_id for (record_id,) in self.execute(statement)]

    def drop(self, object_name: str) -> None:
        with self.lock:
            if self._next_numbers.pop(object_name, None):
                self._connection.execute(f"DROP TABLE {quoted(object_name)}")

    def drop_all(self) -> None:
        for object_name in list(self._next_numbers):
            self.drop(object_name)
