"""`replication_keys`: another date-time than the usual one, by the user's choice."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)
KEYS = {"account": "lastmodifieddate"}


@pytest.mark.parametrize("has_catalog", [False, True], ids=["discovered", "an older catalog"])
def test_the_object_is_read_by_it(org: LocalOrg, tap: TapRunner, *, has_catalog: bool) -> None:
    """In whatever case it is written, and whatever a catalog of before says."""
    rows = org.store.insert("Account", [{"Name": "a"}], stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account"]) if has_catalog else None
    settings = {"objects": ["Account"], "replication_keys": KEYS, "catalog": catalog}
    first = tap.sync(**settings)
    assert first.exit_code == 0, first.log
    assert first.ids("Account") == rows
    assert first.state["bookmarks"]["Account"]["replication_key"] == "LastModifiedDate"
    org.clock.advance(3_600)
    new = org.store.insert("Account", [{"Name": "b"}])
    org.clock.advance(60)
    org.journal.clear()
    second = tap.sync(state=first.state, **settings)
    assert second.ids("Account") == new
    assert ["LastModifiedDate >= " in soql for _, soql in org.journal.soql()] == [True]


def test_a_bookmark_by_the_usual_key_is_not_used(org: LocalOrg, tap: TapRunner) -> None:
    """All rows come once more, and the log says why."""
    rows = org.store.insert("Account", [{"Name": "a"}], stamp=LAST_WEEK)
    first = tap.sync(objects=["Account"])
    second = tap.sync(objects=["Account"], state=first.state, replication_keys=KEYS)
    assert second.ids("Account") == rows
    assert "the state's bookmark by SystemModstamp is not used" in second.log


def test_discovery_offers_it(tap: TapRunner) -> None:
    """A catalog says by what a stream is read."""
    (entry,) = tap.discover(objects=["Account"], replication_keys=KEYS)["streams"]
    assert entry["replication_key"] == "LastModifiedDate"


def test_a_catalog_that_says_full_table_counts(org: LocalOrg, tap: TapRunner) -> None:
    """It is the user's as well; that the setting changes nothing is told."""
    org.store.insert("Account", [{"Name": "a"}], stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    run = tap.sync(catalog=catalog, replication_keys=KEYS)
    assert run.exit_code == 0, run.log
    assert "read whole, as its catalog entry says: replication_keys changes nothing" in run.log


@pytest.mark.parametrize("key", ["Name", "CloseDate", "Nothing__c"])
def test_what_can_not_be_a_key_is_told_before_any_row_is_read(
    org: LocalOrg, tap: TapRunner, key: str
) -> None:
    """With the date-times that can."""
    run = tap.command("--config", config_file(org, tap, {"replication_keys": {"Account": key}}))
    assert_told(run, f"replication_keys has {key} for Account", "SystemModstamp")
    assert org.journal.soql() == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param(
            {"Account": "CreatedDate", "account": "SystemModstamp"}, "two keys for", id="twice"
        ),
        pytest.param({"Account": " "}, "names no field for Account", id="empty"),
        pytest.param({"Acc*": "CreatedDate"}, "'Acc*', which is no object's", id="a pattern"),
    ],
)
def test_what_names_no_key_of_an_object_is_told(
    org: LocalOrg, tap: TapRunner, keys: dict[str, str], words: str
) -> None:
    """By which of two keys an object is read is not left to their order."""
    run = tap.command("--config", config_file(org, tap, {"replication_keys": keys}))
    assert_told(run, "replication_keys", words)
    assert org.journal.soql() == []


def test_blanks_around_names_mean_nothing(tap: TapRunner) -> None:
    """As everywhere else in the settings."""
    keys = {" Account ": " createddate "}
    (entry,) = tap.discover(objects=["Account"], replication_keys=keys)["streams"]
    assert entry["replication_key"] == "CreatedDate"


def test_a_name_that_no_object_has_is_refused(org: LocalOrg, tap: TapRunner) -> None:
    """With the one that may be meant."""
    config = config_file(org, tap, {"replication_keys": {"Acount": "CreatedDate"}})
    assert_told(
        tap.command("--config", config),
        "replication_keys names Acount",
        "(did you mean Account?)",
        code="unknown-object",
    )
    assert org.journal.soql() == []
