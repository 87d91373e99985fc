"""The RSA private key: read in every form it is handed over in, and checked before it is used."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.redaction import remember_secrets
from tap_versionforge_salesforce.salesforce.support.text_files import (
    LONGEST_PATH,
    decoded,
    mode_open_to_others,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials

#: What `load_private_key` returns.
PrivateKey = rsa.RSAPrivateKey

_SMALLEST_KEY_BITS = 2048
_MAKE_ONE = "Make one with: tap-versionforge-salesforce keygen"
_PEM_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
# What stands before the base64 of an encrypted PKCS#1 key, each on a line and then an empty one.
_PEM_HEADERS = re.compile(r"\s*(Proc-Type: \S+)\s+(DEK-Info: \S+)\s")
# Line breaks that were escaped, once or more often, on the way through JSON and shells.
_ESCAPED_RETURN, _ESCAPED_END = re.compile(r"\\+r"), re.compile(r"\\+n")
_PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


# What people take for the key, by its label in PEM.
_OTHER_DER: dict[str, Callable[[bytes], object]] = {
    "CERTIFICATE": x509.load_der_x509_certificate,
    "CERTIFICATE REQUEST": x509.load_der_x509_csr,
    "PUBLIC KEY": serialization.load_der_public_key,
}


class _LastKey:
    """The key that was read last: `check`, and a process with several orgs, ask for it again."""

    def __init__(self) -> None:
        # By its digest: the text itself is not kept.
        self._kept: tuple[bytes, object] = (b"", None)

    def load(self, pem: bytes, password: bytes | None) -> object:
        digest = hashlib.sha256(b"%d %b%b" % (len(pem), pem, password or b"")).digest()
        known, key = self._kept
        if known != digest:
            key = _loaded(pem, password)
            self._kept = (digest, key)
        return key


def _loaded(pem: bytes, password: bytes | None) -> object:
    """Return the key in a PEM.

    That its primes are primes takes longer to prove than all else that is done before the sign-in,
    and says no more than that it signs what its public half confirms.

    Raises:
        ValueError: There is none, or it does not sign.
        TypeError: It is encrypted, and there is no password, or the other way round.
        UnsupportedAlgorithm: It is of an unknown kind.
    """
    key = serialization.load_pem_private_key(pem, password, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, rsa.RSAPrivateKey):
        signed, scheme, algorithm = b"signed", padding.PKCS1v15(), hashes.SHA256()
        try:
            signature = key.sign(signed, scheme, algorithm)
            key.public_key().verify(signature, signed, scheme, algorithm)
        except (InvalidSignature, InternalError):
            message = "the numbers of the key do not belong together"
            raise ValueError(message) from None
    return key


_last_key = _LastKey()


def load_private_key(credentials: Credentials) -> PrivateKey:
    """Return the key that the credentials name.

    Accepts PKCS#1 and PKCS#8, encrypted or not: as PEM with real or literal line breaks, as DER
    in a file, or as base64 of either.

    Raises:
        SettingsError: With a message of its own for each thing that people paste instead.
    """
    remember_secrets(
        credentials.private_key, credentials.private_key_passphrase, credentials.client_id
    )
    source = "private_key" if credentials.private_key is not None else "private_key_path"
    text = credentials.private_key or _file_text(credentials.private_key_path or "")
    pem = _pem(text, source)
    key = _parsed(pem, credentials.private_key_passphrase, source)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _unusable(
            source,
            f"holds a key of another kind ({type(key).__name__.strip('_')}), not RSA",
            f"Salesforce takes RS256 only. {_MAKE_ONE}",
            "private-key-not-rsa",
        )
    if key.key_size < _SMALLEST_KEY_BITS:
        raise _unusable(
            source,
            f"holds an RSA key of {key.key_size} bits",
            f"Salesforce wants at least {_SMALLEST_KEY_BITS}. {_MAKE_ONE}",
            "private-key-too-short",
        )
    return key


def fingerprint(key: PrivateKey) -> str:
    """Return the SHA-256 of the public key, as hex: it may be shown, and tells keys apart."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(public).hexdigest()


def file_mode_warning(credentials: Credentials) -> str | None:
    """Return what to warn about a key file that others may read; None where there is none."""
    path = credentials.private_key_path
    mode = None if path is None else mode_open_to_others(path)
    if mode is None:
        return None
    return (
        f"The key file {path} can be read by others than its owner "
        f"(mode {mode:04o}): chmod 600 {path}, or mount it with mode 0400."
    )


def _unusable(source: str, problem: str, hint: str, code: str) -> SettingsError:
    return SettingsError(f"The setting {source} {problem}.", hint=hint, code=code)


def _file_text(path: str) -> str:
    if len(path) > LONGEST_PATH or _PEM_LABEL.search(path) or _PEM_LABEL.search(_from_base64(path)):
        raise _unusable(
            "private_key_path",
            "holds a key, not the path of its file",
            "Give the key in private_key instead.",
            "private-key-unreadable",
        )
    try:
        return _text_in(Path(path).expanduser().read_bytes())
    except (OSError, ValueError, RuntimeError) as error:  # the last two for what is no path
        reason = getattr(error, "strerror", None) or error
        raise _unusable(
            "private_key_path",
            f"names a file that can't be read: {path} ({reason})",
            "Check the path and who may read the file.",
            "private-key-unreadable",
        ) from None


