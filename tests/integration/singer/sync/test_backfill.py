"""A range that is read again: nothing else is read, and no bookmark moves."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

MARCH = datetime(2024, 3, 1, tzinfo=timezone.utc)
APRIL = datetime(2024, 4, 1, tzinfo=timezone.utc)
RANGE = "Account:2024-03-01..2024-04-01"
STATE: dict[str, Any] = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2026-01-01T00:00:00.000Z",
            "filter": "Site = 'x'",
        },
        "Contact": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2026-01-01T00:00:00.000Z",
        },
    }
}
OBJECTS = ["Account", "Contact"]


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """A row at the beginning of March, one at its end, and others around them."""
    second = timedelta(seconds=1)
    stamps = [MARCH - second, MARCH, APRIL - second, APRIL]
    ids = [org.store.insert("Account", [{"Name": "a"}], stamp=stamp)[0] for stamp in stamps]
    org.store.insert("Contact", [{"LastName": "c"}], stamp=MARCH)
    return ids


def read(tap: TapRunner, **more: Any) -> Run:  # noqa: ANN401  settings
    state = copy.deepcopy(STATE)
    run = tap.sync(**{"objects": OBJECTS, "backfill": [RANGE], "state": state, **more})
    assert run.exit_code == 0, run.log
    return run


@pytest.mark.parametrize("mode", ["auto", "rest", "bulk"])
def test_only_the_range_is_read(tap: TapRunner, rows: list[str], mode: str) -> None:
    """Its beginning is of it, its end is not, and no other stream says anything."""
    run = read(tap, api_mode=mode)
    assert sorted(run.ids("Account")) == sorted(rows[1:3])
    assert {m["stream"] for m in run.messages if m["type"] != "STATE"} == {"Account"}


@pytest.mark.usefixtures("rows")
def test_no_bookmark_moves(tap: TapRunner) -> None:
    """Nor anything else of any STATE that is written."""
    run = read(tap)
    assert {repr(message["value"]) for message in run.messages_of("STATE")} == {repr(STATE)}


@pytest.mark.parametrize("state", [None, {}, {"bookmarks": {}}])
@pytest.mark.usefixtures("rows")
def test_without_a_state_none_is_written(tap: TapRunner, state: dict[str, Any] | None) -> None:
    """One without bookmarks could take the place of that of the runs before it."""
    run = read(tap, state=state)
    assert run.messages_of("STATE") == []


@pytest.mark.usefixtures("rows")
def test_what_the_settings_say_of_other_objects_is_no_mistake(tap: TapRunner) -> None:
    """They are read in the runs that read as usual."""
    more = {
        "filters": {"Contact": "LastName = 'c'", "User": "Name = 'x'"},
        "replication_keys": {"Contact": "CreatedDate"},
        "stream_maps": {"Contact": {"LastName": "LastName.upper()"}},
    }
    log = read(tap, **more).log
    assert "The setting filters names User, which this run does not read" in log
    assert "names Contact" not in log


def test_an_option_says_it_more_than_once(tap: TapRunner, rows: list[str]) -> None:
    """And counts more than the setting; instants are as good as days."""
    config = tap.config(objects=OBJECTS, backfill=["Contact:2020-01-01..2020-01-02"])
    late = "account:2024-03-31T23:59:59Z..2024-04-01T00:00:00.001Z"
    early = "Account:2024-02-29T23:59:59+00:00..2024-03-01"
    run = tap.command("--config", config, "--backfill", late, "--backfill", early)
    assert run.exit_code == 0, run.log
    found = [row for row in rows if f'"Id":"{row}"' in run.stdout]
    assert found == [rows[0], rows[2], rows[3]]


def test_an_option_counts_more_than_the_environment(
    tap: TapRunner, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There it may stand for all runs of a project."""
    monkeypatch.setenv("TAP_VERSIONFORGE_SALESFORCE_BACKFILL", '["Account:2020-01-01..2021-01-01"]')
    config = ["--config", tap.config(objects=OBJECTS), "--config", "ENV"]
    run = tap.command(*config, "--backfill", RANGE)
    assert run.exit_code == 0, run.log
    assert [row for row in rows if f'"Id":"{row}"' in run.stdout] == rows[1:3]


