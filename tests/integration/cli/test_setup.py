"""`setup` with every answer given: what it writes works, and what is missing or wrong is told."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from dotenv import dotenv_values

from tap_versionforge_salesforce.cli.setup.destination import write
from tap_versionforge_salesforce.errors import SettingsError
from tests.local_org.conditions import faults, outages
from tests.local_org_tests.caller import Caller
from tests.support import keys, processes
from tests.support.told import assert_told

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

NO_SUCH_APP: dict[str, object] = {
    "error": "app_not_found",
    "error_description": "External client app is not installed",
}
PREFIX = "TAP_VERSIONFORGE_SALESFORCE_"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the tap runs: not among the files that show no secret."""
    made = tmp_path_factory.mktemp("setup")
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def key(org: LocalOrg, folder: Path) -> Path:
    path = folder / "salesforce-tap.key"
    path.write_text(org.private_key_pem, encoding="utf-8")
    path.chmod(0o600)
    return path


def setup(tap: TapRunner, key: Path | str, *more: str, **changes: str) -> Run:
    """Run it with answers that are right but for the changes."""
    answers = {
        "instance-url": tap.org.url,
        "client-id": tap.org.client_id,
        "username": tap.org.username,
        "private-key-path": str(key),
    }
    answers |= {name.replace("_", "-"): value for name, value in changes.items()}
    given = [word for n, v in answers.items() for word in (f"--{n}", v)]
    return tap.command("setup", *given, *more)


def written(folder: Path, name: str = "config.json") -> dict[str, Any]:
    return dict(json.loads((folder / name).read_text(encoding="utf-8")))


def program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a shell script in front of the PATH."""
    (folder / "bin").mkdir(exist_ok=True)
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return path


# What it writes


def test_what_it_writes_extracts(org: LocalOrg, tap: TapRunner, folder: Path, key: Path) -> None:
    """From anywhere, and nobody but its owner can read it; the next command is the last line."""
    rows = org.store.seed("Account", 2)
    run = setup(tap, key.name, objects="Account")
    assert run.exit_code == 0, run.log
    assert stat.S_IMODE((folder / "config.json").stat().st_mode) == 0o600
    assert run.stdout.splitlines()[-1].strip() == (
        "tap-versionforge-salesforce check --config config.json"
    )
    os.chdir(tap.folder)
    synced = tap.command("--config", str(folder / "config.json"))
    assert synced.exit_code == 0, synced.log
    assert all(row in synced.stdout for row in rows)
    assert written(folder)["objects"] == ["Account"]


def check_by_variables(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `check` as somebody does whose settings are in the .env of a folder, and in variables."""
    environment = processes.environment(PYTHON_DOTENV_DISABLED="0", **variables)
    return processes.run([processes.TAP, "check", "--config=ENV"], cwd=folder, env=environment)


def test_variables(org: LocalOrg, tap: TapRunner, folder: Path, key: Path) -> None:
    """The .env of the folder is read by --config=ENV there; what else is in it stays."""
    org.store.seed("Account", 1)
    old = [
        "OTHER=1",
        f"export {PREFIX}USERNAME=old@example.com",
        f'{PREFIX}PRIVATE_KEY="-----BEGIN PRIVATE KEY-----',
        "MIIEoldold",
        '-----END PRIVATE KEY-----"',
        f"{PREFIX}START_DATE=2024-01-01",
    ]
    (folder / ".env").write_text("\n".join(old), encoding="utf-8")
    run = setup(tap, key, "--yes", objects="Account", output=".env")
    assert run.exit_code == 0, run.log
    text = (folder / ".env").read_text(encoding="utf-8")
    assert text.startswith(f"OTHER=1\n{PREFIX}START_DATE=2024-01-01\n{PREFIX}")
    assert "old" not in text
    assert "PRIVATE KEY-----" not in text
    assert (folder / ".env.1.bak").read_text(encoding="utf-8") == "\n".join(old)
    assert run.stdout.rstrip().endswith("check --config=ENV")
    # A process of its own: what is in the file stays in the environment of the one that reads it.
    checked = check_by_variables(folder)
    assert "Everything works" in checked.stdout


