"""`setup` with a person at a real terminal: asked, helped where it fails, and free to stop."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.local_org.conditions import outages
from tests.local_org_tests.caller import Caller
from tests.support import processes
from tests.support.person import CTRL_C, DOWN, ENTER, Person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.local_org import LocalOrg

BEGIN, URL, KEY = "How do you want to begin?", "My Domain URL", "Which key"
APP, CLIENT_ID, USERNAME = "Which app?", "Consumer key of the app", "Username of the"
WRONG, OBJECTS, OUTPUT = "What now?", "Which objects", "Where do the settings go?"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("setup")


def key_in(folder: Path, org: LocalOrg) -> str:
    path = folder / "salesforce-tap.key"
    path.write_text(org.private_key_pem, encoding="utf-8")
    path.chmod(0o600)
    return path.name


def given(org: LocalOrg, folder: Path, *without: str) -> list[str]:
    """Return all answers as options but for those of some names."""
    answers = {
        "instance-url": org.url,
        "private-key-path": key_in(folder, org),
        "client-id": org.client_id,
        "username": org.username,
        "objects": "Account",
        "output": "config.json",
    }
    return [word for n, v in answers.items() if n not in without for word in (f"--{n}", v)]


def written(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))


def test_from_nothing(org: LocalOrg, folder: Path) -> None:
    """A key is made, the steps name this org and the file, and what is written extracts."""
    org.store.seed("Account", 3)
    with Person("setup", folder=folder) as person:
        person.answers(BEGIN)
        person.answers(URL, "https://acme.lightning.force.com")
        # What is wrong is told whole, and it is asked again.
        person.waits_for("acme.my.salesforce.com")
        person.waits_for(URL)
        person.types("\x15" + org.url + ENTER)
        person.answers(KEY)
        person.answers(APP)
        person.waits_for(f"{org.url}/lightning/setup/ManageExternalClientApplication/home")
        person.waits_for(str(folder / "salesforce-tap.crt"))
        org.identity.certificate = (folder / "salesforce-tap.crt").read_bytes()
        person.answers(CLIENT_ID, org.client_id)
        person.answers(USERNAME, org.username)
        person.waits_for("Signed in")
        person.answers(OBJECTS)
        person.answers(OUTPUT)
        assert person.leaves() == 0, person.seen
    assert person.seen.splitlines()[-1].split() == [
        *("tap-versionforge-salesforce", "check", "--config", "config.json")
    ]
    made = written(folder)
    assert made["private_key_path"] == str(folder / "salesforce-tap.key")
    assert made["certificate_path"] == str(folder / "salesforce-tap.crt")
    assert "Account" in made["objects"]
    checked = processes.run([processes.TAP, "check", "--config", "config.json"], cwd=folder)
    assert "Everything works" in checked.stdout


def test_what_fails_is_explained_and_mended(org: LocalOrg, folder: Path) -> None:
    """A wrong consumer key, then the right one; nothing else is asked twice."""
    options = given(org, folder, "client-id")
    with Person("setup", *options, "--app", "ready", folder=folder) as person:
        person.answers(BEGIN)
        person.answers(CLIENT_ID, "3MVG9wrong")
        person.waits_for("The org has no app with this consumer key")
        person.answers(WRONG, DOWN + DOWN)
        person.answers(CLIENT_ID, org.client_id)
        assert person.leaves() == 0, person.seen
    assert written(folder)["client_id"] == org.client_id
    assert "BEGIN PRIVATE KEY" not in person.raw


def test_who_stops_at_a_failure_has_its_exit_code(org: LocalOrg, folder: Path) -> None:
    """As a script would have it."""
    options = given(org, folder, "client-id")
    with Person("setup", *options, "--client-id", "3MVG9wrong", folder=folder) as person:
        person.answers(WRONG, "\x1b[A")  # from the first to the last, which is to stop
        assert person.leaves() == 3, person.seen
    assert "Traceback" not in person.seen
    assert not (folder / "config.json").exists()


def test_a_look_with_a_token(org: LocalOrg, folder: Path) -> None:
    """Typed where nobody sees it, and kept only where that is wished."""
    org.store.seed("Account", 3)
    with Caller(org) as caller:
        token = caller.sign_in()
    with Person(
        "setup", "--output", "config.json", "--objects", "Account", folder=folder
    ) as person:
        person.answers(BEGIN, DOWN + (DOWN if shutil.which("sf") else ""))
        person.answers(URL, org.url)
        person.answers("Access token", token)
        person.waits_for("One row of Account")
        person.answers("How should the tap sign in?", DOWN)
        assert person.leaves() == 0, person.seen
    assert token not in person.raw
    assert written(folder)["access_token"] == token


def test_a_look_that_is_refused(org: LocalOrg, folder: Path) -> None:
    """It was only a look: it is told why, and asked how to begin."""
    org.faults.add("/sobjects", outages.daily_limit(), times=1)
    token = Caller(org).sign_in()
    with Person("setup", folder=folder) as person:
        person.answers(BEGIN, DOWN + (DOWN if shutil.which("sf") else ""))
        person.answers(URL, org.url)
        person.answers("Access token", token)
        person.waits_for("troubleshooting.md#")
        person.answers(BEGIN, CTRL_C)
        assert person.leaves() == 130, person.seen


@pytest.mark.parametrize(
    ("question", "without"),
    [
        pytest.param(BEGIN, ("client-id",), id="begin"),
        pytest.param(URL, ("instance-url",), id="url"),
        pytest.param(KEY, ("private-key-path",), id="key"),
        pytest.param(APP, ("client-id",), id="app"),
        pytest.param(CLIENT_ID, ("client-id",), id="consumer key"),
        pytest.param(USERNAME, ("username",), id="username"),
        pytest.param(WRONG, ("client-id",), id="failure"),
        pytest.param(OBJECTS, ("objects",), id="objects"),
        pytest.param(OUTPUT, ("output",), id="output"),
        pytest.param("change its", (), id="change a file"),
    ],
)
def test_ctrl_c(org: LocalOrg, folder: Path, question: str, without: tuple[str, ...]) -> None:
    """Nothing is written, no traceback, and the command to go on is shown."""
    if question == "change its":
        (folder / "config.json").write_text("{}", encoding="utf-8")
    options = given(org, folder, *without)
    if question == WRONG:
        options += ["--client-id", "3MVG9wrong"]
    ways = []
    if "client-id" in without and question not in (BEGIN, WRONG):
        ways.append((BEGIN, ""))
    if question == CLIENT_ID:
        ways.append((APP, ""))
    stops_at(question, folder, options, ways)


def stops_at(
    question: str, folder: Path, options: Sequence[str], ways: Sequence[tuple[str, str]]
) -> None:
    """Answer until a question comes, and stop there: all is as it was."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with Person("setup", *options, folder=folder) as person:
        for each, answer in ways:
            person.answers(each, answer)
        person.waits_for(question)
        person.types(CTRL_C)
        assert person.leaves() == 130, person.seen
    assert "Stopped; no settings have been written" in person.seen
    assert "tap-versionforge-salesforce setup" in person.seen
    assert "Traceback" not in person.seen
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_ctrl_c_at_a_token(org: LocalOrg, folder: Path) -> None:
    """Before it is given, and behind the first look at what it opens."""
    token = Caller(org).sign_in()
    begin = (BEGIN, DOWN + (DOWN if shutil.which("sf") else ""))
    options = ["--instance-url", org.url]
    stops_at("Access token", folder, options, [begin])
    stops_at("How should the tap sign in?", folder, options, [begin, ("Access token", token)])


