"""A page of rows, from JSON or from CSV, as one Frame: polars, one column each, canonical values.

Whichever API served a row, its Frame holds the same: text, dates and numbers as text in their one
spelling, whole numbers as Int64, booleans as Boolean, and null for what is empty.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from tap_versionforge_salesforce.canonical import canonical
from tap_versionforge_salesforce.exceptions import IncompleteError
from tap_versionforge_salesforce.oddities import HALF_CHARACTERS, Oddity
from tap_versionforge_salesforce.spelling import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_versionforge_salesforce.columns import Column


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of rows.

    Attributes:
        table: A column for each queried column, in that order.
        oddities: What could not be kept as it was.
    """

    table: pl.DataFrame
    oddities: tuple[Oddity, ...] = ()

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return self.table.height

    def last_below(self, column: str, bound: str) -> tuple[str, str] | None:
        """Return the (stamp, Id) of the last row whose stamp lies below a bound.

        Args:
            column: A date-time column that the page is sorted by.
            bound: An instant in the canonical spelling, which sorts as time does.
        """
        below = self.table.filter(pl.col(column) < bound)
        if below.is_empty():
            return None
        return str(below[column][-1]), str(below["Id"][-1])


def regrouped(frames: Iterable[Frame], rows: int) -> Iterator[Frame]:
    """Yield the rows of all Frames again, in Frames of so many rows; the last may have fewer."""
    tables = [frame.table for frame in frames]
    whole = pl.concat(tables) if tables else pl.DataFrame()
    for start in range(0, whole.height, rows):
        yield Frame(whole.slice(start, rows))


@dataclass(frozen=True, slots=True)
class RestPage:
    """One page of a REST query.

    Attributes:
        frame: Its rows.
        total_size: Rows of the whole query, as Salesforce counts them.
        next_records_url: Where the next page is; None after the last.
    """

    frame: Frame
    total_size: int
    next_records_url: str | None


