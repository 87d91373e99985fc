"""`soql_streams`: queries of the user's own, each a stream."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.local_org.conditions import outages
from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)
WON = "SELECT Id, Name, Amount, Account.Name, SystemModstamp FROM Opportunity WHERE IsWon = true"
BY_STAMP = {"won": {"soql": WON, "replication_key": "SystemModstamp"}}


@pytest.fixture
def won(org: LocalOrg) -> list[str]:
    """Eight opportunities, every second of them won, and every second of these with an account."""
    (account,) = org.store.insert("Account", [{"Name": "Acme"}], stamp=LAST_WEEK)
    rows = [
        {
            "Name": f"deal {n}",
            "Amount": str(n * 100),
            "IsWon": n % 2 == 0,
            "AccountId": account if n % 4 == 0 else None,
        }
        for n in range(8)
    ]
    return org.store.insert("Opportunity", rows, stamp=LAST_WEEK)[::2]


def read(tap: TapRunner, streams: dict[str, Any], **more: Any) -> Run:  # noqa: ANN401  settings
    run = tap.sync(**{"objects": [], "soql_streams": streams, **more})
    assert run.exit_code == 0, run.log
    return run


def query(soql: str, **more: object) -> dict[str, Any]:
    return {"asked": {"soql": soql, **more}}


# A query of fields and a condition


@pytest.mark.parametrize("mode", ["auto", "rest", "bulk"])
def test_it_is_a_stream(tap: TapRunner, won: list[str], mode: str) -> None:
    """Of its columns and rows only, by each API; a parent's field is null where no parent is."""
    run = read(tap, {"won": {"soql": WON}}, api_mode=mode)
    assert sorted(run.ids("won")) == sorted(won)
    assert {message["stream"] for message in run.messages_of("RECORD")} == {"won"}
    by_name = {record["Name"]: record for record in run.records("won")}
    assert [by_name[f"deal {n}"]["Account.Name"] for n in (0, 2, 4, 6)] == ["Acme", None] * 2
    (schema,) = run.messages_of("SCHEMA")
    properties = schema["schema"]["properties"]
    assert list(properties) == ["Id", "Name", "Amount", "Account.Name", "SystemModstamp"]
    assert properties["Account.Name"]["type"] == ["string", "null"]
    assert schema["key_properties"] == ["Id"]
    assert len(run.messages_of("ACTIVATE_VERSION")) == 1


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_it_is_read_incrementally(org: LocalOrg, tap: TapRunner, won: list[str], mode: str) -> None:
    """From its bookmark on, the condition beside the window."""
    soql = f"{WON} OR Amount > 100000"
    streams = {"won": {"soql": soql, "replication_key": "systemmodstamp"}}
    first = read(tap, streams, api_mode=mode)
    assert sorted(first.ids("won")) == sorted(won)
    (schema,) = first.messages_of("SCHEMA")
    assert schema["bookmark_properties"] == ["SystemModstamp"]
    org.clock.advance(3_600)
    new = org.store.insert("Opportunity", [{"Name": "new", "IsWon": True}, {"Name": "lost"}])
    org.clock.advance(60)
    second = read(tap, streams, api_mode=mode, state=first.state)
    assert second.ids("won") == new[:1]
    assert second.bookmark("won") is not None


@pytest.mark.parametrize("maps", [None, {"won": {"label": "Name"}}], ids=["fast", "by record"])
def test_parents_can_be_nested(tap: TapRunner, won: list[str], maps: dict[str, Any] | None) -> None:
    """In objects of their own, which are null where all fields in them are."""
    soql = (
        "SELECT Id, Name, Account.Name, Account.Owner.Username, Account.Owner.IsActive "
        "FROM Opportunity WHERE IsWon = true"
    )
    run = read(tap, {"won": {"soql": soql}}, soql_nested=True, stream_maps=maps or {})
    assert len(run.records("won")) == len(won)
    for record in run.records("won"):
        if record["Name"] in {"deal 0", "deal 4"}:
            assert record["Account"]["Name"] == "Acme"
            assert set(record["Account"]) == {"Name", "Owner"}
        else:
            assert record["Account"] is None
    (schema,) = run.messages_of("SCHEMA")
    if maps is None:
        account = schema["schema"]["properties"]["Account"]
        assert account["type"] == ["object", "null"]
        assert list(account["properties"]["Owner"]["properties"]) == ["Username", "IsActive"]