def _text_in(data: bytes) -> str:
    """Return the PEM in a text, or of DER; what is neither has no PEM in it."""
    try:
        return decoded(data)
    except ValueError:
        return _pem_of_der(data)


def _pem_of_der(data: bytes) -> str:
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    try:
        # Whether it is any good is looked at where its PEM is read.
        key = serialization.load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
        return key.private_bytes(serialization.Encoding.PEM, form, plain).decode()
    except TypeError:  # it is encrypted
        return _in_pem(data, "ENCRYPTED PRIVATE KEY")
    except (ValueError, UnsupportedAlgorithm):
        return next((_in_pem(data, label) for label in _OTHER_DER if _is_der(data, label)), "")


def _is_der(data: bytes, label: str) -> bool:
    try:
        _OTHER_DER[label](data)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _in_pem(data: bytes, label: str) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


def _pem(text: str, source: str) -> str:
    text = _ESCAPED_END.sub("\n", _ESCAPED_RETURN.sub("", text.strip()))
    is_path = source == "private_key" and _is_path(text)
    if not _PEM_LABEL.search(text):
        text = _from_base64(text)
    labels: list[str] = _PEM_LABEL.findall(text)
    if not labels and is_path:
        raise _unusable(
            source,
            "holds a path, not a key",
            "Give the path in private_key_path instead.",
            "private-key-not-pem",
        )
    if not labels:
        raise _unusable(
            source,
            "holds no PEM and no DER",
            "PEM starts with a line BEGIN PRIVATE KEY (or is the base64 of such a text). "
            f"{_MAKE_ONE}",
            "private-key-not-pem",
        )
    # A certificate, or the curve of an EC key, may stand before the key.
    label = next((name for name in labels if name.endswith("PRIVATE KEY")), labels[0])
    _refuse_other_blocks(label, source)
    return _rewrapped(text[text.index(f"-----BEGIN {label}-----") :])


def _is_path(text: str) -> bool:
    is_short = len(text) <= LONGEST_PATH and len(text.splitlines()) == 1
    return is_short and (text.endswith((".pem", ".key")) or text.startswith(("/", "~", "./")))


def _from_base64(text: str) -> str:
    joined = "".join(text.split())
    padded = joined + "=" * (-len(joined) % 4)  # which some stores of secrets take off
    try:
        return _text_in(base64.b64decode(padded, validate=True))
    except (binascii.Error, ValueError):
        return ""


def _refuse_other_blocks(label: str, source: str) -> None:
    if "CERTIFICATE" in label:
        raise _unusable(
            source,
            f"holds a {label.lower()}, not the private key",
            "The certificate is what goes into the app in Setup; the tap needs the private key "
            "it was made from.",
            "private-key-is-certificate",
        )
    if label.endswith("PUBLIC KEY"):
        raise _unusable(
            source,
            "holds a public key, not the private key",
            "Give the file whose first line is BEGIN PRIVATE KEY.",
            "private-key-is-public",
        )
    if label == "OPENSSH PRIVATE KEY":
        raise _unusable(
            source,
            "holds a key in OpenSSH's own format",
            "Convert it with: ssh-keygen -p -m PEM -f FILE",
            "private-key-is-openssh",
        )


def _rewrapped(text: str) -> str:
    # An environment variable or a form field often turns the line breaks into blanks.
    match = _PEM_BLOCK.search(text)
    if match is None or "\n" in match[2].strip():
        return text
    headers = _PEM_HEADERS.match(match[2])
    body = "\n".join(match[2][headers.end() if headers else 0 :].split())
    if headers:
        body = f"{headers[1]}\n{headers[2]}\n\n{body}"
    return f"-----BEGIN {match[1]}-----\n{body}\n-----END {match[1]}-----\n"


def _parsed(pem: str, passphrase: str | None, source: str) -> object:
    encrypted = "ENCRYPTED" in pem
    password = passphrase.encode(errors="replace") if passphrase and encrypted else None
    if encrypted and password is None:
        raise _unusable(
            source,
            "holds an encrypted key, and private_key_passphrase is not given",
            "Give the passphrase, or decrypt the key with: openssl pkey -in FILE -out "
            "private_key.pem",
            "private-key-encrypted",
        )
    try:
        return _last_key.load(pem.encode(), password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if encrypted and _PEM_BLOCK.search(pem):
            raise _unusable(
                source,
                "can't be decrypted with the private_key_passphrase that is given",
                "Check the passphrase; `openssl pkey -in FILE -noout` asks for it in the same way.",
                "private-key-wrong-passphrase",
            ) from None
        raise _unusable(
            source,
            "holds a PEM that is no complete private key",
            "Part of it may have been lost in copying: give the whole text, both the BEGIN and "
            "the END line included, or use private_key_path.",
            "private-key-broken",
        ) from None
