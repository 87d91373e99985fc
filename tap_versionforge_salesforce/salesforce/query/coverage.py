"""How far the changes of an object are committed, which a bookmark must not pass.

"Get Updated" in the REST API developer guide: ``latestDateCovered`` is the start of the oldest
transaction that is still running, whose rows come later and carry stamps of before.
"""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.client import updated_call
from tap_versionforge_salesforce.salesforce.support.timestamps import parse_instant

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.http.call import Call

# Seconds are cut off, and a window of at least one minute has to be left.
_WINDOW = timedelta(minutes=2)
# Ten minutes are what Salesforce allows most of them.
_LONGEST_TRANSACTION = timedelta(days=1)


class Coverage:
    """How far the changes of one object are committed, asked before its rows are.

    Args:
        sobject: The object's API name.
        end: The server's clock, from an answer received before.
        is_looked_back: The minute before a bookmark is read again. Where it is not, the bookmark
            goes no further than to the minute that is told, for what has begun since is not.
    """

    def __init__(self, sobject: str, end: datetime, *, is_looked_back: bool) -> None:
        self.sobject = sobject
        self.end = end
        self._is_looked_back = is_looked_back
        self._is_settled = Event()
        #: Somebody asks for it, or has.
        self.is_asked = False
        #: Of whoever wants it: it counts what the request costs.
        self.context = copy_context()
        #: Up to here all changes are committed; None where nobody tells.
        self.until: datetime | None = None

    @property
    def call(self) -> Call:
        """Return the request that asks for it."""
        return updated_call(self.sobject, start=self.end - _WINDOW, end=self.end)

    def begin(self) -> bool:
        """Note that somebody asks for it; tell whether nobody had."""
        is_first, self.is_asked = not self.is_asked, True
        return is_first

    def take(self, content: object) -> None:
        """Read the answer.

        Args:
            content: The whole answer's JSON.

        Raises:
            ValueError: It is none, or tells of the future.
        """
        told = content.get("latestDateCovered") if isinstance(content, dict) else None
        covered = parse_instant(told if isinstance(told, str) else "")
        if covered > self.end:
            message = f"{told} lies in the future"
            raise ValueError(message)
        if covered < self.end - _LONGEST_TRANSACTION:
            message = f"{told} is longer ago than any transaction takes"
            raise ValueError(message)
        # Where nothing is running, the end that was asked for comes back without its seconds.
        is_running = covered < self.end.replace(second=0, microsecond=0)
        self.until = self.end if self._is_looked_back and not is_running else covered

    def settle(self) -> None:
        """Let nobody wait for it any more."""
        self._is_settled.set()

    def wait(self) -> None:
        """Wait until it is known, or it is known that nobody tells."""
        self._is_settled.wait()
