"""Objects that want care: each comes whole by the API that serves it, or says why it can't."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults
from tests.local_org.objects.object_notation import features
from tests.support.catalogs import metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
EMPTY_ID = "000000000000000AAA"
ROWS = 5
MODES = pytest.mark.parametrize("api_mode", ["auto", "rest"])


def read(tap: TapRunner, name: str, **more: Any) -> Run:  # noqa: ANN401  settings
    run = tap.sync(objects=[name], **more)
    assert run.exit_code == 0, run.log
    return run


def of_report(run: Run) -> dict[str, Any]:
    (stream,) = run.report["streams"]
    return dict(stream)


# External objects


@MODES
@pytest.mark.parametrize("page_rows", [2, 2_000])
def test_external_objects_come_to_the_end_of_their_pages(
    org: LocalOrg, tap: TapRunner, api_mode: str, page_rows: int
) -> None:
    """Nobody counts their rows (``totalSize: -1``), and Bulk does not serve them."""
    ids = org.store.insert("Shipment__x", [{"Carrier__c": f"c{n}"} for n in range(ROWS)])
    org.settings.page_rows = page_rows
    run = read(tap, "Shipment__x", api_mode=api_mode)
    assert sorted(run.ids("Shipment__x")) == sorted(ids)
    assert org.journal.calls("/jobs/query") == []
    told = of_report(run)
    assert (told["api"], told["proven_by"], told["promised_rows"]) == ("REST API", None, None)


def test_external_objects_that_are_counted_are_proven(org: LocalOrg, tap: TapRunner) -> None:
    """Some other systems tell how many rows there are."""
    org.store.insert("Shipment__x", [{}] * ROWS)

    def counted(body: bytes) -> bytes:
        return body.replace(b'"totalSize":-1', b'"totalSize":%d' % ROWS)

    org.faults.add("GET /query*", faults.replace_body(counted), times=None)
    told = of_report(read(tap, "Shipment__x", api_mode="rest"))
    assert (told["proven_by"], told["promised_rows"]) == ("totalSize", ROWS)


@pytest.mark.parametrize("name", ["SHIPMENT__X", "shipment__x"])
def test_external_objects_in_other_letters(org: LocalOrg, tap: TapRunner, name: str) -> None:
    """As a catalog of another tap may have them."""
    ids = org.store.insert("Shipment__x", [{}] * ROWS)
    catalog = tap.discover(objects=["Shipment__x"])
    catalog["streams"][0] |= {"tap_stream_id": name, "stream": name}
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(name)) == sorted(ids)


def test_external_objects_by_bulk_are_refused_by_name(org: LocalOrg, tap: TapRunner) -> None:
    """Where Bulk is what the user wants, there is no other way."""
    org.store.insert("Shipment__x", [{}])
    run = tap.sync(objects=["Shipment__x"], api_mode="bulk")
    assert run.exit_code == 7
    assert "Shipment__x: " in run.log.splitlines()[-1]


def test_pages_of_an_external_object_that_lead_to_themselves(org: LocalOrg, tap: TapRunner) -> None:
    """No count would end it, and so what was there before does."""
    org.store.insert("Shipment__x", [{}] * ROWS)
    org.settings.page_rows = 2

    def first(_: Call, real: Callable[[], Answer]) -> Answer:
        pages.append(real())
        return pages[0]

    pages: list[Answer] = []
    org.faults.add("GET /query*", first, times=None)
    run = tap.sync(objects=["Shipment__x"], max_api_calls=200, api_mode="rest")
    assert run.exit_code == 6, run.log
    assert "a page leads to one that was there before" in run.log
    assert len(org.journal.calls("*/query*")) < 20


# Others


def test_big_objects(org: LocalOrg, tap: TapRunner) -> None:
    """Read without order and filter, as they have only their index for these."""
    rows = [{"Id": EMPTY_ID, "Device__c": f"d{n}"} for n in range(ROWS)]
    org.store.insert("Sensor_Reading__b", rows, stamp=LAST_WEEK)
    org.settings.page_rows = 2
    run = read(tap, "Sensor_Reading__b", start_date="2000-01-01", api_mode="rest")
    assert sorted(r["Device__c"] for r in run.records("Sensor_Reading__b")) == [
        f"d{n}" for n in range(ROWS)
    ]
    (schema,) = run.messages_of("SCHEMA")
    assert schema["key_properties"] == []
    ((_, soql),) = org.journal.soql()
    assert "WHERE" not in soql
    assert "ORDER BY" not in soql


@MODES
@pytest.mark.parametrize("name", ["Discount_Rule__mdt", "Knowledge__kav", "AccountHistory"])
def test_what_comes_as_any_other(org: LocalOrg, tap: TapRunner, name: str, api_mode: str) -> None:
    """Incrementally, and the second run has nothing new."""
    ids = org.store.insert(name, [{}] * ROWS, stamp=LAST_WEEK)
    first = read(tap, name, api_mode=api_mode)
    assert sorted(first.ids(name)) == sorted(ids)
    second = read(tap, name, api_mode=api_mode, state=first.state)
    assert second.ids(name) == []


@MODES
@pytest.mark.parametrize("name", ["AccountFeed", "AccountShare", "TabDefinition"])
def test_what_bulk_does_not_serve_or_has_no_stamp(
    org: LocalOrg, tap: TapRunner, name: str, api_mode: str
) -> None:
    """Feeds, shares and definitions come by REST."""
    ids = org.store.insert(name, [{}] * ROWS, stamp=LAST_WEEK)
    org.settings.page_rows = 2
    run = read(tap, name, api_mode=api_mode)
    assert sorted(run.ids(name)) == sorted(ids)


def test_fractions_of_a_whole_number(org: LocalOrg, tap: TapRunner) -> None:
    """They are known to come for this field of articles, and are kept."""
    org.store.insert("Knowledge__kav", [{}], stamp=LAST_WEEK)
    (schema,) = read(tap, "Knowledge__kav").messages_of("SCHEMA")
    assert schema["schema"]["properties"]["Attachment__Length__s"]["type"] == ["number", "null"]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_names_of_several_objects(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Who a task is for may be a contact or a lead; archived ones come with the others."""
    (contact,) = org.store.insert("Contact", [{}])
    (account,) = org.store.insert("Account", [{}])
    org.settings.job_transition = "immediate"
    org.store.insert(
        "Task",
        [
            {"WhoId": contact, "WhatId": account, "IsArchived": False},
            {"WhoId": "00Q000000000001AAA", "WhatId": None, "IsArchived": True},
        ],
        stamp=LAST_WEEK,
    )
    run = read(tap, "Task", api_mode=api_mode)
    found = [(r["WhoId"], r["WhatId"], r["IsArchived"]) for r in run.records("Task")]
    assert sorted(found, key=str) == sorted(
        [(contact, account, False), ("00Q000000000001AAA", None, True)], key=str
    )


