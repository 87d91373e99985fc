"""The org's allowances: calls and bulk jobs per rolling 24 hours, and how they are told."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.local_org.answers import errors

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings

_DAY = timedelta(hours=24)

# Limits that the org reports and never touches.
_CONSTANT = {
    "ConcurrentAsyncGetReportInstances": (200, 200),
    "ConcurrentSyncReportRuns": (20, 20),
    "DailyAsyncApexExecutions": (250_000, 250_000),
    "DailyBulkApiBatches": (15_000, 15_000),
    "DailyDurableStreamingApiEvents": (10_000, 10_000),
    "DailyStreamingApiEvents": (10_000, 10_000),
    "DailyWorkflowEmails": (5_000, 5_000),
    "DataStorageMB": (5_120, 4_890),
    "FileStorageMB": (20_480, 20_001),
    "HourlyAsyncReportRuns": (1_200, 1_200),
    "HourlyTimeBasedWorkflow": (1_000, 1_000),
    "MassEmail": (5_000, 5_000),
    "SingleEmail": (5_000, 5_000),
    "StreamingApiConcurrentClients": (20, 20),
}


class Allowance:
    """A number of units per rolling 24 hours of org time."""

    def __init__(self, clock: Clock, maximum: int) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spent: list[tuple[datetime, float]] = []
        self.maximum = maximum

    @property
    def used(self) -> int:
        """Units spent in the last 24 hours."""
        edge = self._clock.now() - _DAY
        with self._lock:
            self._spent = [(at, amount) for at, amount in self._spent if at > edge]
            return int(sum(amount for _, amount in self._spent))

    @property
    def remaining(self) -> int:
        """Units left."""
        return max(0, self.maximum - self.used)

    @remaining.setter
    def remaining(self, units: int) -> None:
        with self._lock:
            self._spent = [(self._clock.now(), self.maximum - units)]

    def spend(self, amount: float = 1) -> None:
        """Use units up."""
        now = self._clock.now()
        with self._lock:
            last = self._spent[-1] if self._spent else None
            # Calls of one second share an entry, so that a long benchmark does not grow the list.
            if last is not None and (now - last[0]) < timedelta(seconds=1):
                self._spent[-1] = (last[0], last[1] + amount)
            else:
                self._spent.append((now, amount))

    def describe(self) -> dict[str, int]:
        """The entry of this allowance in /limits."""
        return {"Max": self.maximum, "Remaining": self.remaining}


class Limits:
    """The allowances that the tap can meet."""

    APP_NAME = "VersionForge"

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._settings = settings
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Nothing used, default sizes."""
        self.calls = Allowance(self._clock, 15_000)
        self.bulk_jobs = Allowance(self._clock, 10_000)
        self.bulk_storage_kb = Allowance(self._clock, 1_000_000_000)

    def take_call(self) -> None:
        """Count one API call, or refuse it."""
        if self.calls.remaining < 1:
            raise errors.request_limit_exceeded()
        self.calls.spend()

    def take_bulk_job(self) -> None:
        """Count one query job, or refuse it."""
        if self.bulk_jobs.remaining < 1:
            raise errors.bulk_jobs_exceeded(self.bulk_jobs.maximum)
        if self.bulk_storage_kb.remaining < 1:
            raise errors.bulk_storage_exceeded(self.bulk_storage_kb.maximum)
        self.bulk_jobs.spend()

    def info_header(self) -> str | None:
        """The value of Sforce-Limit-Info."""
        if self._settings.limit_info == "absent":
            return None
        used, maximum = self.calls.used, self.calls.maximum
        plain = f"api-usage={used}/{maximum}"
        if self._settings.limit_info == "plain":
            return plain
        return f"{plain}; per-app-api-usage={used}/{maximum}(appName={self.APP_NAME})"

    def describe(self) -> dict[str, Any]:
        """The body of /limits, with per-app entries nested where the real one nests them."""
        content: dict[str, Any] = {
            name: {"Max": most, "Remaining": left} for name, (most, left) in _CONSTANT.items()
        }
        content["DailyApiRequests"] = {
            **self.calls.describe(),
            "Ant Migration Tool": {"Max": 0, "Remaining": 0},
            self.APP_NAME: {"Max": 0, "Remaining": 0},
        }
        content["DailyBulkV2QueryJobs"] = self.bulk_jobs.describe()
        content["DailyBulkV2QueryFileStorageMB"] = {
            "Max": self.bulk_storage_kb.maximum // 1_024,
            "Remaining": self.bulk_storage_kb.remaining // 1_024,
        }
        content["PermissionSets"] = {
            "Max": 1_500,
            "Remaining": 1_498,
            "CreateCustom": {"Max": 1_000, "Remaining": 998},
        }
        return dict(sorted(content.items()))