def test_rows_in_the_recycle_bin_come_where_they_can_be_told(
    org: LocalOrg, tap: TapRunner, won: list[str]
) -> None:
    """Without IsDeleted in the query they would look as if they were alive."""
    org.store.delete("Opportunity", won[:1])
    assert sorted(read(tap, {"won": {"soql": WON}}).ids("won")) == sorted(won[1:])
    marked = WON.replace("SELECT Id", "SELECT Id, IsDeleted")
    run = read(tap, {"won": {"soql": marked}})
    assert {row["Id"] for row in run.records("won") if row["IsDeleted"]} == set(won[:1])
    assert len(run.records("won")) == len(won)
    living = read(tap, {"won": {"soql": marked}}, include_deleted=False)
    assert sorted(living.ids("won")) == sorted(won[1:])


def test_rows_in_the_recycle_bin_come_where_they_are_asked_for(
    org: LocalOrg, tap: TapRunner, won: list[str]
) -> None:
    """A query of nothing else would have no row, and its groups would count none."""
    org.store.delete("Opportunity", won[:1])
    asked = "FROM Opportunity WHERE isdeleted = true"
    assert read(tap, query(f"SELECT Id {asked}")).ids("asked") == won[:1]
    (group,) = read(tap, query(f"SELECT COUNT(Id) deals {asked}")).records("asked")
    assert group["deals"] == 1
    assert read(tap, query(f"SELECT Id {asked}"), include_deleted=False).ids("asked") == []


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        pytest.param({}, ["Id"], id="Id"),
        pytest.param({"key_properties": ["name"]}, ["Name"], id="another"),
        pytest.param({"key_properties": []}, [], id="none"),
    ],
)
def test_its_key_can_be_chosen(
    tap: TapRunner, won: list[str], more: dict[str, Any], wanted: list[str]
) -> None:
    """By the names of its properties, in whatever case."""
    run = read(tap, {"won": {"soql": WON, **more}})
    assert run.messages_of("SCHEMA")[0]["key_properties"] == wanted
    assert len(run.records("won")) == len(won)


def test_without_an_id_no_key_is_claimed(tap: TapRunner, won: list[str]) -> None:
    """Its Id is queried, and no part of the records."""
    run = read(tap, query("SELECT Name FROM Opportunity WHERE IsWon = true"))
    assert run.messages_of("SCHEMA")[0]["key_properties"] == []
    assert [list(record) for record in run.records("asked")] == [["Name"]] * len(won)


def test_a_key_that_tells_no_rows_apart_is_refused(tap: TapRunner, won: list[str]) -> None:
    """Of the rows with one key a target would keep one."""
    streams = {"won": {"soql": WON.replace("Name, Amount", "StageName"), "key_properties": []}}
    assert len(read(tap, streams).records("won")) == len(won)
    streams["won"]["key_properties"] = ["StageName"]
    run = tap.sync(objects=[], soql_streams=streams)
    assert run.exit_code != 0
    assert "won has" in run.log
    assert "[no-key]" in run.log
    assert "in key_properties of soql_streams" in run.log
    assert "DurableId" not in run.log


@pytest.mark.parametrize("mode", ["rest", "bulk"])
@pytest.mark.parametrize("more", [{}, {"replication_key": "SystemModstamp"}], ids=["full", "inc"])
def test_rows_of_one_key_may_lie_many_pages_apart(
    org: LocalOrg, tap: TapRunner, mode: str, more: dict[str, str]
) -> None:
    """No page of them all has two such rows, and a target would lose one all the same."""
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    org.settings.batch_size_hint = "ignore"
    names = [*"abcdefgh", "a"]
    org.store.insert("Account", [{"Name": name} for name in names], stamp=LAST_WEEK)
    streams = query("SELECT Name, SystemModstamp FROM Account", key_properties=["Name"], **more)
    run = tap.sync(objects=[], soql_streams=streams, api_mode=mode)
    assert run.exit_code == 7, run.log
    assert "asked has rows that differ and share one Name" in run.log
    assert run.messages_of("ACTIVATE_VERSION") == []


