"""The session that the driver hands to its executors, and who renews it there."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.event_log import EventLog
from tap_versionforge_salesforce.engine.remedies import remedies_named
from tap_versionforge_salesforce.error_lines import line_of
from tap_versionforge_salesforce.errors import SettingsError, SignInError, TapError
from tap_versionforge_salesforce.salesforce.auth.authenticator import Token
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets
from tap_versionforge_salesforce.settings.connecting import org_of
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.salesforce.auth.authenticator import (
        Grant,
        SignIn,
        TokenEndpoint,
    )
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.settings.definitions import Settings

LOGGER = logging.getLogger("tap_versionforge_salesforce.spark")
USER_AGENT = "tap-versionforge-salesforce spark"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is there.

    Attributes:
        instance_url: The org's.
        token: Its access token.
        api_version: What the org has of the versions wanted.
    """

    instance_url: str
    token: str = field(repr=False)
    api_version: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Who signs in on an executor: first with the driver's session.

    Attributes:
        session: The driver's.
        behind: Who signs in once that has ended; None where this machine has no key.
    """

    session: Session
    behind: SignIn | None

    @property
    def instance_url(self) -> str:
        """Return scheme and host of the org."""
        return self.session.instance_url

    def grant(self, *, clock: Clock, logger: logging.Logger) -> Grant:
        """Return the grant; a key is read once it is needed."""
        return _HandedOverGrant(self, clock, logger)


class _HandedOverGrant:
    def __init__(self, handed: HandedOver, clock: Clock, logger: logging.Logger) -> None:
        self._handed = handed
        self._clock = clock
        self._logger = logger
        self._is_used = False
        self._behind: Grant | None = None

    def token(self, endpoint: TokenEndpoint) -> Token:
        """Return the driver's token, then others.

        Raises:
            SignInError: It has ended, and there is no key here.
            SettingsError: The key that is here can't be used.
        """
        if not self._is_used:
            self._is_used = True
            remember_secrets(self._handed.session.token)
            return Token(value=self._handed.session.token, identity_url="", scope="")
        if self._handed.behind is None:
            raise SignInError(
                "The driver's session has ended, and this executor has no key to sign in with.",
                hint="Give the executors one: the variable "
                "TAP_VERSIONFORGE_SALESFORCE_PRIVATE_KEY, or privateKeyPath of a file that is on "
                "each of them; or clientSecret, without a refresh token, which is the driver's.",
                code="no-key-on-executor",
            )
        try:
            if self._behind is None:
                self._behind = self._handed.behind.grant(clock=self._clock, logger=self._logger)
            return self._behind.token(endpoint)
        except SettingsError as error:
            raise error.reworded(
                "The driver's session has ended, and this executor can't sign in with the key "
                f"that it has: {error.message}",
                hint=f"{error.hint} An executor knows the options, and the environment of its own "
                "machine, not the driver's.",
            ) from None


def connected(settings: Settings, sign_in: SignIn | None = None) -> Org:
    """Return the org that the settings name; nothing is sent yet.

    Args:
        settings: The user's.
        sign_in: Who signs in; None for whoever the settings name.
    """
    _speak_up()
    org = org_of(settings, user_agent=USER_AGENT, clock=Clock(), logger=LOGGER, sign_in=sign_in)
    org.events.listen(EventLog(LOGGER).take)
    return org


def session_of(org: Org) -> Session:
    """Return the session of an org, to be handed over.

    Raises:
        TapError: There is none to be had.
    """
    org.client.ensure_api_version()
    return Session(org.url, org.client.session.token().value, org.client.api_version)


@contextmanager
def told() -> Iterator[None]:
    """Have the errors of the block say all that a user needs in the one line that Spark shows.

    Raises:
        TapError: That of the block.
    """
    try:
        with remedies_named():
            yield
    except TapError as error:
        # Where it was raised in the depths of the tap helps nobody who reads a task's message.
        raise error.reworded(line_of(_placed(error))) from None


def _placed(error: TapError) -> TapError:
    """Say of a passphrase where it may come from: who gave a key may know of none."""
    variable = f"{VARIABLE_PREFIX}PRIVATE_KEY_PASSPHRASE"
    if error.code != "private-key-wrong-passphrase" or variable not in os.environ:
        return error
    hint = f"{error.hint} Where it is no option, it is that of the variable {variable}."
    return error.reworded(error.message, hint=hint)


def _speak_up() -> None:
    """Have the log of this process written: nobody sets one up for Spark's Python workers."""
    if not logging.getLogger().handlers and not LOGGER.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s salesforce: %(message)s"))
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
