"""What another process has open, and in memory, as Linux shows it in /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: Whether this system has it.
IS_SHOWN = Path("/proc/self/fd").is_dir()


def count(process_id: int) -> int:
    """Return how many files, pipes and sockets a process has open."""
    return len(_descriptors(process_id))


def threads(process_id: int) -> int:
    """Return how many threads a process has."""
    return len(_entries(process_id, "task"))


def resident_bytes(process_id: int) -> int:
    """Return how much memory a process holds now; 0 where it has ended."""
    with suppress(OSError):
        text = Path(f"/proc/{process_id}/statm").read_text("ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def bytes_in(process_id: int, folder: Path) -> int:
    """Return the bytes on disk of a process's open files in a folder, also of nameless ones."""
    sizes: dict[tuple[int, int], int] = {}
    for descriptor in _descriptors(process_id):
        # Others are closed meanwhile.
        with suppress(OSError):
            if str(descriptor.readlink()).startswith(f"{folder}{os.sep}"):
                status = descriptor.stat()
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())


def _descriptors(process_id: int) -> list[Path]:
    return _entries(process_id, "fd")


def _entries(process_id: int, folder: str) -> list[Path]:
    with suppress(OSError):
        return list(Path(f"/proc/{process_id}/{folder}").iterdir())
    return []
