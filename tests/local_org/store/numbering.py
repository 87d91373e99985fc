"""Ids and locators for what the org makes itself: jobs, cursors, result pages."""

from __future__ import annotations

import base64
import itertools
import threading

from tests.local_org.store.ids import make_id


class Numbers:
    """Ids that count up, behind a prefix such as `750` for jobs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter = itertools.count(1)

    def next_id(self, prefix: str) -> str:
        """The next id, 18 characters long."""
        with self._lock:
            return make_id(prefix, next(self._counter))


def encode_locator(text: str) -> str:
    """base64url without padding, the form that Salesforce's locators have."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_locator(locator: str) -> str | None:
    """The text of a locator, or None where it is not one."""
    try:
        return base64.b64decode(
            locator + "=" * (-len(locator) % 4), altchars=b"-_", validate=True
        ).decode()
    except ValueError:
        return None
