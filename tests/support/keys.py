"""Keys as people hand them over: the forms that work, and what is pasted instead of them."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PASSPHRASE = "canary passphrase: Zaunkoenig"  # noqa: S105  of keys made here

_PEM = serialization.Encoding.PEM
_PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()


def loaded(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def pkcs8(key: PrivateKeyTypes) -> str:
    return key.private_bytes(_PEM, _PKCS8, _PLAIN).decode()


def pkcs1(pem: str) -> str:
    return loaded(pem).private_bytes(_PEM, _PKCS1, _PLAIN).decode()


def encrypted(pem: str) -> str:
    how = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    return loaded(pem).private_bytes(_PEM, _PKCS8, how).decode()


def encrypted_pkcs1(pem: str) -> str:
    how = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    return loaded(pem).private_bytes(_PEM, _PKCS1, how).decode()


def der(pem: str) -> bytes:
    return loaded(pem).private_bytes(serialization.Encoding.DER, _PKCS8, _PLAIN)


def openssh(pem: str) -> str:
    return loaded(pem).private_bytes(_PEM, serialization.PrivateFormat.OpenSSH, _PLAIN).decode()


def public(pem: str) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return loaded(pem).public_key().public_bytes(_PEM, form).decode()


def certificate(pem: str) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "salesforce-tap")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(loaded(pem).public_key())
        .serial_number(1)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=timezone.utc))
        .not_valid_after(datetime(2044, 1, 1, tzinfo=timezone.utc))
        .sign(loaded(pem), hashes.SHA256())
    )
    return made.public_bytes(_PEM).decode()


def in_base64(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


@cache
def short() -> str:
    return pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505


@cache
def other() -> str:
    return pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@cache
def elliptic() -> str:
    return pkcs8(ec.generate_private_key(ec.SECP256R1()))


@cache
def edwards() -> str:
    return pkcs8(ed25519.Ed25519PrivateKey.generate())
