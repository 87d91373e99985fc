"""OAuth 2.0 refresh token: what somebody who has approved the app was given is the grant.

Salesforce help, "OAuth 2.0 Refresh Token Flow for Renewed Sessions". Where the app rotates refresh
tokens, each answer brings the next one and ends the one that was sent: whoever sends that again
ends them all, and the app has to be approved anew. So the next one is kept before anything else is
done with the answer, and no signal comes in between.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from typing_extensions import override

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.app_secret import AppSecret, SecretGrant
from tap_versionforge_salesforce.salesforce.auth.authenticator import is_sendable
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import Flow
from tap_versionforge_salesforce.salesforce.auth.token_file import TokenFile
from tap_versionforge_salesforce.salesforce.support.background import to_its_end
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tap_versionforge_salesforce.salesforce.auth.authenticator import (
        Token,
        TokenAnswer,
        TokenEndpoint,
    )
    from tap_versionforge_salesforce.salesforce.support.clock import Clock

_PATH_BEGINS = ("/", "~", "./", "../")


class KeptToken(Protocol):
    """Where the refresh token is, and its successors."""

    @property
    def loss(self) -> SettingsError | None:
        """Return why the next run has no token that is good; None where it has one."""

    def turn(self, pause: Callable[[float], None]) -> AbstractContextManager[None]:
        """Let nobody else use it while the block does, and have room for the next one.

        Args:
            pause: Waits that many seconds.
        """

    def value(self) -> str:
        """Return it, as it is now.

        Raises:
            SettingsError: There is none that can be used.
        """

    def keep(self, value: str) -> None:
        """Put another one in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken(AppSecret):
    """What a sign-in with a refresh token needs: beside the app, one of these two.

    Attributes:
        value: The token.
        path: A file that holds it, and nothing else.
    """

    value: str | None = field(default=None, repr=False)
    path: str | None = None

    def grant(self, *, clock: Clock, logger: logging.Logger) -> RefreshTokenGrant:
        """Return the grant; the token is read and checked here.

        Args:
            clock: For the wait for another run that signs in with the same file.
            logger: Where it is told what others may read, and what became of the token.

        Raises:
            SettingsError: The secret or the token can't be one, or the file can't be read.
        """
        self.check()
        kept = self.kept(clock=clock, logger=logger)
        kept.value()
        if isinstance(kept, TokenFile):
            for warning in kept.warnings():
                logger.warning("%s", warning)
        self.tell_unused(logger, "whoever has approved the app")
        return RefreshTokenGrant(self, kept)

    def kept(self, *, clock: Clock, logger: logging.Logger) -> TokenFile | TokenText:
        """Return where the token is.

        Args:
            clock: As for `grant`.
            logger: As for `grant`.
        """
        if self.path is not None:
            return TokenFile(self.path, clock=clock, logger=logger)
        return TokenText(self.value or "", logger=logger)


class TokenText:
    """A refresh token that was given as a text, which nobody can write to.

    Args:
        value: It.
        logger: Where it is told that it is of no use any more.
    """

    def __init__(self, value: str, *, logger: logging.Logger) -> None:
        remember_secrets(value)
        self._value = value
        self._logger = logger
        self.loss: SettingsError | None = None

    @contextmanager
    def turn(self, pause: Callable[[float], None]) -> Iterator[None]:  # noqa: ARG002  as KeptToken has it
        """Do nothing: who else has it is not known."""
        yield

    def value(self) -> str:
        """Return it.

        Raises:
            SettingsError: It can't be one.
        """
        if self._value.startswith(_PATH_BEGINS):
            raise SettingsError(
                "The setting refresh_token holds a path, not a token.",
                hint="Give the path in refresh_token_path instead.",
                code="refresh-token-not-usable",
            )
        if not is_sendable(self._value):
            raise SettingsError(
                "The setting refresh_token holds blanks, or other characters that no token has.",
                hint="Give the token alone.",
                code="refresh-token-not-usable",
            )
        return self._value

    def keep(self, value: str) -> None:
        """Use another one from now on, which is gone with this run."""
        self._value = value
        if self.loss is None:
            self.loss = SettingsError(
                "Salesforce has rotated the refresh token: the one in refresh_token is of no use "
                "any more, and the next run can't sign in with it.",
                hint="Have the app approved anew, put that refresh token into a file of its own, "
                "and name the file in refresh_token_path, where each run writes the next one; or "
                "switch refresh token rotation off in the app; or sign in with a key, which is "
                "never rotated.",
                code="refresh-token-not-kept",
            )
            self._logger.warning("%s %s", self.loss.message, self.loss.hint)


class RefreshTokenGrant(SecretGrant):
    """The grant of an app that somebody has approved.

    Args:
        app: The app.
        kept: Where the refresh token is.
    """

    grant_type: ClassVar[str] = "refresh_token"
    flow: ClassVar[Flow] = Flow.REFRESH_TOKEN
    shown: ClassVar[str] = "client_id, client_secret and the refresh token"

    def __init__(self, app: AppSecret, kept: KeptToken) -> None:
        super().__init__(app)
        self._kept = kept
        self._sent = ""

    @override
    def token(self, endpoint: TokenEndpoint) -> Token:
        """Post the form, keep the next refresh token, and return the access token of the answer.

        Raises:
            SettingsError: The refresh token can't be read any more.
            SignInError: Salesforce refused.
            UnavailableError: Another run does not let go of the file.
        """
        with ExitStack() as waiting:
            # A signal ends the wait for another run, which has nothing to lose.
            waiting.enter_context(self._kept.turn(endpoint.pause))
            turn = waiting.pop_all()
        # From here on it would lose the answer, and with it the only token that is good.
        return to_its_end(lambda: self._in_turn(endpoint, turn))

    def _in_turn(self, endpoint: TokenEndpoint, turn: ExitStack) -> Token:
        with turn:
            return replace(super().token(endpoint), loss=self._kept.loss)

    @override
    def form(self) -> Mapping[str, str]:
        """Return the fields to post; another run may have changed the token since the last time."""
        self._sent = self._kept.value()
        return {**super().form(), "refresh_token": self._sent}

    @override
    def take(self, answer: TokenAnswer) -> None:
        """Keep the next refresh token, where there is one."""
        following = answer.body.get("refresh_token")
        if not isinstance(following, str) or not is_sendable(following):
            return
        remember_secrets(following)
        if following != self._sent:
            self._kept.keep(following)
