"""A whole query that somebody wrote, as the tap has to know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.soql.functions import AGGREGATES
from tap_versionforge_salesforce.salesforce.soql.tree import Call, Path

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.soql.conditions import Condition
    from tap_versionforge_salesforce.salesforce.soql.tree import Clauses, SelectItem


@dataclass(frozen=True, slots=True)
class Select:
    """A query of somebody's own.

    Attributes:
        text: As it was written.
        sobject: The object behind FROM, as it was written.
        items: What it selects, in order.
        scope: Whose rows, by USING SCOPE; None where it does not say.
        where: Which rows; None for all.
        clauses: What follows; None where nothing does.
        head: The text before WHERE, or before what follows where there is no WHERE.
    """

    text: str
    sobject: str
    items: tuple[SelectItem, ...]
    scope: str | None
    where: Condition | None
    clauses: Clauses | None
    head: str

    @property
    def tail(self) -> str:
        """Return the text from GROUP BY, ORDER BY, LIMIT or OFFSET on."""
        return "" if self.clauses is None else self.text[self.clauses.position :]

    @property
    def has_group_by(self) -> bool:
        """Tell whether its rows are grouped."""
        return self.clauses is not None and bool(self.clauses.groups)

    @property
    def has_order_by(self) -> bool:
        """Tell whether it sorts its rows by itself."""
        return self.clauses is not None and bool(self.clauses.orders)

    @property
    def limit(self) -> int | None:
        """Return how many rows it wants at most; None for all."""
        return None if self.clauses is None else self.clauses.limit

    @property
    def offset(self) -> int | None:
        """Return how many rows it leaves out; None where it has no OFFSET."""
        return None if self.clauses is None else self.clauses.offset

    @property
    def is_count(self) -> bool:
        """Tell whether it is ``SELECT COUNT()``, whose answer has a ``totalSize`` and no rows."""
        first = self.items[0].expression
        return isinstance(first, Call) and first.name == "COUNT" and not first.arguments

    @property
    def is_aggregate(self) -> bool:
        """Tell whether it is answered by groups and not by rows; Bulk refuses such queries."""
        return self.has_group_by or any(is_aggregate(item.expression) for item in self.items)

    @property
    def only_rest(self) -> str:
        """Return why no Bulk job can answer it; empty where one can."""
        if self.is_aggregate or self.is_count:
            return "it is answered by groups, which Bulk API 2.0 does not make"
        return "" if self.offset is None else "Bulk API 2.0 has no OFFSET"

    @property
    def is_plain(self) -> bool:
        """Tell whether it has fields and a condition only, so that it can be read in parts."""
        has_fields_only = all(
            isinstance(item.expression, Path) and item.alias is None for item in self.items
        )
        return has_fields_only and self.clauses is None and self.scope is None

    def text_with(self, *conditions: str) -> str:
        """Return the query with further conditions on its rows.

        Args:
            conditions: SOQL; empty ones are left out.
        """
        own = "" if self.where is None else self.where.text
        wanted = [f"({condition})" for condition in (own, *conditions) if condition]
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        return " ".join(part for part in (self.head.rstrip(), where, self.tail) if part)


def is_aggregate(expression: object) -> bool:
    """Tell whether an expression has one value for many rows."""
    return isinstance(expression, Call) and (
        expression.name in AGGREGATES or any(map(is_aggregate, expression.arguments))
    )
