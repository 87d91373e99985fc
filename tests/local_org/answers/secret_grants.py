"""OAuth 2.0 with the app's secret: client credentials, and refresh tokens that may rotate."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from tests.local_org.answers.refusals import SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local_org.answers.identity import Identity
    from tests.local_org.answers.tokens import Tokens
    from tests.local_org.conditions.settings import Settings

CLIENT_CREDENTIALS = "client_credentials"
REFRESH_TOKEN = "refresh_token"  # noqa: S105  a name


class SecretGrants:
    """The grants that an app is given for its secret."""

    def __init__(self, *, settings: Settings, tokens: Tokens, identity: Identity) -> None:
        self._settings = settings
        self._tokens = tokens
        self._identity = identity
        self._lock = threading.Lock()
        self._live = ""
        self.given: list[str] = []
        """Every refresh token of the last reset and later, those of no use any more too."""
        self.approve()

    def reset(self) -> None:
        """As new: one refresh token, that nobody has used."""
        self.given.clear()
        self.approve()

    def approve(self) -> str:
        """What a user does in a browser: the app gets a refresh token, and loses the one before."""
        with self._lock:
            self._live = _new_refresh_token()
            self.given.append(self._live)
        return self._live

    def take(self, value: str) -> None:
        """Let this be the refresh token from now on, as another program would have got it."""
        with self._lock:
            self._live = value
            self.given.append(value)

    @property
    def refresh_token(self) -> str:
        """The one that is good now; empty where there is none."""
        return self._live

    def granted(self, form: Mapping[str, str]) -> dict[str, str]:
        """What a form brings beside the token, or a refusal in Salesforce's words."""
        self._check_app(form)
        if form["grant_type"] == REFRESH_TOKEN:
            return self._refreshed(form.get("refresh_token", ""))
        if not self._settings.client_credentials_flow:
            msg = "flow off"
            raise SignInRefusedError(msg)
        if not self._settings.run_as_user:
            msg = "no run as user"
            raise SignInRefusedError(msg)
        return {"scope": "api"}

    def _check_app(self, form: Mapping[str, str]) -> None:
        for name in ("client_id", "client_secret"):
            if not form.get(name):
                raise SignInRefusedError(("invalid_request", f"missing required parameter: {name}"))
        if form["client_id"] != self._identity.client_id:
            msg = "client id"
            raise SignInRefusedError(msg)
        if not secrets.compare_digest(form["client_secret"], self._identity.client_secret):
            msg = "client"
            raise SignInRefusedError(msg)
        for switch, reason in (
            (self._settings.app_installed, "must be installed"),
            (self._settings.user_active, "inactive user"),
        ):
            if not switch:
                raise SignInRefusedError(reason)

    def _refreshed(self, sent: str) -> dict[str, str]:
        if not self._settings.user_approved:
            msg = "app access"
            raise SignInRefusedError(msg)
        with self._lock:
            if not sent or sent != self._live:
                if sent in self.given and self._settings.rotate_refresh_tokens:
                    # Two that have the same one: nobody knows which of them has stolen it.
                    self._live = ""
                    self._tokens.expire()
                msg = "expired token"
                raise SignInRefusedError(msg)
            if not self._settings.rotate_refresh_tokens:
                return {}
            self._live = _new_refresh_token()
            self.given.append(self._live)
            return {"refresh_token": self._live}


def _new_refresh_token() -> str:
    return f"5Aep861{secrets.token_hex(40)}"
