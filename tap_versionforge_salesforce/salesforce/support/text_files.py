"""Files that people name and write: how long a path is, in what a text comes, who may read it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

#: In characters. The base64 of a key that Salesforce takes is longer.
LONGEST_PATH = 1_000
_OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH


def decoded(data: bytes) -> str:
    """Return the text that a file holds, as editors and shells write it: in UTF-8 or UTF-16.

    Raises:
        ValueError: It is no text.
    """
    # PowerShell writes UTF-16, and others a byte order mark.
    return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")


def mode_open_to_others(path: str) -> int | None:
    """Return the mode of a file that others than its owner may read; None of any other one.

    A pipe has no mode that means something, and neither has any file outside of POSIX.

    Args:
        path: Of the file.
    """
    if os.name != "posix":
        return None
    try:
        mode = Path(path).expanduser().stat().st_mode
    except (OSError, ValueError, RuntimeError):  # that is told where it is read
        return None
    if not stat.S_ISREG(mode) or not mode & _OTHERS_MAY_READ:
        return None
    return stat.S_IMODE(mode)
