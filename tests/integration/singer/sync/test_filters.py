"""`filters`: only the rows that meet a condition, whatever else decides what is read."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import outages
from tests.support.meltano_state import merged_by_meltano
from tests.support.pipeline import Pipeline, report
from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)
ONLY_A = {"Account": "Site = 'A'"}
BOOKMARK = "2020-01-01T00:00:00.000Z"
BEFORE: dict[str, Any] = {
    "bookmarks": {
        "Account": {"replication_key": "SystemModstamp", "replication_key_value": BOOKMARK}
    }
}


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Twenty rows, by turns of one site and of the other."""
    values = [{"Name": str(n), "Site": "AB"[n % 2]} for n in range(20)]
    return org.store.insert("Account", values, stamp=LAST_WEEK)


def read(tap: TapRunner, filters: dict[str, str] | None = None, **more: Any) -> Run:  # noqa: ANN401  settings
    run = tap.sync(**{"objects": ["Account"], "filters": filters or {}, **more})
    assert run.exit_code == 0, run.log
    return run


@pytest.mark.parametrize("mode", ["auto", "rest", "bulk"])
@pytest.mark.parametrize("before", [None, BEFORE], ids=["full extract", "incremental"])
def test_only_rows_that_meet_it_are_read(
    tap: TapRunner, rows: list[str], mode: str, before: dict[str, Any] | None
) -> None:
    """By each API, from the beginning and from a bookmark."""
    run = read(tap, ONLY_A, api_mode=mode, state=copy.deepcopy(before))
    assert sorted(run.ids("Account")) == sorted(rows[::2])
    assert run.state["bookmarks"]["Account"]["filter"] == "Site = 'A'"


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_an_or_does_not_let_in_what_lies_before_the_bookmark(
    org: LocalOrg, tap: TapRunner, rows: list[str], mode: str
) -> None:
    """It stands in brackets beside the window."""
    both = {"account": "Site='A' or Site='B'"}
    first = read(tap, both, api_mode=mode)
    assert sorted(first.ids("Account")) == sorted(rows)
    org.clock.advance(3_600)
    new = org.store.insert("Account", [{"Name": "new", "Site": "B"}, {"Name": "no", "Site": "C"}])
    org.clock.advance(60)
    assert read(tap, both, api_mode=mode, state=first.state).ids("Account") == new[:1]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        pytest.param("Parent.Name = 'Mother'", [1], id="a parent's field"),
        pytest.param("NOT (Parent.Name = 'Mother' OR Name = 'Mother')", [2], id="NOT and brackets"),
        pytest.param("LastModifiedDate = LAST_N_DAYS:3", [2], id="a date literal"),
        pytest.param("Id IN (SELECT AccountId FROM Contact)", [1], id="a semi-join"),
    ],
)
def test_it_can_say_what_soql_can(
    org: LocalOrg, tap: TapRunner, condition: str, wanted: list[int]
) -> None:
    """The same in a first run, with describes in hand, and in a second one."""
    (mother,) = org.store.insert("Account", [{"Name": "Mother"}], stamp=LAST_WEEK)
    (child,) = org.store.insert("Account", [{"Name": "Child", "ParentId": mother}], stamp=LAST_WEEK)
    yesterday = org.clock.now() - timedelta(days=1)
    (other,) = org.store.insert("Account", [{"Name": "Other"}], stamp=yesterday)
    org.store.insert("Contact", [{"LastName": "Kid", "AccountId": child}])
    folder = str(tap.folder / "cache")
    for _ in range(2):
        run = read(tap, {"Account": condition}, discovery_cache=folder)
        assert run.ids("Account") == [[mother, child, other][n] for n in wanted]