# As others are


def test_a_catalog_narrows_its_columns(org: LocalOrg, tap: TapRunner, won: list[str]) -> None:
    """What it does not select is not asked for; the key is that of the query."""
    catalog = tap.discover(objects=["Account"], soql_streams=BY_STAMP)
    assert [each["tap_stream_id"] for each in catalog["streams"]] == ["Account", "won"]
    entry = catalog["streams"][1]
    assert entry["replication_key"] == "SystemModstamp"
    assert entry["key_properties"] == ["Id"]
    for item in entry["metadata"]:
        if item["breadcrumb"] in (["properties", "Amount"], ["properties", "Account.Name"]):
            item["metadata"]["selected"] = False
    catalog["streams"] = [entry]
    run = read(tap, BY_STAMP, catalog=catalog)
    assert sorted(run.ids("won")) == sorted(won)
    assert set(run.records("won")[0]) == {"Id", "Name", "SystemModstamp"}
    assert "Account.Name" not in str(org.journal.soql())


def test_a_column_that_the_query_has_no_more_is_told(tap: TapRunner, won: list[str]) -> None:
    """And left out, as a field is that the org no longer has."""
    catalog = tap.discover(objects=[], soql_streams=BY_STAMP)
    changed = {"won": {**BY_STAMP["won"], "soql": WON.replace("Account.Name, ", "CloseDate, ")}}
    run = read(tap, changed, catalog=catalog)
    assert sorted(run.ids("won")) == sorted(won)
    assert set(run.records("won")[0]) == {"Id", "Name", "Amount", "SystemModstamp"}
    assert "Account.Name of won is selected, but the query in soql_streams does not" in run.log
    assert "won has fields that the catalog does not know: CloseDate" in run.log


def test_a_catalog_can_select_what_the_settings_no_longer_have(
    tap: TapRunner, won: list[str]
) -> None:
    """The stream fails, and the others are read."""
    two = {**BY_STAMP, "other": {"soql": "SELECT Id FROM Opportunity"}}
    catalog = tap.discover(objects=[], soql_streams=two)
    run = tap.sync(objects=[], soql_streams=BY_STAMP, catalog=catalog)
    assert run.exit_code != 0
    assert "soql_streams has no stream called other" in run.log
    assert sorted(run.ids("won")) == sorted(won)


def test_a_changed_query_is_told_once(org: LocalOrg, tap: TapRunner, won: list[str]) -> None:
    """As a changed filter is."""
    first = read(tap, BY_STAMP)
    org.clock.advance(3_600)
    changed = {"won": {**BY_STAMP["won"], "soql": WON.replace("true", "false")}}
    second = read(tap, changed, state=first.state)
    assert second.records("won") == []
    told = (
        'won was read by "FROM Opportunity WHERE IsWon = true" until now, and is by "FROM '
        'Opportunity WHERE IsWon = false" from here on'
    )
    assert told in second.log
    assert told not in read(tap, changed, state=second.state).log
    assert len(read(tap, changed).records("won")) == len(won)


def test_another_object_under_the_same_name_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """Its older rows lie before the bookmark of the one of before."""
    org.clock.advance(3_600)
    streams = [
        {"x": {"soql": soql, "replication_key": "SystemModstamp"}}
        for soql in (
            "SELECT Id, SystemModstamp FROM Account",
            "SELECT Id, SystemModstamp FROM Contact",
        )
    ]
    first = read(tap, streams[0])
    second = read(tap, streams[1], state=first.state)
    assert 'x was read by "FROM Account" until now, and is by "FROM Contact"' in second.log


