"""What a run needs of the daily limits is counted beforehand, never for more than is sure."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.http.quota import Quota
from tap_versionforge_salesforce.singer.quota_forecast import (
    Estimate,
    StreamForecast,
    estimate_of,
    shortfalls,
)


def stream(name: str = "Account", *, columns: int = 40, is_full: bool = True) -> StreamForecast:
    return StreamForecast(name, columns, is_full=is_full)


@pytest.mark.parametrize(
    ("expected", "rows", "api_mode", "needed"),
    [
        pytest.param(stream(), 2_000, "auto", Estimate(calls=1), id="a page"),
        pytest.param(stream(), 0, "auto", Estimate(calls=1), id="no row"),
        pytest.param(stream(), 2_001, "auto", Estimate(5, 1, 2), id="a small job"),
        pytest.param(stream(), 4_001, "rest", Estimate(calls=3), id="three pages"),
        pytest.param(stream(), 1, "bulk", Estimate(5, 1, 1), id="a job of one row"),
        # As docs/scaling.md: nine pages, in two lists.
        pytest.param(stream(), 1_000_000, "auto", Estimate(14, 1, 856), id="a million rows"),
        pytest.param(stream(), None, "auto", Estimate(calls=1, unknown=1), id="not counted"),
        pytest.param(stream(), None, "bulk", Estimate(5, 1, 0, 1), id="not counted, a job"),
        pytest.param(
            stream(is_full=False), 9_999_999, "auto", Estimate(calls=1, unknown=1), id="since when"
        ),
    ],
)
def test_one_stream(
    expected: StreamForecast, rows: int | None, api_mode: str, needed: Estimate
) -> None:
    """By the way that it will take."""
    counts = {} if rows is None else {"Account": rows}
    assert estimate_of([expected], counts, api_mode) == needed


def test_streams_add_up() -> None:
    """Each with its own rows; results are rounded up once."""
    streams = [stream("Account"), stream("Contact"), stream("User", is_full=False)]
    counts = {"Account": 2_001, "Contact": 2_001}
    assert estimate_of(streams, counts, "auto") == Estimate(11, 2, 4, 1)
    assert estimate_of([], {}, "auto") == Estimate()


@pytest.mark.parametrize("api_mode", ["auto", "bulk", "rest"])
def test_what_is_read_by_the_ids_of_parents_needs_no_job(api_mode: str) -> None:
    """REST alone serves it."""
    links = StreamForecast("ContentDocumentLink", 7, is_full=True)
    assert estimate_of([links], {"ContentDocumentLink": 2_500}, api_mode) == Estimate(2, 0, 0, 0)


def quota(*, calls: int, jobs: int, megabytes: int, max_calls: int | None = None) -> Quota:
    found = Quota(reserve=10, max_calls=max_calls)
    found.note(
        {
            "DailyApiRequests": {"Max": 1_000, "Remaining": calls},
            "DailyBulkV2QueryJobs": {"Max": 1_000, "Remaining": jobs},
            "DailyBulkV2QueryFileStorageMB": {"Max": 1_000, "Remaining": megabytes},
        }
    )
    return found


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        pytest.param(quota(calls=30, jobs=2, megabytes=50), [], id="just enough"),
        pytest.param(quota(calls=29, jobs=2, megabytes=50), ["API calls"], id="calls"),
        pytest.param(quota(calls=30, jobs=1, megabytes=50), ["Bulk jobs"], id="jobs"),
        pytest.param(quota(calls=30, jobs=2, megabytes=49), ["MB"], id="storage"),
        pytest.param(
            quota(calls=900, jobs=2, megabytes=50, max_calls=19), ["API calls"], id="max_api_calls"
        ),
        pytest.param(
            quota(calls=0, jobs=0, megabytes=0), ["API calls", "Bulk jobs", "MB"], id="all of it"
        ),
        pytest.param(Quota(), [], id="nothing is known"),
    ],
)
def test_what_will_not_do(given: Quota, missing: list[str]) -> None:
    """Each limit for itself."""
    found = list(shortfalls(Estimate(20, 2, 50), given))
    assert len(found) == len(missing)
    assert all(word in part for word, part in zip(missing, found, strict=True))
