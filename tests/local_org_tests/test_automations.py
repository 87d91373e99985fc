"""What moves no stamp in Salesforce moves none here: formulas, cascades, quote sync, sharing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.local_org.objects.fields import Field
from tests.local_org.store.automations import DaysSince, ParentValue, RollUp
from tests.local_org.store.store import Store
from tests.local_org_tests.still_clock import NOW, StillClock

if TYPE_CHECKING:
    from tests.local_org.store.automations import Formula

DAY_SECONDS = 86_400


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def store(clock: StillClock) -> Store:
    return Store(clock)


def number(name: str) -> Field:
    return Field(name=name, type="double", label=name, precision=18, scale=2)


def asked(store: Store, soql: str) -> list[tuple[object, ...]]:
    result = store.run(soql, all_rows=False)
    return [row[: len(result.columns)] for row in store.fetch(result, 0, result.total_size)]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (ParentValue("AccountId", "Account", "AnnualRevenue"), [Decimal(1), Decimal(7)]),
        (DaysSince("CloseDate"), [Decimal(3), Decimal(4)]),
    ],
)
def test_a_formula_is_counted_when_it_is_asked_for(
    store: Store, clock: StillClock, formula: Formula, expected: list[Decimal]
) -> None:
    """Neither a parent's change nor the next day moves the row's stamp."""
    store.add_formula("Opportunity", number("Sum__c"), formula)
    (account,) = store.insert("Account", [{"AnnualRevenue": 1}])
    day = f"{NOW.day - 3:02}" if NOW.day > 3 else "01"
    closed = f"{NOW:%Y-%m}-{day}"
    store.insert("Opportunity", [{"AccountId": account, "CloseDate": closed}])
    (before,) = store.rows("Opportunity")
    clock.advance(DAY_SECONDS)
    store.update("Account", [account], {"AnnualRevenue": 7})
    (after,) = store.rows("Opportunity")
    assert [before["Sum__c"], after["Sum__c"]] == expected
    assert before["SystemModstamp"] == after["SystemModstamp"]
    assert asked(store, "SELECT Sum__c FROM Opportunity") == [(str(expected[1]),)]


def test_a_roll_up_counts_living_children(store: Store) -> None:
    """It is a sum, and none of nothing."""
    store.add_formula("Account", number("Sum__c"), RollUp("Opportunity", "AccountId", "Amount"))
    first, second = store.insert("Account", [{}, {}])
    values = [{"AccountId": first, "Amount": Decimal("1.50")}] * 3
    gone, *_ = store.insert("Opportunity", values)
    store.delete("Opportunity", [gone])
    sums = {row["Id"]: row["Sum__c"] for row in store.rows("Account")}
    assert sums == {first: Decimal("3.00"), second: Decimal(0)}


def test_a_describe_tells_that_it_is_calculated(store: Store) -> None:
    """As of any formula."""
    store.add_formula("Account", number("Days__c"), DaysSince("CreatedDate"))
    field = store.sobjects["Account"].field("Days__c")
    assert field is not None
    assert field.calculated


def test_children_go_with_their_parent_and_keep_their_stamps(
    store: Store, clock: StillClock
) -> None:
    """A cascade delete saves no child."""
    first, second = store.insert("Account", [{}, {}])
    store.insert("Contact", [{"AccountId": first}, {"AccountId": second}])
    clock.advance(60)
    store.delete_with_children("Account", [first], ["Contact"])
    gone, kept = store.rows("Contact")
    assert (gone["IsDeleted"], kept["IsDeleted"]) == (True, False)
    assert gone["SystemModstamp"] == kept["SystemModstamp"] == NOW.replace(microsecond=0)


def test_syncing_a_quote_makes_line_items_anew(store: Store) -> None:
    """The old ones are in no recycle bin."""
    first, second = store.insert("Opportunity", [{}, {}])
    values = [{"OpportunityId": each, "Quantity": 2} for each in (first, first, second)]
    before = store.insert("OpportunityLineItem", values)
    store.sync_quote([first])
    rows = store.rows("OpportunityLineItem")
    assert [row["OpportunityId"] for row in rows] == [second, first, first]
    assert not {row["Id"] for row in rows} & set(before[:2])


def test_an_emptied_recycle_bin_leaves_the_living(store: Store) -> None:
    """And no query finds what was in it."""
    first, second = store.insert("Account", [{}, {}])
    store.delete("Account", [first])
    store.empty_recycle_bin("Account")
    assert [row["Id"] for row in store.rows("Account")] == [second]
