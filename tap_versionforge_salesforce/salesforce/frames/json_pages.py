"""The JSON answer of a REST query → Frame."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame, frame_of, joined, no_rows
from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
    HALF_CHARACTERS,
    ValueWarning,
)
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

# Of an answer: what becomes one Frame.
_BYTES_OF_FRAME = 4 << 20
# And what is objects of Python's at once: each is looked at several times, and what a processor
# keeps at hand is a few hundred kilobytes. With more, the same steps take twice the time.
_BYTES_AT_ONCE = 256 << 10
# Between two records, and nowhere else: within a text, quotes are escaped.
_BETWEEN_RECORDS = b'},{"attributes":'
_NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER})
#: Of what is no text: numbers as they are written, for a float would round 18-digit amounts.
_TYPES = {Kind.BOOLEAN: bool | None, Kind.INTEGER: msgspec.Raw, Kind.NUMBER: msgspec.Raw}
_TEXTS = frozenset(Kind) - _TYPES.keys()
_NUMBERS_AND_NULLS = re.compile(r"[-+.eE0-9,nul]*")
_BETWEEN_TEXTS = "\0"
# As Salesforce writes an answer around its records.
_USUAL_BEGIN = re.compile(
    rb'\{"totalSize":(?P<total_size>-?[0-9]+),'
    rb'"done":(?:true|false,"nextRecordsUrl":"(?P<following>[!#-\[\]-~]+)"),"records":\['
)
_USUAL_END = b"]}"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One answer of a REST query, as Salesforce calls it.

    Attributes:
        frames: Its rows: in one Frame, or of a wide page in several, each of which is decoded when
            it is asked for. Asking is an IncompleteError where a row is none of the query's: of a
            wide page that is seen when rows before it have been handed out.
        height: How many rows these are.
        total_size: Rows of the whole query, as Salesforce counts them; None where it does not, as
            of an external object, whose rows another system has.
        next_records_url: Where the next page is; None after the last.
    """

    frames: Iterable[Frame]
    height: int
    total_size: int | None
    next_records_url: str | None

    @property
    def frame(self) -> Frame:
        """Return all of its rows.

        Raises:
            IncompleteError: A row is none of the query's.
        """
        frames = list(self.frames)
        odd = tuple(each for frame in frames for each in frame.value_warnings)
        return Frame(joined(frames).table, odd)

    def without_rows(self) -> QueryResult:
        """Return what it says of the query, and of how many rows it has."""
        return replace(self, frames=())


def no_result(columns: Sequence[Column]) -> QueryResult:
    """Return a page of no rows, which says nothing of the query."""
    return QueryResult((no_rows(columns),), 0, None, None)


def from_json(body: bytes, columns: Sequence[Column]) -> QueryResult:
    """Decode the answer of a REST query.

    Args:
        body: UTF-8 JSON as served.
        columns: The queried columns, in order; ``Id`` is the last where rows have one.

    Raises:
        IncompleteError: It is no whole answer to that query.
    """
    with _whole_or_broken():
        is_wide = len(body) > _BYTES_OF_FRAME
        usual = None if is_wide else _usual(body, tuple(columns))
        return _looked_through(body, tuple(columns)) if usual is None else usual


def leads_to(body: bytes) -> str | None:
    """Return what an answer begins by naming as the next page, before anything else is read of it.

    Args:
        body: As served. It may be none, or not be whole.

    Returns:
        The ``nextRecordsUrl``; None where it is the last page, or does not begin as usual.
    """
    begun = _USUAL_BEGIN.match(body)
    return None if begun is None else _text_of(begun["following"])


def _text_of(served: bytes | None) -> str | None:
    return None if served is None else served.decode()


@contextmanager
def _whole_or_broken() -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # Of an error that quotes a value, the beginning has to do.
        reason = shown(f"{type(error).__name__}: {error}")
        message = f"A page of a REST query is no whole answer ({reason})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None


