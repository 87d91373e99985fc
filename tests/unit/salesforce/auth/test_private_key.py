"""The private key: every form it is handed over in, and everything that is pasted instead."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.private_key import (
    file_mode_warning,
    fingerprint,
    load_private_key,
)
from tap_versionforge_salesforce.salesforce.support.redaction import redact
from tests.support import keys
from tests.support.values import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PHRASE = "open, sesame \u00fc"
_PEM = serialization.Encoding.PEM
_PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()
CURVE = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def pem(
    key: PrivateKeyTypes,
    form: serialization.PrivateFormat = _PKCS8,
    phrase: str | None = None,
) -> str:
    # An old way to derive the key from the passphrase takes no time.
    way = _PLAIN if phrase is None else serialization.BestAvailableEncryption(phrase.encode())
    return key.private_bytes(_PEM, form, way).decode()


@dataclass(frozen=True)
class Made:
    """The texts of one session's keys."""

    pkcs1: str
    pkcs8: str
    pkcs1_encrypted: str
    pkcs8_encrypted: str
    openssh: str
    certificate: str
    request: str
    public: str
    public_pkcs1: str
    elliptic: str
    elliptic_pkcs8: str
    edwards: str
    short: str


@pytest.fixture(scope="session")
def made(
    rsa_key: rsa.RSAPrivateKey, short_key: rsa.RSAPrivateKey, ec_key: ec.EllipticCurvePrivateKey
) -> Made:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "salesforce-tap")])
    public = rsa_key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=timezone.utc))
        .not_valid_after(datetime(2028, 1, 1, tzinfo=timezone.utc))
        .sign(rsa_key, hashes.SHA256())
    )
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(rsa_key, hashes.SHA256())
    )
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return Made(
        pkcs1=pem(rsa_key, _PKCS1),
        pkcs8=pem(rsa_key),
        pkcs1_encrypted=pem(rsa_key, _PKCS1, PHRASE),
        pkcs8_encrypted=pem(rsa_key, _PKCS8, PHRASE),
        openssh=pem(rsa_key, serialization.PrivateFormat.OpenSSH),
        certificate=certificate.public_bytes(_PEM).decode(),
        request=request.public_bytes(_PEM).decode(),
        public=public.public_bytes(_PEM, spki).decode(),
        public_pkcs1=public.public_bytes(_PEM, serialization.PublicFormat.PKCS1).decode(),
        elliptic=pem(ec_key, _PKCS1),
        elliptic_pkcs8=pem(ec_key),
        edwards=pem(ed25519.Ed25519PrivateKey.generate()),
        short=pem(short_key),
    )


def load(text: str, phrase: str | None = None) -> rsa.RSAPrivateKey:
    settings = settings_of(private_key=text, private_key_path=None, private_key_passphrase=phrase)
    return load_private_key(settings.credentials)


def load_file(path: Path | str, phrase: str | None = None) -> rsa.RSAPrivateKey:
    settings = settings_of(private_key_path=str(path), private_key_passphrase=phrase)
    return load_private_key(settings.credentials)


def on_one_line(text: str) -> str:
    return " ".join(text.splitlines())


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_broken_base64(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


# Forms that are taken

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "literal line breaks": lambda text: text.replace("\n", "\\n"),
    "literal line breaks, escaped twice": lambda text: text.replace("\n", "\\\\n"),
    "literal line breaks, escaped thrice": lambda text: text.replace("\n", "\\\\\\\\r\\\\\\\\n"),
    "literal Windows line breaks": lambda text: text.replace("\n", "\\r\\n"),
    "Windows line breaks": lambda text: text.replace("\n", "\r\n"),
    "old Mac line breaks": lambda text: text.replace("\n", "\r"),
    "on one line": on_one_line,
    "indented": lambda text: "".join(f"    {line}\n" for line in text.splitlines()),
    "blanks at the ends of lines": lambda text: text.replace("\n", "  \n"),
    "blank lines around": lambda text: f"\n\n{text}\n\n",
    "between quotes": lambda text: f'"{text}"',
    "with a byte order mark": lambda text: f"\ufeff{text}",
    "base64": in_base64,
    "base64 with line breaks": in_broken_base64,
    "base64 with Windows line breaks": lambda t: in_broken_base64(t).replace("\n", "\r\n"),
    "base64 without padding": lambda text: in_base64(f"{text}\n").rstrip("="),
    "base64 of Windows line breaks": lambda text: in_base64(text.replace("\n", "\r\n")),
}
KINDS = {"PKCS#1": "pkcs1", "PKCS#8": "pkcs8"}
ENCRYPTED = {"PKCS#1": "pkcs1_encrypted", "PKCS#8": "pkcs8_encrypted"}
_NOT_WITH_HEADERS = {"indented", "blanks at the ends of lines"}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_keys_are_taken_in_every_form(
    made: Made, rsa_key: rsa.RSAPrivateKey, kind: str, form: Callable[[str], str]
) -> None:
    """A key that went through a file, a form or an environment variable is the same key."""
    assert fingerprint(load(form(getattr(made, kind)))) == fingerprint(rsa_key)