@pytest.mark.parametrize("more", [{}, {"replication_key": "SystemModstamp"}], ids=["full", "inc"])
def test_a_job_is_gone_on_with(
    org: LocalOrg, tap: TapRunner, won: list[str], more: dict[str, str]
) -> None:
    """By the next run of the same query, and by none of another one."""
    org.settings.bulk_page_rows = 2
    org.faults.add("*/results", outages.maintenance_page(), skip=1, times=None)
    streams = {"won": {"soql": WON, **more}}
    settings: dict[str, Any] = {"objects": [], "api_mode": "bulk"}
    first = tap.sync(soql_streams=streams, **settings)
    assert first.exit_code == 5, first.log
    assert first.job("won") is not None
    org.faults.clear()
    second = read(tap, streams, api_mode="bulk", state=first.state)
    assert "of an earlier run is taken up behind row 2" in second.log
    assert {*first.ids("won"), *second.ids("won")} == set(won)
    assert org.jobs.all() == []


def test_what_is_too_large_for_a_job_is_read_in_halves(
    org: LocalOrg, tap: TapRunner, won: list[str]
) -> None:
    """The halves are those of the query."""
    org.jobs.script("Failed", "Your query request was running for too long.")
    run = read(tap, BY_STAMP, api_mode="bulk")
    assert "won is read in two parts" in run.log
    assert sorted(run.ids("won")) == sorted(won)


def test_it_can_go_into_files(tap: TapRunner, won: list[str]) -> None:
    """Of BATCH; in Parquet a parent's fields are in a struct, and its parents' in another."""
    soql = WON.replace("Account.Name", "Account.Name, Account.Owner.IsActive")
    batch = {
        "encoding": {"format": "parquet", "compression": "none"},
        "storage": {"root": tap.folder.as_uri()},
    }
    run = read(tap, {"won": {"soql": soql}}, batch_config=batch, soql_nested=True)
    (message,) = run.messages_of("BATCH", "won")
    rows = pl.read_parquet(message["manifest"][0].removeprefix("file://"))
    assert sorted(rows["Id"]) == sorted(won)
    accounts = rows.sort("Name")["Account"].to_list()
    assert accounts == [{"Name": "Acme", "Owner": None}, None] * 2


def test_stream_maps_know_its_columns(tap: TapRunner, won: list[str]) -> None:
    """Also those whose names have a full stop."""
    maps = {"won": {"Amount": None, "customer": 'record["Account.Name"]'}}
    run = read(tap, BY_STAMP, stream_maps=maps)
    customers = [record["customer"] for record in run.records("won")]
    assert sorted(map(str, customers)) == ["Acme", "Acme", "None", "None"]
    assert "Amount" not in run.records("won")[0]
    assert len(customers) == len(won)


def test_ranges_of_it_are_read_again(tap: TapRunner, won: list[str]) -> None:
    """By its own replication key."""
    day = LAST_WEEK.date()
    backfill = [f"won:{day}..{day + timedelta(days=1)}", f"won:2020-01-01..{day}"]
    run = read(tap, BY_STAMP, backfill=backfill)
    assert sorted(run.ids("won")) == sorted(won)
    assert run.bookmark("won") is None


def test_filters_and_reconciliation_are_those_of_objects(tap: TapRunner, won: list[str]) -> None:
    """They change nothing about a query of the same object."""
    run = read(
        tap,
        BY_STAMP,
        objects=["Opportunity"],
        filters={"Opportunity": "IsWon = false"},
        reconcile_every_hours=0,
        reconcile_store=str(tap.folder / "store"),
        deletions="both",
    )
    assert sorted(run.ids("won")) == sorted(won)
    assert len(run.records("Opportunity")) == len(won)
    schemas = {each["stream"]: each["schema"]["properties"] for each in run.messages_of("SCHEMA")}
    assert "_sdc_deleted_at" in schemas["Opportunity"]
    assert "_sdc_deleted_at" not in schemas["won"]


