"""What describing an org costs without a tap: the same answers downloaded and parsed, no more."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

import requests

from tests.bench.pages import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TOGETHER = 25


def main() -> None:
    """Describe everything at the address of the command line."""
    base = f"{sys.argv[1]}/services/data/v{VERSION}"
    session = requests.Session()
    listed = session.get(f"{base}/sobjects", timeout=60).json()["sobjects"]
    for names in _parts([entry["name"] for entry in listed]):
        parts = [
            {
                "method": "GET",
                "url": f"/services/data/v{VERSION}/sobjects/{name}/describe",
                "referenceId": name,
            }
            for name in names
        ]
        answer = session.post(f"{base}/composite", json={"compositeRequest": parts}, timeout=60)
        answer.json()


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while part := list(islice(rest, _TOGETHER)):
        yield part


if __name__ == "__main__":
    main()
