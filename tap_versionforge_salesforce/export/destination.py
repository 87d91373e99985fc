"""Where the rows are to go, and in which form."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.export.files import writing

_OF_DUCKDB = (".duckdb", ".ddb")
_OF_FILES = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".json": "jsonl"}
_IN_THE_MAKING, _REPLACED = ".incomplete", ".replaced"
# Of another machine: a folder of this name nobody would look for.
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+://")


class Format(enum.Enum):
    """How the rows are written."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the rows are to go.

    Attributes:
        path: A folder, which has a folder for each object; or a DuckDB database.
        format: Of the files.
        overwrites: What is there already may be replaced.
        is_database: The path is that of a database, made from Parquet files.
    """

    path: Path
    format: Format
    overwrites: bool = False
    is_database: bool = False

    @property
    def folder(self) -> Path:
        """Return the folder of the objects' folders."""
        return (
            self.path.with_name(self.path.name + _IN_THE_MAKING) if self.is_database else self.path
        )

    def of_object(self, name: str) -> Path:
        """Return the folder of an object's files.

        Args:
            name: The object's API name.

        Raises:
            SettingsError: It can't be looked at.
        """
        folder = self.folder / name
        with writing(folder):
            # A link is followed, not replaced: whoever has made it wants the files elsewhere.
            return Path(os.path.realpath(folder)) if folder.is_symlink() else folder


def in_the_making(folder: Path) -> Path:
    """Return where a folder's files are until they are all there."""
    return folder.with_name(folder.name + _IN_THE_MAKING)


def replaced(folder: Path) -> Path:
    """Return where a folder goes while another one takes its place."""
    return folder.with_name(folder.name + _REPLACED)


def destination_of(path: str, wanted_format: str | None, *, overwrites: bool) -> Destination:
    """Return where the rows are to go.

    Args:
        path: As somebody gives it.
        wanted_format: Likewise; None for what goes without saying: Parquet.
        overwrites: What is there already may be replaced.

    Raises:
        SettingsError: They don't go together, or the path is something else.
    """
    if path in ("", "-") or _ADDRESS.match(path):
        raise _not_usable(
            f"--to {path or repr(path)} is no path of this machine.",
            "Name a folder, or a .duckdb file, and copy what is in it from there.",
        )
    try:
        target = Path(path).expanduser()
    except RuntimeError:
        raise _not_usable(
            f"--to {path} is below the home of a user that there is not.",
            "Name a folder, or a .duckdb file.",
        ) from None
    with writing(target):
        is_folder, is_there = target.is_dir(), target.exists()
    ending = target.suffix.lower()
    if ending in _OF_DUCKDB:
        if wanted_format not in (None, Format.PARQUET.value):
            raise _not_usable(
                f"--to {path} is a DuckDB database, which --format {wanted_format} does not go "
                "with.",
                "Leave --format out, or name a folder.",
            )
        if is_folder:
            raise _not_usable(f"--to {path} is a folder, not a database.", "Name another.")
        return Destination(target, Format.PARQUET, overwrites, is_database=True)
    if is_there and not is_folder:
        raise _not_usable(
            f"--to {path} is a file, not a folder.",
            "Each object gets a folder of its own in --to: name a folder, or a .duckdb file.",
        )
    if ending in _OF_FILES and not is_folder:
        raise _not_usable(
            f"--to {path} is to be a folder, and is called like a file.",
            f"Write --to {target.stem}/ --format {_OF_FILES[ending]}: each object gets a folder of "
            "its own in it, with a file for each page of its rows.",
        )
    return Destination(target, Format(wanted_format or Format.PARQUET.value), overwrites)


def _not_usable(message: str, hint: str) -> SettingsError:
    return SettingsError(message, hint=hint, code="invalid-argument")
