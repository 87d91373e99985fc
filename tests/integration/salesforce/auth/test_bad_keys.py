"""Keys that can't be used: told as what they are, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import keys
from tests.support.told import GONE, assert_told, config_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


@pytest.mark.parametrize(
    ("made", "code"),
    [
        pytest.param(keys.certificate, "private-key-is-certificate", id="certificate"),
        pytest.param(keys.public, "private-key-is-public", id="public key"),
        pytest.param(lambda _: keys.elliptic(), "private-key-not-rsa", id="EC"),
        pytest.param(lambda _: keys.edwards(), "private-key-not-rsa", id="Ed25519"),
        pytest.param(lambda _: keys.short(), "private-key-too-short", id="1024 bits"),
        pytest.param(keys.encrypted, "private-key-encrypted", id="no passphrase"),
        pytest.param(keys.encrypted_pkcs1, "private-key-encrypted", id="no passphrase, PKCS#1"),
        pytest.param(keys.openssh, "private-key-is-openssh", id="OpenSSH"),
        pytest.param(lambda pem: pem[:400], "private-key-broken", id="half of it"),
        pytest.param(lambda pem: pem[:400] + pem[500:], "private-key-broken", id="hole in it"),
        pytest.param(lambda _: "hello", "private-key-not-pem", id="some text"),
        pytest.param(lambda _: "aGVsbG8=", "private-key-not-pem", id="base64 of some text"),
        pytest.param(lambda _: "keys/private_key.pem", "private-key-not-pem", id="a path"),
        pytest.param(lambda _: '{"privateKey": "x"}', "private-key-not-pem", id="JSON"),
    ],
)
@pytest.mark.parametrize("where", ["private_key", "private_key_path"])
def test_unusable_key_is_told_as_what_it_is(
    org: LocalOrg, tap: TapRunner, made: Callable[[str], str], code: str, where: str
) -> None:
    """Each thing that people paste instead has its own message, before any request."""
    key = made(org.private_key_pem)
    given = key if where == "private_key" else tap.file("key.pem", key)
    run = tap.command("--config", config_file(org, tap, {"private_key": GONE, where: given}))
    assert_told(run, f"The setting {where} ", code=code)
    assert org.journal.calls() == []


@pytest.mark.parametrize("path", ["/etc/tap/key", "~/key.pem", "keys/private_key.pem", "./a.key"])
def test_a_path_in_the_place_of_the_key(org: LocalOrg, tap: TapRunner, path: str) -> None:
    """The setting for it is named, and no new key is asked for."""
    run = tap.command("--config", config_file(org, tap, {"private_key": path}))
    words = ("The setting private_key holds a path", "private_key_path")
    assert_told(run, *words, code="private-key-not-pem")
    assert "openssl" not in run.log


@pytest.mark.parametrize("made", [keys.encrypted, keys.encrypted_pkcs1], ids=["PKCS#8", "PKCS#1"])
def test_wrong_passphrase(org: LocalOrg, tap: TapRunner, made: Callable[[str], str]) -> None:
    """A passphrase of another key is told as that, and not shown."""
    changes = {"private_key": made(org.private_key_pem), "private_key_passphrase": "not this one"}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, "private_key_passphrase", code="private-key-wrong-passphrase")
    assert "not this one" not in run.log
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("nowhere/key.pem", ["nowhere/key.pem", "No such file"], id="missing"),
        pytest.param(".", ["Is a directory"], id="folder"),
        pytest.param("a\0b", ["can't be read"], id="no path"),
        pytest.param("~nobody-of-that-name/key.pem", ["can't be read"], id="no home"),
    ],
)
def test_key_file_that_can_not_be_read(
    org: LocalOrg, tap: TapRunner, path: str, words: list[str]
) -> None:
    """The path is named, with the system's own reason."""
    changes = {"private_key": GONE, "private_key_path": path}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, "private_key_path", *words, code="private-key-unreadable")
    assert org.journal.calls() == []


def test_key_file_that_is_binary(org: LocalOrg, tap: TapRunner) -> None:
    """DER instead of PEM is read, from beside the config file that names it."""
    (tap.folder / "key.der").write_bytes(keys.der(org.private_key_pem))
    changes = {"private_key": GONE, "private_key_path": "key.der"}
    run = tap.command("--config", config_file(org, tap, changes), "--discover")
    assert run.exit_code == 0, run.log


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda pem: pem, id="PEM"),
        pytest.param(lambda pem: pem.replace("\n", "\\n"), id="literal line ends"),
        pytest.param(keys.in_base64, id="base64"),
        pytest.param(lambda pem: "".join(pem.splitlines()[1:-1]), id="body alone"),
    ],
)
def test_key_pasted_as_path_is_not_shown(
    org: LocalOrg, tap: TapRunner, form: Callable[[str], str]
) -> None:
    """A key in private_key_path is told, and no part of it is repeated."""
    pasted = form(org.private_key_pem)
    changes = {"private_key": GONE, "private_key_path": pasted}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, "private_key_path holds a key", "private_key instead")
    assert pasted[200:220] not in run.log
