"""What the org was asked: tests assert on this instead of on mocks."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.exchange import Call

_VERSIONED = re.compile(r"^/services/data/v\d+\.\d+(?=/)")


def short_path(path: str) -> str:
    """The path without `/services/data/vNN.N`."""
    return _VERSIONED.sub("", path)


def path_matches(pattern: str, path: str) -> bool:
    """Whether a glob fits the whole path, or the path after its version."""
    pattern = pattern.rstrip("/")
    return fnmatchcase(path, pattern) or fnmatchcase(short_path(path), pattern)


@dataclass
class Entry:
    """One request, and how it was answered."""

    call: Call
    at: datetime
    status: int = 0
    counted: int = 0
    """How many calls of the daily allowance it took."""
    parts: list[Entry] = field(default_factory=list)
    """The subrequests of a composite call."""

    @property
    def method(self) -> str:
        return self.call.method

    @property
    def path(self) -> str:
        return self.call.path

    @property
    def query(self) -> dict[str, str]:
        return self.call.query

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.call.headers.items())

    @property
    def body(self) -> str:
        return self.call.text

    @property
    def soql(self) -> tuple[str, str] | None:
        """(API, SOQL) where the request carries a query."""
        return soql_of(self.call)


def soql_of(call: Call) -> tuple[str, str] | None:
    """(API, SOQL) of a request that starts a query; None of any other."""
    path = short_path(call.path)
    if path in {"/query", "/queryAll"} and "q" in call.query:
        return "rest", call.query["q"]
    if path == "/jobs/query" and call.method == "POST":
        return "bulk", _body_field(call.text, "query")
    return None


def _body_field(body: str, name: str) -> str:
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    return str(content.get(name, "")) if isinstance(content, dict) else ""


class Journal:
    """The requests seen since the last reset, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Note a request on its arrival; its answer is filled in later."""
        with self._lock:
            self.entries.append(entry)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self.entries = []

    def calls(self, pattern: str = "*", method: str | None = None) -> list[Entry]:
        """The requests whose path fits the glob; the version in the path may be left out."""
        return [
            entry
            for entry in list(self.entries)
            if path_matches(pattern, entry.path) and method in {None, entry.method}
        ]

    @property
    def api_calls(self) -> int:
        """How many calls were counted against DailyApiRequests."""
        return sum(entry.counted for entry in list(self.entries))

    def soql(self) -> list[tuple[str, str]]:
        """All SOQL seen, in order: ("rest", …) or ("bulk", …)."""
        seen = [part.soql for entry in list(self.entries) for part in (entry, *entry.parts)]
        return [query for query in seen if query is not None]
