"""An org of many objects of real width, whose describes are ready bytes: what discovery meets.

`python -m tests.bench.described_org --directory F --objects 1200` writes a config.json that signs
in to it into the folder, says its address, and serves until it is stopped. It has no rows.
"""

from __future__ import annotations

import argparse
import gzip
import json
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.bench import pages
from tests.bench.ready_org import Answer, serve
from tests.local_org.objects.object_notation import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BASE = f"/services/data/v{pages.VERSION}"
#: Fields of one object and the next: many narrow ones, and a few very wide ones.
WIDTHS = (40, 60, 90, 130, 200, 300, 450, 800)
_MODIFIED = "Mon, 01 Jan 2024 00:00:00 GMT"
_JSON = {"Content-Type": "application/json;charset=UTF-8", "Content-Encoding": "gzip"}
_KINDS = (
    "string 80",
    "picklist 40",
    "double 18,2",
    "datetime",
    "reference",
    "boolean",
    "textarea 255",
    "date",
    "currency 18,2",
    "email",
)
_ID = "Id | id | Record ID"
_STAMP = "SystemModstamp | datetime | System Modstamp | system"


class DescribedOrg:
    """The answers of the org.

    Args:
        objects: How many it has.
        latency_seconds: Until an answer begins.
    """

    def __init__(self, *, objects: int, latency_seconds: float = 0) -> None:
        self.latency_seconds = latency_seconds
        self.calls = 0
        self.sent_bytes = 0
        self._widths = {
            f"Thing{n:04d}__c": width for n, width in enumerate(islice(cycle(WIDTHS), objects))
        }
        # The fields of all objects of a width are alike. Gzip files can be joined: what differs
        # from one object to the next is packed when it is asked for.
        self._fields = {width: gzip.compress(_fields(width), compresslevel=6) for width in WIDTHS}

    def get(self, path: str, _: Mapping[str, Sequence[str]]) -> Answer:
        """Answer a GET."""
        listed = [
            {"name": name, "label": name, "queryable": True, "deprecatedAndHidden": False}
            for name in self._widths
        ]
        fixed: dict[str, object] = {
            "/services/data": [{"version": pages.VERSION}],
            f"{_BASE}/sobjects": {"sobjects": listed},
            "/local-org/journal": {"calls": self.calls, "sent_bytes": self.sent_bytes},
        }
        if path in fixed:
            return Answer(json.dumps(fixed[path]).encode())
        return Answer(b'[{"errorCode":"NOT_FOUND","message":"Not there"}]', status=404)

    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST."""
        if path == "/services/oauth2/token":
            token = {"access_token": "00D!ready", "token_type": "Bearer", "scope": "api"}
            return Answer(json.dumps(token).encode())
        parts = json.loads(body)["compositeRequest"]
        pieces = [gzip.compress(b'{"compositeResponse":[')]
        for at, part in enumerate(parts):
            pieces.append(gzip.compress(b"," if at else b""))
            pieces += self._part(part)
        return Answer(b"".join([*pieces, gzip.compress(b"]}")]), _JSON)

    def _part(self, part: Mapping[str, str | dict[str, str]]) -> list[bytes]:
        name = urlsplit(str(part["url"])).path.split("/")[-2]
        headers = part.get("httpHeaders")
        is_known = isinstance(headers, dict) and headers.get("If-Modified-Since") == _MODIFIED
        told = {
            "httpHeaders": {"Last-Modified": _MODIFIED},
            "httpStatusCode": 304 if is_known else 200,
            "referenceId": part["referenceId"],
        }
        head = json.dumps(told)[:-1]
        if is_known:
            return [gzip.compress(f'{head},"body":null}}'.encode())]
        described = json.dumps({"name": name, "label": name, "replicateable": True})[:-1]
        before = f'{head},"body":{described},"fields":'
        return [gzip.compress(before.encode()), self._fields[self._widths[name]], _TAIL]


_TAIL = gzip.compress(b"}}")


def _fields(width: int) -> bytes:
    """Return the fields of a describe, each with all that Salesforce tells of it."""
    own = [
        f"Field_{n:03d}__c | {kind} | Field {n} of this object | help What people are told of it"
        for n, kind in enumerate(islice(cycle(_KINDS), width - 2))
    ]
    text = "\n".join(["name: Thing__c", "label: Thing", "", _ID, _STAMP, *own])
    return json.dumps([field.describe() for field in read_object(text).fields]).encode()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.described_org", description=__doc__
    )
    parser.add_argument("--directory", type=Path, required=True, help="where the config goes")
    parser.add_argument("--objects", type=int, required=True, help="how many it has")
    parser.add_argument("--latency-seconds", type=float, default=0, help="of every answer")
    options = parser.parse_args(arguments)
    org = DescribedOrg(objects=options.objects, latency_seconds=options.latency_seconds)
    serve(org, options.directory)


if __name__ == "__main__":
    main()
