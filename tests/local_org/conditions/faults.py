"""Failure on a script: which request fails, how often, and in what way.

    org.faults.add("POST /jobs/query", outages.server_unavailable(), times=2)
    org.faults.add("*/results", faults.cut(after=0.5), skip=1)

An action gets the request and the way to the org's real answer; it may call it, change it, or never
ask. Only requests that reach the org count against its limits.
`outages.py` has the errors that Salesforce itself is known to answer.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.datastructures import Headers

from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions.journal import path_matches, soql_of
from tests.local_org.exchange import HTML_TYPE, JSON_TYPE, Answer, Call

Action = Callable[[Call, Callable[[], Answer]], Answer]
Match = str | Callable[[Call], bool]


@dataclass
class Fault:
    """One line of the script."""

    match: Match
    action: Action
    times: int | None = 1
    """How many requests it strikes; None is all."""
    skip: int = 0
    """How many matching requests pass before; those that an earlier line struck do not count."""
    seen: int = 0
    fired: int = 0

    def strikes(self, call: Call) -> bool:
        """Whether this request is one of those to fail; matching requests are counted."""
        if not self._fits(call):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True

    def _fits(self, call: Call) -> bool:
        if not isinstance(self.match, str):
            return self.match(call)
        method, _, pattern = self.match.rpartition(" ")
        return method in {"", call.method} and path_matches(pattern, call.path)


class Faults:
    """The script. Of several lines that fit a request, the first one added strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []

    def add(self, match: Match, action: Action, *, times: int | None = 1, skip: int = 0) -> Fault:
        """Add a line; the fault returned tells how often it fired.

        `match` is a glob on the path, with or without its version, and with or without a method
        before it ("POST /jobs/query", "*/results"), or a function of the request.
        """
        fault = Fault(match, action, times, skip)
        with self._lock:
            self._script.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing fails any more."""
        with self._lock:
            self._script.clear()

    def apply(self, call: Call, real: Callable[[], Answer]) -> Answer:
        """The answer to a request, spoiled if the script says so."""
        with self._lock:
            fault = next((fault for fault in self._script if fault.strikes(call)), None)
        return real() if fault is None else fault.action(call, real)


def is_poll(call: Call) -> bool:
    """Match the looks at the state of one job."""
    return call.method == "GET" and re.search(r"/jobs/query/\w+$", call.path) is not None


def querying(object_name: str) -> Callable[[Call], bool]:
    """Match the requests that start a query of this object, by REST or by Bulk."""
    pattern = re.compile(rf"\bFROM\s+{object_name}\b", re.IGNORECASE)

    def match(call: Call) -> bool:
        found = soql_of(call)
        return found is not None and pattern.search(found[1]) is not None

    return match


def answer(
    status: int,
    body: bytes | str | list[object] | dict[str, object] = b"",
    *,
    headers: dict[str, str] | None = None,
    reason: str | None = None,
) -> Action:
    """This answer instead of the org's: JSON from a list or dict, HTML from text."""
    content_type = HTML_TYPE if isinstance(body, str) else None
    if isinstance(body, (list, dict)):
        content_type = JSON_TYPE
    data = body.encode() if isinstance(body, str) else body
    if not isinstance(data, bytes):
        data = dump_json(data)

    def act(_call: Call, _real: Callable[[], Answer]) -> Answer:
        made = Answer(status, data, Headers(headers or {}), reason=reason)
        if content_type is not None:
            made.headers.setdefault("Content-Type", content_type)
        return made

    return act


def change(edit: Callable[[Answer], None]) -> Action:
    """The org's answer, edited."""

    def act(_call: Call, real: Callable[[], Answer]) -> Answer:
        spoiled = real()
        edit(spoiled)
        return spoiled

    return act


def reset(after: float | None = None) -> Action:
    """The connection is reset before the answer, or after so much of its body as `cut` takes it."""

    def edit(answer: Answer) -> None:
        answer.wire.reset = True
        answer.wire.cut_after = after

    return change(edit)


