"""The file of a refresh token: read, and replaced when Salesforce rotates it."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, UnavailableError
from tap_versionforge_salesforce.salesforce.auth.authenticator import is_sendable
from tap_versionforge_salesforce.salesforce.support.locks import PathLock
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets
from tap_versionforge_salesforce.salesforce.support.replacement import (
    Replacement,
    overwrite,
    remove_unfinished,
)
from tap_versionforge_salesforce.salesforce.support.text_files import (
    LONGEST_PATH,
    decoded,
    mode_open_to_others,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.support.clock import Clock

# Salesforce's begin so; of another system's no more is known than that they are long.
_TOKEN = re.compile(r"5Aep861\S*|[\w.!~-]{60,}")
# No token has a tenth of it.
_MOST_BYTES = 8_192
# Of what is no text, or too long.
_NO_TOKEN = "\0"  # noqa: S105  none
# A sign-in takes a second, and is given up after a minute.
_LONGEST_WAIT_SECONDS = 120.0
_SECONDS_BETWEEN_LOOKS = 0.2


class TokenFile:
    """A file that holds a refresh token and nothing else.

    Args:
        path: Of it.
        clock: For the wait for another run that signs in with it.
        logger: Where it is told what became of the token.
    """

    def __init__(self, path: str, *, clock: Clock, logger: logging.Logger) -> None:
        self.path = path
        self._clock = clock
        self._logger = logger
        self._next: Replacement | None = None
        # The one that could not be written; it is good for the rest of this run.
        self._unwritten = ""
        self.loss: SettingsError | None = None

    @contextmanager
    def turn(self, pause: Callable[[float], None]) -> Iterator[None]:
        """Let no other run on this machine use the token while the block does.

        The room for the next one is taken before the block, since afterwards it is too late.

        Args:
            pause: Waits that many seconds; what it raises ends the wait for another run.

        Raises:
            UnavailableError: Another one does not let go of it.
        """
        lock = self._lock(pause)
        try:
            self._next = self._prepared()
            try:
                yield
            finally:
                if self._next is not None:
                    self._next.drop()
                self._next = None
        finally:
            if lock is not None:
                lock.release()

    def value(self) -> str:
        """Return the token that the file holds now.

        Raises:
            SettingsError: It can't be read, or holds none.
        """
        if self._unwritten:
            return self._unwritten
        text = self._text()
        remember_secrets(text)
        if not is_sendable(text):
            problem = "names an empty file"
            if text:
                problem = "names a file that holds something else than a refresh token"
            raise SettingsError(
                f"The setting refresh_token_path {problem}: {self.path}.",
                hint="Put the refresh token into it, and nothing else: neither quotes nor a name.",
                code="refresh-token-not-usable",
            )
        return text

    def keep(self, value: str) -> None:
        """Put the next token into the file, as a whole, readable by its owner only."""
        try:
            self._write(f"{value}\n".encode())
        except OSError as error:
            self._unwritten = value
            self.loss = SettingsError(
                "Salesforce has rotated the refresh token, and the next one can't be written to "
                f"{self.path} ({error.strerror or error}): this run goes on with it, and the next "
                "run can't sign in.",
                hint="Have the app approved anew, and put that refresh token into a file in a "
                "folder that can be written; or switch refresh token rotation off in the app.",
                code="refresh-token-not-kept",
            )
            self._logger.warning("%s %s", self.loss.message, self.loss.hint)
        else:
            self._unwritten, self.loss = "", None
            self._logger.info(
                "Salesforce has rotated the refresh token; the next one is in %s.", self.path
            )

    def warnings(self) -> Iterator[str]:
        """Yield what may become trouble: who may read the file, and that it can't be written."""
        if mode := mode_open_to_others(self.path):
            yield (
                f"The file {self.path} of the refresh token can be read by others than its owner "
                f"(mode {mode:04o}): chmod 600 {self.path}."
            )
        if not self.can_be_written():
            yield (
                f"The file {self.path} of the refresh token can't be written. Where the app "
                "rotates refresh tokens, this run uses the token up, and the next one is lost: "
                "put it into a file in a folder that can be written, before you go on."
            )

    def can_be_written(self) -> bool:
        """Tell whether the next token can be put into it."""
        path = Path(self.path).resolve()
        try:
            os.close(os.open(path, os.O_WRONLY))
        except PermissionError as error:
            # Another one can take its place, unless it is more than its mode that keeps it: who
            # may not even replace it is told so by another number (chattr +i).
            may_be_replaced = error.errno == errno.EACCES and not _is_anothers(path)
            return may_be_replaced and os.access(path.parent, os.W_OK | os.X_OK)
        except OSError:  # on a file system that is read only
            return False
        return True

    def _lock(self, pause: Callable[[float], None]) -> PathLock | None:
        until = self._clock.monotonic() + _LONGEST_WAIT_SECONDS
        while True:
            try:
                return PathLock(Path(self.path))
            except BlockingIOError:
                if self._clock.monotonic() >= until:
                    break
            except OSError:  # what is wrong with it is told where it is read
                return None
            pause(_SECONDS_BETWEEN_LOOKS)
        raise UnavailableError(
            f"Another run has been signing in with {self.path} for {_LONGEST_WAIT_SECONDS:.0f} "
            "seconds.",
            hint="End it, or wait for its end, and run again. A run by client credentials or with "
            "a key waits for nobody.",
            code="refresh-token-in-use",
        )

    def _prepared(self) -> Replacement | None:
        remove_unfinished(Path(self.path))
        try:
            return Replacement(Path(self.path))
        except OSError:
            # The file itself may be writable, where its folder takes no other one.
            return None

    def _write(self, data: bytes) -> None:
        if self._next is not None:
            try:
                self._next.keep(data)
            except OSError:
                # Such as a file that is mounted by itself into a container.
                self._next.drop()
            else:
                return
        overwrite(Path(self.path), data)

    def _text(self) -> str:
        path = Path(self.path)
        try:
            # Reading a pipe or a device may never end, and neither can be read again.
            if not stat.S_ISREG(path.stat().st_mode):
                reason = "Is a directory" if path.is_dir() else "it is a pipe or a device"
                raise self._unreadable(reason)
            with path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        except ValueError:
            raise self._unreadable("it is no path") from None
        try:
            return decoded(data).strip() if len(data) < _MOST_BYTES else _NO_TOKEN
        except ValueError:
            return _NO_TOKEN

    def _unreadable(self, reason: str) -> SettingsError:
        if len(self.path) > LONGEST_PATH or _TOKEN.fullmatch(Path(self.path).name):
            # It was taken for a path in the folder of the config.
            remember_secrets(self.path, Path(self.path).name)
            return SettingsError(
                "The setting refresh_token_path holds a token, not the path of its file.",
                hint="Give the token in refresh_token instead, or put it into a file.",
                code="refresh-token-unreadable",
            )
        return SettingsError(
            "The setting refresh_token_path names a file that can't be read: "
            f"{self.path} ({reason}).",
            hint="Check the path and who may read the file.",
            code="refresh-token-unreadable",
        )


def _is_anothers(path: Path) -> bool:
    """Tell whether a folder such as /tmp keeps a file for its owner."""
    if sys.platform == "win32":
        return False
    folder = path.parent.stat()
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in {
        0,
        folder.st_uid,
        path.stat().st_uid,
    }
