"""BATCH: files of rows, written from Frames, and announced instead of RECORD messages."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.frames.frame import Frame, joined
from tap_versionforge_salesforce.salesforce.frames.json_lines import JsonLines
from tap_versionforge_salesforce.salesforce.frames.typed import TYPES, typed
from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.support.files import new_file
from tap_versionforge_salesforce.salesforce.support.gzip_stream import packer
from tap_versionforge_salesforce.salesforce.support.spool import spool_file, writing_to_spool
from tap_versionforge_salesforce.salesforce.support.watch import SILENT
from tap_versionforge_salesforce.singer.output.batch_config import place, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Literal

    import polars as pl
    from singer_sdk.helpers._batch import BatchConfig

    from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
        ValueWarning,
        ValueWarnings,
    )
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.support.watch import Watch

_ENDINGS = {("jsonl", "gzip"): "json.gz", ("jsonl", "none"): "json"}
# As lines, rows take several times the room that they take in columns.
_ROWS_AT_ONCE = 1_000
_COPIED_BYTES = 1 << 20


class BatchFiles:
    """The files of one stream in one run.

    Args:
        files: Where they go, and how they are written.
        stream: In their names.
        columns: Those of a record.
        value_warnings: Is told what a file's types can't hold.
        spool_dir: Where a file is made; None for the system's temporary folder.
        numbers_are_texts: As the setting ``number_format`` has them; in Parquet as well, for a
            target goes by the one schema, and a text has room for every digit.
        watch: Says that the storage takes its time.
    """

    def __init__(
        self,
        files: BatchConfig,
        *,
        stream: str,
        columns: Sequence[Column],
        value_warnings: ValueWarnings,
        spool_dir: str | None,
        numbers_are_texts: bool = False,
        watch: Watch = SILENT,
    ) -> None:
        self._files = files
        self._watch = watch
        self._columns = columns
        self._lines = JsonLines(columns, numbers_are_texts=numbers_are_texts)
        self._types = _TYPES_WITH_TEXTS if numbers_are_texts else _TYPES
        self._value_warnings = value_warnings
        self._spool_dir = spool_dir
        # Whoever reads all files of a stream has them in the order of the runs.
        begun = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}"
        self._name = f"{files.storage.prefix or ''}{stream}-{begun}-{uuid.uuid4()}"
        self._written = 0
        self._open: _Lines | _Typed | None = None

    def take(self, frame: Frame, *, starts_page: bool, ends_page: bool) -> Iterator[str]:
        """Take in rows, and yield the URL of each file that they fill; a page's end fills one.

        Args:
            frame: The rows.
            starts_page: They are a page's first. A file that holds rows of it already, which did
                not come to the page's end, is dropped.
            ends_page: They are a page's last.

        Raises:
            SettingsError: The file can't be written.
        """
        if starts_page:
            self.close()
        rest = frame
        while rest.height:
            self._open = self._open or self._new()
            room = self._files.batch_size - self._open.rows
            self._open.add(rest.slice(0, room))
            rest = rest.slice(room)
            if self._open.rows == self._files.batch_size:
                yield self._put_away(self._open)
        if ends_page and self._open is not None:
            yield self._put_away(self._open)

    def close(self) -> None:
        """Drop the file that is not full yet."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _new(self) -> _Lines | _Typed:
        is_packed = self._files.encoding.compression == "gzip"
        if self._files.encoding.format == "parquet":
            return _Typed(self._columns, self._types, self._value_warnings, is_packed=is_packed)
        return _Lines(self._lines, spool_file(self._spool_dir), is_packed=is_packed)

    def _put_away(self, made: _Lines | _Typed) -> str:
        self._open = None
        encoding = self._files.encoding
        ending = _ENDINGS.get((encoding.format, str(encoding.compression)), encoding.format)
        self._written += 1
        try:
            filesystem, folder = place(self._files)
            path = f"{folder}/{self._name}-{self._written:05d}.{ending}"
            with (
                self._watch.telling(lambda: f"the storage of batch_config to take {path}"),
                new_file(filesystem, path) as file,
            ):
                made.copy_to(file)
            return str(filesystem.unstrip_protocol(path))
        except Exception as error:  # noqa: BLE001  each kind of storage has errors of its own
            raise unusable(self._files, error) from None
        finally:
            made.close()


class _Lines:
    """A file of JSON lines, written as rows come: whole only in the spool, not in memory."""

    def __init__(self, lines: JsonLines, spool: IO[bytes], *, is_packed: bool) -> None:
        self.rows = 0
        self._lines = lines
        self._spool = spool
        self._packer = packer() if is_packed else None

    def add(self, frame: Frame) -> None:
        self.rows += frame.height
        for start in range(0, frame.height, _ROWS_AT_ONCE):
            some = frame.slice(start, _ROWS_AT_ONCE)
            with self._lines.lines(some) as lines, writing_to_spool():
                self._spool.write(self._packer.compress(lines) if self._packer else lines)

    def copy_to(self, file: IO[bytes]) -> None:
        if self._packer is not None:
            self._spool.write(self._packer.flush())
        self._spool.seek(0)
        shutil.copyfileobj(self._spool, file, _COPIED_BYTES)

    def close(self) -> None:
        # What is not written yet is not wanted any more.
        with suppress(OSError):
            self._spool.close()


# A time of Parquet's has no zone, and targets would show it without the Z of the messages.
_TYPES = {**TYPES, Kind.TIME: TYPES[Kind.TEXT]}
_TYPES_WITH_TEXTS = {**_TYPES, Kind.NUMBER: TYPES[Kind.TEXT]}


class _Typed:
    """A Parquet file, which is written in one stroke from typed columns held until then."""

    def __init__(
        self,
        columns: Sequence[Column],
        types: Mapping[Kind, pl.DataType],
        value_warnings: ValueWarnings,
        *,
        is_packed: bool,
    ) -> None:
        self.rows = 0
        self._columns, self._types = columns, types
        self._value_warnings = value_warnings
        self._packing: Literal["gzip", "snappy"] = "gzip" if is_packed else "snappy"
        self._held: list[Frame] = []

    def add(self, frame: Frame) -> None:
        self.rows += frame.height
        self._held.append(typed(frame, self._columns, self._types))

    def copy_to(self, file: IO[bytes]) -> None:
        for frame in self._held:
            self._value_warnings.record(map(_null_in_file, frame.value_warnings))
        joined(self._held).table.write_parquet(file, compression=self._packing)

    def close(self) -> None:
        self._held.clear()


def _null_in_file(warning: ValueWarning) -> ValueWarning:
    return replace(warning, problem=f"{warning.problem} and null in the Parquet file")
