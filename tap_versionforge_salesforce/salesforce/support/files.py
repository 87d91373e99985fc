"""Files below a folder of this machine or any fsspec URL."""

from __future__ import annotations

import os
from typing import IO, Any

from fsspec.implementations.local import LocalFileSystem


def new_file(filesystem: Any, path: str) -> IO[bytes]:  # noqa: ANN401  fsspec has no types
    """Return a file to write rows to, with the folders above it; on this machine its owner's only.

    Args:
        filesystem: As fsspec's ``url_to_fs`` returns it.
        path: A file in it that is not there yet.
    """
    filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
    if isinstance(filesystem, LocalFileSystem):
        # Made before it is opened: between opening and chmod somebody else could open it too.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    file: IO[bytes] = filesystem.open(path, "wb")
    return file
