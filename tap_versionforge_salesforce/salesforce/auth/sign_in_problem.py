"""One way in which Salesforce refuses a sign-in: what it means, and whom it concerns."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

# Production and sandboxes know other users and apps, and say no more than that one is not known.
_MAY_BE_AUDIENCE = frozenset(
    {
        "audience-invalid",
        "invalid-assertion",
        "authentication-failure",
        "user-not-approved",
        "invalid-grant",
        "invalid-client-id",
        "app-not-found",
        "sign-in-failed",
    }
)
APP_PAGE = "Setup > External Client App Manager (or App Manager for a Connected App)"


class Flow(enum.Enum):
    """A way to sign in at the token endpoint, as Salesforce calls it."""

    JWT_BEARER = "JWT bearer"
    CLIENT_CREDENTIALS = "client credentials"
    REFRESH_TOKEN = "refresh token"  # noqa: S105  a name


BY_KEY = frozenset({Flow.JWT_BEARER})
BY_SECRET = frozenset({Flow.CLIENT_CREDENTIALS, Flow.REFRESH_TOKEN})
ANY_FLOW = BY_KEY | BY_SECRET


@dataclass(frozen=True, slots=True)
class SignInProblem:
    """One refusal and what it means.

    Attributes:
        error: The ``error`` of the answer.
        description: Matches the ``error_description``; empty matches any.
        code: A stable name.
        cause: What is wrong, in a sentence.
        fix: What to do, with the page in Setup.
        flows: Of which ways to sign in this is so.
    """

    error: str
    description: str
    code: str
    cause: str
    fix: str
    flows: frozenset[Flow] = ANY_FLOW

    @property
    def may_be_audience(self) -> bool:
        """Tell whether an assertion for another authorization server may be refused like this."""
        return self.code in _MAY_BE_AUDIENCE

    def explains(self, error: str, description: str, flow: Flow | None) -> bool:
        """Tell whether an answer is this refusal.

        Args:
            error: Of the answer.
            description: Of the answer.
            flow: How somebody has signed in; None where that is not known.
        """
        concerned = self.flows == ANY_FLOW if flow is None else flow in self.flows
        if error != self.error or not concerned:
            return False
        return re.search(self.description, description, re.IGNORECASE) is not None
