"""The core, and for each of its modules the tests that ought to notice a mistake in it."""

from __future__ import annotations

from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]

# By name; those with an underscore are unit tests.
CORE = {
    "singer/sync/bookmarks.py": (
        "_bookmarks bookmarks open_transactions split_jobs resumed_job bad_files"
    ),
    "singer/sync/checkpoints.py": (
        "bookmarks open_transactions split_jobs resumed_job changing_org bulk_job wrong_answers "
        "rows_without_ids"
    ),
    "singer/sync/stream_sync.py": (
        "bookmarks split_jobs early_jobs first_pages resumed_job run_report bulk_job quota "
        "changing_org api_choice lanes transport sick_objects rows_without_ids wrong_answers "
        "open_transactions composite_queries"
    ),
    "salesforce/query/api_chooser.py": (
        "_api_choice api_choice early_jobs first_pages run_report quota sick_objects wrong_answers"
    ),
    "salesforce/query/paginator.py": (
        "api_choice early_jobs first_pages resumed_job run_report bulk_job bookmarks quota "
        "sick_objects never_hangs cleaning_up wrong_answers open_transactions long_queries "
        "child_pages"
    ),
    "salesforce/query/rest_pages.py": (
        "bookmarks first_pages composite_queries transport api_choice quota wrong_answers events "
        "child_pages long_queries zoo"
    ),
    "salesforce/query/child_pages.py": "child_pages",
    "salesforce/query/column_groups.py": "long_queries",
    "salesforce/query/composite_queries.py": (
        "composite_queries open_transactions first_pages describe_cache"
    ),
    "salesforce/query/coverage.py": "open_transactions composite_queries",
    "salesforce/http/composite.py": (
        "_composite composite_queries open_transactions describing describe_cache whole_org"
    ),
    "salesforce/query/result_pages.py": (
        "parallel_pages bulk_job resumed_job early_jobs never_hangs wrong_answers events"
    ),
    "salesforce/query/query_job.py": (
        "bulk_job resumed_job parallel_pages split_jobs early_jobs one_judgement cleaning_up "
        "wrong_answers seam open_transactions"
    ),
    "salesforce/query/result_rows.py": "bulk_job parallel_pages resumed_job lanes run_report",
    "salesforce/query/rest_parts.py": "wide_rest_pages wrong_answers long_queries bookmarks",
    "salesforce/frames/json_rows.py": "_wide_pages _frame _decoders_fuzz wide_rest_pages",
    "salesforce/support/gzip_stream.py": "_gzip_stream _decoders_fuzz batches wrong_answers",
    "salesforce/query/page.py": "bookmarks bulk_job run_report resumed_job rows_without_ids",
    "salesforce/http/quota.py": "_quota quota run_report",
    "salesforce/http/retry.py": "_retry transport bulk_job fault_table",
    "salesforce/support/redaction.py": "_redaction redaction canaries",
    "salesforce/query/api_choice.py": "_api_choice api_choice split_jobs changing_org sick_objects",
    "salesforce/query/partitions.py": "_partitions split_jobs resumed_job",
}


def noticing(module: str) -> list[str]:
    """Return the files of tests that ought to notice a mistake in a module of the core."""
    return [_file(name) for name in sorted(CORE[module].split(), key=lambda name: name[0] != "_")]


def _file(name: str) -> str:
    kind = "unit" if name.startswith("_") else "integration"
    (path,) = (_TESTS / kind).rglob(f"test_{name.removeprefix('_')}.py")
    return path.relative_to(_TESTS.parent).as_posix()
