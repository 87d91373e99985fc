"""A generation: what an object held at one moment, and what that can be compared with."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec

#: Of the files and of what stands in them. What is of another is not read.
FORMAT = 3

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_NAME_BYTES = 4


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """What swept rows are.

    Attributes:
        org: The org's Id.
        sobject: The object's API name.
        fields: Whose values are in the digest, in its order.
        stamp: The field that moves with a row; None where the object has none.
        condition: Which rows, in SOQL; empty for all.
        include_deleted: With those in the recycle bin.
        columns: What they are written with, where they are, as `column_names` returns it.
        format: `FORMAT`.
    """

    org: str
    sobject: str
    fields: tuple[str, ...]
    stamp: str | None
    condition: str = ""
    include_deleted: bool = True
    columns: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def of_rows(self) -> str:
        """Return a short name of which rows they are: only those of one name can be compared."""
        return _named(
            (self.format, self.org, self.sobject.lower(), self.stamp, self.condition),
            self.include_deleted,
        )

    @property
    def of_values(self) -> str:
        """Return a short name of whose values are in the digests."""
        return _named(*self.fields)

    @property
    def of_columns(self) -> str:
        """Return a short name of what the rows are written with."""
        return _named(*self.columns)


def _named(*parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=_NAME_BYTES).hexdigest()


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a generation.

    Attributes:
        name: In the generation's folder.
        partition: Whose rows it has.
        size: In bytes.
        digest: Of its bytes, in hexadecimal digits.
    """

    name: str
    partition: int
    size: int
    digest: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What had been written of an object when a sweep of it began.

    Attributes:
        last: The number of the last rows; 0 where there were none.
        seen: The emitted rows that are compared with the sweep, by their keys; they need no other
            look.
        beside: Others that are compared with it, of runs that were under way.
        closed_until: The bookmark: rows from there on were left to the next window. None where
            none were.
        columns: The names of the columns that rows were written with.
        former_columns: Those that they had been written with before.
    """

    last: int = 0
    seen: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    closed_until: _Instant | None = None
    columns: tuple[str, ...] = ()
    former_columns: tuple[str, ...] = ()


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One generation, whose files are all there.

    Attributes:
        name: Of its folder; of two the later one sorts behind the other.
        taken_at: The server's clock before its first row was read.
        meaning: What its rows are.
        written: What had been written before.
        rows: How many.
        partitions: How many, a power of two.
        files: In the order in which their rows were read.
    """

    name: str
    taken_at: _Instant
    meaning: Meaning
    written: Written = Written()
    rows: int
    partitions: int
    files: tuple[StoredFile, ...]
