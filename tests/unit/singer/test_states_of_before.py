"""States that versions before this one have written are read as they were meant.

They are literal: what writes states today has no part in them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
from tests.support.values import instant

KEY = "SystemModstamp"
PLAIN = """{"replication_key": "SystemModstamp",
 "replication_key_value": "2026-11-23T10:00:00.000Z"}"""
JOB_OF_ALL = """{"bulk_job": {"id": "750Hs00000000Ab", "api_version": "68.0",
 "query_sha256": "ab12", "locator": null, "rows_emitted": 0, "lower_bound": null,
 "upper_bound": "2026-11-23T12:00:00.000Z", "version": null, "id_lower": null,
 "id_upper": null, "goes_on": false}}"""
JOB_BEHIND_PAGES = """{"replication_key": "SystemModstamp",
 "replication_key_value": "2026-11-23T10:00:00.000Z",
 "bulk_job": {"id": "750Hs00000000Ab", "api_version": "66.0", "query_sha256": "ab12",
 "locator": "MTAwMA", "rows_emitted": 1000, "lower_bound": "2026-11-23T10:00:00.000Z",
 "upper_bound": "2026-11-23T12:00:00.000Z", "version": null, "id_lower": null,
 "id_upper": null, "goes_on": false}}"""
JOB_OF_A_PART = """{"replication_key": "SystemModstamp",
 "replication_key_value": "2026-11-23T11:00:00.000Z",
 "bulk_job": {"id": "750Hs00000000Ab", "api_version": "68.0", "query_sha256": "ab12",
 "locator": "MTAwMA", "rows_emitted": 1000, "lower_bound": "2026-11-23T11:00:00.000Z",
 "upper_bound": "2026-11-23T12:00:00.000Z", "version": null, "id_lower": "001Hs0000000001",
 "id_upper": "001Hs0000000009", "goes_on": true}}"""
JOB_OF_A_TABLE = """{"bulk_job": {"id": "750Hs00000000Ab", "api_version": "68.0",
 "query_sha256": "ab12", "locator": "MTAwMA", "rows_emitted": 1000, "lower_bound": null,
 "upper_bound": "2026-11-23T12:00:00.000Z", "version": 1795759135474, "id_lower": null,
 "id_upper": null, "goes_on": false}}"""
ENDED = """{"replication_key": "SystemModstamp",
 "replication_key_value": "2026-11-23T12:00:00.000Z", "bulk_job": {"id": null}}"""


def bookmark(text: str, key: str | None = KEY) -> Bookmark:
    state: dict[str, Any] = json.loads(text)
    return Bookmark(state, stream="Account", replication_key=key)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(PLAIN, "2026-11-23T10:00:00Z", id="plain"),
        pytest.param(JOB_BEHIND_PAGES, "2026-11-23T10:00:00Z", id="with a job"),
        pytest.param(ENDED, "2026-11-23T12:00:00Z", id="behind a job"),
    ],
)
def test_bookmarks(text: str, value: str) -> None:
    """The value counts, whatever else there is."""
    assert bookmark(text).value == instant(value)


@pytest.mark.parametrize("text", [PLAIN, ENDED], ids=["never", "ended"])
def test_no_job(text: str) -> None:
    """Nothing is gone on with."""
    assert bookmark(text).saved_job is None


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        pytest.param(JOB_OF_ALL, KEY, (None, 0, None, None, None, False), id="all"),
        pytest.param(
            JOB_BEHIND_PAGES, KEY, ("MTAwMA", 1000, None, None, None, False), id="behind pages"
        ),
        pytest.param(
            JOB_OF_A_PART,
            KEY,
            ("MTAwMA", 1000, None, "001Hs0000000001", "001Hs0000000009", True),
            id="a part by Id",
        ),
        pytest.param(
            JOB_OF_A_TABLE, None, ("MTAwMA", 1000, 1795759135474, None, None, False), id="a table"
        ),
    ],
)
def test_jobs(text: str, key: str | None, expected: tuple[object, ...]) -> None:
    """The next run goes on with each."""
    job = bookmark(text, key).saved_job
    assert job is not None
    assert job.partition.upper == instant("2026-11-23T12:00:00Z")
    assert (job.id, job.query_sha256) == ("750Hs00000000Ab", "ab12")
    part = job.partition
    ids = (part.ids.lower, part.ids.upper)
    found = (job.locator, job.rows_emitted, job.version, *ids, part.skips_lookback)
    assert found == expected