def from_json(body: bytes, columns: Sequence[Column]) -> RestPage:
    """Decode the answer of a REST query.

    Args:
        body: UTF-8 JSON as served.
        columns: The queried columns, in order.

    Raises:
        IncompleteError: It is no whole answer to that query.
    """
    try:
        # Numbers stay the text they are: a float would round 18-digit amounts.
        answer = _parsed(body, str)
        records = answer["records"]
        total_size = int(answer["totalSize"])
        try:
            served = _served(records, columns, _served_text)
        except _NestedError:
            served = _served(_parsed(body, _Number)["records"], columns, _as_text)
        following = _following(answer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"A page of a REST query is no whole answer ({type(error).__name__}: {error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    # JSON has no other way to hold a NUL.
    may_hold_nul = b"\\u0000" in body
    oddities: list[Oddity] = []
    frame = _frame(_text_table(served, oddities), columns, may_hold_nul=may_hold_nul)
    frame = Frame(frame.table, (*oddities, *frame.oddities))
    return RestPage(frame, total_size, following)


def _parsed(body: bytes, number: type[str]) -> Any:  # noqa: ANN401  whatever JSON holds
    return json.loads(body, parse_float=number, parse_int=number, parse_constant=number)


def _served(
    records: list[dict[str, Any]], columns: Sequence[Column], text_of: Callable[[Any], str | None]
) -> dict[str, list[str | None]]:
    return {c.name: [text_of(record[c.name]) for record in records] for c in columns}


def _following(answer: dict[str, Any]) -> str | None:
    done, following = answer["done"], answer.get("nextRecordsUrl")
    if done is True:
        return None
    if done is not False or not isinstance(following, str):
        message = "it names no next page, and is not said to be the last"
        raise ValueError(message)
    return following


def csv_frames(
    blocks: Iterable[bytes], columns: Sequence[Column], piece_bytes: int
) -> Iterator[Frame]:
    """Decode a result page of a Bulk API 2.0 query job, piece by piece.

    Args:
        blocks: UTF-8 CSV as served, header row included; or nothing, which is a page of no rows.
        columns: The queried columns, in order, ``Id`` last.
        piece_bytes: About how much is decoded at once; a row that is larger stays whole.

    Yields:
        One Frame at least, which may have no rows.

    Raises:
        IncompleteError: The page was cut, or has other columns.
    """
    for piece, is_whole in _pieces(blocks, piece_bytes):
        if not is_whole and (not piece.endswith(b"\n") or piece.count(b'"') % 2):
            message = "A Bulk result page ends in the middle of a row."
            raise IncompleteError(message, hint="Run again.", code="cut-page")
        yield _from_csv(piece, columns)


def _pieces(blocks: Iterable[bytes], piece_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Cut a CSV file between two rows into pieces that are CSV files themselves.

    Yields:
        The header row and some rows, and whether they are known to end with a whole row. One
        piece at least, which may hold nothing.
    """
    header, held, size, is_first = b"", list[bytes](), 0, True
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < piece_bytes:
            continue
        text = b"".join(held)
        header = header or text[: text.find(b"\n") + 1]
        start = len(header) if is_first else 0
        end = _last_row_end(text, start) if header else 0
        if end > start:
            yield (text[:end] if is_first else b"".join((header, memoryview(text)[:end]))), True
            text, is_first = text[end:], False
        held, size = [text], len(text)
    rest = b"".join(held)
    if rest or is_first:
        yield (rest if is_first else header + rest), not rest


def _last_row_end(text: bytes, start: int) -> int:
    """Return the place behind the last line break that stands outside quotes, or the start."""
    end = text.rfind(b"\n", start) + 1
    is_quoted = text.count(b'"', start, end) % 2
    while end > start and is_quoted:
        before = max(start, text.rfind(b"\n", start, end - 1) + 1)
        is_quoted ^= text.count(b'"', before, end) % 2
        end = before
    return max(start, end)


def _from_csv(piece: bytes, columns: Sequence[Column]) -> Frame:
    if not piece or piece.isspace():
        return _frame(_text_table({column.name: [] for column in columns}, []), columns)
    try:
        table = pl.read_csv(piece, infer_schema=False, eol_char="\n", null_values="")
    except (pl.exceptions.PolarsError, OSError) as error:  # OSError of what looks compressed
        message = f"A Bulk result page is no CSV of the expected form ({error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    expected = [column.name for column in columns]
    if table.columns != expected:
        message = f"A Bulk result page has the columns {table.columns}, not {expected}."
        raise IncompleteError(message, hint="Run again.", code="other-columns")
    if table["Id"].has_nulls():
        message = "A Bulk result page has a row that ends before its last column, Id."
        raise IncompleteError(message, hint="Run again.", code="cut-page")
    return _frame(table, columns, may_hold_nul=b"\x00" in piece)


def _frame(table: pl.DataFrame, columns: Sequence[Column], *, may_hold_nul: bool = False) -> Frame:
    return Frame(*canonical(table, columns, may_hold_nul=may_hold_nul))


class _NestedError(Exception):
    """A value is an object or a list, as only types that the tap does not know have it."""


class _Number(str):
    """The text of a number, to be told from a text where both stand in one value."""

    __slots__ = ()


def _served_text(value: Any) -> str | None:  # noqa: ANN401  whatever JSON holds
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _NestedError


def _as_text(value: Any) -> str | None:  # noqa: ANN401  whatever JSON holds
    return _as_json(value) if isinstance(value, (dict, list)) else _served_text(value)


def _as_json(value: Any) -> str:  # noqa: ANN401  whatever JSON holds
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{_as_json(name)}:{_as_json(member)}" for name, member in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_as_json, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _text_table(served: dict[str, list[str | None]], oddities: list[Oddity]) -> pl.DataFrame:
    return pl.DataFrame(
        [_text_series(name, values, served["Id"], oddities) for name, values in served.items()]
    )


def _text_series(
    name: str, values: list[str | None], ids: list[str | None], oddities: list[Oddity]
) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except (UnicodeEncodeError, TypeError):
        # JSON can spell half a surrogate pair, UTF-8 can't.
        whole = [None if v is None else _without_lone_surrogates(v) for v in values]
    changed = [at for at, value in enumerate(values) if value != whole[at]]
    first = changed[0]
    oddities.append(
        Oddity(name, HALF_CHARACTERS, len(changed), str(ids[first]), shown(str(values[first])))
    )
    return pl.Series(name, whole, dtype=pl.String)


def _without_lone_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
