"""The life of a Bulk API 2.0 query job, apart from HTTP."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.local_org.answers import errors
from tests.local_org.conditions.clock import api_time
from tests.local_org.store.numbering import Numbers
from tests.local_org.store.snapshot import Snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.answers.limits import Limits
    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.store.store import Store

FINAL_STATES = frozenset({"JobComplete", "Failed", "Aborted"})
_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'")
_TIMED_OUT = (
    "InvalidBatch : Failed to process query: "
    "QUERY_TIMEOUT: Your query request was running for too long."
)
_UNCHUNKABLE = re.compile(r"\b(ORDER\s+BY|LIMIT)\b", re.IGNORECASE)


@dataclass
class QueryJob:
    """One query job; `state` moves by the org's settings, or by a test's hand."""

    id: str
    operation: str
    soql: str
    object_name: str
    version: str
    delimiter: str
    line_ending: str
    created: datetime
    created_by: str
    state: str = "UploadComplete"
    modified: datetime | None = None
    polls: int = 0
    outcome: str | None = None
    error: str | None = None
    snapshot: Snapshot | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to it any more but deletion."""
        return self.state in FINAL_STATES

    @property
    def rows(self) -> int:
        """Rows processed, once there are any."""
        return len(self.snapshot.rows) if self.snapshot else 0

    def brief(self) -> dict[str, Any]:
        """The ten fields that every answer about a job has."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.created_by,
            "createdDate": api_time(self.created),
            "systemModstamp": api_time(self.modified or self.created),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
        }

    def format(self) -> dict[str, Any]:
        """How its results are written."""
        return {"lineEnding": self.line_ending, "columnDelimiter": self.delimiter}

    def listed(self) -> dict[str, Any]:
        """Its entry in the list of jobs."""
        return {**self.brief(), "jobType": "V2Query", **self.format()}

    def describe(self, settings: Settings) -> dict[str, Any]:
        """All about it, as a poll sees it."""
        content = self.listed()
        if settings.job_counters or self.is_final:
            off_by = settings.job_count_off_by if self.state == "JobComplete" else 0
            content["numberRecordsProcessed"] = self.rows + off_by
        elapsed = (self.modified or self.created) - self.created
        content["retries"] = 0
        content["totalProcessingTime"] = int(elapsed.total_seconds() * 1_000)
        if settings.pk_chunking_field:
            content["isPkChunkingSupported"] = not _UNCHUNKABLE.search(_LITERAL.sub("", self.soql))
        if self.state == "Failed":
            content["errorMessage"] = self.error or settings.job_error
        return content


class Jobs:
    """All query jobs of the org, and the rules by which they proceed."""

    def __init__(
        self, *, store: Store, settings: Settings, clock: Clock, limits: Limits, user_id: str
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._limits = limits
        self._user_id = user_id
        self._numbers = Numbers()
        self._jobs: dict[str, QueryJob] = {}
        self._outcomes: list[tuple[str, str | None]] = []

    def reset(self) -> None:
        """No jobs, and none scripted."""
        self._jobs.clear()
        self._outcomes.clear()

    def script(self, outcome: str, error: str | None = None, *, times: int = 1) -> None:
        """Let the next jobs end so: "Failed" with this message, "Aborted", or "JobComplete"."""
        self._outcomes.extend([(outcome, error)] * times)

    def unscript(self) -> None:
        """Let jobs end as they would."""
        self._outcomes.clear()

    def all(self) -> list[QueryJob]:
        """The jobs that the org still keeps, oldest first."""
        lifetime = timedelta(seconds=self._settings.job_lifetime_seconds)
        now = self._clock.now()
        return [job for job in list(self._jobs.values()) if now - job.created < lifetime]

    def get(self, job_id: str) -> QueryJob:
        """The job with this id, 15 or 18 characters long."""
        for job in self.all():
            if job.id[:15] == job_id[:15]:
                return job
        raise errors.not_found()

    def create(
        self, *, operation: str, soql: str, version: str, delimiter: str, line_ending: str
    ) -> QueryJob:
        """A new job. The query is validated at once and run when the job proceeds."""
        result = self._store.run(soql, all_rows=operation == "queryAll", bulk=True)
        self._limits.take_bulk_job()
        outcome, error = self._outcomes.pop(0) if self._outcomes else (None, None)
        job = QueryJob(
            id=self._numbers.next_id("750"),
            operation=operation,
            soql=soql,
            object_name=result.object_name,
            version=version,
            delimiter=delimiter,
            line_ending=line_ending,
            created=self._clock.now(),
            created_by=self._user_id,
            outcome=outcome,
            error=error,
        )
        self._jobs[job.id] = job
        return job

    def delete(self, job: QueryJob) -> None:
        """Remove a job and its results."""
        if not job.is_final:
            raise errors.delete_unfinished_job()
        self._jobs.pop(job.id, None)

    def abort(self, job: QueryJob) -> None:
        """Stop a job that still runs."""
        with job.lock:
            if job.is_final:
                raise errors.abort_completed_job()
            self._move(job, "Aborted")

    def proceed(self, job: QueryJob, *, polled: bool) -> None:
        """Move the job on as far as the org's settings say it is by now."""
        with job.lock:
            if job.is_final:
                return
            job.polls += polled
            if self._is_due(job):
                self.finish(job)
            elif job.polls:
                self._move(job, "InProgress")

    def finish(self, job: QueryJob) -> None:
        """Bring the job to its end now, whatever the settings say about time."""
        with job.lock:
            outcome = job.outcome or self._settings.job_outcome
            if outcome == "JobComplete":
                self._complete(job)
            else:
                self._move(job, outcome)

    def _is_due(self, job: QueryJob) -> bool:
        settings = self._settings
        if settings.job_transition == "immediate":
            return True
        if settings.job_transition == "after_polls":
            return job.polls > settings.job_polls
        if settings.job_transition == "time":
            return self._clock.now() - job.created >= timedelta(seconds=settings.job_seconds)
        return False

    def _complete(self, job: QueryJob) -> None:
        try:
            job.snapshot = Snapshot.take(
                self._store,
                job.soql,
                all_rows=job.operation == "queryAll",
                delimiter=job.delimiter,
                line_ending=job.line_ending,
            )
        except errors.SalesforceError as error:
            # What was valid at create can be gone by now: a field hidden, an object removed.
            job.error = f"InvalidBatch : Failed to process query: {error.code}: {error.message}"
            self._move(job, "Failed")
            return
        if self._is_too_large(job):
            job.snapshot = None
            job.error = _TIMED_OUT
            self._move(job, self._settings.job_too_large)
            return
        self._limits.bulk_storage_kb.spend(job.snapshot.size / 1_000)
        self._move(job, "JobComplete")

    def _is_too_large(self, job: QueryJob) -> bool:
        most = self._settings.job_max_rows
        return most is not None and job.rows > most

    def _move(self, job: QueryJob, state: str) -> None:
        job.state = state
        job.modified = self._clock.now()
