"""The org of ready bytes as a process of its own."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.bench.pages import VERSION
from tests.bench.spellings import REGULAR
from tests.support.org_process import OrgProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class _BenchOrgProcess(OrgProcess):
    """An org of the bench, stopped at the end of the with block.

    Args:
        folder: Where its config and key, and those of the tap, are put.
        module: What serves it.
        options: Of its command line.
    """

    def __init__(self, folder: Path, module: str, *options: str) -> None:
        super().__init__(folder, rows=0)
        self._folder = folder
        self._command = [*(sys.executable, "-m", module), *("--directory", str(folder)), *options]

    def tap_config(self, **settings: object) -> Path:
        """Write a config with these settings and return its path."""
        path = self._folder / "tap.json"
        path.write_text(json.dumps({**self.settings, **settings}), encoding="utf-8")
        return path

    @override
    def _ends_greeting(self, line: bytes) -> bool:
        # All that it says is its address.
        return bool(line)


class DescribedOrgProcess(_BenchOrgProcess):
    """`python -m tests.bench.described_org`, stopped at the end of the with block.

    Args:
        folder: Where its config and key, and those of the tap, are put.
        objects: How many it has.
        latency_seconds: Until an answer begins.
    """

    def __init__(self, folder: Path, *, objects: int, latency_seconds: float) -> None:
        super().__init__(
            folder,
            "tests.bench.described_org",
            *("--objects", str(objects), "--latency-seconds", str(latency_seconds)),
        )


class SweptOrgProcess(_BenchOrgProcess):
    """`python -m tests.bench.swept_org`, stopped at the end of the with block.

    Args:
        folder: Where its config and key, and those of the tap, are put.
        rows: How many it has.
    """

    def __init__(self, folder: Path, *, rows: int) -> None:
        super().__init__(folder, "tests.bench.swept_org", "--rows", str(rows))


class ReadyOrgProcess(_BenchOrgProcess):
    """`python -m tests.bench.ready_org`, stopped at the end of the with block.

    Args:
        folder: Where its config and key, and those of the tap, are put.
        columns: How many each object has.
        rows: How many each object has, by name.
        page_rows: Of a Bulk page; None for as many as the columns allow.
        bytes_per_second: Of unpacked CSV that one connection carries; None for any number.
        latency_seconds: Until an answer begins.
        job_seconds: From a job's creation to its end.
        spelled: How the values are, by the names of `spellings`.
        distinct: No Id comes on two Bulk pages.
    """

    def __init__(  # noqa: PLR0913  each is another thing that pages differ in
        self,
        folder: Path,
        *,
        columns: int,
        rows: Mapping[str, int],
        page_rows: int | None = None,
        bytes_per_second: float | None = None,
        latency_seconds: float = 0,
        job_seconds: float = 0,
        spelled: str = REGULAR,
        distinct: bool = False,
    ) -> None:
        super().__init__(
            folder,
            "tests.bench.ready_org",
            *("--spelled", spelled),
            *(("--distinct",) if distinct else ()),
            *("--columns", str(columns)),
            *(f"--object={name}={count}" for name, count in rows.items()),
            *(() if page_rows is None else ("--page-rows", str(page_rows))),
            *(() if bytes_per_second is None else ("--bytes-per-second", str(bytes_per_second))),
            *("--latency-seconds", str(latency_seconds), "--job-seconds", str(job_seconds)),
        )

    def results(self, name: str) -> str:
        """Return where the rows of an object are, as CSV."""
        return f"{self.url}/services/data/v{VERSION}/jobs/query/750{name}/results"
