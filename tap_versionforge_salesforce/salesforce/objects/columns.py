"""What a column is, in the tap's own words: its name, its kind, and its parts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Kind(enum.Enum):
    """How the values of a column are spelled, on the way in and on the way out."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    COMPOUND = "compound"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Column:
    """One field of an sObject as the tap reads it.

    Attributes:
        name: The field's API name.
        kind: How its values are spelled.
        parts: For a compound field, its visible component columns by the name they have inside
            the object (``street``, ``latitude``). A compound field is never queried itself:
            Bulk API 2.0 refuses it, and the components carry the same values in both APIs.
        alias: How the catalog spells the name, where that differs in upper and lower case.
        label: What people call it. Like the help text, nothing that is read depends on it.
        help_text: What people are told about it.
        is_calculated: A formula or roll-up: its value changes without a word in any stamp.
        is_filterable: It may stand in a condition.
        as_text: Its values come as text: each in the spelling of its kind, and what is none of
            that kind as it is served.
    """

    name: str
    kind: Kind
    parts: tuple[tuple[str, Column], ...] = ()
    alias: str | None = None
    label: str | None = field(default=None, compare=False)
    help_text: str | None = field(default=None, compare=False)
    is_calculated: bool = False
    is_filterable: bool = field(default=False, compare=False)
    as_text: bool = False

    @property
    def is_compound(self) -> bool:
        """Tell whether it is an object of other columns: an address or a location."""
        return self.kind is Kind.COMPOUND

    @property
    def queried(self) -> tuple[Column, ...]:
        """Return the columns that a query names for it: its parts, or itself; none at times."""
        if self.is_compound:
            return tuple(each for _, part in self.parts for each in part.queried)
        return () if self.kind is Kind.UNSUPPORTED else (self,)

    @property
    def property_name(self) -> str:
        """Return the name of its property in a record."""
        return self.alias or self.name


def select_columns(
    columns: tuple[Column, ...], keys: tuple[str, ...] = ("Id",)
) -> tuple[Column, ...]:
    """Return the columns that a query has to name, each once, the key last.

    ``Id`` is never empty. As the last column it shows a row that was cut short, which a lenient
    CSV reader would fill up with nulls.

    Args:
        columns: The selected columns, compound ones included.
        keys: What tells the object's rows apart; ``Id`` is queried even if it is not selected.
    """
    named: dict[str, Column] = {}
    for column in columns:
        for part in column.queried:
            named.setdefault(part.name, part)
    if keys == ("Id",):
        named.setdefault("Id", Column("Id", Kind.TEXT))
    last = [named.pop(key) for key in keys if key in named]
    return (*named.values(), *last)


def nested(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return columns with those of parents inside objects of their own, in the order of the first.

    Args:
        columns: Those of parents have full stops in their names, which are those that queries have.
    """
    return tuple(part for _, part in _nested([(column.name, column) for column in columns]))


def _nested(named: Iterable[tuple[str, Column]], before: str = "") -> Iterator[tuple[str, Column]]:
    """Yield each member with its column, whose own name leads from the query's object to it."""
    groups: dict[str, list[tuple[str, Column]]] = {}
    for name, column in named:
        first, _, rest = name.partition(".")
        groups.setdefault(first, []).append((rest, column))
    for first, members in groups.items():
        if not members[0][0]:
            yield first, members[0][1]
            continue
        path = f"{before}{first}"
        yield first, Column(path, Kind.COMPOUND, tuple(_nested(members, f"{path}.")))
