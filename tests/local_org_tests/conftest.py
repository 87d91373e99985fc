"""Clients of the org that know nothing but paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_org_tests.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg


@pytest.fixture
def caller(org: LocalOrg) -> Iterator[Caller]:
    """A signed-in client that knows nothing but paths."""
    with Caller(org) as caller:
        caller.sign_in()
        org.journal.clear()
        yield caller


@pytest.fixture
def stranger(org: LocalOrg) -> Iterator[Caller]:
    """A client without a token."""
    with Caller(org) as caller:
        yield caller