@pytest.mark.parametrize(
    "form", [pytest.param(FORMS[f], id=f) for f in FORMS if f not in _NOT_WITH_HEADERS]
)
@pytest.mark.parametrize("kind", ENCRYPTED.values(), ids=ENCRYPTED)
def test_encrypted_keys_are_taken_in_every_form(
    made: Made, rsa_key: rsa.RSAPrivateKey, kind: str, form: Callable[[str], str]
) -> None:
    """So is one with a passphrase, whatever characters that has."""
    assert fingerprint(load(form(getattr(made, kind)), PHRASE)) == fingerprint(rsa_key)


@pytest.mark.parametrize("kind", [*KINDS.values(), *ENCRYPTED.values()])
def test_keys_are_read_from_files(
    made: Made, rsa_key: rsa.RSAPrivateKey, tmp_path: Path, kind: str
) -> None:
    """A path serves as well as the text."""
    path = tmp_path / "private_key.pem"
    path.write_text(getattr(made, kind), encoding="utf-8")
    assert fingerprint(load_file(path, PHRASE)) == fingerprint(rsa_key)


def test_files_of_windows_are_read(made: Made, rsa_key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    """A byte order mark and Windows line breaks in a file do no harm."""
    path = tmp_path / "private_key.pem"
    path.write_bytes(made.pkcs8.replace("\n", "\r\n").encode("utf-8-sig"))
    assert fingerprint(load_file(path)) == fingerprint(rsa_key)


def test_home_folder_is_known(
    made: Made, rsa_key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path may begin with ~."""
    (tmp_path / "private_key.pem").write_text(made.pkcs8, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fingerprint(load_file("~/private_key.pem")) == fingerprint(rsa_key)


@pytest.mark.parametrize("order", [1, -1], ids=["certificate first", "key first"])
def test_a_file_may_hold_the_certificate_too(
    made: Made, rsa_key: rsa.RSAPrivateKey, order: int
) -> None:
    """Where the key stands beside its certificate, the key is used."""
    text = "".join([made.certificate, made.pkcs8][::order])
    assert fingerprint(load(f"Bag Attributes\n    localKeyID: 01\n{text}")) == fingerprint(rsa_key)


def test_a_passphrase_that_is_not_needed_is_ignored(made: Made, rsa_key: rsa.RSAPrivateKey) -> None:
    """A key that is not encrypted is read, though a passphrase is set."""
    assert fingerprint(load(made.pkcs8, PHRASE)) == fingerprint(rsa_key)


# What is pasted instead


@dataclass(frozen=True)
class Mistake:
    """What a user gives, and what they are told."""

    text: Callable[[Made], str]
    code: str
    told: str
    hint: str
    phrase: str | None = None


def without(text: str, start: int, end: int) -> str:
    return text[:start] + text[end:]


MISTAKES = {
    "certificate": Mistake(
        lambda made: made.certificate,
        "private-key-is-certificate",
        "holds a certificate, not the private key",
        "the private key it was made from",
    ),
    "certificate request": Mistake(
        lambda made: made.request,
        "private-key-is-certificate",
        "holds a certificate request, not the private key",
        "the private key it was made from",
    ),
    "certificate in base64": Mistake(
        lambda made: in_base64(made.certificate),
        "private-key-is-certificate",
        "holds a certificate, not the private key",
        "the private key it was made from",
    ),
    "public key": Mistake(
        lambda made: made.public,
        "private-key-is-public",
        "holds a public key, not the private key",
        "BEGIN PRIVATE KEY",
    ),
    "PKCS#1 public key": Mistake(
        lambda made: made.public_pkcs1,
        "private-key-is-public",
        "holds a public key, not the private key",
        "BEGIN PRIVATE KEY",
    ),
    "EC key": Mistake(
        lambda made: made.elliptic,
        "private-key-not-rsa",
        "not RSA",
        "tap-versionforge-salesforce keygen",
    ),
    "EC key in PKCS#8": Mistake(
        lambda made: made.elliptic_pkcs8,
        "private-key-not-rsa",
        "not RSA",
        "tap-versionforge-salesforce keygen",
    ),
    "EC key behind its curve": Mistake(
        lambda made: CURVE + made.elliptic,
        "private-key-not-rsa",
        "not RSA",
        "tap-versionforge-salesforce keygen",
    ),
    "Ed25519 key": Mistake(
        lambda made: made.edwards,
        "private-key-not-rsa",
        "not RSA",
        "tap-versionforge-salesforce keygen",
    ),
    "key of OpenSSH": Mistake(
        lambda made: made.openssh,
        "private-key-is-openssh",
        "OpenSSH's own format",
        "ssh-keygen -p -m PEM",
    ),
    "1024 bits": Mistake(
        lambda made: made.short,
        "private-key-too-short",
        "RSA key of 1024 bits",
        "at least 2048",
    ),
    "no passphrase": Mistake(
        lambda made: made.pkcs8_encrypted,
        "private-key-encrypted",
        "private_key_passphrase is not given",
        "Give the passphrase",
    ),
    "no passphrase, PKCS#1": Mistake(
        lambda made: made.pkcs1_encrypted,
        "private-key-encrypted",
        "private_key_passphrase is not given",
        "Give the passphrase",
    ),
    "wrong passphrase": Mistake(
        lambda made: made.pkcs8_encrypted,
        "private-key-wrong-passphrase",
        "can't be decrypted with the private_key_passphrase that is given",
        "Check the passphrase",
        phrase="guessed",
    ),
    "wrong passphrase, PKCS#1": Mistake(
        lambda made: made.pkcs1_encrypted,
        "private-key-wrong-passphrase",
        "can't be decrypted with the private_key_passphrase that is given",
        "Check the passphrase",
        phrase="guessed",
    ),
    "passphrase that is no text": Mistake(
        lambda made: made.pkcs8_encrypted,
        "private-key-wrong-passphrase",
        "can't be decrypted with the private_key_passphrase that is given",
        "Check the passphrase",
        phrase="half \ud83d",
    ),
    "cut at the end": Mistake(
        lambda made: made.pkcs8[:800],
        "private-key-broken",
        "no complete private key",
        "the whole text",
    ),
    "cut at the end, encrypted": Mistake(
        lambda made: made.pkcs8_encrypted[:800],
        "private-key-broken",
        "no complete private key",
        "the whole text",
        phrase=PHRASE,
    ),
    "cut in the middle": Mistake(
        lambda made: without(made.pkcs8, 400, 500),
        "private-key-broken",
        "no complete private key",
        "the whole text",
    ),
    "without the END line": Mistake(
        lambda made: made.pkcs8.partition("-----END")[0],
        "private-key-broken",
        "no complete private key",
        "the whole text",
    ),
    "characters that are no text": Mistake(
        lambda made: f"{made.pkcs8}\ud83d",
        "private-key-broken",
        "no complete private key",
        "the whole text",
    ),
    "without the BEGIN line": Mistake(
        lambda made: made.pkcs8.partition("\n")[2],
        "private-key-not-pem",
        "holds no PEM",
        "BEGIN PRIVATE KEY",
    ),
    "half of the DER in base64": Mistake(
        lambda made: "".join(made.pkcs8.splitlines()[1:10]),
        "private-key-not-pem",
        "holds no PEM",
        "BEGIN PRIVATE KEY",
    ),
    "nonsense": Mistake(
        lambda _: "correct horse battery staple",
        "private-key-not-pem",
        "holds no PEM",
        "BEGIN PRIVATE KEY",
    ),
    "nonsense in base64": Mistake(
        lambda _: in_base64("correct horse battery staple"),
        "private-key-not-pem",
        "holds no PEM",
        "BEGIN PRIVATE KEY",
    ),
    "a path": Mistake(
        lambda _: "./private_key.pem",
        "private-key-not-pem",
        "holds a path",
        "private_key_path",
    ),
}


def shows_no_secret(error: SettingsError, text: str, phrase: str | None) -> bool:
    shown = f"{error.message}\n{error.hint}\n{error!r}"
    pieces = [text[at : at + 24] for at in range(30, len(text) - 60, 24)]
    return (phrase is None or phrase not in shown) and not any(p in shown for p in pieces)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_is_told_as_what_it_is(made: Made, mistake: Mistake) -> None:
    """The message says what was given instead of the key and what to do, and shows none of it."""
    text = mistake.text(made)
    with pytest.raises(SettingsError) as caught:
        load(text, mistake.phrase)
    error = caught.value
    assert error.message.startswith("The setting private_key ")
    assert mistake.told in error.message
    assert mistake.hint in error.hint
    assert error.code == mistake.code
    assert error.exit_code == 2
    assert shows_no_secret(error, text, mistake.phrase)
    assert error.__cause__ is None


def test_the_message_survives_redaction(made: Made) -> None:
    """Hiding secrets in what is shown leaves the advice whole."""
    for mistake in MISTAKES.values():
        with pytest.raises(SettingsError) as caught:
            load(mistake.text(made), mistake.phrase)
        assert redact(caught.value.message) == caught.value.message
        assert redact(caught.value.hint) == caught.value.hint


def test_the_file_is_named_as_the_source(made: Made, tmp_path: Path) -> None:
    """What is wrong with a file's content is told of the setting that names the file."""
    path = tmp_path / "certificate.pem"
    path.write_text(made.certificate, encoding="utf-8")
    with pytest.raises(SettingsError, match="The setting private_key_path holds a certificate"):
        load_file(path)


def der(pem_text: str) -> bytes:
    return base64.b64decode("".join(pem_text.strip().splitlines()[1:-1]))


DER_KINDS = [*KINDS.values(), "pkcs8_encrypted"]


@pytest.mark.parametrize("kind", DER_KINDS)
def test_der_is_read_from_a_file(
    made: Made, rsa_key: rsa.RSAPrivateKey, tmp_path: Path, kind: str
) -> None:
    """DER is what PEM has in base64, and the same key."""
    path = tmp_path / "key.der"
    path.write_bytes(der(getattr(made, kind)))
    assert fingerprint(load_file(path, PHRASE)) == fingerprint(rsa_key)


@pytest.mark.parametrize("kind", DER_KINDS)
def test_der_is_read_in_base64(made: Made, rsa_key: rsa.RSAPrivateKey, kind: str) -> None:
    """So is what a store of secrets that takes only text makes of it."""
    text = base64.b64encode(der(getattr(made, kind))).decode()
    assert fingerprint(load(text, PHRASE)) == fingerprint(rsa_key)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_key_in_utf_16_is_read(
    made: Made, rsa_key: rsa.RSAPrivateKey, tmp_path: Path, encoding: str
) -> None:
    """PowerShell redirects into such files."""
    path = tmp_path / "private_key.pem"
    path.write_bytes(made.pkcs8.replace("\n", "\r\n").encode(encoding))
    assert fingerprint(load_file(path)) == fingerprint(rsa_key)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param("certificate", "private-key-is-certificate", id="certificate"),
        pytest.param("request", "private-key-is-certificate", id="certificate request"),
        pytest.param("public", "private-key-is-public", id="public key"),
        pytest.param("elliptic_pkcs8", "private-key-not-rsa", id="EC"),
        pytest.param("edwards", "private-key-not-rsa", id="Ed25519"),
        pytest.param("short", "private-key-too-short", id="1024 bits"),
        pytest.param("pkcs8_encrypted", "private-key-encrypted", id="no passphrase"),
    ],
)
def test_mistakes_in_der_are_told_as_what_they_are(
    made: Made, tmp_path: Path, kind: str, code: str
) -> None:
    """As those in PEM."""
    path = tmp_path / "key.der"
    path.write_bytes(der(getattr(made, kind)))
    with pytest.raises(SettingsError) as caught:
        load_file(path)
    assert caught.value.code == code


