"""A folder of this machine or any fsspec URL, whose own errors are told as what they are."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import msgspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.files import new_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNFINISHED = ".unfinished"
_MARK = "store.json"


class BrokenStoreError(SettingsError):
    """What is kept is not what was written: what was there before can't be known."""

    default_code = "broken-store"


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Whose rows are in a store.

    Attributes:
        org: The org's Id.
    """

    org: str


def open_store(url: str, org_id: str) -> StoreFolder:
    """Return the store of an org, made where it is missing.

    Args:
        url: As for `StoreFolder`.
        org_id: The org's Id.

    Raises:
        SettingsError: It can't be read and written, or is that of another org.
    """
    folder = StoreFolder(url)
    folder.try_out()
    if not folder.has(_MARK):
        folder.write(_MARK, msgspec.json.encode(_Mark(org=org_id)))
    try:
        mark = msgspec.json.decode(folder.read(_MARK), type=_Mark)
    except msgspec.MsgspecError:
        raise SettingsError(
            f"The store {url} can't be used: {_MARK} in it does not say whose rows it keeps.",
            hint="Name a folder in reconcile_store that is used for nothing else.",
            code="broken-store",
        ) from None
    if mark.org != org_id:
        raise SettingsError(
            f"The store {url} is that of the org {mark.org}, and this is {org_id}.",
            hint="Each org, and each environment of it, needs a store of its own in "
            "reconcile_store.",
            code="store-of-another-org",
        )
    return folder


class StoreFolder:
    """The folder that everything about reconciliations is kept in.

    Paths in it are names with ``/`` between them.

    Args:
        url: A folder, or a URL that fsspec knows. Made where it is missing.
        is_spool: It is where rows wait in this run, and no store.

    Raises:
        SettingsError: Nobody knows such URLs here.
    """

    def __init__(self, url: str, *, is_spool: bool = False) -> None:
        self.url = url
        self._is_spool = is_spool
        with self._usable():
            self._filesystem, root = url_to_fs(url)
        self._root = str(root).rstrip("/")

    def sizes(self, path: str) -> dict[str, int]:
        """Return the names of what is in a folder, and how many bytes each has.

        Args:
            path: Of the folder; where there is none, nothing is in it.
        """
        found = self._sizes(path)
        return {name: found[name] for name in sorted(found) if not name.endswith(_UNFINISHED)}

    def _sizes(self, path: str) -> dict[str, int]:
        with self._usable():
            self._filesystem.invalidate_cache()
            # No pattern: the user's folder may have one in its name.
            if not self._filesystem.exists(self._at(path)):
                return {}
            entries = self._filesystem.ls(self._at(path), detail=True)
        return {str(e["name"]).rstrip("/").rpartition("/")[2]: int(e["size"] or 0) for e in entries}

    def has(self, path: str) -> bool:
        """Tell whether a file or folder is there."""
        with self._usable():
            self._filesystem.invalidate_cache()
            return bool(self._filesystem.exists(self._at(path)))

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        with self._usable():
            return bytes(self._filesystem.cat_file(self._at(path)))

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all, also where the run is killed meanwhile.

        Args:
            path: Of the file; one that is there already is replaced.
            content: Its bytes.
        """
        place = self._at(path)
        with self._usable():
            # Elsewhere a file is there once it is whole.
            is_local = isinstance(self._filesystem, LocalFileSystem)
            # Two runs may write one file, such as a lock.
            first = f"{place}.{secrets.token_hex(4)}{_UNFINISHED}" if is_local else place
            with new_file(self._filesystem, first) as file:
                file.write(content)
            if first != place:
                self._filesystem.mv(first, place)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        with self._usable(), suppress(FileNotFoundError):
            if self._filesystem.exists(self._at(path)):
                self._filesystem.rm(self._at(path), recursive=True)

    def remove_unfinished(self, path: str) -> None:
        """Remove from a folder what runs were writing when they were killed.

        Args:
            path: Of the folder, in which no run is writing now.
        """
        for name in self._sizes(path):
            if name.endswith(_UNFINISHED):
                self.remove(f"{path}/{name}")

    def try_out(self) -> None:
        """See that files can be written, read and removed.

        Raises:
            SettingsError: They can't.
        """
        path = f"try-{secrets.token_hex(8)}"
        self.write(path, b"")
        self.read(path)
        self.remove(path)

    def broken(self, path: str, problem: str, *, stream: str) -> BrokenStoreError:
        """Return the error of a file that is not as it was written.

        Args:
            path: Of the file.
            problem: What is wrong with it.
            stream: Whose rows are in it.
        """
        return BrokenStoreError(
            f"The store {self.url} can't be used for {stream}: {path} is broken ({problem}).",
            hint="See that reconcile_store names the store of this state, and that the state is "
            "the latest one. If it is lost, what has been deleted since can't be known any more: "
            f"Remove bookmarks.{stream} from the state (of every stream, where the whole store is "
            "lost): it is read whole once more then, and reconciled from there on. What was "
            "deleted before stays in a table that is not loaded anew.",
        )

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Tell whatever storage says as what it is.

        Raises:
            SettingsError: It can't be read or written.
        """
        try:
            yield
        # Each kind of storage has its own errors, that of missing packages among them.
        except Exception as error:  # noqa: BLE001
            reason = " ".join(str(error).split()) or type(error).__name__
            if self._is_spool:
                raise SettingsError(
                    f"The spool folder can't be used ({reason}).",
                    hint="Make room there, or set spool_dir to a folder on a larger disk.",
                    code="spool-full",
                ) from None
            raise SettingsError(
                f"The store {self.url} can't be used ({reason}).",
                hint="reconcile_store has to be a folder that can be read and written, or the URL "
                "of one; a bucket needs its fsspec package beside this one, such as s3fs or gcsfs.",
                code="store-not-usable",
            ) from None