def test_few_rows_of_many_need_no_job(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """How many rows the object has says nothing of how many meet a condition."""
    org.settings.record_count_factor = 10_000
    run = read(tap, {"Account": f"Id = '{rows[3]}'"})
    assert run.ids("Account") == [rows[3]]
    assert org.jobs.all() == []
    assert org.journal.calls("/jobs/query", "POST") == []


def test_a_full_table_is_that_of_the_filter(tap: TapRunner, rows: list[str]) -> None:
    """What no longer meets it is gone from the target with the version."""
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    run = read(tap, ONLY_A, catalog=catalog)
    assert sorted(run.ids("Account")) == sorted(rows[::2])
    assert len(run.messages_of("ACTIVATE_VERSION")) == 1
    assert "filter" not in run.state["bookmarks"]["Account"]


def test_it_can_come_from_the_environment(
    tap: TapRunner, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON, like all that is no text."""
    name = "TAP_VERSIONFORGE_SALESFORCE_FILTERS"
    monkeypatch.setenv(name, '{"Account": "Site = \'A\'"}')
    run = tap.command("--config", tap.config(objects=["Account"]), "--config", "ENV")
    assert run.exit_code == 0, run.log
    assert run.stdout.count('"RECORD"') == len(rows) / 2


# Part of the meaning of a state


@pytest.mark.parametrize(
    ("now", "is_told"),
    [
        pytest.param("site =  'A' and isdeleted=FALSE", False, id="other spelling"),
        pytest.param("Site = 'a' AND IsDeleted = false", True, id="another value"),
    ],
)
def test_a_filter_in_another_spelling_is_the_same(
    org: LocalOrg, tap: TapRunner, rows: list[str], now: str, *, is_told: bool
) -> None:
    """Salesforce takes names and keywords in any case; what stands between quotes is a value."""
    first = read(tap, {"Account": "Site = 'A' AND IsDeleted = false"})
    assert first.ids("Account") == rows[::2]
    org.clock.advance(3_600)
    second = read(tap, {"Account": now}, state=first.state)
    assert ("Account was read by" in second.log) == is_told


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        pytest.param("", "B", "without a filter until now, and is by \"Site = 'B'\"", id="new"),
        pytest.param("A", "B", "by \"Site = 'A'\" until now, and is by \"Site = 'B'\"", id="other"),
        pytest.param("A", "", "by \"Site = 'A'\" until now, and is without a filter", id="gone"),
    ],
)
def test_a_changed_filter_is_told_once(
    org: LocalOrg, tap: TapRunner, rows: list[str], before: str, now: str, words: str
) -> None:
    """What it lets in of before the bookmark comes without a state, and the line says so."""
    filters = [{"Account": f"Site = '{site}'"} if site else None for site in (before, now)]
    first = read(tap, filters[0])
    org.clock.advance(3_600)
    second = read(tap, filters[1], state=first.state)
    assert f"Account was read {words} from here on" in second.log
    assert f"before the bookmark ({first.bookmark('Account')}) is not read" in second.log
    assert "Take bookmarks.Account out of the state" in second.log
    assert second.ids("Account") == []
    merged = merged_by_meltano(first.state, second.state)
    third = read(tap, filters[1], state=merged)
    assert "was read" not in third.log
    anew = read(tap, filters[1])
    assert "was read" not in anew.log
    wanted = rows if not now else rows["AB".index(now) :: 2]
    assert sorted(anew.ids("Account")) == sorted(wanted)


def test_a_changed_filter_is_told_beside_a_store(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """What is kept of the rows takes the state over as well, and no word is lost by that."""
    store = {"reconcile_store": str(tap.folder / "store")}
    first = read(tap, ONLY_A, **store)
    assert sorted(first.ids("Account")) == sorted(rows[::2])
    org.clock.advance(3_600)
    second = read(tap, {"Account": "Site = 'B'"}, state=first.state, **store)
    assert "Account was read by \"Site = 'A'\" until now" in second.log


def test_a_long_filter_is_told_in_a_line(tap: TapRunner, rows: list[str]) -> None:
    """Its beginning tells which one it is."""
    names = ", ".join(f"'{n}'" for n in range(2_000))
    run = read(tap, {"Account": f"Name IN ({names})"}, state=copy.deepcopy(BEFORE))
    assert sorted(run.ids("Account")) == sorted(rows)
    (line,) = [line for line in run.log.splitlines() if "was read without a filter" in line]
    assert "is by \"Name IN ('0', '1', " in line
    assert len(line) < 700


def test_another_spelling_is_the_same_filter(tap: TapRunner, rows: list[str]) -> None:
    """Blanks, and upper and lower case of keywords, mean nothing."""
    first = read(tap, {"Account": "Site='A' AND Name!=null"})
    assert sorted(first.ids("Account")) == sorted(rows[::2])
    second = read(tap, {"ACCOUNT": " Site = 'A'  and  Name != NULL "}, state=first.state)
    assert "was read" not in second.log


def test_a_job_of_another_filter_is_dropped(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """Its rows are not those that are wanted now."""
    org.settings.bulk_page_rows = 4
    org.faults.add("*/results", outages.maintenance_page(), skip=1, times=None)
    settings = {"objects": ["Account"], "api_mode": "bulk"}
    first = tap.sync(filters=ONLY_A, **settings)
    assert first.exit_code == 5, first.log
    org.faults.clear()
    second = read(tap, {"Account": "Site = 'B'"}, api_mode="bulk", state=first.state)
    assert "is not taken up, because the query is another one now" in second.log
    assert sorted(second.ids("Account")) == sorted(rows[1::2])
    assert org.jobs.all() == []


def test_reconciliation_is_of_the_rows_that_meet_it(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """A row that left the filter is told as gone: the target has what the filter shows."""
    pipeline = Pipeline(org, tap, tap.folder / "store")
    settings: dict[str, Any] = {
        "objects": ["Account"],
        "filters": ONLY_A,
        "reconcile_max_deleted_percent": 100,
    }
    pipeline.sync(**settings)
    org.clock.advance(3_600)
    org.store.update("Account", rows[:1], {"Site": "B"})
    org.store.hard_delete("Account", rows[2:4])
    org.clock.advance(3_600)
    run = pipeline.sync(**settings)
    assert report(run, "Account")["gone"] == 2
    assert set(pipeline.target.rows["Account"]) == set(rows[4::2])


def test_a_plan_counts_what_meets_it(tap: TapRunner, rows: list[str]) -> None:
    """And not what the object has."""
    config = tap.config(objects=["Account"], filters={"Account": f"Id = '{rows[3]}'"})
    run = tap.command("plan", "--json", "--config", config)
    assert run.exit_code == 0, run.log
    assert '"rows": 1,' in run.stdout


# What is wrong with it


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        pytest.param({"Account": " "}, ["for Account, is empty"], id="empty"),
        pytest.param({"Account": "Name = 'a' LIMIT 5"}, ["LIMIT"], id="LIMIT"),
        pytest.param({"Account": "Name = 'a' ORDER BY Name"}, ["ORDER BY"], id="ORDER BY"),
        pytest.param({"Account": "WHERE Name = 'a'"}, ["WHERE"], id="WHERE"),
        pytest.param({"Account": "(Name = 'a'"}, ["bracket"], id="a bracket"),
        pytest.param({"Account": "Name = 'a') OR (Id != null"}, ["bracket"], id="smuggled"),
        pytest.param({"Account": "Name"}, ["operator"], id="no condition"),
        pytest.param({"Account": "Nmae = 'a'"}, ["Nmae", "Did you mean Name?"], id="unknown"),
        pytest.param({"Account": "StageName = 'Won'"}, ["StageName", "Account"], id="another's"),
        pytest.param({"Account": "Description LIKE '%a'"}, ["can't be filtered"], id="long text"),
        pytest.param({"Account": "Owner.Nmae = 'a'"}, ["Owner.Nmae"], id="a parent's"),
        pytest.param(
            {"Account": "CreatedDate > 2024-01-01"},
            ["Account.CreatedDate is a date-time", "2024-01-01T00:00:00Z"],
            id="a date for a date-time",
        ),
        pytest.param(
            {"Account": "CreatedDate > 2024-01-01T00:00:00"}, ["Z, for UTC"], id="without zone"
        ),
        pytest.param(
            {"Account": "Owner.CreatedDate = '2024-01-01'"}, ["without quotes"], id="quoted"
        ),
        pytest.param({"Acc*": "Name = 'a'"}, ["'Acc*'", "API name"], id="a pattern"),
        pytest.param(
            {"Account": "Id != null", "account": "Id = null"}, ["two conditions"], id="twice"
        ),
        pytest.param({"Account": 5}, ["must have a text for each object"], id="a number"),
        pytest.param(["Account"], ["must have a text", '{"Opportunity": "IsWon'], id="a list"),
    ],
)
def test_what_can_not_be_used_is_told_before_any_row_is_read(
    org: LocalOrg, tap: TapRunner, rows: list[str], filters: object, words: list[str]
) -> None:
    """One line, with the setting and what to do."""
    assert rows
    run = tap.command("--config", config_file(org, tap, {"filters": filters}))
    assert_told(run, "filters", *words)
    assert org.journal.soql() == []


def test_a_name_that_no_object_has_is_refused(org: LocalOrg, tap: TapRunner) -> None:
    """With the one that may be meant: all rows would come, and many filters are to keep some."""
    for options in ((), ("--discover",)):
        org.journal.clear()
        config = config_file(org, tap, {"filters": {"Acount": "Name != null"}})
        run = tap.command("--config", config, *options)
        assert_told(run, "filters names Acount", "(did you mean Account?)", code="unknown-object")
        assert org.journal.soql() == []


@pytest.mark.usefixtures("rows")
def test_what_is_no_object_of_this_run_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """Another run may read it; to ask for it takes a call, which the others do without."""
    run = read(tap, {"User": "Name != null"})
    assert "The setting filters names User, which this run does not read" in run.log
    assert len(org.journal.calls("/sobjects")) == 1
    org.journal.clear()
    read(tap, ONLY_A)
    assert org.journal.calls("/sobjects") == []


def test_an_org_that_lists_no_objects_has_them_all_for_all_one_knows(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The name is told then, and the run goes on."""
    org.faults.add("GET /sobjects", outages.server_unavailable(), times=None)
    run = read(tap, {"Acount": "Name != null"})
    assert sorted(run.ids("Account")) == sorted(rows)
    assert "filters names Acount, which this run does not read (did you mean Account?)" in run.log


@pytest.mark.parametrize("command", [(), ("--discover",)], ids=["a run", "--discover"])
@pytest.mark.parametrize(
    ("setting", "text", "words"),
    [("filters", "IsWon = true", "WHERE"), ("replication_keys", "CreatedDate", "replication_key")],
)
def test_a_query_has_none_of_its_own(
    org: LocalOrg, tap: TapRunner, command: tuple[str, ...], setting: str, text: str, words: str
) -> None:
    """It would look as if its rows were filtered."""
    streams = {"deals": {"soql": "SELECT Id, CreatedDate FROM Opportunity"}}
    changes = {"soql_streams": streams, setting: {"Deals": text}}
    run = tap.command("--config", config_file(org, tap, changes), *command)
    assert_told(run, f"{setting} names Deals", "a query of soql_streams", words)
    assert org.journal.soql() == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"filters": {"Account": "Nmae = 'a'"}}, id="filters"),
        pytest.param({"replication_keys": {"Account": "Nmae"}}, id="replication_keys"),
    ],
)
def test_a_catalog_is_not_made_of_what_no_run_reads(
    org: LocalOrg, tap: TapRunner, changes: dict[str, Any]
) -> None:
    """The describes are there: what is wrong need not wait for the first run."""
    run = tap.command("--config", config_file(org, tap, changes), "--discover")
    assert_told(run, *changes, "Nmae", "Account")


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        pytest.param(ONLY_A, "can be done for 1 object", id="good"),
        pytest.param({"Acount": "Id != null"}, "did you mean Account?", id="another object"),
        pytest.param({"Account": "Nmae = 'a'"}, "Did you mean Name?", id="unknown"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_check_looks_at_it(tap: TapRunner, filters: dict[str, str], told: str) -> None:
    """Before somebody waits for a run."""
    run = tap.command("check", "--config", tap.config(objects=["Account"], filters=filters))
    assert told in run.stdout, run.stdout


def test_an_object_that_is_gone_since_the_catalog_fails_alone(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """A filter of it keeps no other object from being read, and asks for no list of them all."""
    assert rows
    filters = {"Contact": "LastName = 'c'"}
    catalog = tap.discover(objects=["Account", "Contact"])
    org.store.hide_object("Contact")
    run = tap.sync(catalog=catalog, filters=filters, discovery_cache="false")
    assert run.exit_code == 7, run.log
    assert len(run.ids("Account")) == len(org.store.rows("Account"))
    assert org.journal.calls("GET */sobjects") == []
