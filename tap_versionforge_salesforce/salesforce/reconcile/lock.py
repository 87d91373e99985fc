"""One run at a time reconciles an object, as far as that can be had of a plain folder.

Nothing is lost where two do all the same: each has a generation of its own, and one that another
run has removed fails. The lock is there so that the second run can say what it leaves out, and why.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec

from tap_versionforge_salesforce.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder

_FILE = "lock.json"
_LASTS = timedelta(minutes=10)
_RENEWED_SECONDS = 60


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock.

    Attributes:
        host: The name of the machine.
        process: The process's number there.
        token: No other holder has it.
        until: By the clock of that machine; a run that goes on puts it off.
    """

    host: str
    process: int
    token: str
    until: Annotated[datetime, msgspec.Meta(tz=True)]

    def is_gone(self, now: datetime) -> bool:
        """Tell whether it ended without letting go, as a run does that was killed."""
        if now >= self.until:
            return True
        if self.host != socket.gethostname():
            return False
        # In a container that is made anew, this process may have the number of the one before.
        return self.process == os.getpid() or not _is_running(self.process)


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
    token = secrets.token_hex(8)
    _take(folder, path, token, now())
    if (written := _holder(folder, path)) is None or written.token != token:
        # Of two at one moment the later one has it.
        yield written or Holder(host="another host", process=0, token="", until=now())
        return
    is_over = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(folder, path, token, now, is_over), name="lock", daemon=True
    )
    keeper.start()
    try:
        yield None
    finally:
        is_over.set()
        keeper.join()
        with suppress(SettingsError):
            if _is_held(folder, path, token):
                folder.remove(path)


def _take(folder: StoreFolder, path: str, token: str, now: datetime) -> None:
    mine = Holder(host=socket.gethostname(), process=os.getpid(), token=token, until=now + _LASTS)
    folder.write(path, msgspec.json.encode(mine))


def _keep(
    folder: StoreFolder,
    path: str,
    token: str,
    now: Callable[[], datetime],
    is_over: threading.Event,
) -> None:
    while not is_over.wait(_RENEWED_SECONDS):
        # A storage that can't be written now may be in a minute.
        with suppress(SettingsError):
            if _is_held(folder, path, token):
                _take(folder, path, token, now())


def _is_held(folder: StoreFolder, path: str, token: str) -> bool:
    """Tell whether it is still this run's: one that stood still for long may have lost it."""
    holder = _holder(folder, path)
    return holder is not None and holder.token == token


def _holder(folder: StoreFolder, path: str) -> Holder | None:
    if not folder.has(path):
        return None
    try:
        return msgspec.json.decode(folder.read(path), type=Holder)
    except (msgspec.MsgspecError, SettingsError):
        # It was let go of, or is half written, at this very moment.
        return None
