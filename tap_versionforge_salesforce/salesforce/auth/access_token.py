"""An access token that somebody has already: for a first look, before there is an app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, SignInError
from tap_versionforge_salesforce.salesforce.auth.authenticator import Token, is_sendable
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.auth.authenticator import TokenEndpoint
    from tap_versionforge_salesforce.salesforce.support.clock import Clock

_BEARER = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A session that is there, and the org that it belongs to.

    Attributes:
        instance_url: Scheme and host of the org's My Domain, without a trailing slash.
        value: The token, as it was pasted.
    """

    instance_url: str
    value: str = field(repr=False)

    def grant(self, *, clock: Clock, logger: logging.Logger) -> GivenToken:  # noqa: ARG002  as SignIn has it
        """Return the grant.

        Raises:
            SettingsError: It is no token.
        """
        return GivenToken(self.checked_value(), self.instance_url)

    def checked_value(self) -> str:
        """Return the token as it is sent.

        Raises:
            SettingsError: It is no token.
        """
        # A shell in which "!" is escaped leaves the backslash there; a header is copied whole.
        pasted = self.value.strip().removeprefix(_BEARER).strip()
        value = pasted.replace("\\!", "!")
        remember_secrets(self.value, pasted, value)
        if not is_sendable(value):
            raise SettingsError(
                "The setting access_token holds blanks, or other characters that no token has.",
                hint="Give the token alone; `sf org auth show-access-token` shows it.",
                code="access-token-unreadable",
            )
        return value


class GivenToken:
    """The grant of a token that can't be renewed.

    Args:
        value: The token.
        instance_url: The org's.
    """

    def __init__(self, value: str, instance_url: str) -> None:
        self._value = value
        self._instance_url = instance_url
        self._is_given = False

    def token(self, endpoint: TokenEndpoint) -> Token:  # noqa: ARG002  nothing is posted
        """Return the token, once.

        Raises:
            SignInError: It was returned before, and Salesforce does not accept it.
        """
        if self._is_given:
            raise SignInError(
                f"{self._instance_url} does not accept the access_token (any more): its session "
                "has ended, or is that of another org.",
                hint="Take a new one, such as `sf org auth show-access-token` shows, and see that "
                "instance_url is its org's. For runs on a schedule sign in with a key, which "
                "`tap-versionforge-salesforce setup` helps to set up.",
                code="access-token-ended",
            )
        self._is_given = True
        return Token(value=self._value, identity_url="", scope="")
