"""The barest HTTP client for the org, so that its tests lean on nobody's Salesforce client."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tests.local_org import LocalOrg

ROOT = "/services/data/v68.0"
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion(org: LocalOrg, *, key: str | None = None, **changes: Any) -> str:  # noqa: ANN401 - claims
    """A signed assertion that the org accepts, unless changed; None takes a claim away."""
    claims = {
        "iss": org.client_id,
        "sub": org.username,
        "aud": "https://login.salesforce.com",
        "exp": int(org.clock.now().timestamp()) + 120,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, _loaded(key or org.private_key_pem), algorithm="RS256")


@cache
def _loaded(pem: str) -> RSAPrivateKey:
    # OpenSSL checks a key whenever it loads one, which takes longer than signing.
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


class Caller:
    """A session with the org's address in front of every path."""

    def __init__(self, org: LocalOrg) -> None:
        self._org = org
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()

    def ask_token(self, **form: str) -> requests.Response:
        """What the token endpoint answers; without a form, to a good assertion."""
        form = form or {"grant_type": GRANT_TYPE, "assertion": assertion(self._org)}
        return self.call("POST", TOKEN_PATH, data=form)

    def sign_in(self) -> str:
        """Get a token and use it from now on."""
        answer = self.ask_token()
        token: str = answer.json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return token

    def call(self, method: str, path: str, **how: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        """Send a request; a path without `/services` or `/id` stands behind the newest version."""
        if not path.startswith(("/services", "/id", "/local-org")):
            path = ROOT + path
        return self.session.request(method, self._org.url + path, timeout=20, **how)

    def get(self, path: str, **how: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        return self.call("GET", path, **how)

    def post(self, path: str, **how: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        return self.call("POST", path, **how)

    def query(self, soql: str, *, resource: str = "query", **how: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        return self.get(f"/{resource}", params={"q": soql}, **how)