def test_few_of_many_rows_need_no_job(org: LocalOrg, tap: TapRunner, won: list[str]) -> None:
    """How many rows the object has says nothing of how many a query has."""
    org.settings.record_count_factor = 10_000
    streams = {"won": {"soql": WON}, "few": {"soql": "SELECT Id FROM Opportunity LIMIT 2"}}
    run = read(tap, streams)
    assert sorted(run.ids("won")) == sorted(won)
    assert len(run.ids("few")) == 2
    assert org.journal.calls("/jobs/query", "POST") == []


def test_the_report_has_it_by_its_name(tap: TapRunner, won: list[str]) -> None:
    """With its rows, and nothing of an object that is not read."""
    (entry,) = read(tap, BY_STAMP).report["streams"]
    assert (entry["stream"], entry["rows"]) == ("won", len(won))


# Any other query


@pytest.mark.parametrize("mode", ["auto", "rest"])
def test_groups_are_read_by_rest(tap: TapRunner, won: list[str], mode: str) -> None:
    """Each run has all of them; what has no name is called as Salesforce calls it."""
    soql = (
        "SELECT IsWon, COUNT(Id) deals, SUM(Amount), MAX(CloseDate) FROM Opportunity GROUP BY IsWon"
    )
    run = read(tap, query(soql, key_properties=["IsWon"]), api_mode=mode)
    properties = run.messages_of("SCHEMA")[0]["schema"]["properties"]
    assert list(properties) == ["IsWon", "deals", "expr0", "expr1"]
    assert properties["deals"]["type"] == ["integer", "null"]
    assert properties["expr0"]["type"] == ["number", "null"]
    rows = {record["IsWon"]: record for record in run.records("asked")}
    assert rows[True]["deals"] == rows[False]["deals"] == len(won)
    assert rows[True]["expr0"] == 1200
    assert len(run.messages_of("ACTIVATE_VERSION")) == 1


def test_groups_have_the_names_that_the_query_gives_them(tap: TapRunner, won: list[str]) -> None:
    """Of fields and functions; what has none is numbered, and is of its kind."""
    soql = (
        "SELECT Account.Name AccountName, IsWon won, CALENDAR_YEAR(SystemModstamp) year, "
        "DAY_ONLY(SystemModstamp), COUNT(Id) n FROM Opportunity "
        "WHERE IsWon = true AND AccountId != null AND CALENDAR_YEAR(SystemModstamp) > 2000 "
        "GROUP BY Account.Name, IsWon, CALENDAR_YEAR(SystemModstamp), DAY_ONLY(SystemModstamp)"
    )
    streams = query(soql, key_properties=["accountname", "WON", "year"])
    run = read(tap, streams)
    half, day = len(won) // 2, LAST_WEEK.date()
    assert run.records("asked") == [
        {"AccountName": "Acme", "won": True, "year": day.year, "expr0": str(day), "n": half}
    ]
    (schema,) = run.messages_of("SCHEMA")
    kinds = {name: each["type"][0] for name, each in schema["schema"]["properties"].items()}
    assert kinds == {
        "AccountName": "string",
        "won": "boolean",
        "year": "integer",
        "expr0": "string",
        "n": "integer",
    }
    assert schema["schema"]["properties"]["expr0"]["format"] == "date"
    assert schema["key_properties"] == ["AccountName", "won", "year"]


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_labels_are_told_by_either_api(tap: TapRunner, won: list[str], mode: str) -> None:
    """In the column of the field whose labels they are."""
    soql = "SELECT Id, toLabel(StageName) FROM Opportunity WHERE toLabel(StageName) != 'x'"
    run = read(tap, query(f"{soql} AND IsWon = true"), api_mode=mode)
    assert sorted(run.ids("asked")) == sorted(won)
    assert {tuple(record) for record in run.records("asked")} == {("Id", "StageName")}


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_a_limit_and_an_order_are_those_of_the_query(
    tap: TapRunner, won: list[str], mode: str
) -> None:
    """Which is sent as it was written."""
    assert won
    soql = "SELECT Id, Name, Account.Name FROM Opportunity ORDER BY Name DESC LIMIT 3"
    run = read(tap, query(soql), api_mode=mode)
    names = [record["Name"] for record in run.records("asked")]
    assert names == ["deal 7", "deal 6", "deal 5"]