def test_a_file_of_some_other_bytes(tmp_path: Path) -> None:
    """A picture is no key."""
    path = tmp_path / "key.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x80\x81")
    with pytest.raises(SettingsError, match="private_key_path holds no PEM and no DER") as caught:
        load_file(path)
    assert caught.value.code == "private-key-not-pem"


def test_empty_file(tmp_path: Path) -> None:
    """A file of nothing holds no key."""
    path = tmp_path / "private_key.pem"
    path.touch()
    with pytest.raises(SettingsError, match="private_key_path holds no PEM"):
        load_file(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("missing.pem", id="missing"),
        pytest.param(".", id="folder"),
        pytest.param("a\x00b.pem", id="NUL"),
        pytest.param("\ud83d.pem", id="half a character"),
        pytest.param("~no-such-user/private_key.pem", id="home of nobody"),
        pytest.param("x" * 900, id="longer than names may be"),
    ],
)
def test_paths_that_lead_nowhere(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can't be read is told with the reason."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="names a file that can't be read") as caught:
        load_file(path)
    assert caught.value.code == "private-key-unreadable"
    assert "Check the path" in caught.value.hint


@pytest.mark.parametrize("form", ["as it is", "literal line breaks", "base64"])
def test_a_key_instead_of_its_path(made: Made, form: str) -> None:
    """A key in the setting for its path is told without being shown."""
    text = FORMS[form](made.pkcs8)
    with pytest.raises(SettingsError, match="holds a key, not the path") as caught:
        load_file(text)
    assert "private_key" in caught.value.hint
    assert shows_no_secret(caught.value, text, None)


def test_what_is_read_is_hidden_from_then_on(made: Made) -> None:
    """Key, passphrase and consumer key are remembered as secrets before anything else happens."""
    with pytest.raises(SettingsError):
        load(f"{made.short}", PHRASE)
    shown = redact(f"{PHRASE} | consumer-key | {made.short}")
    assert PHRASE not in shown
    assert "consumer-key" not in shown
    assert made.short[40:80] not in shown


def test_fingerprint_tells_keys_apart(
    rsa_key: rsa.RSAPrivateKey, short_key: rsa.RSAPrivateKey
) -> None:
    """A fingerprint is 64 hexadecimal digits, and another key's is another one."""
    assert len(bytes.fromhex(fingerprint(rsa_key))) == 32
    assert fingerprint(rsa_key) != fingerprint(short_key)


@pytest.mark.parametrize(
    ("mode", "is_told"),
    [
        (0o600, False),
        (0o400, False),
        (0o700, False),
        (0o622, False),
        (0o644, True),
        (0o640, True),
        (0o604, True),
        (0o440, True),
    ],
    ids=oct,
)
def test_key_file_that_others_may_read_is_told(tmp_path: Path, mode: int, *, is_told: bool) -> None:
    """The group and the world are others; a mounted secret is told like any other file."""
    path = tmp_path / "key.pem"
    path.touch()
    path.chmod(mode)
    told = file_mode_warning(settings_of(private_key_path=str(path)).credentials)
    assert (told is not None) == is_told
    if told is not None:
        assert f"{path} can be read by others than its owner (mode {mode:04o})" in told


def test_key_that_is_in_no_file_of_its_own_is_not_told(tmp_path: Path) -> None:
    """A key in the settings, a pipe of the shell and a file that is not there have no mode."""
    reader, writer = os.pipe()
    try:
        assert (
            file_mode_warning(settings_of(private_key_path=f"/dev/fd/{reader}").credentials) is None
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert (
        file_mode_warning(settings_of(private_key="x", private_key_path=None).credentials) is None
    )
    assert (
        file_mode_warning(settings_of(private_key_path=str(tmp_path / "none.pem")).credentials)
        is None
    )
    assert file_mode_warning(settings_of(private_key_path="\0").credentials) is None


def test_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path from the home directory is looked at like any other."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key.pem").touch()
    (tmp_path / "key.pem").chmod(0o644)
    told = file_mode_warning(settings_of(private_key_path="~/key.pem").credentials)
    assert told is not None
    assert f"chmod 600 {tmp_path / 'key.pem'}" in told


def test_the_key_that_was_read_last_is_not_taken_for_another_one(
    made: Made, rsa_key: rsa.RSAPrivateKey
) -> None:
    """It is read once, and by its own passphrase only."""
    first = load(made.pkcs8_encrypted, PHRASE)
    assert load(made.pkcs8_encrypted, PHRASE) is first
    with pytest.raises(SettingsError, match="passphrase"):
        load(made.pkcs8_encrypted, f"{PHRASE}.")
    assert fingerprint(load(keys.other())) != fingerprint(rsa_key)
    assert fingerprint(load(made.pkcs8_encrypted, PHRASE)) == fingerprint(rsa_key)