def test_ctrl_c_at_a_key(
    org: LocalOrg, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At its path, and at its passphrase."""
    key = load_pem_private_key(org.private_key_pem.encode(), None)
    encrypted = tmp_path_factory.mktemp("key") / "key.pem"
    encrypted.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    options = given(org, folder, "private-key-path")
    (folder / "salesforce-tap.key").unlink()
    path = "Path of the key"
    stops_at(path, folder, options, [(KEY, DOWN)])
    stops_at("Passphrase", folder, options, [(KEY, DOWN), (path, str(encrypted))])


def test_ctrl_c_at_a_file_of_another_name(org: LocalOrg, folder: Path) -> None:
    """The settings are known by then, and in no file."""
    options = given(org, folder, "output")
    stops_at("Its name", folder, options, [(OUTPUT, DOWN * 2)])


def test_a_terminal_without_menus(org: LocalOrg, folder: Path) -> None:
    """TERM=dumb: lines and numbers, nothing that moves a cursor, and no colour."""
    org.store.seed("Account", 3)
    options = given(org, folder, "objects", "output", "username")
    with Person("setup", *options, folder=folder, TERM="dumb") as person:
        person.answers(USERNAME, "Ada Lovelace")
        person.waits_for("The setting username is no username")
        person.answers(USERNAME, org.username)
        person.answers("Numbers, with blanks between", "1 99")
        person.answers("Numbers, with blanks between", "1")
        person.waits_for(OUTPUT)
        person.answers("Number", "1")
        assert person.leaves() == 0, person.seen
    assert "\x1b" not in person.raw
    assert written(folder)["objects"] == ["Account"]


def test_sigterm_leaves_the_terminal_as_it_was(folder: Path) -> None:
    """A question switches echo off, and whoever ends it switches it on again."""
    with Person("setup", folder=folder) as person:
        person.waits_for(BEGIN)
        person.ends()
        assert person.leaves() == 143
        assert person.has_echo


def test_an_error_ends_with_the_way_to_go_on(org: LocalOrg, folder: Path) -> None:
    """What has been answered need not be answered again; each command is one line."""
    options = given(org, folder, "objects")
    with Person("setup", *options, "--objects", "Acount", folder=folder) as person:
        assert person.leaves() == 2, person.seen
    (line,) = [line for line in person.seen.splitlines() if "salesforce setup" in line]
    assert f"--instance-url {org.url}" in line
    assert "--objects Acount" in line
    assert org.client_id not in line
