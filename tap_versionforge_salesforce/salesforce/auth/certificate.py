"""The certificate that was uploaded to the app: whose it is, and when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from tap_versionforge_salesforce.errors import SettingsError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from tap_versionforge_salesforce.salesforce.auth.private_key import PrivateKey


def certificate_end(path: str, key: PrivateKey, *, now: datetime) -> datetime:
    """Return when a certificate ends, which is that of a key and has not ended yet.

    Args:
        path: Of its file, in PEM or DER.
        key: The one that signs.
        now: This machine's clock.

    Raises:
        SettingsError: It can't be read, is that of another key, or has ended.
    """
    certificate, public_key = _certificate_in(path)
    if public_key != key.public_key():
        raise SettingsError(
            f"The certificate {path} is that of another key than the one that signs.",
            hint="Name the key and the certificate that were made together, and see that this one "
            "is in the app.",
            code="certificate-of-another-key",
        )
    end = certificate.not_valid_after_utc
    if end <= now:
        raise SettingsError(
            f"The certificate {path} has ended on {end:%Y-%m-%d}.",
            hint="Make a new pair with tap-versionforge-salesforce keygen --renew, and do what it "
            "says.",
            code="certificate-ended",
        )
    return end


def _certificate_in(path: str) -> tuple[x509.Certificate, CertificatePublicKeyTypes]:
    try:
        content = Path(path).expanduser().read_bytes()
        is_text = b"-----BEGIN" in content
        load = x509.load_pem_x509_certificate if is_text else x509.load_der_x509_certificate
        certificate = load(content)
        return certificate, certificate.public_key()
    except (OSError, RuntimeError) as error:  # the last one for a home of nobody
        reason = getattr(error, "strerror", None) or error
        problem = f"names a file that can't be read: {path} ({reason})"
    except UnsupportedAlgorithm as error:
        problem = f"names the certificate of a key that is not known here: {path} ({error})"
    except ValueError:
        problem = f"names a file that holds no certificate: {path}"
    raise SettingsError(
        f"The setting certificate_path {problem}.",
        hint="Name the file that was uploaded to the app, or leave the setting out: only check "
        "looks at it.",
        code="certificate-unreadable",
    )
