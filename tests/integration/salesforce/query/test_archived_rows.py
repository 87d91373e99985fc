"""Archived tasks and events come, also where rows of the recycle bin are not wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
MODES = ["auto", "rest", "bulk"]
ARCHIVED = Field(name="IsArchived", type="boolean", label="Archived", filterable=True)


@pytest.fixture
def living(org: LocalOrg) -> list[str]:
    """Ten tasks, four of them archived, and one of these deleted; return those that are not."""
    like = org.store.sobjects["Invoice__c"]
    org.store.add_object(replace(like, name="Task", fields=(*like.fields, ARCHIVED)))
    ids = [
        row_id
        for n in range(10)
        for row_id in org.store.insert(
            "Task", [{"IsArchived": n < 4}], stamp=LAST_WEEK + timedelta(hours=n)
        )
    ]
    org.store.delete("Task", ids[3:4], stamp=LAST_WEEK + timedelta(days=1))
    return [*ids[:3], *ids[4:]]


def asked(org: LocalOrg) -> set[str]:
    """Return how rows were asked for: the resources of REST queries, the operations of jobs."""
    seen = [part for entry in org.journal.entries for part in (entry, *entry.parts)]
    rest = {part.path.rpartition("/")[2] for part in seen if part.method == "GET" and part.soql}
    return rest | {job.operation for job in org.jobs.all()}


@pytest.mark.parametrize("api_mode", MODES)
@pytest.mark.parametrize("start_date", [None, "2020-01-01"], ids=["full", "incremental"])
def test_archived_rows_come_without_the_deleted(
    org: LocalOrg, tap: TapRunner, living: list[str], api_mode: str, start_date: str | None
) -> None:
    """With include_deleted false, every row outside the recycle bin comes, archived ones too."""
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    run = tap.sync(
        objects=["Task"],
        include_deleted=False,
        api_mode=api_mode,
        start_date=start_date,
        keep_jobs=True,
    )
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Task")) == sorted(living)
    assert not any(record["IsDeleted"] for record in run.records("Task"))
    assert asked(org) == {"queryAll"}


def test_halves_have_the_archived_rows(org: LocalOrg, tap: TapRunner, living: list[str]) -> None:
    """What is too large for one job is divided by rows outside the recycle bin, and is whole."""
    org.settings.job_max_rows = 3
    run = tap.sync(objects=["Task"], include_deleted=False, api_mode="bulk")
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Task")) == sorted(living)
    assert all("IsDeleted = false" in soql for _, soql in org.journal.soql())


@pytest.mark.parametrize("api_mode", MODES)
def test_object_without_a_recycle_bin_is_simply_queried(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """Users are never deleted and have no IsDeleted, which no query may name then."""
    ids = org.store.seed("User", 4)
    run = tap.sync(objects=["User"], include_deleted=False, api_mode=api_mode, keep_jobs=True)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("User")) == sorted(ids)
    assert asked(org) == {"query"}


def test_check_asks_as_a_run_does(org: LocalOrg, tap: TapRunner, living: list[str]) -> None:
    """`check` looks for a row where the run will."""
    assert living
    run = tap.command("check", "--config", tap.config(objects=["Task"], include_deleted=False))
    assert run.exit_code == 0, run.log
    (soql,) = [soql for _, soql in org.journal.soql() if "FROM Task" in soql]
    assert soql.endswith("WHERE IsDeleted = false LIMIT 1")
    # The other asks what the user may do.
    assert asked(org) == {"query", "queryAll"}
