"""The org's daily limits, as its answers tell them, and what this run has used of them."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import QuotaError
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Both forms of salesforce: `api-usage=25/5000` alone, or with `; per-app-api-usage=17/250(…)`.
_API_USAGE = re.compile(r"(?<!-)\bapi-usage=([0-9]{1,18})/([0-9]{1,18})\b")
_BYTES_PER_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """One daily limit.

    Attributes:
        maximum: Calls, jobs or megabytes allowed in 24 hours.
        remaining: What is left of them.
    """

    maximum: int
    remaining: int


def from_header(value: str | None) -> Allowance | None:
    """Read the daily API calls from a ``Sforce-Limit-Info`` header; None where it says nothing."""
    match = _API_USAGE.search(value or "")
    if match is None:
        return None
    used, maximum = int(match[1]), int(match[2])
    return Allowance(maximum=maximum, remaining=maximum - used)


def from_limits(limits: Mapping[str, object], name: str) -> Allowance | None:
    """Read one limit from the answer of ``/limits``; None where the org does not have it."""
    entry = limits.get(name)
    if not isinstance(entry, dict):
        return None
    maximum, remaining = entry.get("Max"), entry.get("Remaining")
    if not isinstance(maximum, int) or not isinstance(remaining, int):
        return None
    return Allowance(maximum=maximum, remaining=remaining)


@dataclass(slots=True)
class StreamUsage:
    """What one stream has used, in whatever threads.

    Attributes:
        calls: API calls.
        received_bytes: Bodies of answers, packed as they came.
    """

    calls: int = 0
    received_bytes: int = 0


_USAGE: ContextVar[StreamUsage | None] = ContextVar("_USAGE", default=None)


@contextmanager
def usage_counted_in(usage: StreamUsage) -> Iterator[None]:
    """Count in the tally what the block uses, and what is begun in it and goes on beside it."""
    before = _USAGE.get()
    _USAGE.set(usage)
    try:
        yield
    finally:
        _USAGE.set(before)


@dataclass(slots=True)
class BulkQuota:
    """What is left of the daily limits of Bulk API 2.0, and what this run has used of them.

    Attributes:
        jobs: The day's query jobs; None where unknown.
        created_jobs: How many of them this run has created.
        storage: The day's megabytes for results; None where unknown.
        result_bytes: Of results that this run has read, unpacked.
    """

    jobs: Allowance | None = None
    created_jobs: int = 0
    storage: Allowance | None = None
    result_bytes: int = 0

    def note(self, limits: Mapping[str, object]) -> None:
        """Take in an answer of ``/limits``; what it does not have changes nothing."""
        self.jobs = from_limits(limits, "DailyBulkV2QueryJobs") or self.jobs
        self.storage = from_limits(limits, "DailyBulkV2QueryFileStorageMB") or self.storage

    def count_job(self) -> None:
        """Count one job that was created."""
        self.created_jobs += 1
        if self.jobs is not None:
            # No answer tells before the next run looks.
            self.jobs = replace(self.jobs, remaining=self.jobs.remaining - 1)


class Quota:
    """What is left of the daily limits, and what this run may still use of them.

    Args:
        reserve: Calls that must stay unused (setting ``quota_reserve``).
        max_calls: Most calls this run may make (setting ``max_api_calls``); None for any number.
    """

    def __init__(self, *, reserve: int = 0, max_calls: int | None = None) -> None:
        self.reserve = reserve
        self.max_calls = max_calls
        self.calls = 0
        self.received_bytes = 0
        self.daily: Allowance | None = None
        self.bulk = BulkQuota()
        self._in_flight = 0
        self._is_side_by_side = False
        # Pages are downloaded by several threads.
        self._lock = threading.Lock()

    def note(self, limits: Mapping[str, object]) -> None:
        """Take in an answer of ``/limits``; what it does not have changes nothing."""
        self.daily = from_limits(limits, "DailyApiRequests") or self.daily
        self.bulk.note(limits)

    @property
    def allowed_calls(self) -> int | None:
        """Return how many calls this run may still make; None where nothing bounds them."""
        bounds = []
        if self.daily is not None:
            bounds.append(max(0, self.daily.remaining - self.reserve))
        if self.max_calls is not None:
            bounds.append(self.max_calls - self.calls)
        return min(bounds, default=None)

    def count_job(self) -> None:
        """Count one Bulk job that was created."""
        with self._lock:
            self.bulk.count_job()

    def content(self) -> dict[str, Any]:
        """Return each limit as JSON values: of how much, how much is left, what this run used."""
        used = {
            "api_calls": (self.daily, self.calls),
            "bulk_jobs": (self.bulk.jobs, self.bulk.created_jobs),
            "bulk_storage_megabytes": (
                self.bulk.storage,
                round(self.bulk.result_bytes / _BYTES_PER_MEGABYTE, 3),
            ),
        }
        return {
            name: {
                "maximum": None if allowance is None else allowance.maximum,
                "remaining": None if allowance is None else allowance.remaining,
                "used_by_run": spent,
            }
            for name, (allowance, spent) in used.items()
        }

    def read_results(self, count: int) -> None:
        """Count the bytes of a result page of a Bulk job, unpacked."""
        with self._lock:
            self.bulk.result_bytes += count

    def receive(self, count: int) -> None:
        """Count the bytes of an answer."""
        usage = _USAGE.get()
        with self._lock:
            self.received_bytes += count
            if usage is not None:
                usage.received_bytes += count

    def spend(self) -> None:
        """Count one call that is about to be made; `answered` has to follow.

        Raises:
            QuotaError: The call would break ``max_api_calls`` or ``quota_reserve``.
        """
        usage = _USAGE.get()
        with self._lock:
            self._spend()
            self._in_flight += 1
            self._is_side_by_side = self._is_side_by_side or self._in_flight > 1
            if usage is not None:
                usage.calls += 1

    def answered(self, allowance: Allowance | None) -> None:
        """Take in that a call is over, and what its answer says.

        An answer knows nothing of calls that reached Salesforce after its own, and answers overtake
        each other. So among calls side by side what is left is only ever taken for less.

        Args:
            allowance: What the org said; None where it said nothing.
        """
        with self._lock:
            self._in_flight -= 1
            if allowance is not None and self._is_side_by_side and self.daily is not None:
                remaining = min(self.daily.remaining, allowance.remaining - self._in_flight)
                allowance = replace(allowance, remaining=remaining)
            self.daily = allowance or self.daily
            self._is_side_by_side = self._is_side_by_side and self._in_flight > 0

    def _spend(self) -> None:
        if self.max_calls is not None and self.calls >= self.max_calls:
            message = (
                f"This run has made the {counted(self.max_calls, 'API call')} that it may make."
            )
            raise QuotaError(
                message,
                hint="Raise the setting max_api_calls, or run again.",
                code="max-api-calls-reached",
            )
        if self.daily is not None and self.reserve and self.daily.remaining <= self.reserve:
            message = (
                f"The org has {self.daily.remaining:,} of its {self.daily.maximum:,} daily API "
                f"calls left, and the setting quota_reserve keeps {self.reserve:,} of them."
            )
            raise QuotaError(
                message,
                hint="Run again when the rolling 24 hours have freed calls, or lower "
                "quota_reserve.",
                code="quota-reserve-reached",
            )
        self.calls += 1
        if self.daily is not None:
            # What an answer says replaces this; where no answer says anything, it holds.
            self.daily = replace(self.daily, remaining=self.daily.remaining - 1)

    def warning(self, threshold: int) -> str | None:
        """Return what to warn about before an extraction; None while there is enough.

        Args:
            threshold: Remaining calls below which to warn (setting ``quota_warning_threshold``).
        """
        if self.daily is None or self.daily.remaining >= threshold:
            return None
        used = self.daily.maximum - self.daily.remaining
        return (
            f"Only {self.daily.remaining:,} of the org's {self.daily.maximum:,} daily API calls "
            f"remain ({used:,} used in the last 24 hours; warned below {threshold:,}). Run at "
            "another time, read fewer objects, or set quota_reserve to keep some for others. "
            "Setup > Company Information shows the usage."
        )
