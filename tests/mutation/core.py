"""The core, and for each of its modules the tests that ought to notice a mistake in it."""

from __future__ import annotations


def _tests(*names: str) -> tuple[str, ...]:
    unit = [f"tests/unit/test_{name[1:]}.py" for name in names if name.startswith("_")]
    runs = [f"tests/integration/test_{name}.py" for name in names if not name.startswith("_")]
    return (*unit, *runs)


CORE: dict[str, tuple[str, ...]] = {
    "bookmarks.py": _tests("_bookmarks", "bookmarks", "split_jobs", "resumed_job", "bad_files"),
    "extraction.py": _tests(
        *("bookmarks", "split_jobs", "early_jobs", "first_pages", "resumed_job", "run_report"),
        *("bulk_job", "quota", "changing_org", "api_choice", "lanes", "transport"),
        *("sick_objects", "rows_without_ids", "wrong_answers"),
    ),
    "pagination.py": _tests(
        *("api_choice", "early_jobs", "first_pages", "resumed_job", "run_report", "bulk_job"),
        *("bookmarks", "quota", "sick_objects", "never_hangs", "cleaning_up", "wrong_answers"),
    ),
    "rest_pages.py": _tests(
        *("bookmarks", "first_pages", "transport", "api_choice", "quota", "wrong_answers")
    ),
    "result_pages.py": _tests(
        *("parallel_pages", "bulk_job", "resumed_job", "early_jobs", "never_hangs", "wrong_answers")
    ),
    "bulk.py": _tests(
        *("bulk_job", "resumed_job", "parallel_pages", "split_jobs", "early_jobs"),
        *("one_judgement", "cleaning_up", "wrong_answers"),
    ),
    "slices.py": _tests("bulk_job", "parallel_pages", "resumed_job", "lanes", "fidelity"),
    "page.py": _tests("bookmarks", "bulk_job", "run_report", "resumed_job", "rows_without_ids"),
    "quota.py": _tests("_quota", "quota", "run_report"),
    "retry.py": _tests("_retry", "transport", "bulk_job", "fault_table"),
    "redaction.py": _tests("_redaction", "redaction", "canaries"),
    "planner.py": _tests("_planner", "api_choice", "split_jobs", "changing_org", "sick_objects"),
    "splitting.py": _tests("_splitting", "split_jobs", "resumed_job"),
}
