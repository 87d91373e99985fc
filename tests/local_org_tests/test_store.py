"""The store: rows made, changed, deleted and found again as Salesforce would."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.objects.fields import Field
from tests.local_org.objects.object_notation import read_field, read_object
from tests.local_org.store.ids import make_id
from tests.local_org.store.rows import INTEGRATION_USER_ID
from tests.local_org.store.store import Store
from tests.local_org_tests.still_clock import NOW, StillClock

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLIER = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def store(clock: StillClock) -> Store:
    return Store(clock)


def _values(store: Store, soql: str, *, all_rows: bool = False) -> list[object]:
    """Return the first column of a query."""
    result = store.run(soql, all_rows=all_rows)
    return [row[0] for row in store.fetch(result, 0, result.total_size)]


def _names(store: Store, condition: str) -> Sequence[object]:
    return _values(store, "SELECT Name FROM Account WHERE ...".replace("...", condition))


# Rows come, change and go


def test_insert_fills_in_what_salesforce_fills_in(store: Store) -> None:
    (record_id,) = store.insert("Account", [{"Name": "Acme"}])
    (row,) = store.rows("Account")
    stamp = NOW.replace(microsecond=0)
    assert row["Id"] == record_id
    assert len(record_id) == 18
    assert record_id.startswith("001")
    assert (row["Name"], row["IsDeleted"], row["Type"]) == ("Acme", False, None)
    assert row["CreatedDate"] == row["LastModifiedDate"] == row["SystemModstamp"] == stamp
    assert row["CreatedById"] == row["OwnerId"] == INTEGRATION_USER_ID
    assert row["BillingAddress"] is None


def test_insert_takes_what_the_row_says(store: Store) -> None:
    store.insert("Account", [{"Name": "A", "SystemModstamp": EARLIER, "IsDeleted": True}])
    store.insert("Account", [{"Name": "B"}], stamp=EARLIER)
    first, second = store.rows("Account")
    assert first["SystemModstamp"] == first["CreatedDate"] == EARLIER
    assert first["IsDeleted"] is True
    assert second["SystemModstamp"] == EARLIER.replace(microsecond=0)


def test_people_and_numbers_get_their_names(store: Store) -> None:
    (person,) = store.insert("Contact", [{"FirstName": "Ada", "LastName": "Abara"}])
    store.insert("Contract", [{}])
    assert store.rows("Contact")[0]["Name"] == "Ada Abara"
    assert store.rows("Contract")[0]["ContractNumber"] == "00000001"
    store.update("Contact", [person], {"LastName": "Fenn"})
    assert store.rows("Contact")[0]["Name"] == "Ada Fenn"


@pytest.mark.parametrize(
    "row",
    [{"Nope": 1}, {"name": "x"}, {"BillingAddress": {"city": "x"}}],
    ids=["unknown", "other case", "compound"],
)
def test_insert_refuses_fields_that_are_none(store: Store, row: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        store.insert("Account", [row])


def test_update_moves_the_stamps(store: Store, clock: StillClock) -> None:
    first, second = store.insert("Account", [{"Name": "A"}, {"Name": "B"}], stamp=EARLIER)
    clock.advance(60)
    store.update("Account", [first[:15]], {"Name": "C"})
    changed, other = store.rows("Account")
    assert (changed["Name"], other["Name"]) == ("C", "B")
    assert changed["SystemModstamp"] == changed["LastModifiedDate"]
    assert changed["SystemModstamp"] == (NOW + timedelta(seconds=60)).replace(microsecond=0)
    assert changed["CreatedDate"] == EARLIER.replace(microsecond=0)
    assert other["Id"] == second


def test_a_formula_changes_without_a_stamp(store: Store) -> None:
    ids = store.insert("Contract", [{"Status": "Draft"}], stamp=EARLIER)
    store.update("Contract", ids, {"Status": "Activated"}, touch=False)
    (row,) = store.rows("Contract")
    assert (row["Status"], row["SystemModstamp"]) == ("Activated", EARLIER.replace(microsecond=0))


def test_update_of_a_row_that_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(KeyError, match="1 rows asked for, 0 found"):
        store.update("Account", [make_id("001", 99)], {"Name": "x"})


def test_deleted_rows_wait_in_the_recycle_bin(store: Store, clock: StillClock) -> None:
    kept, gone = store.insert("Account", [{"Name": "A"}, {"Name": "B"}], stamp=EARLIER)
    clock.advance(5)
    store.delete("Account", [gone])
    assert _values(store, "SELECT Id FROM Account") == [kept]
    assert _values(store, "SELECT Id FROM Account", all_rows=True) == [kept, gone]
    assert (store.count("Account"), store.count("Account", include_deleted=True)) == (1, 2)
    assert [row["Id"] for row in store.rows("Account", include_deleted=False)] == [kept]
    deleted = store.rows("Account")[1]
    assert deleted["SystemModstamp"] == clock.now().replace(microsecond=0)
    assert deleted["LastModifiedDate"] == EARLIER.replace(microsecond=0)
    store.undelete("Account", [gone])
    assert store.count("Account") == 2


@pytest.mark.parametrize(
    ("name", "in_query"),
    [
        pytest.param("Task", ["live"], id="of an activity"),
        pytest.param("Idea__c", ["live", "old"], id="of anything else"),
    ],
)
def test_archived_activities_are_for_query_all(
    store: Store, name: str, in_query: list[str]
) -> None:
    """A query leaves archived tasks and events out; queryAll has them, and the deleted ones."""
    archived = Field(name="IsArchived", type="boolean", label="Archived", filterable=True)
    like = store.sobjects["Invoice__c"]
    store.add_object(replace(like, name=name, fields=(*like.fields, archived)))
    _, _, gone = store.insert(
        name, [{"Memo__c": "live"}, {"Memo__c": "old", "IsArchived": True}, {"Memo__c": "gone"}]
    )
    store.delete(name, [gone])
    soql = f"SELECT Memo__c FROM {name}"  # noqa: S608  it is no SQL
    assert _values(store, soql) == in_query
    assert _values(store, soql, all_rows=True) == ["live", "old", "gone"]
    living = f"{soql} WHERE IsDeleted = false"
    assert _values(store, living, all_rows=True) == ["live", "old"]


def test_users_are_never_deleted(store: Store) -> None:
    ids = store.insert("User", [{"LastName": "Abara"}])
    with pytest.raises(ValueError, match="no recycle bin"):
        store.delete("User", ids)


def test_sharing_hides_and_shows_rows_without_a_stamp(store: Store) -> None:
    """What was not shared comes with the stamp that it had."""
    first, second = store.insert("Account", [{"Name": "a"}, {"Name": "b"}])
    before = store.rows("Account")
    store.hide_rows("Account", [first])
    assert _values(store, "SELECT Id FROM Account", all_rows=True) == [second]
    assert store.count("Account", include_deleted=True) == 1
    store.show_rows("Account", [first])
    assert store.rows("Account") == before


def test_hard_deleted_rows_are_in_no_query(store: Store) -> None:
    first, second = store.insert("OpportunityLineItem", [{}, {}])
    store.hard_delete("OpportunityLineItem", [first])
    assert _values(store, "SELECT Id FROM OpportunityLineItem", all_rows=True) == [second]


def test_a_late_commit_shows_up_with_an_old_stamp(store: Store, clock: StillClock) -> None:
    store.insert("Account", [{"Name": "prompt"}])
    store.insert(
        "Account", [{"Name": "late"}], stamp=EARLIER, visible_from=NOW + timedelta(minutes=8)
    )
    soql = "SELECT Name FROM Account ORDER BY SystemModstamp"
    assert _values(store, soql) == ["prompt"]
    assert (store.count("Account"), len(store.rows("Account"))) == (1, 1)
    clock.advance(8 * 60)
    assert _values(store, soql) == ["late", "prompt"]


# Values


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "\x00", "\ufeffx", "\u2028", " ", "a\r\nb", "'\"\\", "\U0001f468\u200d\U0001f467"],
    ids=ascii,
)
def test_text_survives(store: Store, text: str) -> None:
    store.insert("Account", [{"Name": text}])
    assert store.rows("Account")[0]["Name"] == text
    assert _values(store, "SELECT Name FROM Account") == [text]


def test_empty_text_is_null(store: Store) -> None:
    store.insert("Account", [{"Name": "A", "Site": ""}])
    assert store.rows("Account")[0]["Site"] is None
    assert _names(store, "Site = ''") == _names(store, "Site = null") == ["A"]


@pytest.mark.parametrize(
    ("stored", "canonical", "text"),
    [
        (Decimal("0.123456789012345678"), Decimal("0.123456789012345678"), "0.123456789012345678"),
        (Decimal("1.50"), Decimal("1.5"), "1.5"),
        (Decimal("9.5E+8"), Decimal(950_000_000), "950000000"),
        (1.1, Decimal("1.1"), "1.1"),
        ("9.5E8", Decimal(950_000_000), "9.5E8"),
        ("12.50", Decimal("12.5"), "12.50"),
        ("NaN", "NaN", "NaN"),
        (float("-inf"), "-Infinity", "-Infinity"),
        (None, None, None),
    ],
)
def test_numbers_keep_every_digit(
    store: Store, stored: object, canonical: object, text: object
) -> None:
    store.insert("Measurement__c", [{"Value__c": stored}])
    assert store.rows("Measurement__c")[0]["Value__c"] == canonical
    assert _values(store, "SELECT Value__c FROM Measurement__c") == [text]


@pytest.mark.parametrize("value", ["text", "5", Decimal("12.5"), True, None], ids=repr)
def test_any_type_keeps_its_type(store: Store, value: object) -> None:
    store.insert("AccountHistory", [{"NewValue": value}])
    assert store.rows("AccountHistory")[0]["NewValue"] == value
    (found,) = _values(store, "SELECT NewValue FROM AccountHistory")
    assert (found, type(found)) == (value, type(value))


def test_addresses_are_made_of_their_parts(store: Store) -> None:
    store.insert("Account", [{"BillingCity": "Genève", "BillingLatitude": Decimal("46.2")}])
    (row,) = store.rows("Account")
    expected = dict.fromkeys(
        ["city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state"]
    )
    assert row["BillingAddress"] == {
        **expected,
        "street": None,
        "city": "Genève",
        "latitude": Decimal("46.2"),
    }
    assert row["ShippingAddress"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("Name", 5), ("IsPrivate", "true"), ("CloseDate", 1), ("SystemModstamp", 1), ("Amount", [])],
)
def test_a_value_of_the_wrong_type_is_refused(store: Store, field: str, value: object) -> None:
    with pytest.raises(TypeError):
        store.insert("Opportunity", [{field: value}])


# What the user may see


def test_hidden_fields_are_nowhere(store: Store) -> None:
    store.insert("Account", [{"Name": "Acme", "BillingCity": "Graz"}])
    store.hide_field("Account", "BillingCity")
    assert store.sobjects["Account"].field("BillingCity") is None
    with pytest.raises(SalesforceError, match="No such column 'BillingCity'"):
        store.run("SELECT BillingCity FROM Account", all_rows=False)
    (address,) = _values(store, "SELECT BillingAddress FROM Account")
    assert isinstance(address, dict)
    assert address["city"] is None
    store.show_field("Account", "BillingCity")
    assert _values(store, "SELECT BillingCity FROM Account") == ["Graz"]


def test_hidden_objects_are_nowhere(store: Store) -> None:
    store.hide_object("Account")
    assert "Account" not in store.sobjects
    for soql in ("SELECT Id FROM Account", "SELECT Account.Name FROM Contact"):
        with pytest.raises(SalesforceError):
            store.run(soql, all_rows=False)
    store.show_object("Account")
    assert _values(store, "SELECT Id FROM Account") == []


def test_an_admin_adds_objects_and_fields(store: Store) -> None:
    store.insert("Account", [{"Name": "old"}])
    store.add_field("Account", read_field("Region__c | string 40 | Region"))
    store.insert("Account", [{"Name": "new", "Region__c": "EMEA"}])
    assert _values(store, "SELECT Region__c FROM Account") == [None, "EMEA"]
    ship = read_object("name: Ship__c\nlabel: Ship\nprefix: a0S\n\nId | id | Record ID\n@audit")
    store.add_object(ship)
    (record_id,) = store.insert("Ship__c", [{}])
    assert _values(store, "SELECT Id FROM Ship__c") == [record_id]
    store.remove_object("Ship__c")
    with pytest.raises(SalesforceError, match="INVALID_TYPE"):
        store.run("SELECT Id FROM Ship__c", all_rows=False)


def test_reset_goes_back_to_the_start(store: Store) -> None:
    store.seed("Account", 5)
    store.hide_field("Account", "Site")
    store.hide_object("Contact")
    store.add_field("User", read_field("Badge__c | string 40 | Badge"))
    names = list(Store(StillClock()).sobjects)
    store.reset()
    assert list(store.sobjects) == names
    assert store.sobjects["Account"].field("Site")
    assert store.sobjects["User"].field("Badge__c") is None
    assert store.rows("Account") == []
    assert store.insert("Account", [{"Name": "x"}]) == [make_id("001", 1)]


def test_many_threads_may_use_it(store: Store) -> None:
    store.seed("Account", 200, hurt=False)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                store.insert("Contact", [{"LastName": "x"}])
                assert len(_values(store, "SELECT Id FROM Account")) == 200
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.count("Contact") == 30
