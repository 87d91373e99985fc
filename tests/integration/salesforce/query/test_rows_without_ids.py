"""Rows that have no Id of their own: no key is claimed that a target would lose rows by."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.errors import IncompleteError
from tests.local_org.conditions import faults
from tests.local_org.objects.fields import Field
from tests.support.catalogs import entry_of, metadata_of, select_fields

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.catalogs import Catalog
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
EMPTY_ID = "000000000000000AAA"
MODES = ["auto", "rest", "bulk"]
EVENTS = "LightningUriEvent"
BIG = "Phone_Book__b"
ROWS = 5


def text(name: str, *, nillable: bool = False) -> Field:
    return Field(
        name=name, type="string", label=name, length=80, nillable=nillable, filterable=True
    )


def moment(name: str) -> Field:
    return Field(name=name, type="datetime", label=name, filterable=True, sortable=True)


ID = Field(name="Id", type="id", label="Id", length=18, filterable=True, sortable=True)
URI = text("Uri", nillable=True)
OBJECTS = {
    EVENTS: (ID, text("EventIdentifier"), moment("EventDate"), moment("CreatedDate"), URI),
    BIG: (ID, text("LastName__c"), moment("CreatedDate"), URI),
    "AppDefinition": (ID, text("DurableId"), moment("SystemModstamp"), URI),
}


@pytest.fixture(autouse=True)
def rows(org: LocalOrg) -> None:
    """Objects whose rows all have the empty Id."""
    for name in OBJECTS:
        fill(org, name, EMPTY_ID)


def fill(org: LocalOrg, name: str, row_id: str) -> None:
    """Have an object anew, all of whose rows have one Id."""
    like, fields = org.store.sobjects["Invoice__c"], OBJECTS[name]
    own = {field.name for field in fields} & {"EventIdentifier", "LastName__c", "DurableId"}
    org.store.add_object(replace(like, name=name, label=name, fields=fields))
    made = [{"Id": row_id, **dict.fromkeys(own, f"e{n}")} for n in range(ROWS)]
    org.store.insert(name, made, stamp=LAST_WEEK)


def values(run: Run, stream: str, field: str) -> list[str]:
    return sorted(record[field] for record in run.records(stream))


EXPECTED = [f"e{n}" for n in range(ROWS)]
KNOWN = [
    pytest.param(EVENTS, ["EventIdentifier"], "EventIdentifier", id="event store"),
    pytest.param(BIG, [], "LastName__c", id="big object"),
]


@pytest.mark.parametrize(("name", "key", "field"), KNOWN)
@pytest.mark.parametrize("api_mode", MODES)
def test_known_objects_have_the_key_that_their_rows_have(
    org: LocalOrg, tap: TapRunner, name: str, key: list[str], field: str, api_mode: str
) -> None:
    """Event stores have the event's identifier, big objects none; both are read whole, sans Id."""
    org.settings.page_rows = org.settings.bulk_page_rows = 2
    run = tap.sync(objects=[name], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    (schema,) = run.messages_of("SCHEMA")
    assert schema["key_properties"] == key
    assert set(key) <= set(schema["schema"]["properties"])
    assert "Id" not in schema["schema"]["properties"]
    assert values(run, name, field) == EXPECTED
    assert len(run.messages_of("ACTIVATE_VERSION")) == 1
    assert not any(" Id" in soql for _, soql in org.journal.soql())


@pytest.mark.parametrize(("name", "key", "field"), KNOWN)
def test_catalog_of_a_known_object(tap: TapRunner, name: str, key: list[str], field: str) -> None:
    """Id can't be selected, the key is automatic, and the catalog reads the rows as they are."""
    catalog = tap.discover(objects=[name])
    entry = entry_of(catalog, name)
    assert (entry["key_properties"], entry["replication_method"]) == (key, "FULL_TABLE")
    metadata = metadata_of(catalog, name)
    assert metadata["Id"]["inclusion"] == "unsupported"
    assert [n for n, m in metadata.items() if m["inclusion"] == "automatic"] == key
    run = tap.sync(catalog=select_fields(catalog, name, "Uri", *([] if key else [field])))
    assert run.exit_code == 0, run.log
    assert values(run, name, field) == EXPECTED
    assert run.messages_of("SCHEMA")[0]["key_properties"] == key
    assert "WARNING" not in run.log


def test_a_line_says_that_there_are_no_ids(tap: TapRunner) -> None:
    """It is said once for each such object, with the key it has instead."""
    run = tap.sync(objects=[EVENTS, BIG, "Account"])
    lines = [line for line in run.log.splitlines() if "no Id of their own" in line]
    assert len(lines) == 2
    assert f"{EVENTS} have no Id of their own: its key is EventIdentifier, and it is" in lines[0]
    assert f"{BIG} have no Id of their own: it has no key, and it is" in lines[1]


@pytest.mark.parametrize(("name", "key", "field"), KNOWN)
def test_catalog_that_claims_ids(tap: TapRunner, name: str, key: list[str], field: str) -> None:
    """A key Id of an older catalog is not believed, which a warning says."""
    catalog = tap.discover(objects=[name])
    entry = catalog["streams"][0]
    entry["key_properties"] = ["Id"]
    metadata_of(catalog, name)["Id"]["inclusion"] = "automatic"
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    (schema,) = run.messages_of("SCHEMA")
    assert schema["key_properties"] == key
    assert "Id" not in schema["schema"]["properties"]
    assert values(run, name, field) == EXPECTED
    assert run.log.count(f"The rows of {name} have no Id of their own, as the catalog says") == 1


@pytest.mark.parametrize("api_mode", MODES)
@pytest.mark.parametrize("ids", ["empty", "shared"])
def test_unknown_object_fails_by_name(
    org: LocalOrg, tap: TapRunner, ids: str, api_mode: str
) -> None:
    """Rows that share an Id are not written; the others streams come, and no job is left."""
    if ids == "shared":
        fill(org, "AppDefinition", "06m000000000001AAA")
    org.store.insert("Account", [{"Name": "A"}], stamp=LAST_WEEK)
    run = tap.sync(objects=["AppDefinition", "Account"], api_mode=api_mode)
    assert run.exit_code == 7, run.log
    assert "AppDefinition has rows" in run.log
    assert "[some-streams-failed]" in run.log
    assert run.records("AppDefinition") == []
    assert run.bookmark("AppDefinition") is None
    assert len(run.ids("Account")) == 1
    assert org.jobs.all() == []


def named_key(tap: TapRunner, place: str) -> Catalog:
    catalog = tap.discover(objects=["AppDefinition"])
    if place == "entry":
        catalog["streams"][0]["key_properties"] = ["DurableId"]
    else:
        metadata_of(catalog, "AppDefinition")[""]["table-key-properties"] = ["DurableId"]
    return catalog


@pytest.mark.parametrize("place", ["entry", "metadata"])
def test_another_key_can_be_named(tap: TapRunner, place: str) -> None:
    """The catalog can name the field that tells rows apart, where Meltano puts it, too."""
    run = tap.sync(catalog=named_key(tap, place))
    assert run.exit_code == 0, run.log
    assert values(run, "AppDefinition", "DurableId") == EXPECTED
    assert run.messages_of("SCHEMA")[0]["key_properties"] == ["DurableId"]


@pytest.mark.parametrize("value", ["e1", None], ids=["shared", "empty"])
def test_named_key_has_to_tell_rows_apart(org: LocalOrg, tap: TapRunner, value: Any) -> None:  # noqa: ANN401
    """A key that two different rows share, or a row lacks, fails as Id does."""
    row = {"Id": EMPTY_ID, "DurableId": value, "Uri": "/"}
    org.store.insert("AppDefinition", [row], stamp=LAST_WEEK)
    run = tap.sync(catalog=named_key(tap, "entry"))
    assert (run.exit_code, run.records("AppDefinition")) == (7, []), run.log
    assert "Name fields that tell its rows apart in key_properties of its catalog entry" in run.log


def test_a_field_that_tells_rows_apart_is_suggested_where_there_is_one(
    org: LocalOrg, tap: TapRunner
) -> None:
    """And it is not the key already."""
    catalog = named_key(tap, "entry")
    catalog["streams"][0]["key_properties"] = ["Uri"]
    org.store.insert("AppDefinition", [{"Id": EMPTY_ID, "Uri": "/"}] * 2, stamp=LAST_WEEK)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7, run.log
    assert "such as DurableId, in key_properties of its catalog entry" in run.log


@pytest.mark.parametrize("ids", ["empty", "shared"])
def test_a_cursor_that_expires(org: LocalOrg, tap: TapRunner, ids: str) -> None:
    """All rows have one Id and one instant: none of them says where to go on."""
    if ids == "shared":
        fill(org, "AppDefinition", "06m000000000001AAA")
    org.settings.page_rows = 2
    org.faults.add("GET /query/*", faults.before(org.expire_cursors))
    run = tap.sync(catalog=named_key(tap, "entry"), api_mode="rest")
    assert run.exit_code == 0, run.log
    assert set(values(run, "AppDefinition", "DurableId")) == set(EXPECTED)


@pytest.mark.parametrize("until", [None, "2030-01-01"])
def test_a_cursor_that_expires_for_python(org: LocalOrg, until: str | None) -> None:
    """Who can take nothing back is given none twice, and told that the others are missing."""
    org.settings.page_rows = 2
    org.faults.add("GET /query/*", faults.before(org.expire_cursors))
    with Org(**org.config(), api_mode="rest") as connected:
        rows = connected.read("AppDefinition", since="2020-01-01", until=until)
        with pytest.raises(IncompleteError, match="2 of them have been handed out"):
            rows.collect()


def test_key_that_is_no_field(tap: TapRunner) -> None:
    """SCHEMA never names a key that its properties lack."""
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["key_properties"] = ["Nickname__c"]
    run = tap.sync(catalog=catalog)
    assert (run.exit_code, run.messages) == (2, []), run.log
    assert "key of Account is Nickname__c" in run.log
    assert "[invalid-catalog]" in run.log


def test_no_field_selected(tap: TapRunner) -> None:
    """Without a key there is nothing that is always selected."""
    catalog = select_fields(tap.discover(objects=[BIG]), BIG)
    run = tap.sync(catalog=catalog)
    assert (run.exit_code, run.messages) == (2, []), run.log
    assert f"selects no field of {BIG}" in run.log


def test_check_reads_one_row_of_each(tap: TapRunner) -> None:
    """`check` names a field that the object has."""
    run = tap.command("check", "--config", tap.config(objects=[EVENTS, BIG]))
    assert run.exit_code == 0, run.log
    assert run.stdout.count("readable; full table") == 2
