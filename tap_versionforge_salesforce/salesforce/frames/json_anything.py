"""Records of a REST answer, whatever their values are → Frame."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from tap_versionforge_salesforce.salesforce.frames.frame import Frame, frame_of
from tap_versionforge_salesforce.salesforce.frames.spelling import shown
from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
    HALF_CHARACTERS,
    ValueWarning,
)
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence


def with_numbers(body: bytes) -> Any:  # noqa: ANN401  whatever JSON holds
    """Return what JSON holds, each number as the text that it is.

    Raises:
        ValueError: It is none.
        RecursionError: It is too deep.
    """
    # Numbers stay the text they are: a float would round 18-digit amounts.
    return json.loads(body, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def frame_of_anything(
    records: Any,  # noqa: ANN401  whatever JSON holds
    columns: tuple[Column, ...],
    rows_before: int,
    *,
    may_hold_nul: bool,
) -> Frame:
    """Return rows whose values may be anything that JSON can hold.

    Args:
        records: As `with_numbers` has them.
        columns: The queried columns; with a dot in its name one lies in an object of its own.
        rows_before: Of the same page, where rows without an Id are told by their place in it.
        may_hold_nul: False where no text has a NUL character.

    Raises:
        KeyError: A record lacks a column.
        TypeError: It is none.
        ValueError: Records differ in what they have.
    """
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