# What an org may have or not


def test_features_are_named() -> None:
    """Each of them has a test below."""
    assert features() == ["multi_currency", "person_accounts"]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_person_accounts(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Accounts with the fields of a person, one more address, and custom fields of a contact."""
    org.store.add_feature("person_accounts")
    org.settings.job_transition = "immediate"
    person = {
        "Name": "Ada Byron",
        "FirstName": "Ada",
        "LastName": "Byron",
        "IsPersonAccount": True,
        "PersonMailingCity": "London",
        "PersonMailingLatitude": "51.507351000000000",
        "PersonBirthdate": "1815-12-10",
        "Loyalty_Tier__pc": "Gold",
    }
    org.store.insert("Account", [person, {"Name": "Acme"}], stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account"])
    metadata = metadata_of(catalog, "Account")
    assert metadata["PersonMailingAddress"]["selected-by-default"] is False
    assert metadata["PersonMailingAddress.city"]["inclusion"] == "automatic"
    run = tap.sync(catalog=catalog, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    records = {record["Name"]: record for record in run.records("Account")}
    found = {name: records["Ada Byron"][name] for name in person}
    assert found == {**person, "PersonMailingLatitude": Decimal("51.507351")}
    assert records["Acme"]["LastName"] is None


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_several_currencies(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Amounts stay in the currency of their record, which is beside them."""
    org.store.add_feature("multi_currency")
    org.settings.job_transition = "immediate"
    org.store.insert(
        "Opportunity",
        [
            {"Name": "Yen", "Amount": "1200000", "CurrencyIsoCode": "JPY"},
            {"Name": "Euro", "Amount": "99.95", "CurrencyIsoCode": "EUR"},
        ],
        stamp=LAST_WEEK,
    )
    run = read(tap, "Opportunity", api_mode=api_mode)
    found = {r["Name"]: (r["Amount"], r["CurrencyIsoCode"]) for r in run.records("Opportunity")}
    assert found == {"Yen": (Decimal(1_200_000), "JPY"), "Euro": (Decimal("99.95"), "EUR")}
