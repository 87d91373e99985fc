"""Which runs use a store, and which one reconciles an object, as far as a plain folder can tell.

Nothing is lost where two runs reconcile an object all the same: each has a generation of its own.
The lock is there so that the second can say what it leaves out, and why.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from tap_versionforge_salesforce.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder

_FILE = "lock.json"
_RUNS, _SUFFIX = "runs", ".json"
_LASTS = timedelta(minutes=10)
_RENEWED_SECONDS = 60


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock.

    Attributes:
        host: The name of the machine.
        namespace: In which numbers of processes are counted there; containers have their own.
        process: The process's number in it.
        token: No other holder has it.
        until: By the clock of that machine; a run that goes on puts it off.
    """

    host: str
    namespace: str = ""
    process: int
    token: str
    until: Annotated[datetime, msgspec.Meta(tz=True)]

    def is_gone(self, now: datetime) -> bool:
        """Tell whether it ended without letting go, as a run does that was killed."""
        if now >= self.until:
            return True
        if (self.host, self.namespace) != (socket.gethostname(), _namespace()):
            return False
        # This process may have been given the number of one that has ended.
        return self.process == os.getpid() or not _is_running(self.process)


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # this is no Linux
        return ""


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's, or this is no system on which that can be asked
        return True
    return True


@contextmanager
def locked(
    folder: StoreFolder, sobject: str, now: Callable[[], datetime]
) -> Iterator[Holder | None]:
    """Hold the lock of an object during the block.

    Args:
        folder: The store.
        sobject: The object's API name.
        now: This machine's clock.

    Yields:
        None, or who holds it: then the block has not got it.

    Raises:
        SettingsError: The store can't be written.
    """
    path = f"{sobject.lower()}/{_FILE}"
    holder = _holder(folder, path)
    if holder is not None and not holder.is_gone(now()):
        yield holder
        return
    lease = _Lease(folder, path, _new_token(), now)
    if (written := _holder(folder, path)) is None or written.token != lease.token:
        # Of two at one moment the later one has it.
        yield written or Holder(host="another host", process=0, token="", until=now())
        return
    lease.keep()
    try:
        yield None
    finally:
        lease.end()


class Presence:
    """Says in a store that a run uses it, until that ends.

    Args:
        folder: The store.
        now: This machine's clock.

    Raises:
        SettingsError: The store can't be written or read.
    """

    def __init__(self, folder: StoreFolder, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        #: Names the run in the store; no other one has it.
        self.token = _new_token()
        # Before it looks at the others: of two at one moment, one sees the other at least.
        self._lease = _Lease(folder, _path_of_run(self.token), self.token, now, is_shared=False)
        self._lease.keep()
        #: No other run was under way when it began.
        self.is_alone = not self.others()

    def others(self) -> frozenset[str]:
        """Return the tokens of the other runs that are under way."""
        found = set()
        for name in self._folder.sizes(_RUNS):
            token = name.removesuffix(_SUFFIX)
            holder = None if token == self.token else _holder(self._folder, _path_of_run(token))
            if holder is None:
                continue
            if holder.is_gone(self._now()):
                self._folder.remove(_path_of_run(token))
            else:
                found.add(token)
        return frozenset(found)

    def renew(self) -> None:
        """Say it again, also where another run has taken this one for ended."""
        self._lease.write()

    def end(self) -> None:
        """Say it no longer."""
        self._lease.end()


def _path_of_run(token: str) -> str:
    return f"{_RUNS}/{token}{_SUFFIX}"


def _new_token() -> str:
    return secrets.token_hex(8)


class _Lease:
    """A file that says who holds something, for as long as that goes on."""

    def __init__(
        self,
        folder: StoreFolder,
        path: str,
        token: str,
        now: Callable[[], datetime],
        *,
        is_shared: bool = True,
    ) -> None:
        self._is_shared = is_shared
        self._folder = folder
        self._path = path
        self.token = token
        self._now = now
        self._is_over = threading.Event()
        self._keeper = threading.Thread(target=self._renew, name="lease", daemon=True)
        self.write()

    def keep(self) -> None:
        """Put off its end until it is told."""
        self._keeper.start()

    def end(self) -> None:
        """Let go."""
        self._is_over.set()
        self._keeper.join()
        with suppress(SettingsError):
            if self._is_held():
                self._folder.remove(self._path)

    def write(self) -> None:
        """Say for how long it is held from now on."""
        until = self._now() + _LASTS
        mine = Holder(
            host=socket.gethostname(),
            namespace=_namespace(),
            process=os.getpid(),
            token=self.token,
            until=until,
        )
        self._folder.write(self._path, msgspec.json.encode(mine))

    def _renew(self) -> None:
        while not self._is_over.wait(_RENEWED_SECONDS):
            # A storage that can't be written now may be in a minute.
            with suppress(SettingsError):
                if self._is_held():
                    self.write()

    def _is_held(self) -> bool:
        """Tell whether it is still this run's: one that stood still for long may have lost it."""
        if not self._is_shared:
            return True
        holder = _holder(self._folder, self._path)
        return holder is not None and holder.token == self.token


def _holder(folder: StoreFolder, path: str) -> Holder | None:
    if not folder.has(path):
        return None
    try:
        return msgspec.json.decode(folder.read(path), type=Holder)
    except msgspec.MsgspecError:  # nobody of this version has written it
        return None
    except SettingsError:
        if folder.has(path):
            raise
        return None  # it was let go of at this very moment
