"""OAuth 2.0: assertions and secrets are verified for real, as Salesforce verifies them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt
from werkzeug.datastructures import Authorization, Headers

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.answers.refusals import SignInRefusedError
from tests.local_org.answers.secret_grants import (
    CLIENT_CREDENTIALS,
    REFRESH_TOKEN,
    SecretGrants,
)
from tests.local_org.conditions.settings import PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE
from tests.local_org.exchange import HTML_TYPE, Answer, json_answer

if TYPE_CHECKING:
    from tests.local_org.answers.identity import Identity
    from tests.local_org.answers.tokens import Tokens
    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.exchange import Call

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = "refresh_token api"
_NO_STORE = {"Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private"}
_LONGEST_LIFE_SECONDS = 180
# Of the identity URL, with the secret; nobody looks at it.
_SIGNATURE = "2P2bZ8xY1uvA4P5gqk2yQb0jJ0yZ3o4mT6hQ9m2o1nU="
# Above this an `exp` must be milliseconds: as seconds it would lie past the year 5000.
_MILLISECONDS_FROM = 100_000_000_000


class OAuth:
    """The token endpoint and the identity of the one integration user."""

    def __init__(
        self, *, clock: Clock, settings: Settings, tokens: Tokens, identity: Identity
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._tokens = tokens
        self._identity = identity
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self.by_secret = SecretGrants(settings=settings, tokens=tokens, identity=identity)

    def reset(self) -> None:
        """Forget the assertions seen, and the refresh tokens."""
        self._seen.clear()
        self.by_secret.reset()

    def token(self, call: Call) -> Answer:
        """POST /services/oauth2/token."""
        try:
            beside = self._sign_in(call)
        except SignInRefusedError as refusal:
            content = {"error": refusal.error, "error_description": refusal.description}
            return json_answer(content, 400, _NO_STORE)
        content = {
            "access_token": self._tokens.issue(),
            "scope": SCOPES,
            "instance_url": self._settings.token_instance_url or self._identity.url,
            "id": self._identity.id_url,
            "token_type": "Bearer",
            **beside,
        }
        return json_answer(content, 200, _NO_STORE)

    def userinfo(self, call: Call) -> Answer:
        """GET /services/oauth2/userinfo."""
        return self._describe(call)

    def identity(self, call: Call, organization: str, user: str) -> Answer:
        """GET /id/{organization}/{user}."""
        if (organization, user) != (self._identity.organization_id, self._identity.user_id):
            return Answer(403, b"Bad_Id", Headers({"Content-Type": HTML_TYPE}))
        return self._describe(call)

    def _describe(self, call: Call) -> Answer:
        in_query = call.query.get("oauth_token")
        header = f"Bearer {in_query}" if in_query else call.headers.get("Authorization")
        try:
            self._tokens.check(header)
        except SalesforceError:
            return Answer(403, b"Bad_OAuth_Token", Headers({"Content-Type": HTML_TYPE}))
        return json_answer(self._identity.describe())

    def _sign_in(self, call: Call) -> dict[str, str]:
        """What the answer has beside the token and whose it is."""
        scripted = self._scripted_error()
        if scripted is not None:
            raise SignInRefusedError(scripted)
        if call.method != "POST":
            msg = "method"
            raise SignInRefusedError(msg)
        form = _in_header(call) | dict(parse_qsl(call.text, keep_blank_values=True))
        if not form.get("grant_type"):
            msg = "no grant type"
            raise SignInRefusedError(msg)
        if form["grant_type"] in (CLIENT_CREDENTIALS, REFRESH_TOKEN):
            issued = f"{self._clock.now().timestamp() * 1_000:.0f}"
            return {"issued_at": issued, "signature": _SIGNATURE, **self.by_secret.granted(form)}
        if form["grant_type"] != GRANT_TYPE:
            msg = "grant type"
            raise SignInRefusedError(msg)
        if not form.get("assertion"):
            msg = "no assertion"
            raise SignInRefusedError(msg)
        self._check_claims(self._verified(form["assertion"]))
        return {}

    def _scripted_error(self) -> tuple[str, str] | None:
        settings = self._settings
        with self._lock:
            if settings.token_error is None or settings.token_error_times == 0:
                return None
            if settings.token_error_times is not None:
                settings.token_error_times -= 1
            return settings.token_error

    def _verified(self, assertion: str) -> dict[str, Any]:
        """The claims, once the signature is proven; `iss` comes first, as it names the key."""
        try:
            unproven = jwt.decode(assertion, options={"verify_signature": False})
            if unproven.get("iss") != self._identity.client_id:
                msg = "client id"
                raise SignInRefusedError(msg)
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._identity.public_key,
                algorithms=["RS256"],
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except jwt.InvalidTokenError:
            msg = "assertion"
            raise SignInRefusedError(msg) from None
        return claims

    def _check_claims(self, claims: dict[str, Any]) -> None:
        settings = self._settings
        default = SANDBOX_AUDIENCE if settings.sandbox else PRODUCTION_AUDIENCE
        accepted = {default} if settings.audiences is None else settings.audiences
        if str(claims.get("aud")) not in accepted:
            msg = "audience"
            raise SignInRefusedError(msg)
        self._check_expiry(claims.get("exp"))
        self._check_replay(claims.get("jti"))
        self._check_access(claims.get("prn") or claims.get("sub"))

    def _check_expiry(self, expiry: object) -> None:
        strict = self._settings.strict_expiry
        if strict and (isinstance(expiry, bool) or not isinstance(expiry, int)):
            msg = "assertion"
            raise SignInRefusedError(msg)
        try:
            seconds = float(str(expiry))
        except ValueError:
            msg = "assertion"
            raise SignInRefusedError(msg) from None
        if not strict and seconds > _MILLISECONDS_FROM:
            seconds /= 1_000
        now = self._clock.now().timestamp()
        if seconds <= now:
            msg = "expired"
            raise SignInRefusedError(msg)
        if strict and seconds > now + _LONGEST_LIFE_SECONDS:
            msg = "assertion"
            raise SignInRefusedError(msg)

    def _check_replay(self, identifier: object) -> None:
        if identifier is None or not self._settings.replay_check:
            return
        with self._lock:
            if str(identifier) in self._seen:
                msg = "assertion"
                raise SignInRefusedError(msg)
            self._seen.add(str(identifier))

    def _check_access(self, username: object) -> None:
        settings = self._settings
        if not settings.app_installed:
            msg = "app not found"
            raise SignInRefusedError(msg)
        if username != self._identity.username:
            msg = "not approved"
            raise SignInRefusedError(msg)
        if not settings.user_active:
            msg = "inactive user"
            raise SignInRefusedError(msg)
        if not settings.user_approved:
            msg = "not approved"
            raise SignInRefusedError(msg)


def _in_header(call: Call) -> dict[str, str]:
    """The app's key and secret, which may come as user and password, too."""
    given = Authorization.from_header(call.headers.get("Authorization"))
    if given is None or given.type != "basic":
        return {}
    return {"client_id": given.username or "", "client_secret": given.password or ""}
