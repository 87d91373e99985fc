"""`python -m tests.local_org`: the org as a process, with a config and levers for a demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.local_org_tests.caller import GRANT_TYPE, TOKEN_PATH, assertion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.local_org_tests.caller import Caller

ROOT = Path(__file__).parents[2]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the first line that it says; its folder is given as a relative path."""
    command = [sys.executable, "-m", "tests.local_org", "--rows", "40", "--rotate-refresh-tokens"]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--directory", os.path.relpath(tmp_path / "org", ROOT)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def command(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.local_org", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_serves_until_it_is_told_to_stop(
    running: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    """The config and the key are for their owner only, and belong to what is served."""
    process, greeting = running
    folder = tmp_path / "org"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["instance_url"] in greeting
    assert Path(config["private_key_path"]).is_absolute()
    assert Path(config["private_key_path"]).read_text(encoding="utf-8").startswith("-----BEGIN")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("config.json", "private_key.pem", "refresh-token.json", "refresh_token"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    answer = requests.get(f"{config['instance_url']}/services/data", timeout=10)
    assert answer.status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    output = process.stdout.read()
    assert process.wait(timeout=20) == 0
    assert "tap-versionforge-salesforce --config" in output
    assert output.endswith("The local org has stopped.\n")


def test_sign_ins_without_a_certificate(
    running: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    """Their configs lie beside the first, and what they have is good; the token for once."""
    process, _ = running
    assert process.poll() is None
    folder = tmp_path / "org"
    answers = []
    for name in ("client-secret.json", "refresh-token.json", "refresh-token.json"):
        config = json.loads((folder / name).read_text(encoding="utf-8"))
        assert not config.keys() & {"username", "private_key_path"}
        form = {key: config[key] for key in ("client_id", "client_secret")}
        form["grant_type"] = "client_credentials"
        if path := config.get("refresh_token_path"):
            token = Path(path).read_text(encoding="utf-8").strip()
            form |= {"grant_type": "refresh_token", "refresh_token": token}
        answers.append(requests.post(config["instance_url"] + TOKEN_PATH, data=form, timeout=10))
    assert [each.status_code for each in answers] == [200, 200, 400]


def test_two_with_one_folder(running: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    """The second would take the first one's key away."""
    process, _ = running
    assert process.poll() is None
    done = command("--directory", str(tmp_path / "org"))
    assert done.returncode == 2
    assert "another local org runs at http://" in done.stderr


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    """Told with the reason, without a traceback."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = command("--directory", str(tmp_path / "file" / "org"), "--rows", "1")
    assert done.returncode == 2
    assert "name another --directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options", [["--port", "99999"], ["--rows", "-5"], ["--rows", "x"], ["--latency-ms", "-1"]]
)
def test_options_that_can_not_be(options: list[str]) -> None:
    """Told, and nothing is served."""
    done = command(*options)
    assert done.returncode == 2
    assert f"argument {options[0]}" in done.stderr


def test_what_is_no_http_crashes_nothing(org: LocalOrg) -> None:
    """The first words of TLS, as of an instance_url with https."""
    host, _, port = org.url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
        connection.recv(100)
    assert org.crashes == []


def test_what_was_asked_before_a_reset_is_no_crash_behind_it(org: LocalOrg) -> None:
    """The request of a program that was killed is still answered when the next test begins."""

    def reset_meanwhile(call: Call, real: Callable[[], Answer]) -> Answer:
        org.reset()
        msg = f"no table for {call.path}"
        raise LookupError(msg, real)

    org.faults.add("/services/data", reset_meanwhile)
    assert requests.get(f"{org.url}/services/data", timeout=10).status_code == 503
    assert org.crashes == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="it prints commands for curl")
def test_what_it_prints_works_from_any_folder(
    running: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    """Every command, word for word: a check, a first run, changed rows, and what changed."""
    process, _ = running
    assert process.stdout is not None
    greeting = "".join(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
    commands = re.sub(r"\\\n", "", "\n".join(re.findall(r"^  (.*)", greeting, re.MULTILINE)))
    assert "--state" in commands
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    done = subprocess.run(  # noqa: S603 - what we have printed ourselves
        ["/bin/sh", "-ec", commands], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(elsewhere.iterdir()) == []
    news = (tmp_path / "org" / "news.jsonl").read_text(encoding="utf-8")
    everything = (tmp_path / "org" / "everything.jsonl").read_text(encoding="utf-8")
    assert 0 < news.count('"RECORD"') < everything.count('"RECORD"')


def test_rows_change_at_once(org: LocalOrg, caller: Caller) -> None:
    """Those change first that have not changed for longest, so that every change is another's."""
    org.clock.freeze()
    ids = org.store.seed("Opportunity", 20)
    org.clock.advance(60)
    body = {"object": "Opportunity", "update": 5, "insert": 3, "delete": 2, "hard_delete": 1}
    assert caller.post("/local-org/change", json=body).json() == body
    now = org.clock.now().replace(microsecond=0)
    changed = [row for row in org.store.rows("Opportunity") if row["SystemModstamp"] == now]
    assert len(changed) == 10
    assert sum(bool(row["IsDeleted"]) for row in changed) == 2
    assert sum(row["Id"] not in ids for row in changed) == 3
    assert len(set(ids) - {row["Id"] for row in org.store.rows("Opportunity")}) == 1


def test_users_can_not_be_deleted(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("User", 3)
    body = {"object": "User", "update": 1, "delete": 1, "hard_delete": 1}
    done = {"insert": 0, "update": 1, "delete": 0, "hard_delete": 0}
    assert caller.post("/local-org/change", json=body).json() == {"object": "User", **done}


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"object": "Opportunity", "update": "many"}'])
def test_a_change_that_makes_no_sense(caller: Caller, body: str) -> None:
    assert caller.post("/local-org/change", data=body).status_code == 400


def test_the_journal_counts_calls_by_api(org: LocalOrg, stranger: Caller) -> None:
    form = {"grant_type": GRANT_TYPE, "assertion": assertion(org)}
    token = stranger.post(TOKEN_PATH, data=form).json()["access_token"]
    stranger.session.headers["Authorization"] = f"Bearer {token}"
    stranger.query("SELECT Id FROM Account")
    stranger.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"})
    stranger.get("/sobjects")
    seen = stranger.get("/local-org/journal").json()
    assert seen == {"calls": 3, "requests": 4, "sign-in": 1, "rest": 1, "bulk": 1, "other": 1}
