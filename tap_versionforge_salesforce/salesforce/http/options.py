"""How requests are sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """How requests to one org are sent.

    Attributes:
        user_agent: Sent with every request.
        request_timeout_seconds: Longest wait for an answer.
        ca_bundle: PEM file with certificates of a private certificate authority; None for the
            environment's, or what the library trusts.
        connections: How many threads may send at once.
    """

    user_agent: str = "tap-versionforge-salesforce"
    request_timeout_seconds: int = 300
    ca_bundle: str | None = None
    connections: int = 11
