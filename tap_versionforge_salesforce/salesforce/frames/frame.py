"""A page of rows as one Frame: polars, one column each, canonical values.

Whichever API served a row, its Frame holds the same: text, dates and numbers as text in their one
spelling, whole numbers as Int64, booleans as Boolean, and null for what is empty.
"""

from __future__ import annotations

import math
import re
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.canonical import canonical, row_names
from tap_versionforge_salesforce.salesforce.frames.spelling import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
    from tap_versionforge_salesforce.salesforce.objects.columns import Column


# Salesforce's texts of one row have 1.6 million characters at the most, of up to four bytes.
_LARGEST_ROW_BYTES = 64 << 20
# As gzip, zlib and zstd begin. polars would unpack them by itself, to whatever size.
_QUOTED = re.compile(rb'"[^"]*"')
_PACKED = (b"\x1f\x8b", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x28\xb5\x2f\xfd")


#: What Salesforce writes where a row has no Id.
EMPTY_ID = "000000000000000AAA"


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of rows.

    Attributes:
        table: A column for each queried column, in that order.
        value_warnings: What could not be kept as it was.
    """

    table: pl.DataFrame
    value_warnings: tuple[ValueWarning, ...] = ()

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return self.table.height

    def row_name(self, place: int) -> str:
        """Return what a message calls a row: its Id, or its place where it has none."""
        return str(row_names(self.table)[place])

    @property
    def has_ids(self) -> bool:
        """Tell whether each row has an Id, and none of them the empty one."""
        if "Id" not in self.table.columns:
            return False
        ids = self.table["Id"]
        return not (ids.has_nulls() or _has_empty_id(ids))

    def key_problem(self, names: Sequence[str]) -> str | None:
        """Return why a key does not tell the rows apart; None where it does.

        A row that is there twice, with the same values, does no harm.

        Args:
            names: The columns of the key; without any, no key is claimed.
        """
        if not names or self.table.is_empty():
            return None
        keys = self.table.select(names)
        if any(column.has_nulls() or _has_empty_id(column) for column in keys):
            return f"has rows without {_listed(names)} of their own"
        apart = keys.to_series().n_unique() if keys.width == 1 else keys.n_unique()
        if apart == self.height or apart == self.table.n_unique():
            return None
        return f"has rows that differ and share one {_listed(names)}"

    def slice(self, start: int, rows: int | None = None) -> Frame:
        """Return some of the rows; what was odd about them stays with the whole."""
        return Frame(self.table.slice(start, rows))

    def pieces(self, size: int) -> Iterator[Frame]:
        """Yield all rows, some at a time; what was odd about them stays with the whole.

        Args:
            size: About how many bytes a piece has in memory.
        """
        count = max(1, math.ceil(self.table.estimated_size() / size))
        rows = max(1, math.ceil(self.height / count))
        for start in range(0, self.height, rows):
            yield self.slice(start, rows)

    def by_itself(self, column: str) -> pl.Series:
        """Return a column of texts to be kept for longer than the page.

        The columns of a page share the memory of their texts: one that is kept as it is keeps all.
        """
        texts: pl.Series = self.table[column] + ""
        return texts

    def only(self, wanted: pl.Series) -> Frame:
        """Return some of the rows; what was odd about any of the rows stays with them.

        Args:
            wanted: Whether each is.
        """
        return Frame(self.table.filter(wanted), self.value_warnings)

    def last_below(self, column: str, bound: str) -> tuple[str, str] | None:
        """Return the (stamp, Id) of the last row whose stamp lies below a bound.

        Args:
            column: A date-time column that the page is sorted by.
            bound: An instant in the canonical spelling, which sorts as time does.
        """
        # Most pages of most runs have none, and polars' threads need not be woken for that.
        if self.table.is_empty():
            return None
        below = self.table.filter(pl.col(column) < bound)
        if below.is_empty():
            return None
        return str(below[column][-1]), str(below["Id"][-1])


def keep_sigint_handler() -> None:
    """Let this process's handler of SIGINT stay in force, which polars would replace.

    At its first work polars puts a handler of its own before that of the process: Ctrl-C would
    then end whatever is decoded at the moment with a KeyboardInterrupt, in the middle of a page.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    handler = signal.getsignal(signal.SIGINT)
    pl.read_csv(b"a\n1\n")
    if handler is not None:  # None: it was not installed by Python
        signal.signal(signal.SIGINT, handler)


def joined(frames: Sequence[Frame]) -> Frame:
    """Return the rows of all Frames in one; what was odd about them stays with those."""
    return Frame(pl.concat([frame.table for frame in frames]))


def side_by_side(
    groups: Sequence[Sequence[Frame]], shared: Sequence[str], names: Sequence[str]
) -> Frame | None:
    """Return rows whose columns come in groups; None where the groups are of different rows.

    Args:
        groups: Each has the same rows, in any order and over any number of Frames.
        shared: Columns of every group, which tell the rows apart and when they have changed.
        names: All columns, in the order wanted.
    """
    tables = [pl.concat([frame.table for frame in group]).sort(shared) for group in groups]
    first, *others = tables
    if any(not table.select(shared).equals(first.select(shared)) for table in others):
        return None
    whole = pl.concat([first, *(table.drop(shared) for table in others)], how="horizontal")
    odd = tuple(each for group in groups for frame in group for each in frame.value_warnings)
    return Frame(whole.select(names), odd)


def csv_frames(
    blocks: Iterable[bytes], columns: Sequence[Column], piece_bytes: int
) -> Iterator[Frame]:
    """Decode a result page of a Bulk API 2.0 query job, piece by piece.

    Args:
        blocks: UTF-8 CSV as served, header row included; or nothing, which is a page of no rows.
        columns: The queried columns, in order; ``Id`` is the last where rows have one.
        piece_bytes: About how much is decoded at once; a row that is larger stays whole.

    Yields:
        One Frame at least, which may have no rows.

    Raises:
        IncompleteError: The page was cut, or has other columns.
    """
    rows = 0
    for piece, is_whole in _pieces(blocks, piece_bytes):
        if not is_whole and (not piece.endswith(b"\n") or piece.count(b'"') % 2):
            message = "A Bulk result page ends in the middle of a row."
            raise IncompleteError(message, hint="Run again.", code="cut-page")
        frame = _from_csv(piece, columns, rows)
        rows += frame.height
        yield frame


def _pieces(blocks: Iterable[bytes], piece_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Cut a CSV file between two rows into pieces that are CSV files themselves.

    Yields:
        The header row and some rows, and whether they are known to end with a whole row. One
        piece at least, which may hold nothing.
    """
    header, held, size, is_first = b"", list[bytes](), 0, True
    # Of what is held, up to where it is known that no row ends, and whether that is within quotes.
    looked, is_quoted = 0, False
    for block in blocks:
        held.append(block)
        size += len(block)
        if size < piece_bytes:
            continue
        text = b"".join(held)
        if not header:
            looked = len(header := text[: text.find(b"\n") + 1])
        end = _last_row_end(text, looked, is_quoted=is_quoted) if header else 0
        if end > looked:
            yield (text[:end] if is_first else b"".join((header, memoryview(text)[:end]))), True
            text, is_first, looked, is_quoted = text[end:], False, 0, False
        elif header:
            is_quoted ^= bool(text.count(b'"', looked) % 2)
            looked = len(text)
        if len(text) > _LARGEST_ROW_BYTES:
            message = (
                "A Bulk result page has a row of more than "
                f"{_LARGEST_ROW_BYTES:,} bytes, which no object can have."
            )
            raise IncompleteError(message, hint="Run again.", code="broken-page")
        held, size = [text], len(text)
    rest = b"".join(held)
    if rest or is_first:
        yield (rest if is_first else header + rest), not rest


def _last_row_end(text: bytes, start: int, *, is_quoted: bool) -> int:
    """Return the place behind the last line break that stands outside quotes, or the start.

    Args:
        text: CSV.
        start: Where to begin.
        is_quoted: That is within quotes.
    """
    end = text.rfind(b"\n", start) + 1
    is_quoted ^= bool(text.count(b'"', start, end) % 2)
    while end > start and is_quoted:
        before = max(start, text.rfind(b"\n", start, end - 1) + 1)
        is_quoted ^= bool(text.count(b'"', before, end) % 2)
        end = before
    return max(start, end)


def _from_csv(piece: bytes, columns: Sequence[Column], rows_before: int) -> Frame:
    if not piece or piece.isspace():
        return no_rows(columns)
    if piece.startswith(_PACKED):
        message = "A Bulk result page is packed, which its header Content-Encoding does not say."
        raise IncompleteError(
            message,
            hint="A proxy on the way may have taken that header off; let it pass.",
            code="broken-page",
        )
    try:
        table = pl.read_csv(piece, infer_schema=False, eol_char="\n", null_values="")
    except pl.exceptions.PolarsError as error:
        # polars goes on with the whole value, and with advice on its own arguments.
        message = f"A Bulk result page is no CSV of the expected form ({shown(str(error))})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
    expected = [column.name for column in columns]
    if table.columns != expected:
        # Where the header row is missing, these are the values of a row.
        found, asked = shown(", ".join(table.columns)), shown(", ".join(expected))
        message = f"A Bulk result page has the columns {found}, not {asked}."
        raise IncompleteError(message, hint="Run again.", code="other-columns")
    if table[expected[-1]].has_nulls() and (
        expected[-1] == "Id" or _has_short_row(piece, len(expected))
    ):
        message = f"A Bulk result page has a row that ends before its last column, {expected[-1]}."
        raise IncompleteError(message, hint="Run again.", code="cut-page")
    return frame_of(table, columns, may_hold_nul=b"\x00" in piece, rows_before=rows_before)


def _has_short_row(piece: bytes, width: int) -> bool:
    """Tell whether a row has fewer values than columns, where no column shows it by a null."""
    lines = set(_QUOTED.sub(b"", piece).removesuffix(b"\n").split(b"\n"))
    return any(line.count(b",") < width - 1 for line in lines)


def _has_empty_id(column: pl.Series) -> bool:
    return column.dtype == pl.String and (column == EMPTY_ID).any()


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def no_rows(columns: Sequence[Column]) -> Frame:
    """Return a Frame of the queried columns that has no rows."""
    return frame_of(pl.DataFrame(schema={column.name: pl.String for column in columns}), columns)


def frame_of(
    table: pl.DataFrame,
    columns: Sequence[Column],
    *,
    may_hold_nul: bool = False,
    rows_before: int = 0,
) -> Frame:
    """Make a Frame of texts as served, null where they are empty.

    Args:
        table: A column for each queried one.
        columns: The queried columns.
        may_hold_nul: False where no text has a NUL character.
        rows_before: Of the same page, where rows without an Id are told by their place in it.
    """
    return Frame(*canonical(table, columns, may_hold_nul=may_hold_nul, rows_before=rows_before))
