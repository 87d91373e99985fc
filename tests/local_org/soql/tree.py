"""The tree of a parsed SOQL query. Positions are for error messages and don't count in equality."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

LiteralType: TypeAlias = Literal["string", "number", "boolean", "null", "date", "datetime", "days"]


@dataclass(frozen=True)
class Path:
    """A field, or a parent's field, as the query wrote it; or a function of one."""

    names: tuple[str, ...]
    position: int = attribute(default=0, compare=False)
    function: str | None = None


@dataclass(frozen=True)
class Value:
    """A literal. The string of a LIKE keeps its backslashes before %, _ and backslashes.

    The days of a date literal such as TODAY are its text.
    """

    type: LiteralType
    value: str | Decimal | bool | date | datetime | None
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class Comparison:
    """A field against one literal."""

    path: Path
    operator: str
    value: Value


@dataclass(frozen=True)
class Membership:
    """A field IN or NOT IN a list of literals."""

    path: Path
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class SemiJoin:
    """A field IN or NOT IN what a field of other rows holds."""

    path: Path
    query: Query
    negated: bool = False


@dataclass(frozen=True)
class Not:
    """A condition turned round."""

    condition: Condition


@dataclass(frozen=True)
class Junction:
    """Conditions joined by one AND, or by one OR: SOQL does not mix them without parentheses."""

    operator: Literal["AND", "OR"]
    conditions: tuple[Condition, ...]


Condition: TypeAlias = Comparison | Membership | SemiJoin | Not | Junction


@dataclass(frozen=True)
class Order:
    """One field of ORDER BY. Null rows come first unless the query says otherwise."""

    path: Path
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True)
class Named:
    """What is selected of each row, or shared by those of a group, and what the query calls it."""

    path: Path
    alias: str | None = None


@dataclass(frozen=True)
class Aggregate:
    """A function of a field's values in all the rows of a group."""

    function: str
    path: Path | None
    alias: str | None = None
    position: int = attribute(default=0, compare=False)


@dataclass(frozen=True)
class Query:
    """A whole query; COUNT() has no fields, and one of groups has what it selects of them."""

    fields: tuple[Path, ...]
    object_name: str
    where: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    object_position: int = attribute(default=0, compare=False)
    selected: tuple[Named | Aggregate, ...] = ()
    group_by: tuple[Path, ...] = ()

    @property
    def is_count(self) -> bool:
        return not self.fields and not self.is_grouped

    @property
    def is_grouped(self) -> bool:
        return bool(self.selected)
