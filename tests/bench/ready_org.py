"""An org that serves ready bytes, so that it is not what is measured.

`python -m tests.bench.ready_org --directory F --columns 40 --object Thing__c=400000` writes a
config.json that signs in to it into the folder, says its address, and serves until it is stopped.
All objects have the same columns. Rows are only in full extracts: nothing has changed since.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from tests.bench import pages
from tests.bench.sign_in import write_config
from tests.bench.spellings import REGULAR, SPELLINGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BASE = f"/services/data/v{pages.VERSION}"
_JOB = re.compile(rf"{_BASE}/jobs/query/750(?P<name>\w+)")
_RESULTS = re.compile(rf"{_JOB.pattern}/results")
_RESULT_PAGES = re.compile(rf"{_JOB.pattern}/resultPages")
_DESCRIBE = re.compile(rf"{_BASE}/sobjects/(?P<name>\w+)/describe")
_UPDATED = re.compile(rf"{_BASE}/sobjects/\w+/updated")
_QUERY = re.compile(rf"{_BASE}/query(?:All)?")
_NEXT = re.compile(rf"{_BASE}/query/01g(?P<name>\w+)-(?P<start>\d+)")
_SOQL = re.compile(r"SELECT (?P<fields>.+?) FROM (?P<name>\w+)")
_OF_NOTHING = "Nothing"
_GZIP = {"Content-Encoding": "gzip"}


class Answer(NamedTuple):
    """What is sent back, and how long its body takes."""

    body: bytes
    headers: Mapping[str, str] = {"Content-Type": "application/json;charset=UTF-8"}
    status: int = 200
    seconds: float = 0


class Answers(Protocol):
    """What an org of ready bytes answers."""

    latency_seconds: float
    calls: int
    sent_bytes: int

    def get(self, path: str, query: Mapping[str, Sequence[str]], /) -> Answer:
        """Answer a GET."""

    def post(self, path: str, body: bytes, /) -> Answer:
        """Answer a POST."""


class ReadyOrg:
    """The answers of the org.

    Args:
        columns: How many each object has.
        rows: How many each object has, by name. The fields of one without rows have names of
            their own.
        page_rows: Of a Bulk page.
        bytes_per_second: Of unpacked CSV that one connection carries; None for any number.
        latency_seconds: Until an answer begins.
        job_seconds: From a job's creation to its end.
        spelled: How the values are, by the names of `spellings`.
        distinct: Each Bulk page has rows of its own, for whoever tells them apart by their Ids.
    """

    def __init__(
        self,
        *,
        columns: int,
        rows: Mapping[str, int],
        page_rows: int,
        bytes_per_second: float | None = None,
        latency_seconds: float = 0,
        job_seconds: float = 0,
        spelled: str = REGULAR,
        distinct: bool = False,
    ) -> None:
        self.latency_seconds = latency_seconds
        self._spelled = spelled
        self._job_seconds = job_seconds
        self._created: dict[str, float] = {}
        self._columns = columns
        self._rows = {**rows, _OF_NOTHING: 0}
        self._page_rows = page_rows
        self._bytes_per_second = bytes_per_second
        self._distinct = distinct
        # By the first row and how many there are.
        self._csv: dict[tuple[int, int], bytes] = {}
        self._seconds: dict[int, float] = {}
        self._json: dict[int, bytes] = {}
        self.calls = 0
        self.sent_bytes = 0
        self._make_ready()

    def _make_ready(self) -> None:
        """Make the bodies of all pages; by their rows, as all full ones are alike."""
        counts = self._rows.values()
        largest = max(counts) if self._distinct else 0
        table = pages.rows(
            self._columns, max(self._page_rows, pages.REST_PAGE_ROWS, largest), self._spelled
        )
        for start, rows in {page for count in counts for page in self._starts_and_rows(count)}:
            page = pages.csv_page(table[start : start + rows])
            self._csv[start, rows] = gzip.compress(page, compresslevel=6)
            self._seconds[rows] = len(page) / (self._bytes_per_second or float("inf"))
        for rows in {n for count in counts for n in _lengths(count, pages.REST_PAGE_ROWS)}:
            body = b'"records":[%b]}' % (pages.records(table[:rows]) if rows else b"")
            self._json[rows] = gzip.compress(body, compresslevel=6)

    def _starts_and_rows(self, count: int) -> list[tuple[int, int]]:
        """Return where each page that is to be made begins, and how many rows it has."""
        if not self._distinct:
            return [(0, length) for length in _lengths(count, self._page_rows)]
        starts = range(0, count, self._page_rows) if count else [0]
        return [(start, min(self._page_rows, count - start)) for start in starts]

    def get(self, path: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """Answer a GET."""
        if match := _RESULTS.fullmatch(path):
            return self._bulk_page(match["name"], int(query.get("locator", ["0"])[0]))
        if match := _NEXT.fullmatch(path):
            return self._rest_page(match["name"], int(match["start"]))
        if _QUERY.fullmatch(path):
            return self._first_page(query["q"][0])
        if match := _JOB.fullmatch(path):
            return _json(self._job(match["name"]))
        if match := _DESCRIBE.fullmatch(path):
            return _json(pages.describe(match["name"], self._columns, self._owner(match["name"])))
        return self._other(path, query)

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST."""
        if path == "/services/oauth2/token":
            return _json({"access_token": "00D!ready", "token_type": "Bearer", "scope": "api"})
        content = json.loads(body)
        if path == f"{_BASE}/composite":
            parts = map(self._part, content["compositeRequest"])
            return Answer(b'{"compositeResponse":[%b]}' % b",".join(parts))
        name = self._asked_for(content["query"])
        if name is None:
            return _refusal()
        self._created[name] = time.monotonic()
        return _json({**self._job(name), "state": "UploadComplete"})

    def _other(self, path: str, query: Mapping[str, Sequence[str]]) -> Answer:
        if match := _RESULT_PAGES.fullmatch(path):
            return _json(self._page_list(path, match["name"]))
        if _UPDATED.fullmatch(path):
            return _json({"ids": [], "latestDateCovered": f"{query['end'][0][:16]}:00.000+0000"})
        counts = [{"name": name, "count": rows} for name, rows in self._rows.items()]
        fixed: dict[str, object] = {
            "/services/data": [{"version": pages.VERSION}],
            f"{_BASE}/limits": {"DailyApiRequests": {"Max": 100_000, "Remaining": 99_990}},
            f"{_BASE}/limits/recordCount": {"sObjects": counts},
            "/local-org/journal": {"calls": self.calls},
        }
        if path in fixed:
            return _json(fixed[path])
        return Answer(b'[{"errorCode":"NOT_FOUND","message":"Not there"}]', status=404)

    def _part(self, part: Mapping[str, str]) -> bytes:
        split = urlsplit(part["url"])
        answer = self.get(split.path, parse_qs(split.query))
        is_packed = "Content-Encoding" in answer.headers
        body = gzip.decompress(answer.body) if is_packed else answer.body
        head = b'"httpHeaders":{},"httpStatusCode":%d' % answer.status
        reference = json.dumps(part["referenceId"]).encode()
        return b'{"body":%b,%b,"referenceId":%b}' % (body, head, reference)

    def _asked_for(self, soql: str) -> str | None:
        """Return whose rows a query asks for; None where it asks for other columns."""
        match = _SOQL.match(soql)
        if match is None or match["fields"] != self._selected(match["name"]):
            return None
        return _OF_NOTHING if ">=" in soql else match["name"]

    def _selected(self, name: str) -> str:
        return ", ".join(f.name for f in pages.select_columns(self._columns, self._owner(name)))

    def _owner(self, name: str) -> str:
        """Return what the names of its fields have in them: nothing where pages are ready."""
        return "" if self._rows.get(name, 1) else f"_{name.removesuffix('__c')}"

    def _job(self, name: str) -> dict[str, object]:
        is_done = time.monotonic() - self._created.get(name, 0) >= self._job_seconds
        return {
            "id": f"750{name}",
            "state": "JobComplete" if is_done else "InProgress",
            "numberRecordsProcessed": self._rows[name],
        }

    def _bulk_page(self, name: str, start: int) -> Answer:
        end = min(start + self._page_rows, self._rows[name])
        headers = {
            "Content-Type": "text/csv",
            "Sforce-Locator": "null" if end == self._rows[name] else str(end),
            "Sforce-NumberOfRecords": str(end - start),
        }
        seconds = self._seconds[end - start]
        page = self._csv[start if self._distinct else 0, end - start]
        return Answer(page, headers | _GZIP, seconds=seconds)

    def _page_list(self, path: str, name: str) -> dict[str, object]:
        results = path.replace("resultPages", "results")
        starts = range(0, self._rows[name], self._page_rows)
        listed = [{"resultUrl": f"{results}?locator={start}"} for start in starts]
        return {"resultPages": listed, "done": True}

    def _first_page(self, soql: str) -> Answer:
        name = self._asked_for(soql)
        return _refusal() if name is None else self._rest_page(name, 0)

    def _rest_page(self, name: str, start: int) -> Answer:
        total = self._rows[name]
        end = min(start + pages.REST_PAGE_ROWS, total)
        following = f'"nextRecordsUrl":"{_BASE}/query/01g{name}-{end}",' if end < total else ""
        done = "false" if following else "true"
        head = f'{{"totalSize":{total},"done":{done},{following}'
        # Gzip files can be joined: only the few bytes that differ are packed now.
        body = gzip.compress(head.encode()) + self._json[end - start]
        return Answer(body, {"Content-Type": "application/json;charset=UTF-8"} | _GZIP)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are sent one after the other; Nagle's algorithm would wait between them.
    disable_nagle_algorithm = True
    org: Answers

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        self._send(self.org.get(split.path, parse_qs(split.query)))

    def do_POST(self) -> None:
        self._send(self.org.post(self.path, self._body()))

    def do_PATCH(self) -> None:
        self._body()
        self._send(Answer(b"{}"))

    def do_DELETE(self) -> None:
        self._send(Answer(b"", {}, 204))

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, answer: Answer) -> None:
        # As Salesforce counts: sign-in and the list of versions are free.
        self.org.calls += self.path.startswith("/services/data/")
        self.org.sent_bytes += len(answer.body)
        time.sleep(self.org.latency_seconds)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Sforce-Limit-Info", "api-usage=10/100000")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        time.sleep(answer.seconds)
        self.wfile.write(answer.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of what went well."""


def _lengths(rows: int, page_rows: int) -> tuple[int, int]:
    """Return how many rows the full pages have, and how many the last one."""
    return min(rows, page_rows), (rows - 1) % page_rows + 1 if rows else 0


def _json(content: object) -> Answer:
    return Answer(json.dumps(content).encode())


def _refusal() -> Answer:
    body = b'[{"errorCode":"MALFORMED_QUERY","message":"Other columns than those that are ready"}]'
    return Answer(body, status=400)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ready_org", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the config goes")
    parser.add_argument("--columns", type=int, default=40, help="of each object")
    parser.add_argument("--object", action="append", required=True, help="NAME=ROWS; repeatable")
    parser.add_argument("--page-rows", type=int, help="of a Bulk page; by the columns if left out")
    parser.add_argument("--bytes-per-second", type=float, help="of CSV, for each connection")
    parser.add_argument("--latency-seconds", type=float, default=0, help="of every answer")
    parser.add_argument("--job-seconds", type=float, default=0, help="that a job takes")
    parser.add_argument("--spelled", choices=SPELLINGS, default=REGULAR, help="values, and how")
    parser.add_argument("--distinct", action="store_true", help="no Id comes on two Bulk pages")
    options = parser.parse_args(arguments)
    rows = {name: int(count) for name, _, count in (o.partition("=") for o in options.object)}
    org = ReadyOrg(
        columns=options.columns,
        rows=rows,
        page_rows=options.page_rows or pages.bulk_page_rows(options.columns),
        bytes_per_second=options.bytes_per_second,
        latency_seconds=options.latency_seconds,
        job_seconds=options.job_seconds,
        spelled=options.spelled,
        distinct=options.distinct,
    )
    serve(org, options.directory)


def serve(org: Answers, directory: Path) -> None:
    """Serve an org until the process is stopped; its config is in the directory."""
    _Handler.org = org
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        write_config(directory, url)
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
