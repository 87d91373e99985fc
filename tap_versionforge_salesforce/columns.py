"""What a column is, in the tap's own words: its name, its kind, and its parts."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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
        name: The field's API name, which is also the property's name.
        kind: How its values are spelled.
        parts: For a compound field, its visible component columns by the name they have inside
            the object (``street``, ``latitude``). A compound field is never queried itself:
            Bulk API 2.0 refuses it, and the components carry the same values in both APIs.
    """

    name: str
    kind: Kind
    parts: tuple[tuple[str, Column], ...] = ()


def queried(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns that a query has to name, each once, ``Id`` last.

    ``Id`` is never empty. As the last column it shows a row that was cut short, which a lenient
    CSV reader would fill up with nulls.

    Args:
        columns: The selected columns, compound ones included.
    """
    named: dict[str, Column] = {}
    for column in columns:
        for part in [part for _, part in column.parts] or [column]:
            named.setdefault(part.name, part)
    identity = named.pop("Id", Column("Id", Kind.TEXT))
    return (*named.values(), identity)
