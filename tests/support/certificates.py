"""Certificates as a company's own authority gives them out."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

LONG_AGO, PAST, FUTURE = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2023, 2024, 2044))


@cache
def _key(_owner: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(owner: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, owner)])


def _certificate(owner: str, *extensions: x509.ExtensionType, not_after: datetime) -> str:
    issuer = _key("authority").public_key()
    own = _key(owner).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(owner))
        .issuer_name(_name("authority"))
        .public_key(own)
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(not_after)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    made = builder.sign(_key("authority"), hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


@cache
def authority() -> str:
    """Return the certificate of the authority, for `ca_bundle`."""
    # Python 3.13 takes none without its usage.
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    return _certificate("authority", constraints, usage, not_after=FUTURE)


def of_an_unknown_curve() -> bytes:
    """Return a certificate in DER whose key is of a curve that `cryptography` lacks."""
    content = x509.load_pem_x509_certificate(authority().encode())
    known, unknown = (bytes.fromhex(f"06082a8648ce3d0301{last}") for last in ("07", "06"))
    return content.public_bytes(serialization.Encoding.DER).replace(known, unknown)


def install(
    context: ssl.SSLContext, folder: Path, host: str = "127.0.0.1", not_after: datetime = FUTURE
) -> None:
    """Let a server be this host from its next connection on, by that authority."""
    name: x509.GeneralName = x509.DNSName(host)
    if host[0].isdigit():
        name = x509.IPAddress(ip_address(host))
    key = _key(host).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = _certificate(host, x509.SubjectAlternativeName([name]), not_after=not_after)
    path = folder / "server.pem"
    path.write_text(certificate + key.decode())
    context.load_cert_chain(path)