def test_a_variable_counts_more_than_the_file(tap: TapRunner, folder: Path, key: Path) -> None:
    """What is exported is what somebody has just said; the .env may be a developer's."""
    setup(tap, key, "--yes", output=".env")
    with pytest.raises(processes.ProgramFailedError, match="signed in as another@"):
        check_by_variables(folder, **{f"{PREFIX}USERNAME": "another@example.com"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"A=\xff", "The file .env", id="no text"),
        pytest.param(b"A=1\nno variable\n", "python-dotenv", id="no variable"),
    ],
)
def test_a_file_of_variables_that_can_not_be_read(folder: Path, content: bytes, told: str) -> None:
    """It is told once, and in a sentence."""
    (folder / ".env").write_bytes(content)
    with pytest.raises(processes.ProgramFailedError, match="exit code 2") as failed:
        check_by_variables(folder)
    assert "Traceback" not in str(failed.value)
    assert str(failed.value).count(told) == 1


@pytest.mark.parametrize("value", ["it's", 'a "word"', "back\\slash", "$HOME #1", " a\nb ", "=x"])
def test_any_value_can_be_a_variable(folder: Path, value: str) -> None:
    """It is read as it was, whatever is in it."""
    assert folder.exists()
    write(".env", {"private_key_passphrase": value})
    read = dotenv_values(folder / ".env")
    assert read == {f"{PREFIX}PRIVATE_KEY_PASSPHRASE": value}


def test_what_would_be_put_in_place_of_a_value_is_refused(folder: Path) -> None:
    """Whoever reads such a file takes ${HOME} for a name."""
    with pytest.raises(SettingsError, match=r"can't stand in an \.env file"):
        write(".env", {"private_key_passphrase": "a${HOME}b"})
    assert not list(folder.iterdir())


MELTANO = """
printf '%s|' "$@" >> {folder}/told
case "$2" in
  print) echo '{{"access_token": "*****", "username": "old@example.com", "api_mode": "auto"}}' ;;
  set) cat >> {folder}/told
    if [ "$6" = "{refused}" ]; then echo "Error: no such setting" >&2; exit 1; fi ;;
esac
echo >> {folder}/told
"""


def told_meltano(folder: Path) -> list[str]:
    return (folder / "told").read_text(encoding="utf-8").splitlines()


