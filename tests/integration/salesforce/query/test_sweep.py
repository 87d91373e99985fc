"""What an org holds is kept, and what differs the next time is found, whatever no stamp tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce import salesforce
from tap_versionforge_salesforce.errors import IncompleteError, TapError
from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
from tap_versionforge_salesforce.salesforce.query.read import context_of
from tap_versionforge_salesforce.salesforce.query.sweep import meaning_of, sweep, sweep_query
from tap_versionforge_salesforce.salesforce.reconcile.comparison import compared
from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import EmittedRows
from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore
from tap_versionforge_salesforce.salesforce.reconcile.swept_fields import swept_fields
from tests.integration.salesforce.test_seam import credentials_of
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
ORG_ID = "00DHs0000000001MAA"
STAMP, TOTAL = "SystemModstamp", "Total__c"
ROWS = 23


@pytest.fixture
def connected(org: LocalOrg, clock: OrgClock) -> Iterator[salesforce.Org]:
    with salesforce.Org(credentials=credentials_of(org), clock=clock) as made:
        yield made


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    """Contracts with a formula, and a status that moves with the date."""
    total = Field(name=TOTAL, type="double", label="Total", precision=18, scale=2)
    org.store.add_field("Contract", replace(total, calculated=True))
    rows = [{"Status": "Draft", TOTAL: str(n)} for n in range(ROWS)]
    return org.store.insert("Contract", rows, stamp=LAST_WEEK)


def store_in(folder: Path) -> GenerationStore:
    return GenerationStore(StoreFolder(str(folder / "store")), sobject="Contract", rows_at_once=10)


def swept(
    connected: salesforce.Org, folder: Path, *, include_deleted: bool = True, **options: object
) -> Generation:
    contract = connected.describe("Contract")
    fields = swept_fields("Contract", contract.columns, stamp=STAMP)
    assert [column.name for column in fields] == ["Status", TOTAL]
    query = sweep_query(contract, fields, stamp=STAMP, include_deleted=include_deleted)
    return swept_by(connected, query, folder, **options)


def swept_by(
    connected: salesforce.Org, query: Query, folder: Path, **options: object
) -> Generation:
    context = context_of(connected, query, QueryOptions(**options))  # type: ignore[arg-type]
    context.turn.begin()
    meaning = meaning_of(query, stamp=STAMP, org_id=ORG_ID)
    return sweep(context, store_in(folder), meaning)


def found(folder: Path, before: Generation, now: Generation) -> dict[str, set[str]]:
    kinds = ("gone", "appeared", "moved", "stale")
    emitted = EmittedRows(
        StoreFolder(str(folder / "store")), sobject="Contract", confirmed=Confirmed(), run="a"
    )
    different = list(compared(store_in(folder), before, now, emitted, spool_dir=None))
    return {kind: {i for each in different for i in getattr(each, kind)["id"]} for kind in kinds}


def short(*ids: str) -> set[str]:
    return {row_id[:15] for row_id in ids}


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
def test_what_no_stamp_tells_is_found(
    org: LocalOrg, connected: salesforce.Org, ids: list[str], tmp_path: Path, api_mode: str
) -> None:
    """Formulas, dates, sharing, rows that are gone for good, late commits, and what has moved."""
    org.settings.page_rows = org.settings.bulk_page_rows = 7
    (late,) = org.store.insert(
        "Contract", [{}], stamp=LAST_WEEK, visible_from=org.clock.now() + timedelta(seconds=90)
    )
    org.store.hide_rows("Contract", ids[:1])
    before = swept(connected, tmp_path, api_mode=api_mode)
    org.clock.advance(3_600)
    org.store.show_rows("Contract", ids[:1])
    org.store.update("Contract", ids[1:2], {TOTAL: "99"}, touch=False)
    org.store.update("Contract", ids[2:3], {"Status": "Expired"}, touch=False)
    org.store.update("Contract", ids[3:4], {"Description": "new"})
    org.store.hard_delete("Contract", ids[4:5])
    org.store.delete("Contract", ids[5:6])
    org.store.hide_rows("Contract", ids[6:7])
    now = swept(connected, tmp_path, api_mode=api_mode)
    assert (before.rows, now.rows) == (ROWS - 1, ROWS - 1)
    assert found(tmp_path, before, now) == {
        "gone": short(ids[4], ids[6]),
        "appeared": short(late, ids[0]),
        "moved": short(ids[3], ids[5]),
        "stale": short(ids[1], ids[2]),
    }


def test_where_nothing_has_changed_nothing_differs(
    connected: salesforce.Org, ids: list[str], tmp_path: Path
) -> None:
    """Whichever API served the one and the other."""
    first = swept(connected, tmp_path, api_mode="rest")
    second = swept(connected, tmp_path, api_mode="bulk")
    assert first.rows == second.rows == len(ids)
    assert not any(found(tmp_path, first, second).values())


def test_the_query_has_no_order(
    org: LocalOrg, connected: salesforce.Org, ids: list[str], tmp_path: Path
) -> None:
    """An order switches PK chunking off."""
    assert ids
    swept(connected, tmp_path, api_mode="bulk", keep_jobs=True)
    (job,) = org.jobs.all()
    assert "ORDER BY" not in job.soql
    assert job.soql.startswith("SELECT Status, Total__c, SystemModstamp, IsDeleted, Id FROM")


@pytest.mark.parametrize("api_mode", ["rest", "auto"])
def test_rows_that_are_read_again_are_kept_once(
    org: LocalOrg, connected: salesforce.Org, ids: list[str], tmp_path: Path, api_mode: str
) -> None:
    """After a page that lacks a row, and where what REST does not serve whole comes by Bulk."""
    org.settings.page_rows = 7
    times = 1 if api_mode == "rest" else None
    org.faults.add("GET /query/*", faults.drop_record(), times=times)
    before = swept(connected, tmp_path, api_mode=api_mode)
    org.faults.clear()
    now = swept(connected, tmp_path, api_mode="bulk")
    assert before.rows == len(ids)
    assert not any(found(tmp_path, before, now).values())


def test_rows_of_a_page_that_is_not_whole_are_counted_once(
    org: LocalOrg, connected: salesforce.Org, tmp_path: Path
) -> None:
    """Of a large one, some have been decoded by then."""
    texts = [{"Description": str(n) * 30_000} for n in range(10)] * 20
    org.store.insert("Contract", texts, stamp=LAST_WEEK)
    broken = org.faults.add("*/results", faults.drop_last_row(), times=1)
    contract = connected.describe("Contract")
    fields = swept_fields("Contract", contract.columns, stamp=STAMP, named=["Description"])
    query = sweep_query(contract, fields, stamp=STAMP, include_deleted=True)
    generation = swept_by(connected, query, tmp_path, api_mode="bulk")
    assert broken.fired == 1
    assert generation.rows == len(texts)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(outages.maintenance_page(), TapError), (faults.drop_last_row(), IncompleteError)],
    ids=["outage", "a row too few"],
)
def test_a_sweep_that_fails_leaves_nothing(
    org: LocalOrg,
    connected: salesforce.Org,
    ids: list[str],
    tmp_path: Path,
    trouble: faults.Action,
    error: type[TapError],
) -> None:
    """What is half there would be taken for deletions."""
    assert ids
    org.settings.bulk_page_rows = 7
    org.faults.add("*/results", trouble, skip=2, times=None)
    with pytest.raises(error):
        swept(connected, tmp_path, api_mode="bulk")
    assert store_in(tmp_path).names() == []
    assert list(tmp_path.rglob("*.parquet")) == []
