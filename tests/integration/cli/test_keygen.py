"""`keygen`: a key and a certificate that Salesforce takes, and no file that is lost for it."""

from __future__ import annotations

import shutil
import stat
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

NAME = "salesforce-tap"
OPENSSL = shutil.which("openssl")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one that is not there, and not among the files of the tap, which show no key."""
    return tmp_path_factory.mktemp("keygen") / "made"


def keygen(tap: TapRunner, folder: Path, *options: str) -> Run:
    return tap.command("keygen", "--directory", str(folder), *options)


def made(folder: Path, stem: str = NAME) -> tuple[Path, Path]:
    return folder / f"{stem}.key", folder / f"{stem}.crt"


def certificate_in(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def private_key_in(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def test_what_it_makes_signs_in(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """The certificate is uploaded, the key is set, and `check` shows the same key."""
    run = keygen(tap, folder)
    assert run.exit_code == 0, run.log
    key, certificate = made(folder)
    org.identity.certificate = certificate.read_bytes()
    config = tap.config(private_key=None, private_key_path=str(key), objects=["Account"])
    checked = tap.command("check", "--config", config)
    assert checked.exit_code == 0, checked.stdout
    (line,) = [line for line in run.stdout.splitlines() if "SHA-256" in line]
    assert line.split()[-1] in "".join(checked.stdout.split())
    # Of no line is the key's own text.
    assert key.read_text().splitlines()[1] not in run.stdout + run.log


def test_a_home_that_no_shell_has_put_in(
    tap: TapRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in --directory='~/x': no folder is called "~"."""
    monkeypatch.setenv("HOME", str(folder))
    run = tap.command("keygen", "--directory", "~/secrets")
    assert run.exit_code == 0, run.log
    assert made(folder / "secrets")[0].is_file()
    assert str(folder / "secrets") in run.stdout


