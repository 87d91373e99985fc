"""Seeded rows: the same in every run, plausible, and with everything that hurts."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.local_org.objects.object_notation import default_objects
from tests.local_org.store import hurt
from tests.local_org_tests.still_clock import NOW, new_store

if TYPE_CHECKING:
    from tests.local_org.objects.fields import Field
    from tests.local_org.store.store import Store

Rows: TypeAlias = "dict[str, list[dict[str, object]]]"

OBJECTS = {sobject.name: sobject for sobject in default_objects()}


@pytest.fixture(scope="module")
def seeded() -> Store:
    store = new_store()
    for name, count in (("User", 20), ("Account", 300), ("Contact", 100), ("Opportunity", 1_000)):
        store.seed(name, count)
    store.seed("Measurement__c", 200)
    return store


@pytest.fixture(scope="module")
def rows(seeded: Store) -> Rows:
    return {name: seeded.rows(name) for name in seeded.sobjects}


def _column(rows: list[dict[str, object]], name: str) -> list[object]:
    return [row[name] for row in rows]


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_can_be_seeded_and_twice_gives_the_same(name: str) -> None:
    first, second = new_store(), new_store()
    assert first.seed(name, 70) == second.seed(name, 70)
    assert first.rows(name) == second.rows(name)
    assert first.count(name) == 70


def test_nothing_can_be_seeded() -> None:
    store = new_store()
    assert store.seed("Account", 0) == []
    assert store.count("Account") == 0


def test_a_second_seeding_goes_on() -> None:
    store = new_store()
    first, second = store.seed("Account", 10), store.seed("Account", 10)
    assert len({*first, *second}) == 20
    assert len(set(map(str, _column(store.rows("Account"), "Name")))) == 20


@pytest.mark.parametrize("name", OBJECTS)
def test_values_fit_their_fields(name: str) -> None:
    store = new_store()
    store.seed(name, 200)
    for row in store.rows(name):
        for field in OBJECTS[name].fields:
            _assert_fits(field, row[field.name])


def _assert_fits(field: Field, value: object) -> None:
    if value is None:
        allowed = field.nillable or field.name == "MasterRecordId" or field.is_compound
        assert allowed, field.name
    elif field.is_number:
        assert isinstance(value, Decimal), field.name
        largest = 10 ** ((field.precision - field.scale) or field.digits)
        assert abs(value) < largest, field.name
    elif field.type == "picklist" and field.picklist_values:
        assert value in field.picklist_values
    elif isinstance(value, str) and field.length:
        assert len(value) <= field.length, field.name


@pytest.mark.parametrize("text", hurt.TEXTS, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize(
    ("name", "field"), [("Account", "Description"), ("Measurement__c", "Name")]
)
def test_each_painful_text_is_there(rows: Rows, name: str, field: str, text: str) -> None:
    length = getattr(OBJECTS[name].field(field), "length", 0)
    assert text[:length] in _column(rows[name], field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Value__c", Decimal("0.123456789012345")),
        ("Value__c", Decimal("999.999999999999999")),
        ("Value__c", Decimal("1.0E-15")),
        ("Cost__c", Decimal("9999999999999999.99")),
        ("Cost__c", Decimal("-9999999999999999.99")),
        ("Budget__c", Decimal(999999999999999999)),
        ("Budget__c", Decimal(123456789012345678)),
        ("Count__c", Decimal(-999_999_999)),
        ("Serial__c", Decimal(9_007_199_254_740_993)),
        ("Measured_On__c", date(1700, 1, 1)),
        ("Measured_On__c", date(4000, 12, 31)),
        ("Starts__c", "23:59:59.999Z"),
        ("Reading__c", 'say "so"'),
        ("Reading__c", Decimal("-12.5")),
        ("Reading__c", True),
    ],
    ids=str,
)
def test_each_painful_value_is_there(rows: Rows, field: str, value: object) -> None:
    assert value in _column(rows["Measurement__c"], field)


def test_painful_spellings_and_moments_are_there(seeded: Store) -> None:
    result = seeded.run("SELECT Budget__c, Measured_At__c FROM Measurement__c", all_rows=True)
    rows = seeded.fetch(result, 0, 200)
    assert {"9.5E8", "-0", "1.6147805824397E13"} <= {row[0] for row in rows}
    years = {str(row[1])[:4] for row in rows if row[1]}
    assert {"1700", "4000"} <= years
    fractions = {str(row[1])[-4:] for row in rows if row[1]}
    assert ".000" in fractions
    assert len(fractions) > 10


def test_without_hurt_nothing_hurts() -> None:
    store = new_store()
    store.seed("Account", 200, hurt=False)
    for field in ("Name", "Site", "BillingCity", "Phone"):
        texts = [str(text) for text in _column(store.rows("Account"), field)]
        assert all(text.isprintable() and text == text.strip() for text in texts)


def test_plenty_is_null_but_not_all(rows: Rows) -> None:
    accounts = rows["Account"]
    for field in ("Type", "BillingCity", "AnnualRevenue", "LastActivityDate", "ParentId"):
        nulls = _column(accounts, field).count(None)
        assert 0 < nulls < len(accounts) / 2
    assert {type(row["BillingAddress"]) for row in accounts} == {dict, type(None)}


def test_references_point_to_rows(rows: Rows) -> None:
    accounts = set(_column(rows["Account"], "Id"))
    users = set(_column(rows["User"], "Id"))
    assert set(_column(rows["Opportunity"], "AccountId")) - {None} <= accounts
    assert set(_column(rows["Account"], "ParentId")) - {None} <= accounts
    assert set(_column(rows["Opportunity"], "OwnerId")) <= users
    assert set(_column(rows["Opportunity"], "CampaignId")) == {None}


def test_opportunities_make_sense(rows: Rows) -> None:
    for row in rows["Opportunity"]:
        stage, closes = str(row["StageName"]), row["CloseDate"]
        assert isinstance(closes, date)
        assert row["IsClosed"] is stage.startswith("Closed")
        assert row["IsWon"] is (stage == "Closed Won")
        assert row["FiscalYear"] == closes.year
        assert row["Fiscal"] == f"{closes.year} {(closes.month + 2) // 3}"


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        ("Opportunity", "SystemModstamp"),
        ("AccountShare", "LastModifiedDate"),
        ("AccountHistory", "CreatedDate"),
        ("LoginHistory", "LoginTime"),
    ],
)
def test_stamps_are_years_of_whole_seconds_up_to_now_with_many_ties(name: str, stamp: str) -> None:
    store = new_store()
    store.seed(name, 1_000)
    stamps = [moment for moment in _column(store.rows(name), stamp) if isinstance(moment, datetime)]
    assert max(stamps) == NOW.replace(microsecond=0) - timedelta(minutes=1)
    assert max(stamps) - min(stamps) > timedelta(days=3 * 365)
    assert {moment.microsecond for moment in stamps} == {0}
    assert stamps != sorted(stamps)
    ties = Counter(stamps)
    assert len(ties) < 400
    assert max(ties.values()) >= 100


def test_created_comes_before_modified(rows: Rows) -> None:
    for row in rows["Opportunity"]:
        created, modified, stamp = (
            row[name] for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")
        )
        assert isinstance(created, datetime)
        assert isinstance(modified, datetime)
        assert isinstance(stamp, datetime)
        assert created <= modified <= stamp
