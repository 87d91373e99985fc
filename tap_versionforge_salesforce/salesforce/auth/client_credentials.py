"""OAuth 2.0 client credentials: the app's own secret is the grant.

Salesforce help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration". Who signs in
is the user that the app's policies name (Run As), and only the org's My Domain serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tap_versionforge_salesforce.salesforce.auth.app_secret import AppSecret, SecretGrant
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import Flow

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.support.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials(AppSecret):
    """What a sign-in with the app's own secret needs."""

    def grant(self, *, clock: Clock, logger: logging.Logger) -> ClientCredentialsGrant:  # noqa: ARG002  as SignIn has it
        """Return the grant.

        Args:
            clock: Nothing of it depends on the time.
            logger: Where it is told which settings are not used.

        Raises:
            SettingsError: The secret can't be one.
        """
        self.check()
        self.tell_unused(logger, "the user whom the app's policies name (Run As)")
        return ClientCredentialsGrant(self)


class ClientCredentialsGrant(SecretGrant):
    """The grant of an app that signs in as the user whom its policies name."""

    grant_type: ClassVar[str] = "client_credentials"
    flow: ClassVar[Flow] = Flow.CLIENT_CREDENTIALS
