"""How the rows of a query are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """How the rows of a query are read.

    Attributes:
        api_mode: ``auto`` chooses between REST and Bulk API 2.0; the others are for one of them.
        bulk_threshold: Rows above which a part of an object is read by a Bulk job.
        bulk_page_rows: Most rows of a result page where pages are downloaded one by one.
        parallel_downloads: Result pages that are downloaded at once.
        job_timeout_seconds: Longest wait for a Bulk job to end.
        keep_jobs: Leave jobs that have ended in the org.
        spool_dir: Where result pages wait; None for the system's temporary folder.
        spool_megabytes: Most that they have there, but for a single one that is larger.
        changed_parents_only: What is answered by the Ids of a parent is asked for by those of the
            parents alone that have changed since the window begins. New children of others are
            missed.
    """

    api_mode: str = "auto"
    bulk_threshold: int = 10_000
    bulk_page_rows: int = 50_000
    parallel_downloads: int = 4
    job_timeout_seconds: int = 14_400
    keep_jobs: bool = False
    spool_dir: str | None = None
    spool_megabytes: int = 400
    changed_parents_only: bool = False
