"""BATCH: files of rows, written from Frames, and announced instead of RECORD messages."""

from __future__ import annotations

import gzip
import io
import uuid
from contextlib import nullcontext
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.batch_config import place, unusable
from tap_versionforge_salesforce.frames import Frame, regrouped
from tap_versionforge_salesforce.messages import LineMaker
from tap_versionforge_salesforce.parquet import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.helpers._batch import BatchConfig

    from tap_versionforge_salesforce.columns import Column
    from tap_versionforge_salesforce.oddities import OddityReport

_ENDINGS = {("jsonl", "gzip"): "json.gz", ("jsonl", "none"): "json"}
# The files live for minutes: a higher level costs more time than its smaller files save.
_GZIP_LEVEL = 1
# As lines, rows take several times the room that they take in columns.
_ROWS_AT_ONCE = 1_000


class BatchFiles:
    """The files of one stream in one run.

    Args:
        files: Where they go, and how they are written.
        stream: In their names.
        columns: The selected columns.
        oddities: Is told what a file's types can't hold.
    """

    def __init__(
        self,
        files: BatchConfig,
        *,
        stream: str,
        columns: Sequence[Column],
        oddities: OddityReport,
    ) -> None:
        self._files = files
        self._columns = columns
        self._lines = LineMaker(columns)
        self._oddities = oddities
        self._name = f"{files.storage.prefix or ''}{stream}-{uuid.uuid4()}"
        self._written = 0
        self._held: list[Frame] = []

    def take(self, frame: Frame, *, ends_page: bool) -> Iterator[str]:
        """Take in rows, and yield the URL of each file that they fill; a page's end fills one.

        Raises:
            SettingsError: The file can't be written.
        """
        self._held.append(frame)
        if not ends_page:
            return
        for rows in regrouped(self._held, self._files.batch_size):
            yield self._write(rows)
        self._held.clear()

    def _write(self, frame: Frame) -> str:
        encoding = self._files.encoding
        ending = _ENDINGS.get((encoding.format, str(encoding.compression)), encoding.format)
        self._written += 1
        content = self._content(frame)
        try:
            filesystem, folder = place(self._files)
            path = f"{folder}/{self._name}-{self._written:05d}.{ending}"
            filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
            with filesystem.open(path, "wb") as file:
                file.write(content)
            return str(filesystem.unstrip_protocol(path))
        except Exception as error:  # noqa: BLE001  each kind of storage has errors of its own
            raise unusable(self._files, error) from None

    def _content(self, frame: Frame) -> bytes | memoryview:
        is_packed = self._files.encoding.compression == "gzip"
        if self._files.encoding.format == "parquet":
            rows = typed(frame, self._columns)
            self._oddities.note(rows.oddities)
            file = io.BytesIO()
            rows.table.write_parquet(file, compression="gzip" if is_packed else "snappy")
            return file.getbuffer()
        file = io.BytesIO()
        # Without a time in it, the same rows make the same file.
        packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) if is_packed else None
        with packed or nullcontext(file) as lines:
            for some in regrouped([frame], _ROWS_AT_ONCE):
                lines.write(self._lines.objects(some))
        return file.getbuffer()