@pytest.mark.parametrize(
    "backfill",
    [
        pytest.param(RANGE, id="a text"),
        pytest.param(f"{RANGE}, Account:2024-03-02..2024-03-03", id="two in a text"),
        pytest.param([RANGE, "account:2024-03-02..2024-04-01"], id="one in the other"),
        pytest.param(
            ["Account:2024-03-20..2024-04-01", "Account:2024-03-01..2024-03-20"], id="touching"
        ),
    ],
)
def test_a_row_of_two_ranges_is_read_once(
    tap: TapRunner, rows: list[str], backfill: object
) -> None:
    """And a text is as good as a list of one, as it is in the environment."""
    run = read(tap, backfill=backfill)
    assert run.ids("Account") == rows[1:3]
    assert run.log.count("is read again") == 1


def test_an_option_without_a_range_is_no_ordinary_run(org: LocalOrg, tap: TapRunner) -> None:
    """A script's variable that is empty would read everything."""
    run = tap.command("--config", tap.config(objects=OBJECTS), "--backfill", "")
    assert_told(run, "backfill", "'', which is no range")
    assert org.journal.soql() == []


@pytest.mark.usefixtures("rows")
def test_other_streams_are_told_in_a_line(tap: TapRunner) -> None:
    """Nobody has deselected them."""
    log = read(tap, objects=[*OBJECTS, "Opportunity"]).log
    assert "Only ranges are read again, of Account; left alone: 2 streams." in log
    assert "deselected" not in log


def test_a_filter_counts_there_too(tap: TapRunner, rows: list[str]) -> None:
    """It says which rows a stream has."""
    run = read(tap, filters={"Account": f"Id = '{rows[1]}'"})
    assert run.ids("Account") == rows[1:2]
    assert run.state == STATE


def test_a_range_can_be_of_any_size(org: LocalOrg, tap: TapRunner) -> None:
    """Many pages, more than may wait, and what is too large for one job in parts."""
    org.settings.bulk_page_rows = org.settings.page_rows = 5
    org.settings.job_max_rows = 40
    ids = org.store.insert("Account", [{"Name": str(n)} for n in range(100)], stamp=MARCH)
    run = read(tap, bulk_page_rows=5, api_mode="bulk", parallel_downloads=2)
    assert sorted(run.ids("Account")) == sorted(ids)
    (report,) = run.report["streams"]
    assert (report["api"], report["rows"]) == ("Bulk API 2.0", 100)


@pytest.mark.usefixtures("rows")
def test_what_can_not_be_read_fails_and_leaves_the_state(org: LocalOrg, tap: TapRunner) -> None:
    """No job is kept: whoever wants the range asks for it again."""
    org.faults.add("*/results", faults.drop_last_row(), times=None)
    state = copy.deepcopy(STATE)
    run = tap.sync(objects=OBJECTS, backfill=[RANGE], state=state, api_mode="bulk")
    assert run.exit_code == 6, run.log
    assert run.state == STATE
    assert org.jobs.all() == []


@pytest.mark.usefixtures("rows")
def test_what_will_not_fit_is_not_promised_to_be_gone_on_with(tap: TapRunner) -> None:
    """Nor where the calls that it may make are used up."""
    run = tap.sync(objects=OBJECTS, backfill=[RANGE], max_api_calls=3, api_mode="bulk")
    assert run.exit_code == 4, run.log
    assert "used up, and no run goes on with its ranges. Read fewer" in run.log
    assert "Give the same backfill again" in run.log
    assert "next run goes on" not in run.log


