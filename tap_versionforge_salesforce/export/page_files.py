"""Pages → a file each, in the folder of their object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.export.files import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from tap_versionforge_salesforce.export.files import NewFile
    from tap_versionforge_salesforce.export.object_folder import ObjectFolder
    from tap_versionforge_salesforce.export.row_files import RowFile
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.query.parts_read import Place


class PageFiles:
    """The files of one object in one run.

    Args:
        folder: Where they go.
        new_rows: Begins the rows of a file.
    """

    def __init__(self, folder: ObjectFolder, new_rows: Callable[[IO[bytes]], RowFile]) -> None:
        self._folder = folder
        self._new_rows = new_rows
        self._open: tuple[NewFile, RowFile] | None = None
        self._open_rows = 0

    @property
    def rows(self) -> int:
        """Return how many rows are written by now, with those of earlier runs."""
        return self._folder.manifest.rows + self._open_rows

    def take(self, page: Page, place: Place) -> None:
        """Take in a page or a slice of one.

        Args:
            page: Of `PartsRead`.
            place: Behind it.

        Raises:
            SettingsError: It can't be written, or a value does not fit the type of its column.
        """
        if page.takes_back:
            self.close()
            self._folder.take_back(place)
        if page.starts_page:
            # What was there of it comes again.
            self.close()
        # Also an object without rows has a file, which says what its columns are.
        is_last = not place.parts
        if page.frame.height or (is_last and not self._folder.manifest.files):
            self._add(page.frame)
        if page.ends_page:
            self._put_away()
            self._folder.reach(place)

    def close(self) -> None:
        """Drop the file that is not whole."""
        if self._open is not None:
            file, rows = self._open
            self._open, self._open_rows = None, 0
            rows.drop()
            file.drop()

    def _add(self, frame: Frame) -> None:
        if self._open is None:
            file = self._folder.new_file()
            try:
                with writing(file.path):
                    self._open = (file, self._new_rows(file.file))
            except BaseException:
                file.drop()
                raise
        file, rows = self._open
        with writing(file.path):
            rows.add(frame)
        self._open_rows += frame.height

    def _put_away(self) -> None:
        if self._open is None:
            return
        file, rows = self._open
        with writing(file.path):
            rows.end()
        self._folder.add(file, self._open_rows)
        self._open, self._open_rows = None, 0
