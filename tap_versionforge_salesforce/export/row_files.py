"""Frames → a file of rows, slice by slice: CSV, JSON lines or Parquet."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

import polars as pl

from tap_versionforge_salesforce.engine.rows import check_held
from tap_versionforge_salesforce.export.destination import Format
from tap_versionforge_salesforce.salesforce.frames.json_lines import JsonLines
from tap_versionforge_salesforce.salesforce.frames.typed import schema_of, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# Most that is held of a page before it is written in row groups, which only pyarrow can. polars
# writes a file in one stroke, and takes less time.
_MOST_HELD_ROWS = 60_000
_PACKING: Literal["snappy"] = "snappy"


class RowFile(Protocol):
    """A file of rows that is being written."""

    def add(self, frame: Frame) -> None:
        """Write rows.

        Args:
            frame: The rows, with a column for each queried column.

        Raises:
            OSError: They can't be written.
            SettingsError: A value does not fit the type of its column.
        """

    def end(self) -> None:
        """Write what is left; the file itself stays open.

        Raises:
            OSError: It can't be written.
        """

    def drop(self) -> None:
        """Let go of what is not written yet."""


def row_files(selection: Selection, written_as: Format) -> Callable[[IO[bytes]], RowFile]:
    """Return what makes files of the rows of one selection.

    Args:
        selection: What is read.
        written_as: The form of the files.
    """
    sobject, columns = selection.query.sobject, selection.columns
    if written_as is Format.PARQUET:
        schema = labelled_schema(columns)
        return lambda file: _Parquet(file, sobject, columns, schema)
    if written_as is Format.JSONL:
        lines = JsonLines(columns)
        return lambda file: _JsonLines(file, sobject, lines)
    room = io.BytesIO()
    return lambda file: _Csv(file, sobject, columns, room)


class _JsonLines:
    def __init__(self, file: IO[bytes], sobject: str, lines: JsonLines) -> None:
        self._file = file
        self._sobject = sobject
        self._lines = lines

    def add(self, frame: Frame) -> None:
        _check(self._sobject, frame.value_warnings)
        with self._lines.lines(frame) as lines:
            self._file.write(lines)

    def end(self) -> None:
        """Nothing is left."""

    def drop(self) -> None:
        """Nothing is held."""


class _Csv:
    def __init__(
        self, file: IO[bytes], sobject: str, columns: Sequence[Column], room: io.BytesIO
    ) -> None:
        self._file = file
        self._sobject = sobject
        # Nothing but text fits into a cell: of a compound it has the parts.
        parts = [part for column in columns for part in column.queried]
        self._names = {part.name: part.property_name for part in dict.fromkeys(parts)}
        self._room = room
        self._is_new = True

    def add(self, frame: Frame) -> None:
        _check(self._sobject, frame.value_warnings)
        wanted = [pl.col(name).alias(shown) for name, shown in self._names.items()]
        self._room.seek(0)
        # A line without anything is no row to those who read CSV.
        nothing = '""' if len(wanted) == 1 else None
        frame.table.select(wanted).write_csv(
            self._room,
            include_header=self._is_new,
            quote_style="necessary",
            null_value=nothing,
        )
        self._is_new = False
        with self._room.getbuffer() as written:
            self._file.write(written[: self._room.tell()])

    def end(self) -> None:
        """Nothing is left."""

    def drop(self) -> None:
        """Nothing is held."""


class _Parquet:
    """Written in one stroke; a large page in row groups, where pyarrow is there."""

    def __init__(
        self,
        file: IO[bytes],
        sobject: str,
        columns: Sequence[Column],
        schema: Any | None,  # noqa: ANN401  pyarrow has no types
    ) -> None:
        self._file = file
        self._sobject = sobject
        self._columns = columns
        self._held: list[pl.DataFrame] = []
        self._rows = 0
        self._schema = schema
        self._groups: Any = None

    def add(self, frame: Frame) -> None:
        found = typed(frame, self._columns)
        _check(self._sobject, (*frame.value_warnings, *found.value_warnings))
        self._held.append(found.table)
        self._rows += frame.height
        if self._rows >= _MOST_HELD_ROWS and self._schema is not None:
            self._write_group()

    def end(self) -> None:
        if self._groups is not None:
            self._write_group()
            self._groups.close()
            return
        try:
            pl.concat(self._held).write_parquet(
                self._file, compression=_PACKING, arrow_schema=self._schema
            )
        except pl.exceptions.PolarsError as error:
            raise OSError(str(error)) from None

    def drop(self) -> None:
        self._held.clear()
        # It would write its end into the file when it goes.
        with suppress(OSError, ValueError):
            if self._groups is not None:
                self._groups.close()

    def _write_group(self) -> None:
        if self._groups is None:
            import pyarrow.parquet as pq  # noqa: PLC0415  wanted by few, and large

            self._groups = pq.ParquetWriter(self._file, self._schema, compression=_PACKING)
        if self._rows:
            table = pl.concat(self._held).to_arrow(compat_level=pl.CompatLevel.oldest())
            self._groups.write_table(table.cast(self._schema))
        self._held.clear()
        self._rows = 0


def labelled_schema(columns: Sequence[Column]) -> Any | None:  # noqa: ANN401  pyarrow has no types
    """Return the Arrow schema of some columns, each with its label and help text as metadata.

    Args:
        columns: The selected columns.

    Returns:
        Of pyarrow; None where that is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  wanted by few, and large
    except ImportError:
        return None
    plain = pl.DataFrame(schema=schema_of(columns)).to_arrow(compat_level=pl.CompatLevel.oldest())
    fields = [
        field.with_metadata(_told(column))
        for field, column in zip(plain.schema, columns, strict=True)
    ]
    return pa.schema(fields)


def _told(column: Column) -> dict[str, str]:
    texts = {"label": column.label, "help": column.help_text}
    return {name: text for name, text in texts.items() if text}


def _check(sobject: str, odd: Iterable[ValueWarning]) -> None:
    check_held(sobject, odd, "--text-fields {}", "--fields")