def test_an_offset_is_answered_by_rest(tap: TapRunner, won: list[str]) -> None:
    """Bulk API 2.0 has none."""
    assert won
    soql = "SELECT Id, Name FROM Opportunity ORDER BY Name LIMIT 2 OFFSET 1"
    run = read(tap, query(soql))
    assert [record["Name"] for record in run.records("asked")] == ["deal 1", "deal 2"]


def test_a_catalog_gives_no_key_to_what_has_none(tap: TapRunner, won: list[str]) -> None:
    """An object's Id is put into a catalog that lacks it; a query may have none."""
    for streams, key in ((query(GROUPS), []), (query(GROUPS, key_properties=["IsWon"]), ["IsWon"])):
        catalog = tap.discover(objects=[], soql_streams=streams)
        run = read(tap, streams, catalog=catalog)
        (schema,) = run.messages_of("SCHEMA")
        assert schema["key_properties"] == key
        assert list(schema["schema"]["properties"]) == ["IsWon", "expr0"]
        assert [record["expr0"] for record in run.records("asked")] == [len(won)] * 2
        assert "WARNING" not in run.log


def test_a_catalog_narrows_what_is_sent_as_it_is(tap: TapRunner, won: list[str]) -> None:
    """The query has all columns, and the records those that are selected."""
    streams = query("SELECT Id, Name, Amount FROM Opportunity ORDER BY Name LIMIT 5")
    catalog = tap.discover(objects=[], soql_streams=streams)
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", "Amount"]:
            item["metadata"]["selected"] = False
    run = read(tap, streams, catalog=catalog)
    assert [list(record) for record in run.records("asked")] == [["Id", "Name"]] * 5
    assert won[0] in run.ids("asked")


@pytest.mark.parametrize("soql_nested", [False, True])
def test_a_parents_field_of_a_group(tap: TapRunner, won: list[str], *, soql_nested: bool) -> None:
    """Salesforce answers it by its own name, in no object of a parent."""
    soql = "SELECT Account.Name, COUNT(Id) n FROM Opportunity GROUP BY Account.Name"
    run = read(tap, query(soql), soql_nested=soql_nested)
    assert list(run.messages_of("SCHEMA")[0]["schema"]["properties"]) == ["Name", "n"]
    found = {record["Name"]: record["n"] for record in run.records("asked")}
    assert found.keys() == {"Acme", None}
    assert sum(found.values()) == 2 * len(won)


# Before a run


def test_a_plan_has_it(tap: TapRunner, won: list[str]) -> None:
    """Its rows are counted where that can be asked."""
    groups = "SELECT IsWon, COUNT(Id) FROM Opportunity GROUP BY IsWon"
    streams = {**BY_STAMP, **query(groups)}
    run = tap.command("plan", "--json", "--config", tap.config(objects=[], soql_streams=streams))
    assert run.exit_code == 0, run.log
    of_groups, of_won = json.loads(run.stdout)["streams"]
    assert (of_won["stream"], of_won["rows"]) == ("won", len(won))
    assert (of_groups["api"], of_groups["rows"]) == ("rest", None)


def test_check_looks_at_it(tap: TapRunner, won: list[str]) -> None:
    """At what it names, and at a row where that costs little."""
    assert won
    groups = "SELECT IsWon, COUNT(Id) FROM Opportunity GROUP BY IsWon"
    streams = {**BY_STAMP, **query(groups)}
    run = tap.command("check", "--config", tap.config(objects=[], soql_streams=streams))
    assert run.exit_code == 0, run.stdout
    told = " ".join(run.stdout.split())
    assert "a query of Opportunity with 5 columns; incremental by SystemModstamp; readable" in told
    assert "read whole each time, by REST" in told
    catalog = tap.discover(objects=[], soql_streams=streams)
    config, path = tap.config(objects=[], soql_streams=streams), tap.file("catalog.json", catalog)
    run = tap.command("check", "--config", config, "--catalog", path)
    assert run.exit_code == 0, run.stdout
    assert "hidden or gone" not in run.stdout
    wrong = {"won": {"soql": "SELECT Nmae FROM Opportunity"}}
    run = tap.command("check", "--config", tap.config(objects=[], soql_streams=wrong))
    assert run.exit_code == 2
    assert "Did you mean Name?" in run.stdout


