"""What the two ways to sign in with an app's secret have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_versionforge_salesforce.errors import SettingsError, SignInError, wrong_setting
from tap_versionforge_salesforce.salesforce.auth.authenticator import PostedGrant, is_sendable
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import explained
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_versionforge_salesforce.salesforce.auth.authenticator import TokenAnswer
    from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import Flow

# Of every consumer key.
_KEY_BEGINS = "3MVG"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSecret:
    """An app that signs in with its secret, and the org that it belongs to.

    Attributes:
        instance_url: Scheme and host of the org's My Domain, without a trailing slash.
        client_id: Consumer key of the app.
        client_secret: Its consumer secret.
        unused: Names of settings that are given, and that this way does not use.
    """

    instance_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    unused: tuple[str, ...] = ()

    def check(self) -> None:
        """Have the secrets hidden from now on, and see that they can be what they are taken for.

        Raises:
            SettingsError: The secret can't be one.
        """
        remember_secrets(self.client_id, self.client_secret)
        if self.client_secret.startswith(_KEY_BEGINS) or self.client_secret == self.client_id:
            raise wrong_setting(
                "client_secret",
                "holds the consumer key",
                "Give the Consumer Secret, which stands beside the key in Setup > External Client "
                "App Manager > the app > Consumer Key and Secret.",
            )
        if not is_sendable(self.client_secret):
            raise SettingsError(
                "The setting client_secret holds blanks, or other characters that no consumer "
                "secret has.",
                hint="Give the Consumer Secret alone.",
                code="invalid-setting",
            )

    def tell_unused(self, logger: logging.Logger, instead: str) -> None:
        """Say which settings are given in vain.

        Args:
            logger: Where.
            instead: Who signs in; goes on from "client_secret signs in as".
        """
        if self.unused:
            names = " and ".join(self.unused)
            logger.warning("Not used: %s. client_secret signs in as %s.", names, instead)


class SecretGrant(PostedGrant):
    """A grant that is posted with the app's consumer key and secret.

    Args:
        app: The app.
    """

    grant_type: ClassVar[str]
    flow: ClassVar[Flow]
    #: What was shown to Salesforce; goes on from "signed in with".
    shown: ClassVar[str] = "client_id and client_secret"

    def __init__(self, app: AppSecret) -> None:
        self._app = app

    @override
    def form(self) -> Mapping[str, str]:
        """Return the fields to post."""
        return {
            "grant_type": self.grant_type,
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
        }

    @override
    def may_try_again(self, refused: TokenAnswer) -> bool:
        """Tell that there is no other form."""
        return False

    @override
    def accepted(self) -> None:
        """Take no note."""

    @override
    def refusal(self, refused: TokenAnswer) -> SignInError:
        """Return what to tell of a refusal: the cause, and the fix."""
        problem, said = explained(refused.body, self.flow)
        message = (
            f"{problem.cause.removesuffix('.')}{said}; signed in with {self.shown} at "
            f"{self._app.instance_url}."
        )
        return SignInError(message, hint=problem.fix, code=problem.code)
