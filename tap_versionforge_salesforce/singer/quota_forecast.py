"""What a run will need of the org's daily limits, before it reads anything. Values in and out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.client import REST_PAGE_ROWS
from tap_versionforge_salesforce.salesforce.objects.soql import parent_of
from tap_versionforge_salesforce.salesforce.query.cost import cost_of
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_versionforge_salesforce.salesforce.http.quota import Quota

_BYTES_PER_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class StreamForecast:
    """What is known of one stream, or of its sweep, before it is read.

    Attributes:
        name: The stream's name.
        columns: How many are selected.
        is_full: It is read whole, not from a bookmark or start_date.
        is_sweep: To be reconciled, and beside what else is read of it.
        sobject: The object whose rows they are; empty where it is called as the stream is.
    """

    name: str
    columns: int
    is_full: bool
    is_sweep: bool = False
    sobject: str = ""

    @property
    def counted_as(self) -> str:
        """Return the object by whose name its rows are counted."""
        return self.sobject or self.name


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run needs, at the least.

    Attributes:
        calls: API calls.
        jobs: Bulk query jobs.
        storage_megabytes: Of the results of these jobs.
        unknown: Streams whose rows nobody can count beforehand; they count with one call, or job.
    """

    calls: int = 0
    jobs: int = 0
    storage_megabytes: int = 0
    unknown: int = 0


def estimate_of(
    streams: Iterable[StreamForecast], row_counts: Mapping[str, int], api_mode: str
) -> Estimate:
    """Return what the streams of a run need, at the least.

    Args:
        streams: What is going to be read.
        row_counts: Rows of each object that is read whole, as far as they are known.
        api_mode: The setting.
    """
    calls = jobs = unknown = 0
    stored = 0.0
    for stream in streams:
        rows = row_counts.get(stream.counted_as) if stream.is_full else None
        unknown += rows is None and not stream.is_sweep
        is_bulk = api_mode == "bulk" or (api_mode == "auto" and (rows or 0) > REST_PAGE_ROWS)
        is_bulk = is_bulk and parent_of(stream.counted_as) is None
        cost = cost_of(rows or 0, stream.columns, is_bulk=is_bulk)
        calls += cost.calls
        jobs += cost.jobs
        stored += cost.result_bytes
    return Estimate(calls, jobs, math.ceil(stored / _BYTES_PER_MEGABYTE), unknown)


def shortfalls(needed: Estimate, quota: Quota) -> Iterator[str]:
    """Yield what will not do for a run, each as a part of a sentence.

    Args:
        needed: By the run.
        quota: What there is.
    """
    allowed = quota.allowed_calls
    if allowed is not None and needed.calls > allowed:
        yield f"about {counted(needed.calls, 'API call')}, of which it may make {allowed:,}"
    jobs, storage = quota.bulk.jobs, quota.bulk.storage
    if jobs is not None and needed.jobs > jobs.remaining:
        yield f"{counted(needed.jobs, 'Bulk job')}, of which {jobs.remaining:,} are left today"
    if storage is not None and needed.storage_megabytes > storage.remaining:
        yield (
            f"about {needed.storage_megabytes:,} MB for the results of Bulk jobs, of which "
            f"{storage.remaining:,} are left today"
        )
