"""Who may sign in: one app, one integration user, one key pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.local_org.store.ids import make_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

ORGANIZATION_ID = make_id("00D", 1)
USER_ID = make_id("005", 1)


@cache
def _key_pair() -> RSAPrivateKey:
    # Once per process: making a key takes longer than most tests.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _private_key_pem() -> str:
    pem = _key_pair().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


@dataclass
class Identity:
    """The registered app and its user, and where the org lives."""

    url: str = ""
    client_id: str = (
        "3MVG9LocalOrg.IntegrationApp_0000000000000000000000000000000000000000000000000000"
    )
    client_secret: str = "D3C0DE" * 10 + "A1B2"
    """Of the same app, for those who sign in with it."""
    username: str = "integration@local-org.example"
    organization_id: str = ORGANIZATION_ID
    user_id: str = USER_ID
    certificate: bytes = b""
    """In PEM, uploaded to the app in place of that of the org's own key pair."""

    @property
    def private_key_pem(self) -> str:
        """The private half, for the client."""
        return _private_key_pem()

    @property
    def public_key(self) -> RSAPublicKey:
        """The half that the org knows, from the certificate."""
        if not self.certificate:
            return _key_pair().public_key()
        key = x509.load_pem_x509_certificate(self.certificate).public_key()
        assert isinstance(key, rsa.RSAPublicKey), "Salesforce takes RS256 only"
        return key

    @property
    def id_url(self) -> str:
        """Where the user is described; on this org's host, so that a client may follow it."""
        return f"{self.url}/id/{self.organization_id}/{self.user_id}"

    def describe(self) -> dict[str, Any]:
        """The identity, as userinfo and the id URL give it."""
        data = f"{self.url}/services/data/v{{version}}"
        return {
            "sub": self.id_url,
            "id": self.id_url,
            "user_id": self.user_id,
            "organization_id": self.organization_id,
            "preferred_username": self.username,
            "username": self.username,
            "nickname": "integration",
            "display_name": "Integration User",
            "name": "Integration User",
            "email": self.username,
            "email_verified": True,
            "given_name": "Integration",
            "family_name": "User",
            "zoneinfo": "GMT",
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "updated_at": "2024-01-01T00:00:00Z",
            "is_app_installed": True,
            "urls": {
                "rest": f"{data}/",
                "query": f"{data}/query/",
                "sobjects": f"{data}/sobjects/",
                "recent": f"{data}/recent/",
            },
        }
