"""What describes have told, kept between runs: Salesforce is asked only for what has changed."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tap_versionforge_salesforce.salesforce.objects.describe import SObject

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# A describe has the fields that the user may see, and nobody says that its stamp moves with the
# user's rights: after a day it is asked for whole.
_LASTS = timedelta(days=1)
# What is kept is of another form, or is read in another way, from one of these to the next.
_FORM = 4
_BUSY_SECONDS = 2.0
_TABLE = (
    "CREATE TABLE IF NOT EXISTS described "
    "(name TEXT PRIMARY KEY, modified TEXT NOT NULL, kept TEXT NOT NULL, content BLOB NOT NULL)"
)
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(SObject)


@dataclass(frozen=True, slots=True)
class KnownObject:
    """An object as an earlier run has described it.

    Attributes:
        sobject: The object.
        last_modified: The describe's ``Last-Modified``, as Salesforce spells it.
    """

    sobject: SObject
    last_modified: str


class DescribeCache:
    """The describes of one org as one user sees them, in a file.

    Several runs may use it at once. Whatever is wrong with the file, the run goes on without it.

    Args:
        folder: Where the file is; made where it is missing. None where nothing is to be kept.
        key: What the describes depend on: org, user, API version, this program's version.
        now: Returns this machine's clock, in UTC.
        tell: Called once, with a sentence, where the cache can't be used.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        key: tuple[str, ...],
        now: Callable[[], datetime],
        tell: Callable[[str], object],
    ) -> None:
        digest = hashlib.sha256("\n".join((str(_FORM), *key)).encode()).hexdigest()
        self._path = Path(folder or "", f"describes-{digest[:32]}.sqlite")
        self._now = now
        self._tell = tell
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_usable = folder is not None

    def get(self, name: str) -> KnownObject | None:
        """Return what is kept of an object; None where that is nothing of use.

        Args:
            name: The object's API name, in whatever case.
        """
        earliest = (self._now() - _LASTS).astimezone(timezone.utc).isoformat()
        found = self._tried(
            lambda file: file.execute(
                "SELECT content, modified FROM described WHERE name = ? AND kept > ?",
                (name.lower(), earliest),
            ).fetchone()
        )
        if found is None:
            return None
        content, modified = found
        try:
            return KnownObject(_DECODER.decode(zlib.decompress(content)), str(modified))
        except (msgspec.MsgspecError, zlib.error, TypeError):
            return None

    def put(self, sobject: SObject, last_modified: str) -> None:
        """Keep an object.

        Args:
            sobject: As its describe tells it.
            last_modified: The describe's ``Last-Modified``.
        """
        content = zlib.compress(_ENCODER.encode(sobject), 1)
        kept = self._now().astimezone(timezone.utc).isoformat()
        row = (sobject.name.lower(), last_modified, kept, content)
        self._tried(
            lambda file: file.execute("INSERT OR REPLACE INTO described VALUES (?, ?, ?, ?)", row)
        )

    def forget(self, name: str) -> None:
        """Keep nothing of an object: it is asked for whole by whoever wants it next."""
        self._tried(
            lambda file: file.execute("DELETE FROM described WHERE name = ?", (name.lower(),))
        )

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        self._is_usable = False
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _tried(self, use: Callable[[sqlite3.Connection], T]) -> T | None:
        with self._lock:
            if not self._is_usable:
                return None
            try:
                if self._connection is None:
                    self._connection = self._opened()
                    _make_ready(self._connection)
                return use(self._connection)
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                self._tell(f"Describes can't be kept in {self._path} ({error}).")
                return None

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            check_same_thread=False,
            # Others can write between two objects.
            isolation_level=None,
        )


def _make_ready(connection: sqlite3.Connection) -> None:
    # What a crash takes is asked for again.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(_TABLE)
