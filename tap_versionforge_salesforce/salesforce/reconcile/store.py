"""Where generations are kept: Parquet files below a folder or any fsspec URL."""

from __future__ import annotations

import hashlib
import io
import math
from contextlib import contextmanager
from datetime import timezone
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from fsspec.core import url_to_fs

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.reconcile.generation import (
    FORMAT,
    Generation,
    StoredFile,
)
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import (
    SCHEMA,
    Differences,
    differences,
    partitioned,
)
from tap_versionforge_salesforce.salesforce.support.files import new_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning

_MARK = "generation.json"
_UNFINISHED_MARK = f"{_MARK}.unfinished"
# Held in memory until they are written; some 70 bytes each.
_ROWS_AT_ONCE = 1_000_000
_MOST_PARTITIONS = 1_024
# Where nobody knows how many rows there will be.
_PARTITIONS_OF_MANY = 64
_DIGEST_BYTES = 16
_NAME_FORMAT = "%Y%m%dT%H%M%S%fZ"


class BrokenStoreError(SettingsError):
    """What is kept is not what was written: what was there before can't be known."""


class GenerationStore:
    """The generations of one object.

    A generation is there once the file that describes it is, which is written last. Whatever a
    run that was killed has left behind is not one, and is removed before the next one is made.

    Args:
        url: A folder, or a URL that fsspec knows. Made where it is missing.
        org: The org's Id.
        sobject: The object's API name.
        rows_at_once: So many are held in memory at the most: while they come, and of the two
            partitions that are compared.

    Raises:
        SettingsError: Nobody knows such URLs here, or it is the store of another org.
    """

    def __init__(
        self, url: str, *, org: str, sobject: str, rows_at_once: int = _ROWS_AT_ONCE
    ) -> None:
        self._url = url
        with self._usable():
            self._filesystem, root = url_to_fs(url)
        self._folder = f"{str(root).rstrip('/')}/{sobject.lower()}"
        self._org = org
        self._sobject = sobject
        self._rows_at_once = rows_at_once

    def generations(self) -> list[Generation]:
        """Return what is there, the earliest first.

        Raises:
            SettingsError: The store can't be read, or is that of another org.
            BrokenStoreError: A file of a generation is missing, or is not as it was written.
        """
        with self._usable():
            self._filesystem.invalidate_cache()
            marks = (f"{folder}/{_MARK}" for folder in sorted(self._folders()))
            found = [self._described(mark) for mark in marks if self._filesystem.exists(mark)]
        for generation in found:
            if generation.meaning.org != self._org:
                message = (
                    f"The store {self._url} is that of the org {generation.meaning.org}, and this "
                    f"is {self._org}."
                )
                raise SettingsError(
                    message,
                    hint="Each org, and each environment of it, needs a store of its own.",
                )
            self._check_files(generation)
        return found

    def begin(self, meaning: Meaning, *, taken_at: datetime) -> GenerationWriter:
        """Return what takes the rows of a new generation.

        Args:
            meaning: What its rows are.
            taken_at: The server's clock, from an answer received before.
        """
        for left_behind in self._unfinished():
            self.remove(left_behind)
        name = taken_at.astimezone(timezone.utc).strftime(_NAME_FORMAT)
        # The server's clock has whole seconds, and another may have been made in this one.
        while self._filesystem.exists(f"{self._folder}/{name}"):
            name += "+"
        return GenerationWriter(
            self, name, meaning, taken_at=taken_at, rows_at_once=self._rows_at_once
        )

    def compare(self, before: Generation, now: Generation) -> Iterator[Differences]:
        """Yield what differs, partition by partition; nothing where nothing can be compared.

        Args:
            before: The earlier generation.
            now: The later one.

        Raises:
            BrokenStoreError: A file is not as it was written.
        """
        if not now.meaning.has_rows_of(before.meaning):
            return
        are_values_comparable = now.meaning.has_values_of(before.meaning)
        partitions = min(before.partitions, now.partitions)
        for partition in range(partitions):
            yield differences(
                self.rows(before, partition, partitions),
                self.rows(now, partition, partitions),
                are_values_comparable=are_values_comparable,
            )

    def rows(self, generation: Generation, partition: int, partitions: int) -> pl.DataFrame:
        """Return the rows of one partition, each Id once.

        Args:
            generation: Of which.
            partition: Which one.
            partitions: Of how many; no more than the generation has.
        """
        files = [file for file in generation.files if file.partition % partitions == partition]
        tables = [self._read(generation, file) for file in files]
        if not tables:
            return pl.DataFrame(schema=SCHEMA)
        # Rows that were read again are in a later file.
        return pl.concat(tables).unique("id", keep="last", maintain_order=True)

    def remove(self, name: str) -> None:
        """Remove a generation, or what there is of it.

        Args:
            name: Its name.
        """
        folder = f"{self._folder}/{name}"
        with self._usable():
            # That first: without it, it is none.
            if self._filesystem.exists(f"{folder}/{_MARK}"):
                self._filesystem.rm_file(f"{folder}/{_MARK}")
            if self._filesystem.exists(folder):
                self._filesystem.rm(folder, recursive=True)

    def write(self, generation: str, name: str, content: bytes) -> None:
        """Write one file of a generation.

        Args:
            generation: Its name.
            name: The file's.
            content: The bytes.
        """
        with self._usable(), new_file(self._filesystem, self._path(generation, name)) as file:
            file.write(content)

    def end(self, generation: Generation) -> None:
        """Let a generation be there, now that its files are.

        Raises:
            BrokenStoreError: They are not: somebody has removed them meanwhile.
        """
        self._check_files(generation)
        # Whole or not at all, also where the run is killed in between.
        self.write(generation.name, _UNFINISHED_MARK, msgspec.json.encode(generation))
        with self._usable():
            self._filesystem.mv(
                self._path(generation.name, _UNFINISHED_MARK), self._path(generation.name, _MARK)
            )

    def _folders(self) -> list[str]:
        # No pattern: the user's folder may have one in its name.
        if not self._filesystem.exists(self._folder):
            return []
        return [str(path).rstrip("/") for path in self._filesystem.ls(self._folder, detail=False)]

    def _unfinished(self) -> set[str]:
        with self._usable():
            self._filesystem.invalidate_cache()
            return {
                folder.rpartition("/")[2]
                for folder in self._folders()
                if not self._filesystem.exists(f"{folder}/{_MARK}")
            }

    def _path(self, generation: str, name: str) -> str:
        return f"{self._folder}/{generation}/{name}"

    def _described(self, mark: str) -> Generation:
        content = self._filesystem.cat_file(mark)
        try:
            generation = msgspec.json.decode(content, type=Generation)
        except msgspec.MsgspecError:
            raise self._broken(mark, "it does not describe a generation") from None
        if generation.meaning.format != FORMAT:
            raise self._broken(mark, f"it is of format {generation.meaning.format}")
        return generation

    def _check_files(self, generation: Generation) -> None:
        with self._usable():
            folder = f"{self._folder}/{generation.name}"
            self._filesystem.invalidate_cache()
            is_there = self._filesystem.exists(folder)
            found = {
                str(entry["name"]).rpartition("/")[2]: entry["size"]
                for entry in (self._filesystem.ls(folder, detail=True) if is_there else ())
            }
        for file in generation.files:
            if found.get(file.name) != file.size:
                is_there = file.name in found
                problem = "it is not of the size it was written in" if is_there else "it is missing"
                raise self._broken(self._path(generation.name, file.name), problem)

    def _read(self, generation: Generation, file: StoredFile) -> pl.DataFrame:
        path = self._path(generation.name, file.name)
        with self._usable():
            content = self._filesystem.cat_file(path)
        if _blake2b(content) != file.blake2b:
            raise self._broken(path, "its bytes are not those that were written")
        return pl.read_parquet(io.BytesIO(content))

    def _broken(self, path: str, problem: str) -> BrokenStoreError:
        return BrokenStoreError(
            f"The store {self._url} can't be used: {path.rpartition(self._folder)[2].lstrip('/')} "
            f"of {self._sobject} is broken ({problem}).",
            hint="Name a new store, and begin the stream anew without its bookmark: what has been "
            "deleted since can't be known any more.",
        )

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Tell whatever storage says as what it is.

        Raises:
            SettingsError: It can't be read or written.
        """
        try:
            yield
        except SettingsError:
            raise
        # Each kind of storage has its own errors, that of missing packages among them.
        except Exception as error:  # noqa: BLE001
            reason = " ".join(str(error).split()) or type(error).__name__
            raise SettingsError(
                f"The store {self._url} can't be used ({reason}).",
                hint="It has to be a folder that can be read and written, or the URL of one; a "
                "bucket needs its fsspec package beside this one, such as s3fs or gcsfs.",
            ) from None


class GenerationWriter:
    """Takes the rows of a generation, page by page, and lets it be there once all have come.

    Args:
        store: Where it goes.
        name: Its name.
        meaning: What its rows are.
        taken_at: The server's clock before the first was read.
        rows_at_once: So many are held until they are written.
    """

    def __init__(
        self,
        store: GenerationStore,
        name: str,
        meaning: Meaning,
        *,
        taken_at: datetime,
        rows_at_once: int,
    ) -> None:
        self._store = store
        self._name = name
        self._meaning = meaning
        self._taken_at = taken_at
        self._rows_at_once = rows_at_once
        self._held: list[pl.DataFrame] = []
        self._files: list[StoredFile] = []
        self._rows = 0
        # Once the first rows are written.
        self._partitions: int | None = None

    def add(self, rows: pl.DataFrame, *, expected_rows: int | None = None) -> None:
        """Take the rows of a page.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            expected_rows: Of the whole generation; None where nobody knows.
        """
        self._rows += rows.height
        self._held.append(rows)
        if sum(table.height for table in self._held) >= self._rows_at_once:
            many = _PARTITIONS_OF_MANY * self._rows_at_once // 2
            self._flush(many if expected_rows is None else expected_rows)

    def finish(self) -> Generation:
        """Write what is left and let the generation be there."""
        self._flush(self._rows)
        generation = Generation(
            name=self._name,
            taken_at=self._taken_at,
            meaning=self._meaning,
            rows=self._rows,
            partitions=self._partitions or 1,
            files=tuple(self._files),
        )
        self._store.end(generation)
        return generation

    def abandon(self) -> None:
        """Remove what has been written."""
        self._held.clear()
        self._store.remove(self._name)

    def _flush(self, expected_rows: int) -> None:
        if not self._held:
            return
        if self._partitions is None:
            # Two are compared at once.
            wanted = max(1, math.ceil(2 * expected_rows / self._rows_at_once))
            self._partitions = min(_MOST_PARTITIONS, 1 << (wanted - 1).bit_length())
        rows = pl.concat(self._held)
        self._held.clear()
        for partition, part in partitioned(rows, self._partitions).items():
            file = io.BytesIO()
            part.write_parquet(file, compression="zstd", statistics=False)
            content = file.getvalue()
            name = f"{len(self._files):05}.parquet"
            self._store.write(self._name, name, content)
            self._files.append(
                StoredFile(
                    name=name,
                    partition=partition,
                    size=len(content),
                    blake2b=_blake2b(content),
                )
            )


def _blake2b(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
