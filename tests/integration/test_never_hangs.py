"""No order and no size of tables lets a run wait for itself."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.harness import TapRunner
    from tests.local_org import LocalOrg

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
NINE = (
    *("Account", "Contact", "Contract", "Opportunity", "User"),
    *("OpportunityLineItem", "QuoteLineItem", "OrderItem", "ContractLineItem"),
)
PAGE_ROWS = 4


def fill(org: LocalOrg, pages: dict[str, int]) -> dict[str, list[str]]:
    """Give each table so many pages, and leave the rest empty."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = PAGE_ROWS
    org.settings.page_rows = PAGE_ROWS
    return {
        name: org.store.insert(name, [{}] * (count * PAGE_ROWS), stamp=LAST_WEEK) if count else []
        for name, count in pages.items()
    }


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({"Account": 25, "Contact": 1, "Opportunity": 25}, id="one page between"),
        pytest.param({"Account": 25, "Contact": 0, "Opportunity": 25}, id="nothing between"),
        pytest.param({"Account": 12, "Contact": 0, "Contract": 1, "Opportunity": 12}, id="two"),
        pytest.param({"Account": 1, "Contact": 25, "Contract": 0, "Opportunity": 25}, id="behind"),
    ],
)
@pytest.mark.parametrize("is_counted", [True, False], ids=["counts", "no counts"])
def test_a_small_table_between_two_large_ones(
    org: LocalOrg, tap: TapRunner, pages: dict[str, int], *, is_counted: bool
) -> None:
    """It is read by REST, and lets those behind it come before those in front of it are over."""
    rows = fill(org, pages)
    org.settings.record_count_factor = 25
    if not is_counted:
        org.settings.record_count_omits = set(NINE)
    run = tap.sync(objects=list(pages), bulk_page_rows=PAGE_ROWS)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in pages} == rows
