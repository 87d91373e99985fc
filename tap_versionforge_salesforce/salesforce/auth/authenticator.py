"""OAuth 2.0: a grant becomes a token, and one renewal serves everybody who needs it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from requests.auth import AuthBase
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.support.redaction import one_line, remember_secrets

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from requests import PreparedRequest

    from tap_versionforge_salesforce.errors import SignInError
    from tap_versionforge_salesforce.salesforce.support.clock import Clock

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path


@dataclass(frozen=True, slots=True)
class Token:
    """One access token.

    Attributes:
        value: The secret itself.
        identity_url: The ``id`` of the answer, ``…/id/{organization id}/{user id}``.
        scope: The scopes granted, separated by blanks.
        instance_url: Where the org serves its data, as it says; empty where it does not. Only for
            advice: a token goes nowhere but to the user's own ``instance_url``.
    """

    value: str = field(repr=False)
    identity_url: str
    scope: str
    instance_url: str = ""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint said.

    Attributes:
        body: The JSON object.
        date: The server's own clock; None where the answer has none.
    """

    body: Mapping[str, object] = field(repr=False)
    date: datetime | None


class TokenEndpoint(Protocol):
    """Whoever can post to the token endpoint."""

    def post_grant(self, form: Mapping[str, str]) -> TokenAnswer:
        """Post the form; return a success or a refusal that is final, passing ones retried."""


class Grant(Protocol):
    """One way to sign in: what is sent for it, and what its refusals mean."""

    def form(self) -> Mapping[str, str]:
        """Return the fields to post, made anew for each try. They are secrets."""

    def may_try_again(self, refused: TokenAnswer) -> bool:
        """Tell whether a refusal has taught another form, which `form` returns from here on."""

    def accepted(self) -> None:
        """Take note that the last form was accepted."""

    def refusal(self, refused: TokenAnswer) -> SignInError:
        """Return what to tell of a refusal: the cause, and the fix."""


class SignIn(Protocol):
    """Who signs in, and where."""

    @property
    def instance_url(self) -> str:
        """Return scheme and host of the org, without a trailing slash."""

    def grant(self, *, clock: Clock, logger: logging.Logger) -> Grant:
        """Return how; what it needs is read and checked here.

        Raises:
            SettingsError: Something of it can't be used.
        """


class Bearer(AuthBase):
    """Puts a token into a request; with none, keeps ``~/.netrc`` from putting in its own."""

    def __init__(self, token: Token | None) -> None:
        self._token = token

    @override
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Set the Authorization header."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request


class Authenticator:
    """Signs in once, and again when the session ends; shared by all threads and streams.

    Args:
        grant: How.
    """

    def __init__(self, grant: Grant) -> None:
        self._grant = grant
        self._lock = threading.Lock()
        self._token: Token | None = None

    @property
    def own_url(self) -> str:
        """Return where the org says that it serves its data; empty where it has not said so."""
        return "" if self._token is None else self._token.instance_url

    def token(self, endpoint: TokenEndpoint) -> Token:
        """Return the run's token, signing in if there is none yet.

        Raises:
            SignInError: Salesforce refused.
        """
        with self._lock:
            if self._token is None:
                self._token = self._sign_in(endpoint)
            return self._token

    def renew(self, stale: Token, endpoint: TokenEndpoint) -> Token:
        """Return a token that is not the stale one.

        When several callers find the same token dead, one signs in and the others take its
        token.

        Raises:
            SignInError: Salesforce refused.
        """
        with self._lock:
            if self._token is None or self._token == stale:
                self._token = self._sign_in(endpoint)
            return self._token

    def _sign_in(self, endpoint: TokenEndpoint) -> Token:
        answer = endpoint.post_grant(self._grant.form())
        if not _has_token(answer) and self._grant.may_try_again(answer):
            answer = endpoint.post_grant(self._grant.form())
        if not _has_token(answer):
            raise self._grant.refusal(answer)
        self._grant.accepted()
        value = str(answer.body["access_token"])
        remember_secrets(value)
        return Token(
            value=value,
            identity_url=one_line(answer.body.get("id", "")),
            scope=one_line(answer.body.get("scope", "")),
            instance_url=one_line(answer.body.get("instance_url", "")),
        )


def _has_token(answer: TokenAnswer) -> bool:
    value = answer.body.get("access_token")
    return isinstance(value, str) and re.fullmatch(r"[!-~]+", value) is not None
