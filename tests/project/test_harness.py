"""What the tests of this folder stand on says what is wrong."""

from __future__ import annotations

import re

import pytest

from tests.support.harness import in_state


@pytest.mark.parametrize(
    ("state", "lost"),
    [
        ({}, "bookmarks"),
        ({"bookmarks": {}}, "bookmarks.Account"),
        ({"bookmarks": {"Account": {}}}, "bookmarks.Account.replication_key_value"),
    ],
    ids=["no STATE", "no stream", "no bookmark"],
)
def test_a_state_that_was_lost_is_told(state: dict[str, object], lost: str) -> None:
    """With the place and all that there is, instead of a bare KeyError."""
    with pytest.raises(AssertionError, match=re.escape(f"the state has no {lost}: {{")):
        in_state(state, "bookmarks", "Account", "replication_key_value")