# What is wrong with it

GROUPS = "SELECT IsWon, COUNT(Id) FROM Opportunity GROUP BY IsWon"


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        pytest.param(query(" "), ["for asked, is empty"], id="empty"),
        pytest.param(query("SELECT FROM Opportunity"), ["for asked,"], id="no SOQL"),
        pytest.param(query("DELETE FROM Opportunity"), ["for asked,"], id="no SELECT"),
        pytest.param(query("SELECT Id FROM Oportunity"), ["Oportunity"], id="object"),
        pytest.param(query("SELECT Nmae FROM Account"), ["Did you mean Name?"], id="field"),
        pytest.param(query("SELECT Owner.Nmae FROM Account"), ["Owner.Nmae"], id="parent's"),
        pytest.param(
            query("SELECT Id FROM Opportunity WHERE Amount > '5'"),
            ["for asked,", "Opportunity.Amount is a number", "Write 5,"],
            id="text for a number",
        ),
        pytest.param(
            query("SELECT StageName, COUNT(Id) FROM Opportunity"),
            ["StageName beside groups", "Add GROUP BY StageName"],
            id="not grouped",
        ),
        pytest.param(
            query("SELECT StageName, Name FROM Opportunity GROUP BY StageName"),
            ["selects Name beside groups", "Add Name to GROUP BY"],
            id="not among the groups",
        ),
        pytest.param(query("SELECT Id, Id FROM Account"), ["two columns called Id"], id="twice"),
        pytest.param(query("SELECT BillingAddress FROM Account"), ["several fields"], id="address"),
        pytest.param(query("SELECT FIELDS(ALL) FROM Account"), ["FIELDS"], id="FIELDS"),
        pytest.param(query("SELECT COUNT() FROM Account"), ["COUNT(Id)"], id="COUNT()"),
        pytest.param(
            query("SELECT Id FROM Account", replication_key="SystemModstamp"),
            ["SystemModstamp", "does not select"],
            id="key not selected",
        ),
        pytest.param(
            query("SELECT Id, Name FROM Account", replication_key="Name"),
            ["Name", "can't be read incrementally", "SystemModstamp"],
            id="key is no date-time",
        ),
        pytest.param(
            query("SELECT Id, Owner.CreatedDate FROM Account", replication_key="Owner.CreatedDate"),
            ["Owner.CreatedDate", "no parent's"],
            id="key of a parent",
        ),
        pytest.param(
            query(
                "SELECT Id, SystemModstamp FROM Account LIMIT 5", replication_key="systemmodstamp"
            ),
            ["only be read whole"],
            id="key beside LIMIT",
        ),
        pytest.param(
            query("SELECT Id FROM Account", key_properties=["Name"]), ["have: Id"], id="no property"
        ),
        pytest.param(
            query("SELECT Id FROM Account", key="Id"), ["'key'", "means nothing"], id="more"
        ),
        pytest.param({"asked": {"sql": "x"}}, ["did you mean soql?"], id="sql"),
        pytest.param({"asked": {}}, ["has no text in soql"], id="no soql"),
        pytest.param(query("SELECT Id FROM Account", replication_key=5), ["no text"], id="number"),
        pytest.param(query("SELECT Id FROM Account", key_properties="Id"), ['["Id"]'], id="text"),
        pytest.param({"asked": "SELECT Id FROM Account"}, ["must have an object"], id="a text"),
        pytest.param({"_asked": {"soql": "SELECT Id FROM Account"}}, ["'_asked'"], id="underscore"),
        pytest.param({"as ked": {"soql": "SELECT Id FROM Account"}}, ["'as ked'"], id="blank"),
        pytest.param(
            {"a": {"soql": "SELECT Id FROM Account"}, "A": {"soql": "SELECT Id FROM Contact"}},
            ["two streams called A"],
            id="two of one name",
        ),
        pytest.param(
            {"account": {"soql": "SELECT Id FROM Contact"}}, ["as an object is"], id="an object's"
        ),
        pytest.param(
            {"CONTACT": {"soql": "SELECT Id FROM Account"}}, ["as an object is"], id="not read"
        ),
    ],
)
def test_what_can_not_be_used_is_told_before_any_row_is_read(
    org: LocalOrg, tap: TapRunner, streams: object, words: list[str]
) -> None:
    """One line, with the setting and what to do."""
    run = tap.command("--config", config_file(org, tap, {"soql_streams": streams}))
    assert_told(run, "soql_streams", *words)
    assert org.journal.soql() == []


