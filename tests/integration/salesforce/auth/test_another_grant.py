"""Another way to sign in is another class: no line of the rest knows which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tap_versionforge_salesforce.errors import SignInError
from tap_versionforge_salesforce.salesforce import Org, query_of, read
from tap_versionforge_salesforce.salesforce.auth.authenticator import PostedGrant
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tests.local_org_tests.caller import assertion

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_versionforge_salesforce.salesforce.auth.authenticator import TokenAnswer
    from tests.local_org import LocalOrg


class Borrowed(PostedGrant):
    """Signs in with an assertion that somebody else has made."""

    def __init__(self, made: str) -> None:
        self._made = made
        self.is_accepted = False

    @override
    def form(self) -> Mapping[str, str]:
        grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return {"grant_type": grant_type, "assertion": self._made}

    @override
    def may_try_again(self, refused: TokenAnswer) -> bool:
        assert "access_token" not in refused.body
        return False

    @override
    def accepted(self) -> None:
        self.is_accepted = True

    @override
    def refusal(self, refused: TokenAnswer) -> SignInError:
        reason = refused.body["error"]
        return SignInError(f"The borrowed assertion is no good: {reason}.", hint="Ask its owner.")


@dataclass
class Loan:
    """Who lends it, and where it is good."""

    instance_url: str
    made: Borrowed

    def grant(self, *, clock: Clock, logger: logging.Logger) -> Borrowed:
        assert isinstance(clock, Clock)
        assert logger.name
        return self.made


def test_it_signs_in(org: LocalOrg) -> None:
    """What it sends is what the token endpoint gets."""
    rows = org.store.seed("Account", 3)
    borrowed = Borrowed(assertion(org))
    with Org(credentials=Loan(org.url, borrowed)) as connected:
        account = connected.describe("Account")
        pages = list(read(connected, query_of(account, account.columns, include_deleted=True)))
    assert sorted(pages[-1].frame.table["Id"]) == sorted(rows)
    assert borrowed.is_accepted


def test_it_explains_a_refusal(org: LocalOrg) -> None:
    """In its own words, for nobody else knows its causes."""
    borrowed = Borrowed("no assertion")
    with (
        Org(credentials=Loan(org.url, borrowed)) as connected,
        pytest.raises(SignInError, match="The borrowed assertion is no good: invalid_"),
    ):
        connected.describe("Account")
    assert not borrowed.is_accepted
