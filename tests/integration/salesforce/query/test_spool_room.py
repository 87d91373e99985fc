"""What result pages take on disk stays under `spool_megabytes`, however slow the target is."""

from __future__ import annotations

import base64
import random
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import open_files
from tests.support.harness import parse
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
ALLOWED = 1_000_000
# Packed, of a text that packs badly.
ROW_BYTES = 22_500
PAGES = 9
OBJECTS = ("Account", "Contact", "Opportunity")
WAITS = "there is no room for another beside them in the 1 MB that spool_megabytes allows"
ALONE = "A result page has more than the 1 MB that spool_megabytes allows"
LONGEST_SECONDS = 60


def insert(org: LocalOrg, *objects: str, page_bytes: int, pages: int = PAGES) -> dict[str, Any]:
    """Put pages of about so many bytes into an org; return the Ids of each object's rows."""
    page_rows = page_bytes // ROW_BYTES
    org.settings.result_page_rows = org.settings.bulk_page_rows = page_rows
    any_bytes = random.Random(7)  # noqa: S311  nothing is kept secret with it
    found = {}
    for name in objects:
        texts = (base64.b64encode(any_bytes.randbytes(22_000)) for _ in range(pages * page_rows))
        rows = [{"Description": text.decode()} for text in texts]
        found[name] = org.store.insert(name, rows, stamp=LAST_WEEK)
    return found


def settings(*objects: str, page_bytes: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401  settings
    return {
        "objects": list(objects),
        "api_mode": "bulk",
        "bulk_page_rows": page_bytes // ROW_BYTES,
        "spool_megabytes": 1,
        **more,
    }


def check(run: Run, rows: dict[str, Any]) -> dict[str, int]:
    """See that all rows came, in order; return what the report says of the spool."""
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in rows} == rows
    spool: dict[str, int] = run.report["spool"]
    assert spool["allowed_bytes"] == ALLOWED
    return spool


def test_more_pages_than_fit(org: LocalOrg, tap: TapRunner) -> None:
    """They come one after the other, as far as there is room for them."""
    rows = insert(org, "Account", page_bytes=450_000)
    spool = check(tap.sync(**settings("Account", page_bytes=450_000)), rows)
    assert 450_000 < spool["most_bytes"] <= ALLOWED


def test_more_streams_than_jobs(org: LocalOrg, tap: TapRunner) -> None:
    """The bound is that of the run: pages that wait for their stream's turn count as well."""
    rows = insert(org, *OBJECTS, page_bytes=270_000, pages=4)
    run = tap.sync(**settings(*OBJECTS, page_bytes=270_000, max_parallel_jobs=2))
    assert check(run, rows)["most_bytes"] <= ALLOWED


@pytest.mark.parametrize("parallel", [1, 4])
def test_a_page_that_is_larger_than_the_room(org: LocalOrg, tap: TapRunner, parallel: int) -> None:
    """It comes all the same, with none beside it, and that is told."""
    rows = insert(org, "Account", page_bytes=1_500_000, pages=3)
    run = tap.sync(**settings("Account", page_bytes=1_500_000, parallel_downloads=parallel))
    spool = check(run, rows)
    assert run.log.count(ALONE) == 1
    assert ALLOWED < spool["most_bytes"] < 2_000_000


def test_what_nobody_bounds_is_not_told(org: LocalOrg, tap: TapRunner) -> None:
    """Most runs never come near it."""
    rows = insert(org, "Account", page_bytes=45_000)
    run = tap.sync(**settings("Account", page_bytes=45_000))
    assert check(run, rows)["fetched_again"] == 0
    assert "spool_megabytes" not in run.log.replace("spool_megabytes=", "")


@pytest.mark.skipif(not open_files.IS_SHOWN, reason="/proc tells what a process has open")
@pytest.mark.parametrize("page_bytes", [270_000, 600_000])
def test_a_target_that_takes_nothing(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, page_bytes: int
) -> None:
    """Disk use stays under the bound while it is held, and all rows come once it goes on."""
    rows = insert(org, *OBJECTS, page_bytes=page_bytes, pages=3)
    spool = tmp_path / "spool"
    spool.mkdir()
    config = tap.config(**settings(*OBJECTS, page_bytes=page_bytes, spool_dir=str(spool)))
    with started(tap, "--config", config) as process:
        sizes = held_sizes(process.pid, spool)
        stdout, log = finished(process)
    assert process.returncode == 0, log
    assert 0 < max(sizes) <= ALLOWED
    found = [m["record"]["Id"] for m in parse(stdout) if m["type"] == "RECORD"]
    assert found == [row for ids in rows.values() for row in ids]
    assert WAITS in log


def held_sizes(process_id: int, folder: Path) -> list[int]:
    """Return how many bytes were in the folder, look by look, until nothing more happened."""
    sizes = [0]
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        time.sleep(0.02)
        sizes.append(open_files.bytes_in(process_id, folder))
        if sizes[-1] and len(set(sizes[-50:])) == 1:
            return sizes
    raise AssertionError("The spool never came to rest")
