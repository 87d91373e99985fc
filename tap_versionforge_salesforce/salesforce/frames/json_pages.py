"""The JSON answer of a REST query → Frame."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame, frame_of, joined, no_rows
from tap_versionforge_salesforce.salesforce.frames.json_anything import (
    frame_of_anything,
    with_numbers,
)
from tap_versionforge_salesforce.salesforce.frames.json_rows import Records, table_of
from tap_versionforge_salesforce.salesforce.frames.spelling import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# What becomes one Frame.
_BYTES_OF_FRAME = 4 << 20
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
        table = table_of(Records(body, begun.end(), len(body) - len(_USUAL_END)), columns)
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
        served = with_numbers(body)
        following = _following(served["done"], served.get("nextRecordsUrl"))
        frame = frame_of_anything(served["records"], columns, 0, may_hold_nul=may_hold_nul)
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


def _records_of(body: bytes, page: _Page) -> Records:
    """Return the records of an answer where they are, or else put one behind the other."""
    begun = _USUAL_BEGIN.match(body)
    if begun is not None and body.endswith(_USUAL_END):
        there = Records(body, begun.end(), len(body) - len(_USUAL_END))
        commas = max(0, len(page.records) - 1)
        if sum(map(len, page.records)) + commas == there.stop - there.start:
            return there
    together = b",".join(page.records)
    return Records(together, 0, len(together))


@dataclass(frozen=True, slots=True)
class _Parts:
    """The rows of an answer, some at a time: of a wide one, all of them take much memory."""

    records: Records
    columns: tuple[Column, ...]
    may_hold_nul: bool

    def __iter__(self) -> Iterator[Frame]:
        rows = 0
        for some in self.records.cut(_BYTES_OF_FRAME):
            with _whole_or_broken():
                frame = self._frame(some, rows)
            rows += frame.height
            yield frame

    def _frame(self, records: Records, rows_before: int) -> Frame:
        try:
            table = table_of(records, self.columns)
            return frame_of(table, self.columns, rows_before=rows_before)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            anything = with_numbers(records.as_list())
        return frame_of_anything(
            anything, self.columns, rows_before, may_hold_nul=self.may_hold_nul
        )