def test_meltano(
    org: LocalOrg, tap: TapRunner, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No value is an argument, which others can see; another way to sign in is taken out."""
    program(folder, "meltano", MELTANO.format(folder=folder, refused=""), monkeypatch)
    run = setup(tap, key, objects="Account,Contact", output="meltano")
    assert run.exit_code == 0, run.log
    told = told_meltano(folder)
    start = "config|set|--from-file|-|tap-versionforge-salesforce"
    assert f"{start}|username|{org.username}" in told
    assert f'{start}|objects|["Account", "Contact"]' in told
    assert "config|unset|tap-versionforge-salesforce|access_token|" in told
    assert not (folder / "config.json").exists()
    assert run.stdout.rstrip().endswith("meltano config test tap-versionforge-salesforce")


def test_meltano_refuses_in_the_middle(
    tap: TapRunner, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own words are told, and what has been set by then."""
    program(folder, "meltano", MELTANO.format(folder=folder, refused="username"), monkeypatch)
    run = setup(tap, key, output="meltano")
    assert run.exit_code == 2
    assert "no such setting Set by now: instance_url, private_key_path, client_id." in run.log
    assert "[meltano-config-failed]" in run.log


def test_no_meltano_project(
    org: LocalOrg, tap: TapRunner, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is asked of Salesforce."""
    script = "echo 'Error: must be run inside a Meltano project.' >&2; exit 2"
    program(folder, "meltano", script, monkeypatch)
    run = setup(tap, key, output="meltano")
    assert_told(run, "must be run inside a Meltano project", code="meltano-config-failed")
    assert not org.tokens.issued


def test_other_settings_stay(tap: TapRunner, folder: Path, key: Path) -> None:
    """A config that is there is changed, not replaced; of two ways to sign in the old one goes."""
    before = {
        "access_token": "old",
        "client_secret": "old",
        "refresh_token_path": "old",
        "jwt_audience": "https://old.example.com",
        "start_date": "2024-01-01",
        "username": "old@example.com",
    }
    (folder / "config.json").write_text(json.dumps(before), encoding="utf-8")
    refused = setup(tap, key)
    assert_told(refused, "config.json is there already", "--yes", code="output-not-usable")
    assert written(folder) == before
    run = setup(tap, key, "--yes")
    assert run.exit_code == 0, run.log
    after = written(folder)
    assert after["start_date"] == "2024-01-01"
    assert after["username"] == tap.org.username
    gone = {"access_token", "client_secret", "refresh_token_path", "jwt_audience"}
    assert not gone & after.keys()
    assert written(folder, "config.json.1.bak") == before
    assert stat.S_IMODE((folder / "config.json.1.bak").stat().st_mode) == 0o600


def test_other_settings_that_can_not_be_used(tap: TapRunner, folder: Path, key: Path) -> None:
    """They are told before the file is changed, for the sign-in was tried without them."""
    (folder / "config.json").write_text('{"api_version": "40.0"}', encoding="utf-8")
    run = setup(tap, key, "--yes")
    assert run.exit_code == 2
    assert "config.json stays as it was" in run.log
    assert "api_version can't be '40.0'" in run.log
    assert written(folder) == {"api_version": "40.0"}


def test_authorities_are_found_from_another_folder(tap: TapRunner, folder: Path, key: Path) -> None:
    """In a config a relative path counts from its folder, on a command line from where one is."""
    (folder / "ca.pem").write_text(keys.certificate(keys.other()), encoding="utf-8")
    (folder / "configs").mkdir()
    run = setup(tap, key, ca_bundle="ca.pem", output="configs/config.json")
    assert run.exit_code == 0, run.log
    assert tap.command("check", "--config", "configs/config.json").exit_code == 0


def test_what_is_tried_again_is_told(
    org: LocalOrg, tap: TapRunner, folder: Path, key: Path
) -> None:
    """Somebody waits for it, for a minute and more."""
    org.faults.add("/sobjects", outages.maintenance_page(), times=1)
    run = setup(tap, key)
    assert run.exit_code == 0, run.log
    assert "Trying again in" in run.log
    assert (folder / "config.json").exists()


def test_a_certificate_of_another_key_is_none(tap: TapRunner, folder: Path, key: Path) -> None:
    """Only that of the key is what was uploaded."""
    key.with_suffix(".crt").write_text(keys.certificate(keys.other()), encoding="utf-8")
    run = setup(tap, key)
    assert run.exit_code == 0, run.log
    assert "certificate_path" not in written(folder)


def test_objects_beside_others(tap: TapRunner, folder: Path, key: Path) -> None:
    """Whatever the org lists can be named, also what the list to choose from leaves out."""
    run = setup(tap, key, objects="account,AccountHistory,*__c")
    assert run.exit_code == 0, run.log
    assert written(folder)["objects"] == ["account", "AccountHistory", "*__c"]


def test_an_encrypted_key(
    org: LocalOrg, tap: TapRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its passphrase comes from the environment, where no list of processes shows it."""
    (folder / "k.pem").write_text(keys.encrypted(org.private_key_pem), encoding="utf-8")
    monkeypatch.setenv(f"{PREFIX}PRIVATE_KEY_PASSPHRASE", keys.PASSPHRASE)
    run = setup(tap, "k.pem")
    assert run.exit_code == 0, run.log
    assert written(folder)["private_key_passphrase"] == keys.PASSPHRASE


# What is wrong


def test_what_is_missing_is_named(tap: TapRunner, folder: Path) -> None:
    """All of it at once, for nobody can be asked."""
    run = tap.command("setup", "--username", "a@example.com")
    assert_told(run, "--instance-url", "--private-key-path", "--client-id", code="missing-answer")
    assert "--username" not in run.log.partition("not given:")[2].partition(".")[0]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["client-id", "private-key-path", "instance-url", "username"])
def test_what_is_empty_is_missing(tap: TapRunner, key: Path, name: str) -> None:
    """As a script hands over a variable that is not set."""
    run = setup(tap, key, **{name: ""})
    assert_told(run, f"--{name}", code="missing-answer")


def test_an_empty_token_is_none(tap: TapRunner, folder: Path) -> None:
    """Then a key is needed."""
    assert folder.exists()
    run = tap.command("setup", "--yes", "--access-token", "", "--instance-url", tap.org.url)
    assert_told(run, "--client-id", code="missing-answer")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"instance_url": "https://x.my.site.com"}, ["instance_url"], id="url"),
        pytest.param({"client_id": "A" * 64}, ["consumer secret"], id="consumer secret"),
        pytest.param({"client_id": "two words"}, ["no consumer key"], id="consumer key"),
        pytest.param({"username": "Ada Lovelace"}, ["username", "e-mail"], id="username"),
        pytest.param({"private_key_path": "none.key"}, ["none.key"], id="key"),
        pytest.param({"objects": "Acount"}, ["Acount", "Account?"], id="object"),
        pytest.param({"output": "config.txt"}, ["--output", ".json"], id="output"),
        pytest.param({"output": "no/config.json"}, ["--output", "folder"], id="folder"),
        pytest.param({"output": "prod.env"}, ["--output", ".env in the folder"], id="another .env"),
        pytest.param({"sf": "mine"}, ["no program sf", "PATH"], id="no sf"),
        pytest.param({"output": "meltano"}, ["no program meltano", "PATH"], id="no meltano"),
    ],
)
def test_what_can_not_be_used(
    tap: TapRunner,
    folder: Path,
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    words: list[str],
) -> None:
    """Each answer is told by name, and nothing is written."""
    monkeypatch.setenv("PATH", str(folder))
    run = setup(tap, key, **changes)
    assert run.exit_code == 2
    assert "Traceback" not in run.log
    assert [word for word in words if word not in run.log] == []
    assert [path.name for path in folder.iterdir()] == [key.name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("config.json", "{broken", id="broken"),
        pytest.param("config.json", "[1]", id="no object"),
        pytest.param(".env", b"\xff\xfe", id="no text"),
    ],
)
def test_a_file_that_can_not_be_changed_stays(
    tap: TapRunner, folder: Path, key: Path, name: str, content: str | bytes
) -> None:
    """It may be somebody's only copy."""
    before = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(before)
    run = setup(tap, key, "--yes", output=name)
    assert_told(run, name, "as it was", code="output-not-usable")
    assert (folder / name).read_bytes() == before


