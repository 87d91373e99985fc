"""One org: who is signed in, its endpoints, its quota, and what waits for it."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    OddAnswerError,
    QuotaError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.api_version import API_VERSION
from tap_versionforge_salesforce.salesforce.auth.authenticator import Authenticator
from tap_versionforge_salesforce.salesforce.http.connection_errors import check_ca_bundle
from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
from tap_versionforge_salesforce.salesforce.http.quota import Quota
from tap_versionforge_salesforce.salesforce.http.session import SalesforceSession
from tap_versionforge_salesforce.salesforce.support.cleanup import Cleanup
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.salesforce.support.events import Events, Remark
from tap_versionforge_salesforce.salesforce.support.interruption import Interruption
from tap_versionforge_salesforce.salesforce.support.retry_log import RetryLog
from tap_versionforge_salesforce.salesforce.support.watch import Watch

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import Self

    from tap_versionforge_salesforce.salesforce.auth.authenticator import SignIn
    from tap_versionforge_salesforce.salesforce.client import SalesforceClient
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject


_LOGGER = logging.getLogger(__name__)


class Org:
    """One org, as one run uses it; nothing is sent before it is needed.

    Used with ``with``, or ended with `end`.

    Args:
        credentials: Who signs in, and where.
        options: How requests are sent.
        api_version: Wanted; the newest that the org has serves for one that it lacks.
        quota: Counts calls, and knows what is left.
        clock: This machine's clock.
        logger: Where another version or audience than the wanted one is told.
    """

    def __init__(
        self,
        *,
        credentials: SignIn,
        options: HttpOptions | None = None,
        api_version: str = API_VERSION,
        quota: Quota | None = None,
        clock: Clock | None = None,
        logger: logging.Logger = _LOGGER,
    ) -> None:
        clock = Clock() if clock is None else clock
        self.credentials = credentials
        self.quota = Quota() if quota is None else quota
        self.clock = clock
        self.interruption = Interruption(
            clock.monotonic,
            Watch(clock.monotonic, lambda what: self.events.tell(Remark(None, what))),
        )
        self.events = Events()
        self.retry_log = RetryLog(self.events)
        self.cleanup = Cleanup(clock)
        self._options = HttpOptions() if options is None else options
        self._api_version = api_version
        self._logger = logger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def url(self) -> str:
        """Return scheme and host."""
        return self.credentials.instance_url

    @cached_property
    def id(self) -> str:
        """Return the org's Id, signing in if need be.

        Raises:
            SignInError: Salesforce refuses.
            UnavailableError: It does not tell.
        """
        found = self.session.token().organization_id
        found = found or str(self.client.identity().get("organization_id") or "")
        if not found:
            asked = "who is signed in"
            raise OddAnswerError(asked)
        return found

    @property
    def user_id(self) -> str:
        """Return the Id of who is signed in, signing in if need be; empty where it is not told.

        Raises:
            SignInError: Salesforce refuses.
        """
        return self.session.token().user_id

    @cached_property
    def authenticator(self) -> Authenticator:
        """Return the one that signs in.

        Raises:
            SettingsError: What the sign-in needs can't be used.
        """
        grant = self.credentials.grant(clock=self.clock, logger=self._logger)
        return Authenticator(grant)

    @cached_property
    def session(self) -> SalesforceSession:
        """Return what sends, with a token.

        Raises:
            SettingsError: The key or the CA bundle can't be used.
        """
        check_ca_bundle(self._options.ca_bundle)
        return SalesforceSession(
            host=self.url,
            options=self._options,
            authenticator=self.authenticator,
            quota=self.quota,
            clock=self.clock,
            interruption=self.interruption,
            retry_log=self.retry_log,
            events=self.events,
        )

    @cached_property
    def client(self) -> SalesforceClient:
        """Return the org's endpoints.

        Raises:
            SettingsError: As for `session`.
        """
        # What it needs beside the session is not loaded before the sign-in is sent.
        from tap_versionforge_salesforce.salesforce.client import SalesforceClient  # noqa: PLC0415

        return SalesforceClient(
            session=self.session, api_version=self._api_version, logger=self._logger
        )

    def sign_in_ahead(self) -> None:
        """Send the sign-in without waiting for its answer, which whoever asks first waits for.

        Raises:
            SettingsError: As for `session`.
        """
        self.authenticator.sign_in_ahead(self.session.post_grant_ahead)

    def describe(self, name: str) -> SObject:
        """Return an object, as its describe tells it.

        Args:
            name: Its API name.

        Raises:
            RefusedError: The org has no such object, or the user may not see it.
        """
        from tap_versionforge_salesforce.salesforce.describes import describe  # noqa: PLC0415  as above

        return describe(self.client, name)

    def server_time(self) -> datetime:
        """Return the server's clock in its latest answer.

        Raises:
            UnavailableError: No answer had a Date header.
        """
        session = self.session
        if session.server_date is None:
            # What is not counted, and says nothing else that is wanted.
            with suppress(RefusedError, UnavailableError):
                self.client.identity()
        date = session.server_date
        if date is None:
            message = "Salesforce's answers carry no Date header, so no window can be closed."
            raise UnavailableError(
                message,
                hint="A proxy on the way may remove it; let it pass.",
                code="no-server-time",
            )
        return date

    def can_be_reached(self) -> bool:
        """Tell whether Salesforce answers, now that something has been tried in vain.

        Where it does, what follows is tried for less, until something comes of it.
        """
        is_reachable = self.client.is_reachable()
        if is_reachable:
            self.session.doubt()
        return is_reachable

    def accepts_session(self) -> bool:
        """Tell whether Salesforce answers what is asked with the session.

        Raises:
            QuotaError: There are no calls left to ask it.
        """
        try:
            self.client.limits()
        except RefusedError:  # an answer, too
            return True
        except QuotaError:
            raise
        except TapError:
            return False
        return True

    def end(self) -> None:
        """Finish what is cleaned up, if nobody has asked to stop; let no thread ask any more.

        A second time changes nothing.
        """
        if self.interruption.is_over:
            return
        try:
            if not self.interruption.is_requested:
                with self.interruption.waiting(lambda: "Bulk jobs to be removed from the org"):
                    self.cleanup.finish()
        finally:
            self.interruption.end()
            self.interruption.watch.end()
