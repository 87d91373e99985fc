"""The floor: what the same pages cost without a tap, from HTTP to lines of JSON on stdout.

Nothing is checked, nothing is respelled, nothing is remembered, and no messages are made.
"""

from __future__ import annotations

import sys

import polars as pl
import requests


def main(results: str) -> None:
    """Write the rows of all pages of a job's results.

    Args:
        results: The URL of the first page.
    """
    session, locator = requests.Session(), ""
    while locator != "null":
        page = session.get(results, params={"locator": locator} if locator else {}, timeout=60)
        pl.read_csv(page.content, infer_schema=False).write_ndjson(sys.stdout.buffer)
        locator = page.headers["Sforce-Locator"]


if __name__ == "__main__":
    main(sys.argv[1])
