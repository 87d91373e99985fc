"""How long a Bulk extract takes, and where an org's daily limits end it: arithmetic, no run.

`python -m tests.support.scaling` prints the table of docs/scaling.md; its assumptions are options.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROWS = (1_000_000, 100_000_000, 1_000_000_000)
COLUMNS = (10, 40, 100, 400, 1_000)
#: Pages that one call of resultPages lists.
PAGES_LISTED = 5
_POLL_SECONDS = 30
_HEAD = (
    *("Rows", "Columns", "CSV GB", "Job h", "Download h", "Tap h", "In all h"),
    *("Calls", "Days by storage"),
)


@dataclass(frozen=True)
class Assumptions:
    """What the table rests on.

    Attributes:
        bytes_per_value: Of unpacked CSV, quotes and comma included.
        job_rows_per_second: How fast Salesforce works on a job.
        job_seconds: How long a job takes at the least.
        page_megabytes: Of unpacked CSV in one parallel result page.
        connection_megabytes_per_second: Of unpacked CSV that one connection carries.
        connections: The setting `parallel_downloads`.
        latency_seconds: Of one call.
        values_per_second: Rows times columns that the tap writes.
        daily_calls: API calls that the org may make in 24 hours.
        daily_storage_gigabytes: Of Bulk results that it may make in 24 hours.
    """

    bytes_per_value: float = 21.4
    job_rows_per_second: float = 20_000
    job_seconds: float = 6
    page_megabytes: float = 100
    connection_megabytes_per_second: float = 4
    connections: int = 4
    latency_seconds: float = 0.3
    values_per_second: float = 3_000_000
    daily_calls: int = 100_000
    daily_storage_gigabytes: float = 1_000


@dataclass(frozen=True)
class Extract:
    """What one extract of one object needs.

    Attributes:
        rows: Of the object.
        columns: Selected.
        gigabytes: Of unpacked CSV.
        job_hours: Until the job is complete.
        download_hours: Of its pages, over all connections.
        tap_hours: That the tap needs to write the rows; it does so beside the download.
        calls: API calls.
        storage_days: For how many days the results use up the org's daily storage.
    """

    rows: int
    columns: int
    gigabytes: float
    job_hours: float
    download_hours: float
    tap_hours: float
    calls: int
    storage_days: float

    @property
    def hours(self) -> float:
        """Return how long it takes in all."""
        return self.job_hours + max(self.download_hours, self.tap_hours)


def extract(rows: int, columns: int, given: Assumptions) -> Extract:
    """Return what an extract needs."""
    megabytes = rows * columns * given.bytes_per_value / 1e6
    pages = math.ceil(megabytes / given.page_megabytes)
    job_seconds = max(given.job_seconds, rows / given.job_rows_per_second)
    by_bandwidth = megabytes / (given.connection_megabytes_per_second * given.connections)
    by_latency = pages / given.connections * given.latency_seconds
    calls = 2 + math.ceil(job_seconds / _POLL_SECONDS) + math.ceil(pages / PAGES_LISTED) + pages
    return Extract(
        rows=rows,
        columns=columns,
        gigabytes=megabytes / 1e3,
        job_hours=job_seconds / 3600,
        download_hours=(by_bandwidth + by_latency) / 3600,
        tap_hours=rows * columns / given.values_per_second / 3600,
        calls=calls,
        storage_days=megabytes / 1e3 / given.daily_storage_gigabytes,
    )


def table(given: Assumptions) -> str:
    """Return the extracts as a Markdown table."""
    rule = " | ".join(["--:"] * len(_HEAD))
    rows = (extract(rows, columns, given) for rows in ROWS for columns in COLUMNS)
    return "\n".join([f"| {' | '.join(_HEAD)} |", f"| {rule} |", *map(_line, rows)])


def limits(given: Assumptions) -> str:
    """Return how many rows an org's day allows, as a Markdown table."""
    lines = ["| Columns | Rows by storage | Rows by calls |", "| --: | --: | --: |"]
    for columns in COLUMNS:
        by_storage = given.daily_storage_gigabytes * 1e9 / (columns * given.bytes_per_value)
        pages = given.daily_calls * PAGES_LISTED / (PAGES_LISTED + 1)
        by_calls = pages * given.page_megabytes * 1e6 / (columns * given.bytes_per_value)
        lines.append(f"| {columns:,} | {by_storage / 1e6:,.0f} M | {by_calls / 1e6:,.0f} M |")
    return "\n".join(lines)


def assumptions(given: Assumptions) -> str:
    """Return what the tables rest on, as a Markdown table."""
    lines = [f"| `--{name.replace('_', '-')}` | {value:,} |" for name, value in _options(given)]
    return "\n".join(["| Option | Value |", "| --- | --: |", *lines])


def _options(given: Assumptions) -> Iterator[tuple[str, float]]:
    for each in fields(given):
        yield each.name, getattr(given, each.name)


def _line(found: Extract) -> str:
    cells = (
        *(f"{found.rows / 1e6:,.0f} M", f"{found.columns:,}", f"{found.gigabytes:,.1f}"),
        *(f"{found.job_hours:,.2f}", f"{found.download_hours:,.2f}", f"{found.tap_hours:,.2f}"),
        *(f"{found.hours:,.2f}", f"{found.calls:,}", f"{found.storage_days:,.2f}"),
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables for the assumptions of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.scaling", description=__doc__)
    for name, value in _options(Assumptions()):
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    given = Assumptions(**vars(parser.parse_args(arguments)))
    sys.stdout.write("\n\n".join([assumptions(given), table(given), limits(given), ""]))


if __name__ == "__main__":
    main()