def test_a_run_that_is_broken_off_begins_anew(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The state says nothing of it."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    state = copy.deepcopy(STATE)
    run = tap.sync(objects=OBJECTS, backfill=[RANGE], state=state, api_mode="bulk")
    assert run.exit_code == 5, run.log
    assert run.state == STATE
    assert "Give the same backfill again" in run.log
    assert "last bookmarks" not in run.log
    org.faults.clear()
    assert sorted(read(tap, api_mode="bulk").ids("Account")) == sorted(rows[1:3])


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(["--backfill", RANGE, "plan"], id="before"),
        pytest.param(["plan", "--backfill", RANGE], id="behind"),
        pytest.param(["--backfill", "Contact:2020-01-01..2021-01-01", "plan"], id="both"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_a_plan_counts_the_ranges(tap: TapRunner, order: list[str]) -> None:
    """And nothing else; what stands behind `plan` counts more."""
    config = ["--config", tap.config(objects=OBJECTS)]
    more = config if RANGE in order else [*config, "--backfill", RANGE]
    run = tap.command(*order, "--json", *more)
    assert run.exit_code == 0, run.log
    (planned,) = json.loads(run.stdout)["streams"]
    assert (planned["stream"], planned["rows"], planned["bookmark"]) == ("Account", 2, None)
    assert planned["ranges"] == ["2024-03-01T00:00:00.000Z..2024-04-01T00:00:00.000Z"]


@pytest.mark.usefixtures("rows")
def test_a_plan_shows_the_ranges(tap: TapRunner) -> None:
    """Where else it says from when on rows are read."""
    config = ["--config", tap.config(objects=OBJECTS), "--backfill", RANGE]
    assert " 2024-03-01..2024-04-01\n" in tap.command("plan", *config).stdout
    more = [*config, "--backfill", "Account:2020-01-01..2020-02-01"]
    assert " 2 ranges\n" in tap.command("plan", *more).stdout


def test_reconciliation_knows_what_was_written_again(org: LocalOrg, tap: TapRunner) -> None:
    """A row that comes by a backfill and is gone before the next sweep is told as gone."""
    store = {"reconcile_store": str(tap.folder / "store"), "reconcile_every_hours": 0}
    settings = {"objects": ["Account"], **store, "reconcile_max_deleted_percent": 100}
    org.store.insert("Account", [{"Name": "there"}], stamp=MARCH)
    first = tap.sync(**settings)
    assert first.exit_code == 0, first.log
    late = org.store.insert("Account", [{"Name": "late"}], stamp=MARCH)
    org.clock.advance(3_600)
    again = tap.sync(state=first.state, backfill=[RANGE], **settings)
    assert again.exit_code == 0, again.log
    assert late[0] in again.ids("Account")
    assert again.bookmark("Account") == first.bookmark("Account")
    org.store.hard_delete("Account", late)
    org.clock.advance(3_600)
    last = tap.sync(state=again.state, **settings)
    assert last.exit_code == 0, last.log
    assert last.ids("_deletions") == late


def test_a_store_that_knows_the_object_is_begun_anew_by_no_range(
    org: LocalOrg, tap: TapRunner
) -> None:
    """Without a state, too: it takes nothing over."""
    settings = {"objects": ["Account"], "reconcile_store": str(tap.folder / "store")}
    org.store.insert("Account", [{"Name": "there"}], stamp=MARCH)
    first = tap.sync(**settings, reconcile_fields={"Contact": ["LastName"]})
    assert "names Contact" in first.log
    run = tap.sync(backfill=[RANGE], **settings)
    assert run.exit_code == 0, run.log
    assert "begins anew" not in run.log
    assert run.messages_of("STATE") == []


def test_rows_that_no_store_has_are_kept_in_mind(org: LocalOrg, tap: TapRunner) -> None:
    """A range that comes without the store leaves the mark of that in a state that has one."""
    settings = {"objects": ["Account"]}
    store = {"reconcile_store": str(tap.folder / "store")}
    org.store.insert("Account", [{"Name": "there"}], stamp=MARCH)
    first = tap.sync(**settings, **store)
    again = tap.sync(state=copy.deepcopy(first.state), backfill=[RANGE], **settings)
    assert again.exit_code == 0, again.log
    assert "this one has no reconcile_store" in again.log
    assert again.bookmark("Account") == first.bookmark("Account")
    assert again.state != first.state
    last = tap.sync(state=copy.deepcopy(again.state), backfill=[RANGE], **settings)
    assert "this one has no reconcile_store" not in last.log
    assert last.state == again.state


@pytest.mark.usefixtures("rows")
def test_rows_that_share_a_key_are_not_written(tap: TapRunner) -> None:
    """Of those a target would keep one, as in a run that reads as usual."""
    query = {
        "soql": "SELECT Name, Site, Id, SystemModstamp FROM Account",
        "key_properties": ["Name"],
        "replication_key": "SystemModstamp",
    }
    run = tap.sync(objects=[], soql_streams={"named": query}, backfill=[f"named:{RANGE[8:]}"])
    assert run.exit_code == 7, run.log
    assert "a target would keep one row of them all" in run.log
    assert run.records("named") == []


def test_rows_that_share_a_key_are_seen_in_all_pages(org: LocalOrg, tap: TapRunner) -> None:
    """Those of another range, too."""
    for day, name in enumerate("abca"):
        org.store.insert("Account", [{"Name": name}], stamp=MARCH + timedelta(days=day))
    query = {
        "soql": "SELECT Name, SystemModstamp FROM Account",
        "key_properties": ["Name"],
        "replication_key": "SystemModstamp",
    }
    ranges = ["named:2024-03-01..2024-03-03", "named:2024-03-04..2024-03-05"]
    run = tap.sync(objects=[], soql_streams={"named": query}, backfill=ranges)
    assert run.exit_code == 7, run.log
    assert "a target would keep one row of them all" in run.log
    assert [row["Name"] for row in run.records("named")] == ["a", "b"]


# What is wrong with it


@pytest.mark.parametrize(
    ("backfill", "words"),
    [
        pytest.param(["Account"], ["'Account', which is no range"], id="no range"),
        pytest.param(["Account:2024-03-01"], ["is no range"], id="no end"),
        pytest.param(["Account:2024-04-01..2024-03-01"], ["ends before it begins"], id="turned"),
        pytest.param(["Account:2024-04-01..2024-04-01"], ["is empty"], id="empty"),
        pytest.param(["Account:2024-04-31..2024-05-01"], ["2024-04-31"], id="no day"),
        pytest.param(["Account:yesterday..today"], ["'yesterday' is no date"], id="words"),
        pytest.param(["Acount:2024-03-01..2024-04-01"], ["did you mean Account?"], id="object"),
        pytest.param([5], ["must be a list of texts", "Opportunity:2024-03-01"], id="a number"),
        pytest.param(5, ["must be a list of texts"], id="a number alone"),
        pytest.param("Account:2024-03-01", ["'Account:2024-03-01', which is no"], id="a text"),
    ],
)
def test_what_can_not_be_used_is_told_before_any_row_is_read(
    org: LocalOrg, tap: TapRunner, backfill: object, words: list[str]
) -> None:
    """One line, with the setting and how it is written."""
    run = tap.command("--config", config_file(org, tap, {"backfill": backfill}))
    assert_told(run, "backfill", *words)
    assert org.journal.soql() == []


def test_the_option_is_read_beside_discover(org: LocalOrg, tap: TapRunner) -> None:
    """Which has no use for it, and does not take what is none."""
    config, turned = config_file(org, tap, {}), "Account:2024-04-01..2024-03-01"
    for options in (("--discover", "--backfill", turned), ("--backfill", turned, "--discover")):
        assert_told(tap.command("--config", config, *options), "ends before it begins")
    good = ("--discover", "--backfill", "Account:2024-03-01..2024-04-01")
    assert tap.command("--config", config, *good).exit_code == 0


def test_an_object_without_a_key_is_refused(org: LocalOrg, tap: TapRunner) -> None:
    """It is read whole each time."""
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    config = tap.config(backfill=[RANGE])
    run = tap.command("--config", config, "--catalog", tap.file("catalog.json", catalog))
    assert_told(run, "backfill has a range of Account, which is read whole each time")
    assert org.journal.soql() == []


def test_an_object_that_the_catalog_does_not_select_is_refused(
    org: LocalOrg, tap: TapRunner
) -> None:
    """As in a run that reads as usual."""
    catalog = tap.discover(objects=["Account", "Contact"])
    (account,) = (each for each in catalog["streams"] if each["tap_stream_id"] == "Account")
    for entry in account["metadata"]:
        if entry["breadcrumb"] == []:
            entry["metadata"]["selected"] = False
    config = tap.config(backfill=[RANGE])
    run = tap.command("--config", config, "--catalog", tap.file("catalog.json", catalog))
    assert_told(run, "backfill has a range of Account, which this run does not read")
    assert org.journal.soql() == []