@pytest.mark.parametrize("soql", [GROUPS, "SELECT Id FROM Account LIMIT 5 OFFSET 5"])
def test_what_bulk_can_not_answer_is_told(org: LocalOrg, tap: TapRunner, soql: str) -> None:
    """Where api_mode asks for nothing else."""
    changes = {"soql_streams": query(soql), "api_mode": "bulk"}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, "soql_streams, for asked, can't be read with api_mode bulk")
    assert org.journal.soql() == []


@pytest.mark.parametrize("gone", ["field", "object"])
def test_what_is_gone_since_the_catalog_fails_its_stream_alone(
    org: LocalOrg, tap: TapRunner, won: list[str], gone: str
) -> None:
    """The others are read: nobody has written anything wrong since then."""
    settings: dict[str, Any] = {"objects": ["Account"], "soql_streams": {"won": {"soql": WON}}}
    catalog = tap.discover(**settings)
    if gone == "field":
        org.store.hide_field("Opportunity", "Amount")
    else:
        org.store.hide_object("Opportunity")
    run = tap.sync(catalog=catalog, discovery_cache="false", **settings)
    assert run.exit_code == 7, run.log
    assert len(run.ids("Account")) == len(org.store.rows("Account"))
    assert run.records("won") == []
    word = "the field Amount" if gone == "field" else "the object Opportunity"
    assert f"won: The setting soql_streams, for won, names {word}" in run.log
    assert won


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        pytest.param("SELECT Id FROM Account WHERE {}", ["api_mode bulk reads"], id="plain"),
        pytest.param("SELECT COUNT(Id) FROM Account WHERE {}", [], id="groups"),
    ],
)
def test_what_helps_is_said_in_words_of_the_setting(
    tap: TapRunner, soql: str, words: list[str]
) -> None:
    """No catalog makes a query shorter, and no Bulk job makes groups."""
    names = ", ".join(f"'{n:040}'" for n in range(500))
    asked = query(soql.format(f"Name IN ({names})"))
    settings = {"api_mode": "rest", "composite_queries": False}
    run = tap.sync(objects=[], soql_streams=asked, **settings)
    assert run.exit_code == 7, run.log
    for word in ("Take columns out of its query in soql_streams", *words):
        assert word in run.log
    assert "Deselect columns" not in run.log
    assert ("api_mode bulk" in run.log) == bool(words)


def test_an_org_that_does_not_describe_fails_the_stream(
    org: LocalOrg, tap: TapRunner, won: list[str]
) -> None:
    """And not the others: it may be over by the next run."""
    catalog = tap.discover(objects=["Account"], soql_streams=BY_STAMP)
    org.faults.add("*/Opportunity/describe", outages.maintenance_page(), times=None)
    run = tap.sync(objects=["Account"], soql_streams=BY_STAMP, catalog=catalog)
    assert won
    assert run.exit_code != 0
    assert len(run.records("Account")) == 1
    assert run.records("won") == []
