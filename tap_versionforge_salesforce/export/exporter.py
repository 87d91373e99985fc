"""The rows of some objects → files, object by object; what one lacks is no other's fault."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobNotEndedError,
    JobsUsedUpError,
    RefusedError,
    SettingsError,
    SomeStreamsFailedError,
    TapError,
    UnavailableError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.export.database import Database
from tap_versionforge_salesforce.export.destination import Format
from tap_versionforge_salesforce.export.files import make_folder, remove_folder
from tap_versionforge_salesforce.export.manifest import LONGEST_LIFE, SHORT_WHILE, manifest_of
from tap_versionforge_salesforce.export.object_folder import ObjectFolder, forget_loaded
from tap_versionforge_salesforce.export.page_files import PageFiles
from tap_versionforge_salesforce.export.row_files import labelled_schema, row_files
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from tap_versionforge_salesforce.engine.org import Org
    from tap_versionforge_salesforce.engine.reading import Reading
    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.export.destination import Destination
    from tap_versionforge_salesforce.export.progress import ExportProgress


@dataclass(frozen=True, slots=True)
class WantedRows:
    """Which rows of an object are wanted.

    Attributes:
        name: The object's API name.
        fields: API names; None for all but compound ones.
        where: A condition in SOQL; empty for none.
        since: First instant that is wanted.
        until: First one that no longer is.
        text_fields: Fields whose values come as text, also what their types can't hold.
    """

    name: str
    fields: tuple[str, ...] | None = None
    where: str = ""
    since: datetime | str | None = None
    until: datetime | str | None = None
    text_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What has become of an object.

    Attributes:
        name: Its API name.
        path: Of its folder, or of the database.
        rows: How many there are.
        files: How many were written.
        size: Of them, in bytes.
        seconds: That it took in this run; None where an earlier one has done it.
        api: That served the rows.
    """

    name: str
    path: Path
    rows: int
    files: int
    size: int
    seconds: float | None
    api: str


@dataclass(slots=True)
class _Object:
    """An object whose rows are written.

    Attributes:
        selection: What is read of it.
        folder: Where its files are.
        reading: Of its rows.
        is_begun: Its folder is there, and its Bulk job, where it is clear that it has to be.
    """

    selection: Selection
    folder: ObjectFolder
    reading: Reading
    is_begun: bool = False

    @property
    def name(self) -> str:
        """Return the object's API name."""
        return self.selection.query.sobject


