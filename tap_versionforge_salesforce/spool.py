"""Files of this machine where pages and files wait until they are whole."""

from __future__ import annotations

import tempfile
from typing import IO

from tap_versionforge_salesforce.exceptions import SettingsError


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
        message = f"No file can be made in the spool folder ({error})."
        raise SettingsError(
            message, hint="Set spool_dir to a folder that exists and can be written to."
        ) from None