def _usual(body: bytes, columns: tuple[Column, ...]) -> QueryResult | None:
    """Read an answer of the usual form, whose values are of the kinds that the describe tells.

    Returns:
        None where it is none.
    """
    begun = _USUAL_BEGIN.match(body)
    if begun is None or not body.endswith(_USUAL_END):
        return None
    try:
        table = _table(_Records(body, begun.end(), len(body) - len(_USUAL_END)), columns)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    frame = frame_of(table, columns)
    following = _text_of(begun["following"])
    return QueryResult((frame,), frame.height, int(begun["total_size"]), following)


def _looked_through(body: bytes, columns: tuple[Column, ...]) -> QueryResult:
    """Read an answer of any form: all of it is known to be whole before a row is handed out."""
    may_hold_nul = b"\\u0000" in body
    try:
        page = _PAGES.decode(body)
    except msgspec.MsgspecError:
        served = _with_numbers(body)
        following = _following(served["done"], served.get("nextRecordsUrl"))
        frame = _of_anything(served["records"], columns, 0, may_hold_nul=may_hold_nul)
        return QueryResult((frame,), frame.height, int(served["totalSize"]), following)
    following = _following(page.done, page.nextRecordsUrl)
    parts = _Parts(_records_of(body, page), columns, may_hold_nul)
    frames = parts if len(body) > _BYTES_OF_FRAME else list(parts)
    return QueryResult(frames, len(page.records), page.totalSize, following)


class _Page(msgspec.Struct, gc=False):
    """An answer, of whose records nothing is looked at."""

    totalSize: int  # noqa: N815  as Salesforce has it
    done: bool
    records: list[msgspec.Raw]
    nextRecordsUrl: str | None = None  # noqa: N815  as above


_PAGES = msgspec.json.Decoder(_Page)


def _following(done: object, next_records_url: object) -> str | None:
    if done is True:
        return None
    if done is not False or not isinstance(next_records_url, str):
        message = "it names no next page, and is not said to be the last"
        raise ValueError(message)
    return next_records_url


@dataclass(frozen=True, slots=True)
class _Records:
    """Records as served, one behind the other: what is between two brackets."""

    served: bytes
    start: int
    stop: int

    def cut(self, size: int) -> Iterator[_Records]:
        """Yield all of them, some at a time; at least once."""
        start = self.start
        while (end := self.served.find(_BETWEEN_RECORDS, start + size, self.stop)) >= 0:
            yield _Records(self.served, start, end + len("}"))
            start = end + len("},")
        yield _Records(self.served, start, self.stop)

    def as_list(self) -> bytes:
        """Return them as JSON."""
        return b"".join((b"[", memoryview(self.served)[self.start : self.stop], b"]"))


def _records_of(body: bytes, page: _Page) -> _Records:
    """Return the records of an answer where they are, or else put one behind the other."""
    begun = _USUAL_BEGIN.match(body)
    if begun is not None and body.endswith(_USUAL_END):
        there = _Records(body, begun.end(), len(body) - len(_USUAL_END))
        commas = max(0, len(page.records) - 1)
        if sum(map(len, page.records)) + commas == there.stop - there.start:
            return there
    together = b",".join(page.records)
    return _Records(together, 0, len(together))


@dataclass(frozen=True, slots=True)
class _Parts:
    """The rows of an answer, some at a time: of a wide one, all of them take much memory."""

    records: _Records
    columns: tuple[Column, ...]
    may_hold_nul: bool

    def __iter__(self) -> Iterator[Frame]:
        rows = 0
        for some in self.records.cut(_BYTES_OF_FRAME):
            with _whole_or_broken():
                frame = self._frame(some, rows)
            rows += frame.height
            yield frame

    def _frame(self, records: _Records, rows_before: int) -> Frame:
        try:
            table = _table(records, self.columns)
            return frame_of(table, self.columns, rows_before=rows_before)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            anything = _with_numbers(records.as_list())
        return _of_anything(anything, self.columns, rows_before, may_hold_nul=self.may_hold_nul)


# Values of the kinds that the describe tells, as nearly all are


