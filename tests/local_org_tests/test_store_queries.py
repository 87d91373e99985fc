"""Queries on the store: what filters find, in which order, and what a cursor keeps."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.store.ids import case_safe, make_id
from tests.local_org.store.store import Store
from tests.local_org_tests.still_clock import NOW, StillClock, new_store

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLIER = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)


@pytest.fixture
def store() -> Store:
    return new_store()


def _values(store: Store, soql: str, *, all_rows: bool = False) -> list[object]:
    """Return the first column of a query."""
    result = store.run(soql, all_rows=all_rows)
    return [row[0] for row in store.fetch(result, 0, result.total_size)]


def _names(store: Store, condition: str) -> Sequence[object]:
    return _values(store, "SELECT Name FROM Account WHERE ...".replace("...", condition))


# Filters


@pytest.fixture(scope="module")
def filtered() -> Store:
    store = Store(StillClock())
    rows: list[dict[str, object]] = [
        {"Name": "Acme", "AnnualRevenue": 5, "Type": "Prospect", "SystemModstamp": EARLIER},
        {"Name": "acme Ltd", "AnnualRevenue": Decimal(999999999999999999), "Site": "50%"},
        {"Name": "Birch", "AnnualRevenue": Decimal(999999999999999998), "Site": "50_x\\"},
        {"Name": "Élan", "Type": "Other", "LastActivityDate": NOW.date()},
    ]
    store.insert("Account", rows)
    return store


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name = 'élan'", ["Élan"]),
        ("Name LIKE 'acm%'", ["Acme", "acme Ltd"]),
        ("Name LIKE '_cme'", ["Acme"]),
        (r"Site LIKE '50\%'", ["acme Ltd"]),
        (r"Site LIKE '50\_x\\'", ["Birch"]),
        ("Name IN ('acme', 'birch')", ["Acme", "Birch"]),
        ("Name NOT IN ('acme', 'birch')", ["acme Ltd", "Élan"]),
        ("Type = null", ["acme Ltd", "Birch"]),
        ("Type != null", ["Acme", "Élan"]),
        ("Type != 'Prospect'", ["acme Ltd", "Birch", "Élan"]),
        ("Type IN ('Other', null)", ["acme Ltd", "Birch", "Élan"]),
        ("Type NOT IN ('Other')", ["Acme", "acme Ltd", "Birch"]),
        ("NOT Type = 'Prospect'", ["acme Ltd", "Birch", "Élan"]),
        ("(NOT Type = 'Prospect') AND Name > 'b'", ["Birch", "Élan"]),
        ("Name > 'b' AND (Type = 'Other' OR AnnualRevenue > 10)", ["Birch", "Élan"]),
        ("AnnualRevenue = 999999999999999999", ["acme Ltd"]),
        ("AnnualRevenue < 999999999999999999", ["Acme", "Birch"]),
        ("AnnualRevenue = 5.0", ["Acme"]),
        ("AnnualRevenue IN (5, 6)", ["Acme"]),
        ("AnnualRevenue > null", []),
        ("IsDeleted = false AND Type != null", ["Acme", "Élan"]),
        ("LastActivityDate = 2026-11-23", ["Élan"]),
        ("SystemModstamp = 2026-01-02T03:04:05.678Z", ["Acme"]),
        ("SystemModstamp <= 2026-01-02T04:04:05.678+01:00", ["Acme"]),
        ("SystemModstamp < 2026-01-02T03:04:05.678Z", []),
        ("SystemModstamp IN (2026-01-02T03:04:05.678Z, null)", ["Acme"]),
        ("Id = '{short}'", ["Acme"]),
        ("Id = '{long}'", ["Acme"]),
        ("Id > '{long}' AND Type != null", ["Élan"]),
        ("Id IN ('{short}', '{long}')", ["Acme"]),
        ("OwnerId != '{long}' AND Name = 'Acme'", ["Acme"]),
    ],
)
def test_filters(filtered: Store, condition: str, names: list[str]) -> None:
    long = make_id("001", 1)
    for place, record_id in (("{short}", long[:15]), ("{long}", long)):
        condition = condition.replace(place, record_id)
    assert _names(filtered, condition) == names


def test_ids_mind_the_case(store: Store) -> None:
    lower, upper = case_safe("001Hs000000000a"), case_safe("001Hs000000000A")
    store.insert("Account", [{"Id": lower, "Name": "lower"}, {"Id": upper, "Name": "upper"}])
    assert _names(store, "Id = '001Hs000000000A'") == ["upper"]
    assert _names(store, "Id = '001Hs000000000a'") == ["lower"]


def test_the_three_letters_of_a_long_id() -> None:
    assert case_safe("00D20000000IqTi") == "00D20000000IqTiEAK"
    assert case_safe("00D20000000IqTiEAK") == "00D20000000IqTiEAK"
    assert make_id("001", 62 * 62 + 10) == case_safe("001Hs000000010A")


# Order


@pytest.mark.parametrize(
    ("order", "sites"),
    [
        ("Site", [None, None, "a", "B", "c"]),
        ("Site DESC", [None, None, "c", "B", "a"]),
        ("Site NULLS LAST", ["a", "B", "c", None, None]),
        ("Site DESC NULLS LAST", ["c", "B", "a", None, None]),
        ("Site LIMIT 2 OFFSET 1", [None, "a"]),
        ("AnnualRevenue, Site DESC", ["c", None, "B", "a", None]),
    ],
)
def test_order(store: Store, order: str, sites: list[object]) -> None:
    rows: list[dict[str, object]] = [
        {"Name": "1", "Site": "B", "AnnualRevenue": 10},
        {"Name": "2", "AnnualRevenue": 9},
        {"Name": "3", "Site": "a", "AnnualRevenue": 10},
        {"Name": "4", "Site": "c"},
        {"Name": "5", "AnnualRevenue": 100},
    ]
    store.insert("Account", rows)
    found = _values(store, "SELECT Site FROM Account ORDER BY ...".replace("...", order))
    assert found == sites


def test_ties_keep_one_order(store: Store) -> None:
    ids = store.insert("Account", [{"Name": "x"}] * 300)
    assert _values(store, "SELECT Id FROM Account ORDER BY SystemModstamp") == ids
    assert _values(store, "SELECT Id FROM Account ORDER BY SystemModstamp, Id DESC") == ids[::-1]


def test_count(store: Store) -> None:
    store.insert("Account", [{"Name": "x"}] * 3)
    result = store.run("SELECT COUNT() FROM Account WHERE Name = 'X'", all_rows=False)
    assert (result.is_count, result.total_size, result.columns) == (True, 3, ())


# Cursors


def test_a_cursor_keeps_its_rows_and_reads_their_values_late(store: Store) -> None:
    first, second, third = store.insert("Account", [{"Name": name} for name in "abc"])
    result = store.run("SELECT id, name FROM account ORDER BY Name DESC", all_rows=False)
    store.insert("Account", [{"Name": "bb"}])
    store.update("Account", [first], {"Name": "z"})
    store.hard_delete("Account", [second])
    assert result.total_size == 3
    assert [row[:2] for row in store.fetch(result, 0, 10)] == [(third, "c"), (first, "z")]
    assert [row[:2] for row in store.fetch(result, 2, 10)] == [(first, "z")]
    assert store.fetch(result, 3, 10) == []


def test_columns_are_spelled_as_the_describe_spells_them(store: Store) -> None:
    result = store.run("SELECT ID, account.owner.NAME FROM contact", all_rows=False)
    assert [column.name for column in result.columns] == ["Id", "Account.Owner.Name"]
    assert result.object_name == "Contact"
    assert [column.field.type for column in result.columns] == ["id", "string"]


def test_parents_are_reached_over_references(store: Store) -> None:
    (owner,) = store.insert("User", [{"LastName": "Abara"}])
    (account,) = store.insert("Account", [{"Name": "Acme", "OwnerId": owner}])
    store.insert("Contact", [{"LastName": "x", "AccountId": account}, {"LastName": "y"}])
    soql = "SELECT Account.Owner.Name FROM Contact"
    assert _values(store, soql) == ["Abara", None]
    assert _values(store, f"{soql} WHERE Account.Name = 'acme'") == ["Abara"]
    assert _values(store, f"{soql} ORDER BY Account.Name DESC NULLS LAST") == ["Abara", None]


# Semi-joins


@pytest.fixture(scope="module")
def joined() -> Store:
    store = Store(StillClock())
    names = ("with", "deleted", "without")
    accounts = store.insert("Account", [{"Name": name} for name in names])
    rows = [{"LastName": "a", "AccountId": account} for account in accounts[:2]]
    contacts = store.insert("Contact", [*rows, {"LastName": "alone"}])
    store.delete("Contact", contacts[1:2])
    return store


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("Id IN (SELECT AccountId FROM Contact)", ["with"]),
        ("Id NOT IN (select AccountId from Contact)", ["deleted", "without"]),
        ("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'b')", []),
        ("Id IN (SELECT AccountId FROM Contact WHERE Account.Name LIKE 'w%')", ["with"]),
        ("Name = 'x' OR Id IN (SELECT Id FROM Account WHERE Name = 'without')", ["without"]),
    ],
)
def test_semi_joins(joined: Store, condition: str, names: list[str]) -> None:
    """An Id among those that living rows of another object hold."""
    assert sorted(map(str, _names(joined, condition))) == names


@pytest.mark.parametrize(
    "condition",
    [
        "Name IN (SELECT AccountId FROM Contact)",
        "Id IN (SELECT LastName FROM Contact)",
        "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT Id FROM Contact))",
        "Id IN (SELECT AccountId FROM Contact LIMIT 5)",
    ],
)
def test_semi_joins_that_are_none(joined: Store, condition: str) -> None:
    """Of what is no Id, nested, or with a limit."""
    with pytest.raises(SalesforceError, match="MALFORMED_QUERY"):
        _names(joined, condition)
