"""OAuth 2.0: a grant becomes a token, and one renewal serves everybody who needs it."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from requests.auth import AuthBase
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.support.record_ids import full_id
from tap_versionforge_salesforce.salesforce.support.redaction import one_line, remember_secrets

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from requests import PreparedRequest

    from tap_versionforge_salesforce.errors import SettingsError, SignInError
    from tap_versionforge_salesforce.salesforce.support.clock import Clock

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path
_IN_IDENTITY_URL = re.compile(r"/id/(00D[A-Za-z0-9]{12,15})/")
_USER_IN_IDENTITY_URL = re.compile(r"/id/\w+/(005[A-Za-z0-9]{12,15})")
_IN_TOKEN = re.compile(r"(00D[A-Za-z0-9]{12})!")


@dataclass(frozen=True, slots=True)
class Token:
    """One access token.

    Attributes:
        value: The secret itself.
        identity_url: The ``id`` of the answer, ``…/id/{organization id}/{user id}``.
        scope: The scopes granted, separated by blanks.
        instance_url: Where the org serves its data, as it says; empty where it does not. Only for
            advice: a token goes nowhere but to the user's own ``instance_url``.
        loss: Why nobody can sign in behind this run; None where somebody can.
    """

    value: str = field(repr=False)
    identity_url: str
    scope: str
    instance_url: str = ""
    loss: SettingsError | None = field(default=None, compare=False)

    @property
    def user_id(self) -> str:
        """Return the user's Id; empty where the answer does not tell it."""
        match = _USER_IN_IDENTITY_URL.search(self.identity_url)
        return match[1] if match else ""

    @property
    def organization_id(self) -> str:
        """Return the org's Id, 18 characters; empty where neither identity URL nor token has it.

        An identity URL has it by "Identity URLs" in the OAuth guide; an opaque token begins with
        its 15 characters and an exclamation mark, one that is a JWT does not.
        """
        if match := _IN_IDENTITY_URL.search(self.identity_url):
            return match[1]
        match = _IN_TOKEN.match(self.value)
        return full_id(match[1]) if match else ""


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

    def pause(self, seconds: float) -> None:
        """Wait, ready to be interrupted."""


class Grant(Protocol):
    """One way to sign in."""

    def token(self, endpoint: TokenEndpoint) -> Token:
        """Return a token that this has not returned before.

        Raises:
            SignInError: There is none, or not another one.
        """


class PostedGrant(ABC):
    """A grant that is posted to the token endpoint: what is sent, and what refusals mean."""

    @abstractmethod
    def form(self) -> Mapping[str, str]:
        """Return the fields to post, made anew for each try. They are secrets."""

    @abstractmethod
    def may_try_again(self, refused: TokenAnswer) -> bool:
        """Tell whether a refusal has taught another form, which `form` returns from here on."""

    @abstractmethod
    def accepted(self) -> None:
        """Take note that the last form was accepted."""

    @abstractmethod
    def refusal(self, refused: TokenAnswer) -> SignInError:
        """Return what to tell of a refusal: the cause, and the fix."""

    def take(self, answer: TokenAnswer) -> None:  # noqa: B027  most answers bring nothing else
        """Keep what an answer brings beside the token, before anything else is done with it."""

    def token(self, endpoint: TokenEndpoint) -> Token:
        """Post the form, and return the token of the answer.

        Raises:
            SignInError: Salesforce refused.
        """
        answer = self._posted(endpoint)
        if not _has_token(answer) and self.may_try_again(answer):
            answer = self._posted(endpoint)
        if not _has_token(answer):
            raise self.refusal(answer)
        self.accepted()
        return Token(
            value=str(answer.body["access_token"]),
            identity_url=one_line(answer.body.get("id", "")),
            scope=one_line(answer.body.get("scope", "")),
            instance_url=one_line(answer.body.get("instance_url", "")),
        )

    def _posted(self, endpoint: TokenEndpoint) -> TokenAnswer:
        answer = endpoint.post_grant(self.form())
        self.take(answer)
        return answer


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

    def sign_in_ahead(self, post: Callable[[Mapping[str, str]], None]) -> None:
        """Have the form of the first sign-in sent, where the grant is one that is posted.

        Args:
            post: Sends it, and keeps the answer for who posts next.
        """
        if isinstance(self._grant, PostedGrant):
            post(self._grant.form())

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
        token = self._grant.token(endpoint)
        remember_secrets(token.value)
        return token


def is_sendable(text: str) -> bool:
    """Tell whether a text can be a token in a header: printable ASCII without blanks."""
    return re.fullmatch(r"[!-~]+", text) is not None


def _has_token(answer: TokenAnswer) -> bool:
    value = answer.body.get("access_token")
    return isinstance(value, str) and is_sendable(value)