def test_a_refusal_ends_it(tap: TapRunner, folder: Path, key: Path) -> None:
    """With the cause and the fix that a run would tell, and its exit code; nothing is written."""
    run = setup(tap, key, client_id="3MVG9another")
    assert run.exit_code == 3
    assert "invalid-client-id" in run.log
    assert not (folder / "config.json").exists()


# A new app


def test_a_new_app_is_waited_for(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, folder: Path, key: Path
) -> None:
    """It is tried every half minute until Salesforce knows it."""
    org.faults.add("*/token", faults.answer(400, NO_SUCH_APP), times=3)
    run = setup(tap, key, "--wait-minutes", "10")
    assert run.exit_code == 0, run.log
    assert sum(clock.slept) == 90
    assert "420 seconds more" not in run.stdout
    assert "540 seconds more" in run.stdout
    assert written(folder)["username"] == tap.org.username


def test_the_wait_has_an_end(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, folder: Path, key: Path
) -> None:
    """Then the refusal stands."""
    org.faults.add("*/token", faults.answer(400, NO_SUCH_APP), times=None)
    run = setup(tap, key, "--wait-minutes", "2")
    assert run.exit_code == 3
    assert sum(clock.slept) == 120
    assert not (folder / "config.json").exists()


def test_what_time_does_not_mend_is_not_waited_for(
    tap: TapRunner, clock: OrgClock, key: Path
) -> None:
    """A clock that is wrong is wrong in ten minutes, too."""
    clock.ahead_seconds = 1_000
    run = setup(tap, key, "--wait-minutes", "10")
    assert run.exit_code == 3
    assert "clock-skew" in run.log
    assert not clock.slept


