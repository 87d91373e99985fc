"""The JSON answer of a REST query → Frame."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame, frame_of
from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
    HALF_CHARACTERS,
    ValueWarning,
)
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Of an answer: what is objects of Python's at once.
_BYTES_AT_ONCE = 4 << 20
_NUMERIC = frozenset({Kind.INTEGER, Kind.NUMBER})
#: Of what is no text: numbers as they are written, for a float would round 18-digit amounts.
_TYPES = {Kind.BOOLEAN: bool | None, Kind.INTEGER: msgspec.Raw, Kind.NUMBER: msgspec.Raw}
_NUMBERS_AND_NULLS = re.compile(r"[-+.eE0-9,nul]*")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One answer of a REST query, as Salesforce calls it.

    Attributes:
        frame: Its rows.
        total_size: Rows of the whole query, as Salesforce counts them; None where it does not, as
            of an external object, whose rows another system has.
        next_records_url: Where the next page is; None after the last.
    """

    frame: Frame
    total_size: int | None
    next_records_url: str | None


def from_json(body: bytes, columns: Sequence[Column]) -> QueryResult:
    """Decode the answer of a REST query.

    Args:
        body: UTF-8 JSON as served.
        columns: The queried columns, in order; ``Id`` is the last where rows have one.

    Raises:
        IncompleteError: It is no whole answer to that query.
    """
    value_warnings: list[ValueWarning] = []
    try:
        try:
            answer = _as_described(body, tuple(columns), value_warnings)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            value_warnings.clear()
            answer = _as_anything(body, columns, value_warnings)
        following = _following(answer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # Of an error that quotes a value, the beginning has to do.
        reason = shown(f"{type(error).__name__}: {error}")
        message = f"A page of a REST query is no whole answer ({reason})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    # JSON has no other way to hold a NUL.
    frame = frame_of(answer.table, columns, may_hold_nul=b"\\u0000" in body)
    return QueryResult(
        Frame(frame.table, (*value_warnings, *frame.value_warnings)), answer.total_size, following
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is read of an answer: its values as served, a column of texts for each of them."""

    total_size: int
    done: object
    next_records_url: object
    table: pl.DataFrame


def _following(answer: _Answer) -> str | None:
    if answer.done is True:
        return None
    if answer.done is not False or not isinstance(answer.next_records_url, str):
        message = "it names no next page, and is not said to be the last"
        raise ValueError(message)
    return answer.next_records_url


def _as_described(
    body: bytes, columns: tuple[Column, ...], value_warnings: list[ValueWarning]
) -> _Answer:
    """Read an answer whose values are of the kinds that the describe tells, as nearly all are.

    Some rows at a time: a value is an object of Python's until it is in a column, and those of a
    wide page would take twice the memory of all else.

    Raises:
        MsgspecError: They are not.
        ValueError: They are not.
    """
    if any("." in column.name for column in columns):
        message = "the values of parents lie in objects of their own"
        raise ValueError(message)
    page, parts = _parts(body, columns)
    tables, rows_before = [], 0
    for records in parts:
        rows = map(msgspec.structs.astuple, records)
        values: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * len(columns)
        for at, column in enumerate(columns):
            if column.kind in _NUMERIC:
                values[at] = _numbers(values[at])
        tables.append(_table(values, columns, value_warnings, rows_before=rows_before))
        rows_before += len(records)
    return _Answer(page.totalSize, page.done, page.nextRecordsUrl, pl.concat(tables))


def _parts(body: bytes, columns: tuple[Column, ...]) -> tuple[Any, Iterable[Sequence[Any]]]:
    """Return an answer without its records, and these some at a time."""
    whole, some = _decoders(columns)
    if len(body) <= _BYTES_AT_ONCE:
        page = whole.decode(body)
        return page, [page.records]
    page = _PAGES.decode(body)
    records, at_once = page.records, max(1, len(page.records) * _BYTES_AT_ONCE // len(body))
    starts = range(0, len(records) or 1, at_once)
    joined = (b"[%b]" % b",".join(records[start : start + at_once]) for start in starts)
    return page, map(some.decode, joined)


def _page_of(records: Any) -> Any:  # noqa: ANN401  types that are made when they are needed
    """Return the type of an answer with records of a type."""
    fields = [("totalSize", int), ("done", bool), ("records", list[records])]
    return msgspec.defstruct("Page", [*fields, ("nextRecordsUrl", str | None, None)], gc=False)


# Records that have not been looked into.
_PAGES = msgspec.json.Decoder(_page_of(msgspec.Raw))


@lru_cache(maxsize=8)
def _decoders(
    columns: tuple[Column, ...],
) -> tuple[msgspec.json.Decoder[Any], msgspec.json.Decoder[Any]]:
    """Return what decodes an answer with such rows, and such rows alone."""
    # Python has more words that can't name an attribute than SOQL has: they go by number.
    names = {f"c{n}": column.name for n, column in enumerate(columns)}
    kinds = [_TYPES.get(column.kind, str | None) for column in columns]
    row: Any = msgspec.defstruct("Row", zip(names, kinds, strict=True), rename=names, gc=False)
    return msgspec.json.Decoder(_page_of(row)), msgspec.json.Decoder(list[row])


def _numbers(values: tuple[msgspec.Raw, ...]) -> tuple[str | None, ...]:
    # Thousands of them are told from texts, and made texts, in one stroke.
    texts = b",".join(values).decode()
    if not _NUMBERS_AND_NULLS.fullmatch(texts):
        message = "not all of them are numbers"
        raise ValueError(message)
    return tuple(None if text == "null" else text for text in texts.split(",")) if values else ()


def _as_anything(
    body: bytes, columns: Sequence[Column], value_warnings: list[ValueWarning]
) -> _Answer:
    """Read an answer whatever its values are."""
    # Numbers stay the text they are: a float would round 18-digit amounts.
    answer = json.loads(body, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    names = [column.name for column in columns]
    if any("." in name for name in names):
        paths = [name.split(".") for name in [*names, names[0]]]
        rows = [tuple(_at(path, record) for path in paths) for record in answer["records"]]
    else:
        # With one column an itemgetter would give no tuples.
        rows = list(map(itemgetter(*names, names[0]), answer["records"]))
    values = list(zip(*rows, strict=True))[:-1] or [()] * len(columns)
    total_size, done = int(answer["totalSize"]), answer["done"]
    table = _table(values, columns, value_warnings)
    return _Answer(total_size, done, answer.get("nextRecordsUrl"), table)


def _at(path: Sequence[str], record: Any) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return the value of a parent's field, which is null where there is no parent."""
    for name in path:
        record = None if record is None else record[name]
    return record


def _table(
    values: Sequence[tuple[Any, ...]],
    columns: Sequence[Column],
    value_warnings: list[ValueWarning],
    *,
    rows_before: int = 0,
) -> pl.DataFrame:
    by_name = {column.name: of_column for of_column, column in zip(values, columns, strict=True)}
    ids = (
        by_name["Id"]
        if "Id" in by_name
        else range(rows_before + 1, rows_before + len(values[0]) + 1)
    )
    table = pl.DataFrame(
        [
            _boolean_series(column.name, of_column, ids, value_warnings)
            if column.kind is Kind.BOOLEAN
            else _text_series(column.name, of_column, ids, value_warnings)
            for column, of_column in zip(columns, values, strict=True)
        ]
    )
    return _null_where_empty(table)


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