def cut(after: float, *, chunked: bool = False) -> Action:
    """The connection closes after so many bytes of the body; below 1 it is a fraction of them.

    The Content-Length has promised more; with `chunked`, the last chunk never comes.
    """

    def edit(answer: Answer) -> None:
        answer.wire.cut_after = after
        answer.wire.chunked = chunked

    return change(edit)


def truncated_gzip(missing: int = 8) -> Action:
    """A compressed body that ends early under a Content-Length that agrees."""

    def edit(answer: Answer) -> None:
        answer.wire.truncate_by = missing

    return change(edit)


def stall(seconds: float, *, after: float = 0) -> Action:
    """Silence in the middle of the body, after so many bytes or that fraction of them."""

    def edit(answer: Answer) -> None:
        answer.wire.stall_after = after
        answer.wire.stall_seconds = seconds

    return change(edit)


def slow(bytes_per_second: float) -> Action:
    """A body that trickles."""

    def edit(answer: Answer) -> None:
        answer.wire.bytes_per_second = bytes_per_second

    return change(edit)


def delay(seconds: float) -> Action:
    """Silence before the answer."""

    def edit(answer: Answer) -> None:
        answer.wire.delay_seconds = seconds

    return change(edit)


def chunked() -> Action:
    """A complete body, sent without a Content-Length."""

    def edit(answer: Answer) -> None:
        answer.wire.chunked = True

    return change(edit)


def without_header(name: str) -> Action:
    """A header lost on the way, such as Sforce-Locator."""
    return change(lambda answer: answer.headers.remove(name))


def with_header(name: str, value: str) -> Action:
    """A header with another value than the org gave."""
    return change(lambda answer: answer.headers.set(name, value))


def wrong_count(by: int = 1) -> Action:
    """Sforce-NumberOfRecords is off by so many."""

    def edit(answer: Answer) -> None:
        # What is refused counts nothing.
        if (count := answer.headers.get("Sforce-NumberOfRecords")) is not None:
            answer.headers["Sforce-NumberOfRecords"] = str(int(count) + by)

    return change(edit)


def drop_last_row(*, line_ending: str = "\n") -> Action:
    """A CSV that lacks its last row and is otherwise faultless."""

    def edit(answer: Answer) -> None:
        answer.body = b"".join(_split_rows(answer.body, line_ending.encode())[:-1])

    return change(edit)


def drop_record() -> Action:
    """A REST page that lacks its first row, under a totalSize that counts it."""

    def edit(answer: Answer) -> None:
        page = json.loads(answer.body)
        if isinstance(page, dict) and page.get("records"):
            del page["records"][0]
            answer.body = dump_json(page)

    return change(edit)


def replace_body(change_body: Callable[[bytes], bytes]) -> Action:
    """The org's answer with another body."""

    def edit(answer: Answer) -> None:
        answer.body = change_body(answer.body)

    return change(edit)


def before(callback: Callable[[], object]) -> Action:
    """Something happens in the org just before it answers, such as rows that change."""

    def act(_call: Call, real: Callable[[], Answer]) -> Answer:
        callback()
        return real()

    return act


def after(callback: Callable[[], object]) -> Action:
    """Something happens in the org once the answer is made, before it is sent."""

    def act(_call: Call, real: Callable[[], Answer]) -> Answer:
        made = real()
        callback()
        return made

    return act


def _split_rows(block: bytes, ending: bytes) -> list[bytes]:
    """The rows of quoted CSV: a line break ends a row where the quotes before it are even."""
    rows: list[bytes] = []
    pending: list[bytes] = []
    inside = False
    for line in block.split(ending)[:-1]:
        inside ^= bool(line.count(b'"') % 2)
        pending.append(line + ending)
        if not inside:
            rows.append(b"".join(pending))
            pending.clear()
    return rows