class Exporter:
    """Writes the rows of an org's objects.

    Args:
        org: Whose rows they are.
        destination: Where they go.
        progress: Is told how far it is.
        logger: Where it is told what is gone on with.
    """

    def __init__(
        self,
        org: Org,
        destination: Destination,
        *,
        progress: ExportProgress,
        logger: logging.Logger,
    ) -> None:
        self._org = org
        self._destination = destination
        self._progress = progress
        self._logger = logger
        self._database = Database(destination.path) if destination.is_database else None
        org.salesforce.events.listen(progress.take)

    def run(self, wanted: Sequence[WantedRows]) -> Iterator[Exported]:
        """Write all of it, and yield what has become of each object.

        Args:
            wanted: The rows.

        Raises:
            SettingsError: What is wanted can't be, or not be written: nothing is read then, or
                nothing more.
            SomeStreamsFailedError: Some objects could not be read; the others are there.
            TapError: The one object could not be read; or nothing more can be.
        """
        objects = self._checked([self._selection(each) for each in wanted])
        if self._database is None and self._destination.format is Format.PARQUET:
            self._tell_of_labels()
        make_folder(self._destination.folder)
        try:
            failures: dict[str, TapError] = {}
            yield from self._each(objects, failures)
            if len(objects) == len(failures) == 1:
                raise next(iter(failures.values()))
            if failures:
                others = len(objects) - len(failures)
                raise SomeStreamsFailedError(failures, others=others, what="object")
            self._leave([each.folder for each in objects])
        finally:
            for each in objects:
                each.folder.put_down()
            if self._database is not None:
                # Other commands may have objects there that they are to go on with.
                with suppress(OSError):
                    self._destination.folder.rmdir()

    def _each(
        self, objects: Sequence[_Object], failures: dict[str, TapError]
    ) -> Iterator[Exported]:
        for number, each in enumerate(objects):
            try:
                # Salesforce works on all of them at once.
                self._begin_ahead(objects[number + 1 : number + self._org.max_parallel_jobs])
                exported = self._one(each)
            except TapError as error:
                if not self._is_its_own(error):
                    raise
                failures[each.name] = error.without_frames()
            else:
                yield exported

    def _leave(self, folders: Sequence[ObjectFolder]) -> None:
        """Remove what was kept so that a later run would not begin with what is done."""
        if self._database is None:
            for folder in folders:
                folder.leave()
            return
        for folder in folders:
            remove_folder(folder.folder)

    # Before anything is read

    def _selection(self, wanted: WantedRows) -> Selection:
        try:
            return self._org.selection(
                wanted.name,
                fields=wanted.fields,
                where=wanted.where,
                since=wanted.since,
                until=wanted.until,
                text_fields=wanted.text_fields,
            )
        except UnknownObjectError as error:
            raise SettingsError(error.message, hint=error.hint, code=error.code) from None

    def _checked(self, selections: list[Selection]) -> list[_Object]:
        destination = self._destination
        now, url = self._org.salesforce.clock.now(), self._org.salesforce.url
        objects = {}
        tables = set() if self._database is None else self._database.tables()
        for selection in selections:
            name = selection.query.sobject
            if name.lower() not in tables:
                forget_loaded(destination.of_object(name))
            folder = ObjectFolder(
                destination.of_object(name),
                manifest_of(selection, destination.format, url, now),
                destination.format.value,
                SHORT_WHILE if destination.overwrites else LONGEST_LIFE,
            )
            objects[name] = _Object(selection, folder, self._org.reading(selection))
        self._check_places(list(objects.values()))
        return list(objects.values())

    def _check_places(self, objects: Sequence[_Object]) -> None:
        destination = self._destination
        missing = [each for each in objects if not each.folder.is_complete]
        for each in missing:
            each.folder.check(overwrites=destination.overwrites or destination.is_database)
        if self._database is not None:
            wanted = {each.name for each in objects if not each.folder.manifest.is_loaded}
            kept = set() if destination.overwrites else {each.name for each in missing}
            self._database.check(sorted(wanted), replaceable=wanted - kept)

    def _tell_of_labels(self) -> None:
        if labelled_schema(()) is None:
            self._logger.warning(
                "The Parquet files have no labels and help texts of the fields, which need "
                'pyarrow: pip install "tap-versionforge-salesforce[arrow]" brings it.'
            )

    # One object

    def _begin_ahead(self, objects: Sequence[_Object]) -> None:
        for each in objects:
            # Whatever is wrong is told in its turn.
            with suppress(TapError):
                self._begin(each)

    def _begin(self, each: _Object) -> None:
        if each.is_begun or each.folder.is_complete:
            return
        # Another command may have come to its end since.
        self._check_places([each])
        left = each.folder.begin()
        if left is not None:
            self._logger.info(
                "%s begins anew: what an earlier run has left of it (%s) %s.",
                each.name,
                counted(left.rows, "row"),
                left.reason,
            )
            if left.job is not None:
                each.reading.abandon(left.job, "the export begins anew")
        if each.folder.manifest.is_new and (place := each.reading.begin()) is not None:
            each.folder.reach(place)
        each.is_begun = True

    def _one(self, each: _Object) -> Exported:
        clock, folder = self._org.salesforce.clock, each.folder
        began: float | None = clock.monotonic()
        if folder.is_complete:
            begun = folder.manifest.begun
            self._logger.info(
                "%s is complete, from the run of %s that this one goes on with.",
                each.name,
                f"{begun:%Y-%m-%d %H:%M} UTC",
            )
            began = None
        else:
            self._begin(each)
            self._write(each)
        self._tell_of_age(folder, each.name)
        if self._database is not None and not folder.manifest.is_loaded:
            sobject, columns = self._org.describe(each.name), each.selection.columns
            self._database.load(sobject, columns, folder.files)
            folder.note_loaded()
        manifest = folder.manifest
        return Exported(
            each.name,
            folder.folder if self._database is None else self._destination.path,
            manifest.rows,
            len(manifest.files),
            manifest.size,
            None if began is None else clock.monotonic() - began,
            manifest.api,
        )

    def _tell_of_age(self, folder: ObjectFolder, name: str) -> None:
        begun = folder.manifest.begun
        if folder.is_of_earlier_run and self._org.salesforce.clock.now() - begun >= SHORT_WHILE:
            self._logger.warning(
                "%s has the rows of %s, when the run began that this one goes on with, and no "
                "later changes; --overwrite reads it anew.",
                name,
                f"{begun:%Y-%m-%d %H:%M} UTC",
            )

    def _write(self, each: _Object) -> None:
        try:
            self._write_files(each)
        finally:
            self._progress.end()
            each.folder.put_down()

    def _write_files(self, each: _Object) -> None:
        progress, manifest = self._progress, each.folder.manifest
        progress.begin(each.name, rows=manifest.rows, size=manifest.size, files=len(manifest.files))
        files = PageFiles(each.folder, row_files(each.selection, self._destination.format))
        with closing(files), closing(each.reading.pages(each.folder.place)) as pages:
            for page, place in pages:
                manifest.api = progress.api or manifest.api
                files.take(page, place)
                progress.written(files.rows, size=manifest.size, files=len(manifest.files))
                if page.ends_page:
                    self._org.salesforce.interruption.check()
        each.folder.complete()

    def _is_its_own(self, error: TapError) -> bool:
        """Tell whether an error concerns one object alone."""
        if isinstance(error, UnavailableError):
            return isinstance(error, JobNotEndedError) or self._org.salesforce.can_be_reached()
        is_of_a_value = error.code == "value-not-held"
        return is_of_a_value or isinstance(error, (IncompleteError, JobsUsedUpError, RefusedError))