def test_a_path_to_be_copied(tap: TapRunner, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads to the key from any folder: a relative one would count from the config's."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    run = tap.command("keygen")
    assert f"private_key_path: {folder / 'salesforce-tap.key'};" in run.stdout, run.log


@pytest.mark.parametrize("bits", [2048, 4096])
def test_the_key_is_its_owners_alone(tap: TapRunner, folder: Path, bits: int) -> None:
    """In PKCS#8, of the length that was asked for, from the first moment on."""
    keygen(tap, folder, "--bits", str(bits))
    key, certificate = made(folder)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert private_key_in(key).key_size == bits
    assert certificate_in(certificate).public_key() == private_key_in(key).public_key()


def test_the_certificate_is_good_for_the_days_given(
    tap: TapRunner, clock: OrgClock, folder: Path
) -> None:
    """And its end is shown."""
    run = keygen(tap, folder, "--days", "30", "--name", "finance.tap-1")
    certificate = certificate_in(made(folder, "finance.tap-1")[1])
    ends = certificate.not_valid_after_utc
    assert ends - certificate.not_valid_before_utc == timedelta(days=30)
    assert abs(certificate.not_valid_before_utc - clock.now()) < timedelta(minutes=1)
    assert f"good until {ends:%Y-%m-%d}" in run.stdout
    assert certificate.subject.rfc4514_string() == "CN=finance.tap-1"


@pytest.mark.skipif(OPENSSL is None, reason="compared where openssl is")
def test_it_equals_what_openssl_makes(tap: TapRunner, folder: Path, tmp_path: Path) -> None:
    """By the command that people know."""
    keygen(tap, folder)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    key, certificate = made(theirs)
    known = "req -x509 -sha256 -nodes -days 365 -newkey rsa:2048"
    openssl(*known.split(), "-subj", f"/CN={NAME}", "-keyout", key, "-out", certificate)
    own, other = (certificate_in(made(each)[1]) for each in (folder, theirs))
    for certificate_of in (own, other):
        assert certificate_of.issuer == certificate_of.subject
    assert own.version is other.version
    assert own.subject == other.subject
    assert own.signature_algorithm_oid == other.signature_algorithm_oid
    assert described(own) == described(other)
    lasts = [each.not_valid_after_utc - each.not_valid_before_utc for each in (own, other)]
    assert lasts == [timedelta(days=365)] * 2
    own_key, other_key = made(folder)[0], key
    assert own_key.read_text().splitlines()[0] == other_key.read_text().splitlines()[0]
    openssl("pkey", "-in", own_key, "-noout", "-check")
    openssl("verify", "-CAfile", made(folder)[1], made(folder)[1])


def openssl(*arguments: str | Path) -> None:
    assert OPENSSL is not None
    command = [OPENSSL, *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603  our own


def described(certificate: x509.Certificate) -> dict[str, tuple[bool, str]]:
    """Return the extensions, without what is the key's own."""
    found = {}
    for each in certificate.extensions:
        is_of_key = "KeyIdentifier" in type(each.value).__name__
        found[each.oid.dotted_string] = (each.critical, "" if is_of_key else repr(each.value))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    algorithm = certificate.signature_hash_algorithm
    assert algorithm is not None
    signed = certificate.tbs_certificate_bytes
    key.verify(certificate.signature, signed, padding.PKCS1v15(), algorithm)
    return found


@pytest.mark.parametrize("there", [f"{NAME}.key", f"{NAME}.crt"])
def test_nothing_is_overwritten(tap: TapRunner, folder: Path, there: str) -> None:
    """Neither a key nor a certificate, nor a link to one that is elsewhere."""
    folder.mkdir(parents=True)
    (folder / there).symlink_to(folder / "nowhere")
    run = keygen(tap, folder)
    assert run.exit_code == 2
    assert f"{there} is there already, and no key is ever overwritten. Give another --name" in (
        run.log
    )
    assert [path.name for path in folder.iterdir()] == [there]
    assert "Traceback" not in run.log


def test_a_new_pair_beside_the_old_one(tap: TapRunner, clock: OrgClock, folder: Path) -> None:
    """With what is to be done then, in its order."""
    keygen(tap, folder)
    before = [path.read_bytes() for path in made(folder)]
    run = keygen(tap, folder, "--renew")
    key, certificate = made(folder, f"{NAME}-{clock.now():%Y-%m-%d}")
    assert private_key_in(key) != private_key_in(made(folder)[0])
    assert certificate_in(certificate).subject.rfc4514_string() == f"CN={NAME}"
    assert [path.read_bytes() for path in made(folder)] == before
    steps = [line for line in run.stdout.splitlines() if line[:1].isdigit()]
    assert [line.split()[1] for line in steps] == ["Wait", "Upload", "Set", "Look", "Remove"]
    assert str(certificate) in steps[1]
    assert str(key) in steps[2]
    assert str(made(folder)[0]) in steps[4]
    again = keygen(tap, folder, "--renew")
    assert again.exit_code == 2
    assert "Give another --name, or another --directory" in again.log


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--name", "../key"], "Invalid value for '--name'"),
        (["--name", ""], "Invalid value for '--name'"),
        (["--name", "a" * 65], "64 characters at the most"),
        (["--bits", "1024"], "'1024' is not one of '2048', '4096'"),
        (["--days", "0"], "0 is not in the range 1<=x<=7300"),
    ],
)
def test_what_can_not_be_made_is_told(
    tap: TapRunner, folder: Path, options: list[str], said: str
) -> None:
    """And nothing is there then."""
    run = keygen(tap, folder, *options)
    assert run.exit_code == 2
    assert said in run.log
    assert not folder.exists()


def test_a_folder_that_can_not_be_written_is_told(tap: TapRunner, tmp_path: Path) -> None:
    """Half a pair is not left behind."""
    file = tmp_path / "file"
    file.touch()
    run = keygen(tap, file)
    assert run.exit_code == 2
    assert "[key-not-written]" in run.log
    assert f"can't be written into {file} (" in run.log
