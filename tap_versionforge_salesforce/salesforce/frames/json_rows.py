"""Records of a REST answer, of the kinds that the describe tells → a table of texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

# What is objects of Python's at once: each is looked at several times, and what a processor keeps
# at hand is a few hundred kilobytes. With more, the same steps take twice the time.
_BYTES_AT_ONCE = 256 << 10
# Between two records, and nowhere else: within a text, quotes are escaped.
_BETWEEN_RECORDS = b'},{"attributes":'
_NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER})
#: Of what is no text: numbers as they are written, for a float would round 18-digit amounts.
_TYPES = {Kind.BOOLEAN: bool | None, Kind.INTEGER: msgspec.Raw, Kind.NUMBER: msgspec.Raw}
_TEXTS = frozenset(Kind) - _TYPES.keys()
_NUMBERS_AND_NULLS = re.compile(r"[-+.eE0-9,nul]*")
_BETWEEN_TEXTS = "\0"


@dataclass(frozen=True, slots=True)
class Records:
    """Records as served, one behind the other: what is between two brackets."""

    served: bytes
    start: int
    stop: int

    def cut(self, size: int) -> Iterator[Records]:
        """Yield all of them, some at a time; at least once."""
        start = self.start
        while (end := self.served.find(_BETWEEN_RECORDS, start + size, self.stop)) >= 0:
            yield Records(self.served, start, end + len("}"))
            start = end + len("},")
        yield Records(self.served, start, self.stop)

    def as_list(self) -> bytes:
        """Return them as JSON."""
        return b"".join((b"[", memoryview(self.served)[self.start : self.stop], b"]"))


@lru_cache(maxsize=8)
def _decoder(columns: tuple[Column, ...]) -> msgspec.json.Decoder[Any]:
    """Return what decodes a list of such records."""
    # Python has more words that can't name an attribute than SOQL has: they go by number.
    names = {f"c{n}": column.name for n, column in enumerate(columns)}
    kinds = [_TYPES.get(column.kind, str | None) for column in columns]
    row: Any = msgspec.defstruct("Row", zip(names, kinds, strict=True), rename=names, gc=False)
    return msgspec.json.Decoder(list[row])


def table_of(records: Records, columns: tuple[Column, ...]) -> pl.DataFrame:
    """Return a column of texts for each of the columns, null where they are empty.

    Raises:
        MsgspecError: Records or values are of other kinds.
        ValueError: A text holds a NUL or half a character, or what is to be a number is none.
    """
    decode = _decoder(columns).decode
    texts = _of_kinds(columns, _TEXTS)
    numbers = _of_kinds(columns, _NUMERIC)
    booleans = _of_kinds(columns, {Kind.BOOLEAN})
    # Of each column, a piece for each step.
    pieces: list[list[Any]] = [[] for _ in columns]
    rows = 0
    for some in records.cut(_BYTES_AT_ONCE):
        decoded = decode(some.as_list())
        if not decoded:
            continue
        rows += len(decoded)
        values = list(zip(*map(msgspec.structs.astuple, decoded), strict=True))
        for n in texts:
            pieces[n].append(_BETWEEN_TEXTS.join([value or "" for value in values[n]]))
        for n in numbers:
            pieces[n].append(b",".join(values[n]))
        for n in booleans:
            pieces[n] += values[n]
    made = {
        **_columns(texts, rows, _split(_BETWEEN_TEXTS, _each(pieces, texts))),
        **_columns(numbers, rows, _numbers(_each(pieces, numbers))),
        **_columns(booleans, rows, _booleans(_each(pieces, booleans))),
    }
    return pl.DataFrame([made[n].alias(column.name) for n, column in enumerate(columns)])


def _of_kinds(columns: Sequence[Column], kinds: Container[Kind]) -> list[int]:
    return [n for n, column in enumerate(columns) if column.kind in kinds]


def _each(pieces: Sequence[Sequence[Any]], places: Sequence[int]) -> list[Any]:
    return list(chain.from_iterable(pieces[n] for n in places))


def _columns(places: Sequence[int], rows: int, whole: pl.Series) -> dict[int, pl.Series]:
    if len(whole) != len(places) * rows:
        message = "a text holds a NUL"
        raise ValueError(message)
    return {n: whole.slice(at * rows, rows) for at, n in enumerate(places)}


def _split(between: str, pieces: Sequence[str]) -> pl.Series:
    """Return values, which stand one behind the other, as one column."""
    # A column for each would cost as much as the values do, and so would each step with it.
    if not pieces:
        return pl.Series("", [], dtype=pl.String)
    values = pl.col("")
    whole = pl.Series("", [between.join(pieces)]).str.split(between).explode().to_frame()
    return whole.select(pl.when(values != "").then(values)).to_series()


def _numbers(pieces: Sequence[bytes]) -> pl.Series:
    texts = b",".join(pieces).decode()
    if not _NUMBERS_AND_NULLS.fullmatch(texts):
        message = "not all of them are numbers"
        raise ValueError(message)
    return _split(",", [texts.replace("null", "")] if pieces else [])


def _booleans(values: Sequence[bool | None]) -> pl.Series:
    texts: pl.Series = pl.Series("", values, dtype=pl.Boolean).cast(pl.String)
    return texts