@lru_cache(maxsize=8)
def _decoder(columns: tuple[Column, ...]) -> msgspec.json.Decoder[Any]:
    """Return what decodes a list of such records."""
    # Python has more words that can't name an attribute than SOQL has: they go by number.
    names = {f"c{n}": column.name for n, column in enumerate(columns)}
    kinds = [_TYPES.get(column.kind, str | None) for column in columns]
    row: Any = msgspec.defstruct("Row", zip(names, kinds, strict=True), rename=names, gc=False)
    return msgspec.json.Decoder(list[row])


def _table(records: _Records, columns: tuple[Column, ...]) -> pl.DataFrame:
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


# Whatever the values are


def _with_numbers(body: bytes) -> Any:  # noqa: ANN401  whatever JSON holds
    # Numbers stay the text they are: a float would round 18-digit amounts.
    return json.loads(body, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def _of_anything(
    records: Any,  # noqa: ANN401  whatever JSON holds
    columns: tuple[Column, ...],
    rows_before: int,
    *,
    may_hold_nul: bool,
) -> Frame:
    names = [column.name for column in columns]
    if any("." in name for name in names):
        paths = [name.split(".") for name in [*names, names[0]]]
        rows = [tuple(_at(path, record) for path in paths) for record in records]
    else:
        # With one column an itemgetter would give no tuples.
        rows = list(map(itemgetter(*names, names[0]), records))
    values = list(zip(*rows, strict=True))[:-1] or [()] * len(columns)
    value_warnings: list[ValueWarning] = []
    by_name = dict(zip(names, values, strict=True))
    places = range(rows_before + 1, rows_before + len(rows) + 1)
    ids = by_name.get("Id", places)
    table = pl.DataFrame(
        [
            _boolean_series(column.name, of_column, ids, value_warnings)
            if column.kind is Kind.BOOLEAN
            else _text_series(column.name, of_column, ids, value_warnings)
            for column, of_column in zip(columns, values, strict=True)
        ]
    )
    frame = frame_of(
        _null_where_empty(table), columns, may_hold_nul=may_hold_nul, rows_before=rows_before
    )
    return Frame(frame.table, (*value_warnings, *frame.value_warnings))


def _at(path: Sequence[str], record: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return the value of a parent's field, which is null where there is no parent."""
    for name in path:
        record = None if record is None else record[name]
    return record


def _null_where_empty(table: pl.DataFrame) -> pl.DataFrame:
    # As one column: each step costs as much as a hundred values.
    whole = pl.concat(table.get_columns(), rechunk=True)
    values, rows = pl.col(whole.name), table.height
    filled = whole.to_frame().select(pl.when(values != "").then(values)).to_series()
    return pl.DataFrame(
        [filled.slice(n * rows, rows).alias(name) for n, name in enumerate(table.columns)]
    )


def _boolean_series(
    name: str, values: tuple[Any, ...], ids: Sequence[Any], value_warnings: list[ValueWarning]
) -> pl.Series:
    try:
        texts: pl.Series = pl.Series(name, values, dtype=pl.Boolean).cast(pl.String)
    except (TypeError, UnicodeEncodeError):  # not all of them are booleans
        return _text_series(name, values, ids, value_warnings)
    return texts


def _text_series(
    name: str, values: tuple[Any, ...], ids: Sequence[Any], value_warnings: list[ValueWarning]
) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except (UnicodeEncodeError, TypeError):  # not all of them are texts, or UTF-8 can't hold one
        texts = [None if value is None else _served_text(value) for value in values]
    whole = [None if text is None else _without_lone_surrogates(text) for text in texts]
    changed = [at for at, text in enumerate(texts) if text != whole[at]]
    if changed:
        first = changed[0]
        value_warnings.append(
            ValueWarning(
                name, HALF_CHARACTERS, len(changed), str(ids[first]), shown(str(texts[first]))
            )
        )
    return pl.Series(name, whole, dtype=pl.String)


def _without_lone_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Number(str):
    """The text of a number, to be told from a text inside an object or a list."""

    __slots__ = ()


def _served_text(value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _as_json(value)


def _as_json(value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{_as_json(name)}:{_as_json(member)}" for name, member in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_as_json, value))}]"
    return json.dumps(value, ensure_ascii=False)
