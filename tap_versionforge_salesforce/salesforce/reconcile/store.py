"""Where generations are kept: Parquet files, and beside them what their rows are."""

from __future__ import annotations

import io
import math
from contextlib import suppress
from datetime import timezone
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from tap_versionforge_salesforce.salesforce.reconcile.folder import BrokenStoreError
from tap_versionforge_salesforce.salesforce.reconcile.generation import (
    FORMAT,
    Generation,
    StoredFile,
    Written,
)
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import (
    SCHEMA,
    digest_of,
    latest,
    packed,
    partitioned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning

_FOLDER = "generations"
_MARK = "generation.json"
#: Rows held in memory until they are written; some 80 bytes each, and as much again for a while.
ROWS_AT_ONCE = 800_000
# A comparison holds two partitions, joins them, and what it frees comes back late; fewer partitions
# are fewer files.
_PARTITIONS_AT_ONCE = 10
_MOST_PARTITIONS = 1_024
#: Where nobody knows how many rows there will be.
PARTITIONS_OF_MANY = 128
_NAME_FORMAT = "%Y%m%dT%H%M%S%fZ"


class GenerationStore:
    """The generations of one object.

    A generation is there once the file that describes it is, which is written last. Whatever a
    run that was killed has left behind is not one, and is removed before the next one is made.

    Args:
        folder: Where.
        sobject: The object's API name.
        rows_at_once: So many are held in memory while they come; a partition has a tenth of it.
        run: Names the run; no other one has it.
        under_way: Returns the names of the other runs that are under way.
    """

    def __init__(
        self,
        folder: StoreFolder,
        *,
        sobject: str,
        rows_at_once: int = ROWS_AT_ONCE,
        run: str = "",
        under_way: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._run = run
        self._under_way = under_way
        self._folder = folder
        self._sobject = sobject
        self._place = f"{sobject.lower()}/{_FOLDER}"
        self.rows_at_once = rows_at_once

    def names(self) -> list[str]:
        """Return the names of the generations that are there, the earliest first."""
        names = self._folder.sizes(self._place)
        return [name for name in names if self._folder.has(self._path(name, _MARK))]

    def generation(self, name: str) -> Generation:
        """Return a generation.

        Args:
            name: Its name.

        Raises:
            BrokenStoreError: It is missing, or one of its files is, or is not as it was written.
        """
        if not self._folder.has(self._path(name, _MARK)):
            raise self._broken(name, "", "it is missing")
        content = self._folder.read(self._path(name, _MARK))
        try:
            generation = msgspec.json.decode(content, type=Generation)
        except msgspec.MsgspecError:
            raise self._broken(name, _MARK, "it does not describe a generation") from None
        if generation.meaning.format != FORMAT:
            problem = f"it is of format {generation.meaning.format}"
            raise self._broken(name, _MARK, problem)
        self._check_files(generation)
        return generation

    def of_rows(self, of_rows: str) -> list[Generation]:
        """Return the generations that are whole, and whose rows are those of one query.

        Args:
            of_rows: `Meaning.of_rows` of that.
        """
        found = []
        for name in self.names():
            with suppress(BrokenStoreError):
                generation = self.generation(name)
                if generation.meaning.of_rows == of_rows:
                    found.append(generation)
        return found

    def begin(
        self,
        meaning: Meaning,
        *,
        taken_at: datetime,
        written: Written = Written(),  # noqa: B008  it never changes
        partitions: int | None = None,
    ) -> GenerationWriter:
        """Return what takes the rows of a new generation.

        Args:
            meaning: What its rows are.
            taken_at: The server's clock, from an answer received before.
            written: What had been written before.
            partitions: How many there are to be; None for as many as the rows need.
        """
        there = self._folder.sizes(self._place)
        finished = self.names()
        under_way = self._under_way()
        for unfinished in set(there) - set(finished):
            if unfinished.rstrip("+").rpartition("-")[2] not in under_way:
                self.remove(unfinished)
        name = f"{taken_at.astimezone(timezone.utc).strftime(_NAME_FORMAT)}-{self._run}"
        # The server's clock has whole seconds, and another may have been made in this one.
        while name in finished:
            name += "+"
        begun = Generation(
            name=name,
            taken_at=taken_at,
            meaning=meaning,
            written=written,
            rows=0,
            partitions=1,
            files=(),
        )
        return GenerationWriter(self, begun, partitions=partitions)

    def rows(self, generation: Generation, partition: int, partitions: int) -> pl.DataFrame:
        """Return the rows of one partition, each Id once.

        Args:
            generation: Of which.
            partition: Which one.
            partitions: Of how many; no more than the generation has.

        Raises:
            BrokenStoreError: A file is not as it was written.
        """
        files = [file for file in generation.files if file.partition % partitions == partition]
        tables = [self._read(generation, file) for file in files]
        if not tables:
            return pl.DataFrame(schema=SCHEMA)
        # Rows that were read again are in a later file.
        return latest(tables)

    def remove(self, name: str) -> None:
        """Remove a generation, or what there is of it.

        Args:
            name: Its name.
        """
        # That first: without it, it is none.
        self._folder.remove(self._path(name, _MARK))
        self._folder.remove(f"{self._place}/{name}")

    def remove_before(self, name: str) -> None:
        """Remove the generations that are earlier than one: a later one may be confirmed yet.

        Args:
            name: Of that one.
        """
        for each in self.names():
            if each < name:
                self.remove(each)

    def write(self, generation: str, name: str, content: bytes) -> None:
        """Write one file of a generation.

        Args:
            generation: Its name.
            name: The file's.
            content: The bytes.
        """
        self._folder.write(self._path(generation, name), content)

    def end(self, generation: Generation) -> None:
        """Let a generation be there, now that its files are.

        Raises:
            BrokenStoreError: They are not: somebody has removed them meanwhile.
        """
        self._check_files(generation)
        self.write(generation.name, _MARK, msgspec.json.encode(generation))

    def _path(self, generation: str, name: str) -> str:
        return f"{self._place}/{generation}/{name}"

    def _check_files(self, generation: Generation) -> None:
        found = self._folder.sizes(f"{self._place}/{generation.name}")
        for file in generation.files:
            if file.name not in found:
                raise self._broken(generation.name, file.name, "it is missing")
            if found[file.name] != file.size:
                problem = "it is not of the size it was written in"
                raise self._broken(generation.name, file.name, problem)

    def _read(self, generation: Generation, file: StoredFile) -> pl.DataFrame:
        content = self._folder.read(self._path(generation.name, file.name))
        if digest_of(content) != file.digest:
            problem = "its bytes are not those that were written"
            raise self._broken(generation.name, file.name, problem)
        return pl.read_parquet(io.BytesIO(content))

    def _broken(self, generation: str, name: str, problem: str) -> BrokenStoreError:
        path = self._path(generation, name).rstrip("/")
        return self._folder.broken(path, problem, stream=self._sobject)


class GenerationWriter:
    """Takes the rows of a generation, page by page, and lets it be there once all have come.

    Args:
        store: Where it goes.
        begun: The generation, which has no rows yet.
        partitions: How many there are to be; None for as many as the rows need.
    """

    def __init__(
        self, store: GenerationStore, begun: Generation, *, partitions: int | None = None
    ) -> None:
        self._store = store
        self._begun = begun
        self._held: list[pl.DataFrame] = []
        self._rows_held = 0
        self._files: list[StoredFile] = []
        self._rows = 0
        # Known once the first rows are written.
        self._partitions = partitions

    def add(self, rows: pl.DataFrame, *, expected_rows: int | None = None) -> None:
        """Take the rows of a page.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            expected_rows: Of the whole generation; None where nobody knows.
        """
        self._rows += rows.height
        self._rows_held += rows.height
        self._held.append(rows)
        at_once = self._store.rows_at_once
        if self._rows_held >= at_once:
            many = PARTITIONS_OF_MANY * at_once // _PARTITIONS_AT_ONCE
            self._flush(many if expected_rows is None else expected_rows)

    def finish(self) -> Generation:
        """Write what is left and let the generation be there."""
        self._flush(self._rows)
        generation = msgspec.structs.replace(
            self._begun,
            rows=self._rows,
            partitions=self._partitions or 1,
            files=tuple(self._files),
        )
        self._store.end(generation)
        return generation

    def abandon(self) -> None:
        """Remove what has been written."""
        self._held.clear()
        self._store.remove(self._begun.name)

    def _flush(self, expected_rows: int) -> None:
        if not self._held:
            return
        if self._partitions is None:
            at_once = self._store.rows_at_once
            wanted = max(1, math.ceil(_PARTITIONS_AT_ONCE * expected_rows / at_once))
            self._partitions = min(_MOST_PARTITIONS, 1 << (wanted - 1).bit_length())
        rows = pl.concat(self._held, rechunk=False)
        self._held.clear()
        self._rows_held = 0
        for partition, part in partitioned(rows, self._partitions):
            content = packed(part)
            name = f"{len(self._files):05}.parquet"
            self._store.write(self._begun.name, name, content)
            self._files.append(
                StoredFile(
                    name=name,
                    partition=partition,
                    size=len(content),
                    digest=digest_of(content),
                )
            )
