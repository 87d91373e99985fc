"""OAuth 2.0 JWT bearer: a signed assertion is the grant.

Salesforce help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
from typing_extensions import override

from tap_versionforge_salesforce.errors import SignInError
from tap_versionforge_salesforce.salesforce.auth.authenticator import PostedGrant
from tap_versionforge_salesforce.salesforce.auth.hosts import PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import explained
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import Flow

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.auth.authenticator import TokenAnswer
    from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
    from tap_versionforge_salesforce.salesforce.auth.private_key import PrivateKey
    from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import SignInProblem
    from tap_versionforge_salesforce.salesforce.support.clock import Clock

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Salesforce allows 180 seconds; the rest is for a clock that runs fast, up to the skew that is
# told as such. A clock that runs slow by more than this makes an assertion that has expired.
_LIFETIME_SECONDS = 60
_LARGEST_CLOCK_SKEW_SECONDS = 120


class JwtBearer(PostedGrant):
    """The grant of a server that signs in without a person.

    Args:
        credentials: Whom to sign in, and where.
        key: The RSA private key.
        clock: For the assertion's expiry.
        logger: Where a changed audience is told.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        key: PrivateKey,
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self._credentials = credentials
        self._key = key
        self._clock = clock
        self._logger = logger
        self.audience = credentials.audience
        # The audience that was given up for another one, until that is accepted.
        self._refused_audience = ""

    def claims(self) -> dict[str, str | int]:
        """Return the claims of an assertion made now."""
        return {
            "iss": self._credentials.client_id,
            "sub": self._credentials.username,
            "aud": self.audience,
            "exp": int(self._clock.now().timestamp()) + _LIFETIME_SECONDS,
        }

    @override
    def form(self) -> Mapping[str, str]:
        """Return the fields to post, with an assertion (RS256, compact) made now."""
        assertion = jwt.encode(self.claims(), self._key, algorithm="RS256")
        return {"grant_type": GRANT_TYPE, "assertion": assertion}

    @override
    def may_try_again(self, refused: TokenAnswer) -> bool:
        """Tell whether the other audience may be the right one, where nobody has named any."""
        if not self._credentials.is_audience_derived or not _is_of_audience(refused.body):
            return False
        self._refused_audience = self.audience
        self.audience = _other_audience(self.audience)
        return True

    @override
    def accepted(self) -> None:
        """Say which audience was the right one, if that was not the first."""
        if self._refused_audience:
            self._logger.warning(
                "Salesforce did not accept %s as audience, but %s. Set jwt_audience to %s to "
                "save the first try.",
                self._refused_audience,
                self.audience,
                self.audience,
            )
        self._refused_audience = ""

    @override
    def refusal(self, refused: TokenAnswer) -> SignInError:
        """Return what to tell of a refusal: the cause, and the fix."""
        # The one that follows from the host is what its user can check.
        self.audience, self._refused_audience = self._refused_audience or self.audience, ""
        problem, said = explained(refused.body, Flow.JWT_BEARER)
        if skew := self._clock_skew_seconds(refused.date):
            direction = "behind" if skew > 0 else "ahead of"
            message = (
                f"This machine's clock is {abs(skew):.0f} seconds {direction} Salesforce's{said}."
            )
            return SignInError(
                message,
                hint="Set the clock (NTP): an assertion is good for three minutes only.",
                code="clock-skew",
            )
        message = (
            f"{problem.cause.removesuffix('.')}{said}; signed in as {self._credentials.username} "
            f"with audience {self.audience} at {self._credentials.instance_url}."
        )
        return SignInError(message, hint=self._fix(problem), code=problem.code)

    def _fix(self, problem: SignInProblem) -> str:
        if not (self._credentials.is_audience_derived and problem.may_be_audience):
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


def _is_of_audience(body: Mapping[str, object]) -> bool:
    return "audience is invalid" in str(body.get("error_description", "")).lower()


def _other_audience(audience: str) -> str:
    return PRODUCTION_AUDIENCE if audience == SANDBOX_AUDIENCE else SANDBOX_AUDIENCE
