"""Numbers as people read them."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.support.wording import counted


@pytest.mark.parametrize(
    ("number", "read"),
    [
        pytest.param(0, "0 API calls", id="none"),
        pytest.param(1, "1 API call", id="one"),
        pytest.param(2, "2 API calls", id="two"),
        pytest.param(5_000, "5,000 API calls", id="thousands"),
    ],
)
def test_a_number_of_things(number: int, read: str) -> None:
    """One thing is no things, and thousands are set apart."""
    assert counted(number, "API call") == read
