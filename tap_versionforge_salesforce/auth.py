"""OAuth 2.0 JWT bearer: claims, assertion, token, and one renewal for everybody who needs it.

Salesforce help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import jwt
from requests.auth import AuthBase
from typing_extensions import override

from tap_versionforge_salesforce.exceptions import SignInError
from tap_versionforge_salesforce.hosts import PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE
from tap_versionforge_salesforce.redaction import one_line, remember_secrets
from tap_versionforge_salesforce.sign_in_errors import SignInProblem, explain

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from requests import PreparedRequest

    from tap_versionforge_salesforce.clock import Clock
    from tap_versionforge_salesforce.keys import PrivateKey
    from tap_versionforge_salesforce.settings.definitions import Settings

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Salesforce allows 180 seconds; the rest is for a clock that runs fast, up to the skew that is
# told as such. A clock that runs slow by more than this makes an assertion that has expired.
_LIFETIME_SECONDS = 60
_LARGEST_CLOCK_SKEW_SECONDS = 120


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

    def post_assertion(self, form: Mapping[str, str]) -> TokenAnswer:
        """Post the form; return a success or a refusal that is final, passing ones retried."""


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
        settings: Whom to sign in, and where.
        key: The RSA private key.
        clock: For the assertion's expiry.
        logger: Where a changed audience is told.
    """

    def __init__(
        self, *, settings: Settings, key: PrivateKey, clock: Clock, logger: logging.Logger
    ) -> None:
        self._settings = settings
        self._key = key
        self._clock = clock
        self._logger = logger
        self._lock = threading.Lock()
        self._token: Token | None = None
        self.audience = settings.jwt_audience

    @property
    def own_url(self) -> str:
        """Return where the org says that it serves its data; empty where it has not said so."""
        return "" if self._token is None else self._token.instance_url

    def claims(self) -> dict[str, str | int]:
        """Return the claims of an assertion made now."""
        return {
            "iss": self._settings.client_id,
            "sub": self._settings.username,
            "aud": self.audience,
            "exp": int(self._clock.now().timestamp()) + _LIFETIME_SECONDS,
        }

    def assertion(self) -> str:
        """Return the signed assertion (RS256, compact). A secret while it lives."""
        return jwt.encode(self.claims(), self._key, algorithm="RS256")

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
        answer = self._exchange(endpoint)
        if self._settings.jwt_audience_derived and _refused_audience(answer.body):
            derived = self.audience
            self.audience = _other_audience(derived)
            answer = self._exchange(endpoint)
            if "access_token" not in answer.body:
                self.audience = derived
            else:
                self._logger.warning(
                    "Salesforce did not accept %s as audience, but %s. Set jwt_audience to %s to "
                    "save the first try.",
                    derived,
                    self.audience,
                    self.audience,
                )
        return self._token_of(answer)

    def _exchange(self, endpoint: TokenEndpoint) -> TokenAnswer:
        return endpoint.post_assertion({"grant_type": GRANT_TYPE, "assertion": self.assertion()})

    def _token_of(self, answer: TokenAnswer) -> Token:
        value = answer.body.get("access_token")
        if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
            raise self._refusal(answer)
        remember_secrets(value)
        return Token(
            value=value,
            identity_url=one_line(answer.body.get("id", "")),
            scope=one_line(answer.body.get("scope", "")),
            instance_url=one_line(answer.body.get("instance_url", "")),
        )

    def _refusal(self, answer: TokenAnswer) -> SignInError:
        # A proxy may repeat the assertion in its answer, or send a whole page.
        error = one_line(answer.body.get("error", ""))
        description = one_line(answer.body.get("error_description", ""))
        said = f" (Salesforce said {error}: {description})" if error else ""
        if skew := self._clock_skew_seconds(answer.date):
            direction = "behind" if skew > 0 else "ahead of"
            message = (
                f"This machine's clock is {abs(skew):.0f} seconds {direction} Salesforce's{said}."
            )
            return SignInError(
                message,
                hint="Set the clock (NTP): an assertion is good for three minutes only.",
                code="clock-skew",
            )
        problem = explain(error, description)
        message = (
            f"{problem.cause.removesuffix('.')}{said}; signed in as {self._settings.username} "
            f"with audience {self.audience} at {self._settings.instance_url}."
        )
        return SignInError(message, hint=self._fix(problem), code=problem.code)

    def _fix(self, problem: SignInProblem) -> str:
        if not (self._settings.jwt_audience_derived and problem.may_be_audience):
            return problem.fix
        return (
            f"{problem.fix} The audience {self.audience} was derived from instance_url; "
            "jwt_audience overrides it."
        )

    def _clock_skew_seconds(self, server_date: datetime | None) -> float:
        if server_date is None:
            return 0.0
        skew = (server_date - self._clock.now()).total_seconds()
        return skew if abs(skew) > _LARGEST_CLOCK_SKEW_SECONDS else 0.0


def _refused_audience(body: Mapping[str, object]) -> bool:
    return "audience is invalid" in str(body.get("error_description", "")).lower()


def _other_audience(audience: str) -> str:
    return PRODUCTION_AUDIENCE if audience == SANDBOX_AUDIENCE else SANDBOX_AUDIENCE
