"""One request as the org sees it, and one answer as it goes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from werkzeug.datastructures import Headers

from tests.local_org.answers.encode import dump_json

if TYPE_CHECKING:
    from tests.local_org.store.snapshot import Page

_VERSION = re.compile(r"^/services/data/v([^/]+)")
JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html;charset=UTF-8"


@dataclass(frozen=True)
class Call:
    """A request: `target` as the request line has it, `path` decoded and without a last slash."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path).rstrip("/") or "/"

    @property
    def version(self) -> str:
        """The `68.0` of `/services/data/v68.0/…`; empty where there is none."""
        found = _VERSION.match(self.path)
        return found[1] if found else ""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Wire:
    """What goes wrong with an answer between the org and the client."""

    reset: bool = False
    cut_after: float | None = None
    chunked: bool = False
    truncate_by: int = 0
    delay_seconds: float = 0.0
    stall_after: float | None = None
    stall_seconds: float = 0.0
    bytes_per_second: float | None = None


@dataclass
class Answer:
    """A response, still uncompressed."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=Headers)
    wire: Wire = field(default_factory=Wire)
    reason: str | None = None
    ready: Page | None = None
    """The body with its gzip, where that was made before; void once a fault changes the body."""


def json_answer(
    content: object, status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    """An answer with a JSON body."""
    answer = Answer(status, dump_json(content), Headers(headers or {}))
    answer.headers["Content-Type"] = JSON_TYPE
    return answer


def html_answer(status: int, html: str) -> Answer:
    """A page for people where a program expected JSON."""
    return Answer(status, html.encode(), Headers({"Content-Type": HTML_TYPE}))
