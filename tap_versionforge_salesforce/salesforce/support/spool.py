"""Files of this machine where pages and files wait until they are whole."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator


def spool_file(folder: str | None) -> IO[bytes]:
    """Return an empty file without a name, so that even a killed process leaves nothing behind.

    Args:
        folder: The setting ``spool_dir``; None for the system's temporary folder.

    Raises:
        SettingsError: No file can be made there.
    """
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise _no_room(f"No file can be made in the spool folder ({error}).") from None


@contextmanager
def spool_folder(folder: str | None) -> Iterator[str]:
    """Give the block an empty folder, which goes with all that is in it when the block ends.

    Args:
        folder: As for `spool_file`.

    Raises:
        SettingsError: None can be made there.
    """
    try:
        made = tempfile.TemporaryDirectory(dir=folder)
    except OSError as error:
        raise _no_room(f"No folder can be made in the spool folder ({error}).") from None
    with made as path:
        yield path


def _no_room(message: str) -> SettingsError:
    return SettingsError(
        message, hint="Set spool_dir to a folder that exists and can be written to."
    )


@contextmanager
def writing_to_spool() -> Iterator[None]:
    """Tell a full disk as what it is.

    Raises:
        SettingsError: The block could not write to a file of the spool.
    """
    try:
        yield
    except OSError as error:
        message = f"The spool folder can't take any more ({error.strerror or error})."
        raise SettingsError(
            message,
            hint="Make room there, or set spool_dir to a folder on a larger disk, then run again.",
            code="spool-full",
        ) from None
