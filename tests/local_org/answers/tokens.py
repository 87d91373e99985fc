"""The access tokens that are alive."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.local_org.answers import errors

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings


@dataclass
class Token:
    """One session: it dies when it is not used for the idle time."""

    text: str
    last_used: datetime


class Tokens:
    """Gives out tokens, accepts them while they live, and kills them on request."""

    def __init__(self, clock: Clock, settings: Settings, organization_id: str) -> None:
        self._clock = clock
        self._settings = settings
        self._organization_id = organization_id
        self._lock = threading.Lock()
        self._live: dict[str, Token] = {}
        self.issued: list[str] = []
        """All that were given out since the last reset, dead ones too."""

    def issue(self) -> str:
        """A token: the 15-character organization id, `!`, and opaque text."""
        with self._lock:
            if self._settings.same_token_while_alive:
                for token in self._live.values():
                    if self._alive(token):
                        token.last_used = self._clock.now()
                        return token.text
            text = f"{self._organization_id[:15]}!{secrets.token_urlsafe(72)}"
            self._live[text] = Token(text, self._clock.now())
            self.issued.append(text)
        return text

    def reset(self) -> None:
        """As new: no session, and none remembered."""
        self.expire()
        self.issued.clear()

    def expire(self) -> None:
        """End every session now."""
        with self._lock:
            self._live.clear()

    def check(self, authorization: str | None) -> None:
        """Accept a request's Authorization header, or raise a 401."""
        scheme, _, text = (authorization or "").partition(" ")
        # jsforce and old SDKs say OAuth; Salesforce takes both.
        if scheme.lower() not in {"bearer", "oauth"} or not text:
            raise errors.invalid_auth_header()
        with self._lock:
            token = self._live.get(text.strip())
            if token is None or not self._alive(token):
                raise errors.invalid_session()
            token.last_used = self._clock.now()

    def is_live(self, text: str) -> bool:
        """Whether the token would be accepted now."""
        with self._lock:
            token = self._live.get(text)
            return token is not None and self._alive(token)

    def _alive(self, token: Token) -> bool:
        idle = timedelta(seconds=self._settings.token_idle_seconds)
        return self._clock.now() - token.last_used < idle