# A first look


@pytest.fixture
def token(org: LocalOrg) -> str:
    with Caller(org) as caller:
        return caller.sign_in()


def sf(folder: Path, org: LocalOrg, monkeypatch: pytest.MonkeyPatch, **tokens: str) -> None:
    """Put an `sf` there that answers with the tokens, by the last word of its command."""
    shown = {"instanceUrl": org.url, "username": "admin@example.com"}
    for command, token in tokens.items():
        answer = {"status": 0, "result": shown | {"accessToken": token}}
        (folder / f"{command}.json").write_text(json.dumps(answer), encoding="utf-8")
    program(
        folder,
        "sf",
        f'case "$*" in\n'
        f'  "org display --target-org mine --json") cat {folder}/display.json ;;\n'
        f'  "org auth show-access-token --target-org mine --no-prompt --json") '
        f"echo 'Warning: a plugin'; cat {folder}/show.json ;;\n"
        f'  *) echo \'{{"status": 1, "message": "No authorization information found for it."}}\'; '
        f"exit 1 ;;\n"
        f"esac",
        monkeypatch,
    )


@pytest.mark.parametrize("is_new", [False, True], ids=["before it hid tokens", "since it does"])
def test_with_the_salesforce_cli(
    org: LocalOrg,
    tap: TapRunner,
    folder: Path,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_new: bool,
) -> None:
    """What the org has shows before there is any app, and the token makes a config for a try."""
    org.store.seed("Account", 3)
    hidden = "[REDACTED] Use 'sf org auth show-access-token' to view"
    sf(folder, org, monkeypatch, display=hidden if is_new else token, show=token)
    run = tap.command("setup", "--sf", "mine", "--objects", "Account", "--yes")
    assert run.exit_code == 0, run.log
    (line,) = [line for line in run.stdout.splitlines() if line.split()[:1] == ["Account"]]
    assert line.split()[-1] == "3"
    assert "One row of" not in run.stdout  # which may be kept
    assert written(folder) == {
        "instance_url": org.url,
        "access_token": token,
        "objects": ["Account"],
    }


def test_an_org_that_the_cli_does_not_know(
    org: LocalOrg, tap: TapRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own message is told, and where to look."""
    sf(folder, org, monkeypatch)
    run = tap.command("setup", "--sf", "other", "--yes")
    assert run.exit_code == 2
    assert "No authorization information" in run.log
    assert "sf org list" in run.log
    assert run.log.rstrip().endswith("[sf-cli-failed]")


def test_a_token_of_the_environment(
    org: LocalOrg, tap: TapRunner, folder: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no history of commands shows it."""
    monkeypatch.setenv(f"{PREFIX}ACCESS_TOKEN", token)
    run = tap.command("setup", "--instance-url", org.url, "--yes")
    assert run.exit_code == 0, run.log
    assert written(folder)["access_token"] == token


def test_a_look_and_then_a_sign_in(
    org: LocalOrg, tap: TapRunner, folder: Path, key: Path, token: str
) -> None:
    """With the answers of both, the token is for looking only."""
    run = setup(tap, key, access_token=token)
    assert run.exit_code == 0, run.log
    assert "The user sees" in run.stdout
    assert "access_token" not in written(folder)
    assert written(folder)["client_id"] == org.client_id
