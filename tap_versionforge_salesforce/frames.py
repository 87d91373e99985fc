"""A page of rows, from JSON or from CSV, as one Frame: polars, one column each, canonical values.

Whichever API served a row, its Frame holds the same: text, dates and numbers as text in their one
spelling, whole numbers as Int64, booleans as Boolean, and null for what is empty.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import polars as pl

from tap_versionforge_salesforce.columns import Column, Kind
from tap_versionforge_salesforce.exceptions import IncompleteError
from tap_versionforge_salesforce.oddities import NUL_REMOVED, Oddity
from tap_versionforge_salesforce.spelling import (
    canonical_instant,
    canonical_integer,
    canonical_number,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_CANONICAL_NUMBER = r"^(?:0\.0|-?[1-9][0-9]*\.(?:0|[0-9]*[1-9])|-?0\.[0-9]*[1-9])$"
_CANONICAL_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_CANONICAL_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SHORT_INTEGER = r"^-?[0-9]{1,18}$"


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
        answer = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
        records = answer["records"]
        total_size = int(answer["totalSize"])
        served = {c.name: [_served_text(record[c.name]) for record in records] for c in columns}
        following = _following(answer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"A page of a REST query is no whole answer ({type(error).__name__}: {error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    return RestPage(_canonical(_text_table(served), columns), total_size, following)


def _following(answer: dict[str, Any]) -> str | None:
    done, following = answer["done"], answer.get("nextRecordsUrl")
    if done is True:
        return None
    if done is not False or not isinstance(following, str):
        message = "it names no next page, and is not said to be the last"
        raise ValueError(message)
    return following


def csv_pieces(source: IO[bytes], piece_bytes: int) -> Iterator[bytes]:
    """Cut a CSV file between two rows into pieces that are CSV files themselves.

    Args:
        source: UTF-8 CSV as served, read from where it stands.
        piece_bytes: Aimed-at size; a row that is larger stays whole. What is wrong with the end
            of the file is wrong with the end of the last piece.

    Yields:
        The header row and some rows. One piece at least, which may hold nothing.
    """
    header, rest, is_first = b"", b"", True
    while block := source.read(piece_bytes):
        rest += block
        if not header:
            end = rest.find(b"\n") + 1
            header, rest = rest[:end], rest[end:]
        end = _last_row_end(rest) if header else 0
        if end:
            yield header + rest[:end]
            rest, is_first = rest[end:], False
    if rest or is_first:
        yield header + rest


def _last_row_end(text: bytes) -> int:
    """Return the place behind the last line break that stands outside quotes; 0 for none."""
    end = text.rfind(b"\n") + 1
    is_quoted = text.count(b'"', 0, end) % 2
    while end and is_quoted:
        before = text.rfind(b"\n", 0, end - 1) + 1
        is_quoted ^= text.count(b'"', before, end) % 2
        end = before
    return end


def from_csv(body: bytes, columns: Sequence[Column]) -> Frame:
    """Decode a result page of a Bulk API 2.0 query job.

    Args:
        body: UTF-8 CSV as served, header row included; or nothing, which is a page of no rows.
        columns: The queried columns, in order, ``Id`` last.

    Raises:
        IncompleteError: The page was cut, or has other columns.
    """
    if not body.strip():
        return _canonical(_text_table({column.name: [] for column in columns}), columns)
    if not body.endswith(b"\n") or body.count(b'"') % 2:
        message = "A Bulk result page ends in the middle of a row."
        raise IncompleteError(message, hint="Run again.", code="cut-page")
    try:
        table = pl.read_csv(body, infer_schema=False, eol_char="\n")
    except (pl.exceptions.PolarsError, OSError) as error:  # OSError of what looks compressed
        message = f"A Bulk result page is no CSV of the expected form ({error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    expected = [column.name for column in columns]
    if table.columns != expected:
        message = f"A Bulk result page has the columns {table.columns}, not {expected}."
        raise IncompleteError(message, hint="Run again.", code="other-columns")
    if (table["Id"].is_null() | (table["Id"] == "")).any():
        message = "A Bulk result page has a row that ends before its last column, Id."
        raise IncompleteError(message, hint="Run again.", code="cut-page")
    return _canonical(table, columns)


def _served_text(value: Any) -> str | None:  # noqa: ANN401  whatever JSON holds
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _text_table(served: dict[str, list[str | None]]) -> pl.DataFrame:
    return pl.DataFrame([_text_series(name, values) for name, values in served.items()])


def _text_series(name: str, values: list[str | None]) -> pl.Series:
    try:
        return pl.Series(name, values, dtype=pl.String)
    except (UnicodeEncodeError, TypeError):
        # JSON can spell half a surrogate pair, UTF-8 can't.
        whole = [None if v is None else _without_lone_surrogates(v) for v in values]
        return pl.Series(name, whole, dtype=pl.String)


def _without_lone_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _canonical(table: pl.DataFrame, columns: Sequence[Column]) -> Frame:
    oddities: list[Oddity] = []
    ids = table["Id"]
    done = []
    for column in columns:
        series = _without_nul(table[column.name], ids, oddities)
        series = series.zip_with(series != "", pl.Series([None], dtype=pl.String))
        done.append(_CANONICAL[column.kind](series, ids, oddities))
    return Frame(pl.DataFrame(done), tuple(oddities))


def _without_nul(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    holds_nul = series.str.contains("\x00", literal=True)
    if not holds_nul.any():
        return series
    counted = int(series.str.count_matches("\x00", literal=True).sum())
    first = holds_nul.arg_true()[0]
    oddities.append(
        Oddity(series.name, NUL_REMOVED, counted, str(ids[first]), shown(series[first]))
    )
    return series.str.replace_all("\x00", "", literal=True)


def _respelled(
    series: pl.Series,
    regular: pl.Series,
    spell: Callable[[str], Any],
    result: pl.Series,
) -> tuple[pl.Series, list[int]]:
    """Fill the result where the source is not regular; tell where nothing could be made of it."""
    odd = (~regular).fill_null(value=False).arg_true()
    if odd.is_empty():
        return result, []
    spelled = [spell(value) for value in series.gather(odd)]
    lost = [int(at) for at, value in zip(odd, spelled, strict=True) if value is None]
    return result.scatter(odd, pl.Series(spelled, dtype=result.dtype)), lost


def _note_lost(
    problem: str, series: pl.Series, lost: list[int], ids: pl.Series, oddities: list[Oddity]
) -> None:
    if lost:
        first = lost[0]
        oddities.append(
            Oddity(series.name, problem, len(lost), str(ids[first]), shown(series[first]))
        )


def _text(series: pl.Series, _ids: pl.Series, _oddities: list[Oddity]) -> pl.Series:
    return series


def _number(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_CANONICAL_NUMBER)
    result, lost = _respelled(series, regular, canonical_number, series.clone())
    _note_lost("no finite number, made null", series, lost, ids, oddities)
    return result


def _integer(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_SHORT_INTEGER)
    result, lost = _respelled(
        series, regular, canonical_integer, series.cast(pl.Int64, strict=False)
    )
    _note_lost("no whole number, made null", series, lost, ids, oddities)
    return result


def _boolean(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    true, regular = series == "true", series.is_in(["true", "false"])
    result, lost = _respelled(
        series,
        regular,
        lambda _: None,
        true.alias(series.name).zip_with(
            regular.fill_null(value=False), pl.Series([None], dtype=pl.Boolean)
        ),
    )
    _note_lost("neither true nor false, made null", series, lost, ids, oddities)
    return result


def _date(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    regular = series.str.contains(_CANONICAL_DATE)
    result, lost = _respelled(series, regular, lambda _: None, series.clone())
    _note_lost("no date, made null", series, lost, ids, oddities)
    return result


def _datetime(series: pl.Series, ids: pl.Series, oddities: list[Oddity]) -> pl.Series:
    # REST writes +0000, Bulk writes Z.
    zulu = series.str.replace(r"\+00:?00$", "Z")
    regular = zulu.str.contains(_CANONICAL_DATETIME)
    result, lost = _respelled(zulu, regular, canonical_instant, zulu.clone())
    _note_lost("no date-time, made null", series, lost, ids, oddities)
    return result


_CANONICAL: dict[Kind, Callable[[pl.Series, pl.Series, list[Oddity]], pl.Series]] = {
    Kind.TEXT: _text,
    Kind.TIME: _text,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
}
