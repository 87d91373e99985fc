"""A new key pair: the key that signs, and the certificate with which Salesforce checks that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tap_versionforge_salesforce.salesforce.auth.private_key import fingerprint

if TYPE_CHECKING:
    from datetime import datetime

#: What Salesforce takes (Salesforce Help, "Create a Private Key and Self-Signed Digital
#: Certificate", has the first; Setup > Certificate and Key Management offers both).
KEY_BITS = (2048, 4096)
_PUBLIC_EXPONENT = 65_537


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, as the bytes of their files.

    Attributes:
        key: PKCS#8 in PEM, not encrypted. It is in no repr.
        certificate: X.509 in PEM, signed by the key itself.
        fingerprint: SHA-256 of the public key, in hexadecimal digits, as `check` shows it.
        expires_at: The certificate's end.
    """

    key: bytes = field(repr=False)
    certificate: bytes
    fingerprint: str
    expires_at: datetime


def make_key_pair(*, name: str, days: int, bits: int, now: datetime) -> KeyPair:
    """Make a pair as ``openssl req -x509 -sha256 -nodes -newkey rsa:2048`` does.

    Args:
        name: The certificate's common name, of one to 64 characters.
        days: How long it is good.
        bits: Of `KEY_BITS`.
        now: The beginning of that, with its time zone.
    """
    key = rsa.generate_private_key(_PUBLIC_EXPONENT, bits)
    public = key.public_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    key_id = x509.SubjectKeyIdentifier.from_public_key(public)
    expires_at = now + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(expires_at)
        .add_extension(key_id, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
        fingerprint(key),
        expires_at,
    )
