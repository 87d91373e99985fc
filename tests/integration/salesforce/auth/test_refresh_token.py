"""A refresh token end to end: what the org is sent, what is kept of a rotation, what is told."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.salesforce.http.call import Call
from tap_versionforge_salesforce.salesforce.support.locks import PathLock
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org.conditions import faults
from tests.support.check_report import lines
from tests.support.real_process import finished, started
from tests.support.secret_sign_in import TOKEN_PATH, forms, secret_of, with_token_file
from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer
    from tests.local_org.exchange import Call as OrgCall
    from tests.support.harness import OrgClock, TapRunner

SINCE = {"objects": ["Account"], "start_date": "1990-01-01"}
# What not even root can write, and what it can't read.
UNWRITABLE = Path("/proc/sys/kernel/random/boot_id")
UNREADABLE = Path("/proc/self/mem")
CHATTR = shutil.which("chattr")


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    org.settings.page_rows = 4
    return sorted(org.store.seed("Account", 10, hurt=False))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "refresh-token"


def kept(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip()


# What is sent, and what becomes of the token


@pytest.mark.parametrize("way", ["text", "file"])
def test_it_reads(org: LocalOrg, tap: TapRunner, rows: list[str], file: Path, way: str) -> None:
    """The app, its secret and the token; which stays as it is where the app does not rotate."""
    token = org.oauth.by_secret.refresh_token
    given = {**secret_of(org), "refresh_token": token}
    if way == "file":
        given = with_token_file(org, file, "\ufeff  {}\r\n\n")
    run = tap.sync(**SINCE, **given)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == rows
    assert forms(org) == [
        {
            "grant_type": "refresh_token",
            "client_id": org.client_id,
            "client_secret": org.identity.client_secret,
            "refresh_token": token,
        }
    ]
    assert "rotated" not in run.log
    assert [path.name for path in file.parent.glob("*refresh-token*")] == (
        [file.name] if way == "file" else []
    )


def test_a_session_that_ends_is_renewed(
    org: LocalOrg, tap: TapRunner, rows: list[str], file: Path
) -> None:
    """With the next token; what the file holds behind the run is good for another one."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file)
    org.faults.add("GET /query/*", faults.before(org.expire_tokens))
    run = tap.sync(**SINCE, **given)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == rows
    by_secret = org.oauth.by_secret
    assert [form["refresh_token"] for form in forms(org)] == by_secret.given[:2]
    assert kept(file) == by_secret.refresh_token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.glob(".refresh-token*")) == []
    again = tap.sync(state=run.state, **SINCE, **given)
    assert again.exit_code == 0, again.log
    assert forms(org)[2]["refresh_token"] == by_secret.given[2]


def test_a_rotated_text_is_told(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """The run goes on with the next one, once it is said that the next run can not."""
    org.settings.rotate_refresh_tokens = True
    given = {**secret_of(org), "refresh_token": org.oauth.by_secret.refresh_token}
    org.faults.add("GET /query/*", faults.before(org.expire_tokens))
    run = tap.sync(**SINCE, **given)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == rows
    assert run.log.count("the one in refresh_token is of no use any more") == 1
    assert "refresh_token_path" in run.log
    second = tap.sync(**SINCE, **given)
    assert second.exit_code == 3
    assert second.log.rstrip().endswith("[refresh-token-ended]")
    assert "approved anew" in second.log


@pytest.mark.usefixtures("clock")
def test_threads_rotate_once(org: LocalOrg, file: Path) -> None:
    """Several threads that find the session dead use up one token between them."""
    org.settings.rotate_refresh_tokens = True
    config = org.config(**with_token_file(org, file))
    session = TapVersionForgeSalesforce(config=config, setup_mapper=False).run.client.session
    limits = Call(path="/services/data/v68.0/limits")
    session.call(limits)
    org.expire_tokens()
    threads = 4
    org.faults.add("GET /limits", faults.before(Barrier(threads).wait), times=threads)
    with ThreadPoolExecutor(threads) as pool:
        replies = list(pool.map(session.call, [limits] * threads))
    assert [reply.status for reply in replies] == [200] * threads
    assert len(forms(org)) == 2
    assert kept(file) == org.oauth.by_secret.refresh_token


def test_runs_with_one_file_sign_in_one_after_the_other(org: LocalOrg, file: Path) -> None:
    """Each takes what the file holds by then: none is sent twice, which would end them all."""
    org.settings.rotate_refresh_tokens = True
    config = org.config(**with_token_file(org, file))
    runs = [TapVersionForgeSalesforce(config=config, setup_mapper=False).run for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda run: run.client.session.token().value, runs))
    assert len(found) == 3
    sent = [form["refresh_token"] for form in forms(org)]
    assert sent == org.oauth.by_secret.given[:3]
    assert kept(file) == org.oauth.by_secret.refresh_token


def test_a_run_that_does_not_let_go(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, file: Path
) -> None:
    """The wait has an end, and nothing is sent: exit code 5, since it passes."""
    given = with_token_file(org, file)
    lock = PathLock(file)
    try:
        run = tap.sync(**SINCE, **given)
    finally:
        lock.release()
    assert run.exit_code == 5
    assert run.log.rstrip().endswith("[refresh-token-in-use]")
    assert sum(clock.slept) == pytest.approx(120, abs=1)
    assert forms(org) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_wait_for_another_run(
    org: LocalOrg, tap: TapRunner, file: Path, number: signal.Signals
) -> None:
    """At once, and nothing is sent: who asked for it would kill it before the other lets go."""
    given = with_token_file(org, file)
    # What it says of that comes right before the wait.
    file.chmod(0o644)
    lock = PathLock(file)
    try:
        with started(tap, "--config", tap.config(**SINCE, **given)) as process:
            assert process.stderr is not None
            assert any(b"can be read by others" in line for line in process.stderr)
            time.sleep(0.5)
            process.send_signal(number)
            finished(process)
            assert process.returncode == 128 + number
    finally:
        lock.release()
    assert forms(org) == []


# What may keep the next one from its file


def test_a_link_stays_one(org: LocalOrg, tap: TapRunner, rows: list[str], file: Path) -> None:
    """What it leads to is replaced."""
    org.settings.rotate_refresh_tokens = True
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / file.name
    given = with_token_file(org, target)
    file.symlink_to(target)
    run = tap.sync(**SINCE, **given | {"refresh_token_path": str(file)})
    assert (run.exit_code, sorted(run.ids("Account"))) == (0, rows)
    assert file.is_symlink()
    assert kept(target) == org.oauth.by_secret.refresh_token


@pytest.mark.skipif(not UNWRITABLE.exists(), reason="it is Linux that has such a file")
@pytest.mark.parametrize("rotates", [False, True])
def test_a_file_that_can_not_be_written(org: LocalOrg, tap: TapRunner, *, rotates: bool) -> None:
    """It is told before the first post; it does as long as the app does not rotate."""
    org.settings.rotate_refresh_tokens = rotates
    org.store.seed("Account", 1)
    token = UNWRITABLE.read_text(encoding="utf-8").strip()
    org.oauth.by_secret.take(token)
    told: list[bool] = []

    def look(_: OrgCall, real: Callable[[], Answer]) -> Answer:
        told.append(True)
        return real()

    org.faults.add(f"POST {TOKEN_PATH}", look)
    run = tap.sync(**SINCE, **secret_of(org), refresh_token_path=str(UNWRITABLE))
    assert run.exit_code == 0, run.log
    assert told == [True]
    before, _, behind = run.log.partition("of the refresh token can't be written")
    assert "Salesforce has rotated" not in before
    assert behind
    assert ("the next one can't be written" in behind) is rotates


@pytest.mark.skipif(not UNWRITABLE.exists(), reason="it is Linux that has such a file")
def test_check_uses_up_no_token_that_it_can_not_follow(org: LocalOrg, tap: TapRunner) -> None:
    """It fails before anything is sent: looking at a token must not be what ends it."""
    org.settings.rotate_refresh_tokens = True
    org.oauth.by_secret.take(UNWRITABLE.read_text(encoding="utf-8").strip())
    config = tap.config(**secret_of(org), refresh_token_path=str(UNWRITABLE))
    check = tap.command("check", "--config", config)
    assert check.exit_code == 2
    assert lines(check)["refresh token"].startswith("FAIL")
    assert "can not be written" in check.stdout
    assert "[refresh-token-not-kept]" in check.stdout
    assert "Everything works" not in check.stdout
    assert org.journal.calls() == []


def test_check_fails_where_the_next_token_is_lost(
    org: LocalOrg, tap: TapRunner, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What showed only when it was written, or is a text: the next run can't sign in."""
    org.settings.rotate_refresh_tokens = True
    text = {**secret_of(org), "refresh_token": org.oauth.by_secret.refresh_token}
    of_text = tap.command("check", "--config", tap.config(objects=["Account"], **text))

    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    monkeypatch.setattr("tap_versionforge_salesforce.salesforce.auth.token_file.overwrite", refused)
    given = with_token_file(org, file)
    of_file = tap.command("check", "--config", tap.config(objects=["Account"], **given))
    for check, words in ((of_text, "of no use any more"), (of_file, "No space left on device")):
        assert check.exit_code == 2, check.stdout
        assert lines(check)["token"].startswith("FAIL")
        assert words in lines(check)["token"]
        assert "approved anew" in check.stdout
        assert "Everything works" not in check.stdout


@pytest.mark.skipif(CHATTR is None, reason="it has to be there to be tried")
def test_a_file_that_can_not_be_replaced(org: LocalOrg, tap: TapRunner, file: Path) -> None:
    """Its folder can be written, which is of no use where nobody may change the file."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file)
    if not has_changed("+i", file):
        pytest.skip("not on this file system, or not for this user")
    try:
        check = tap.command("check", "--config", tap.config(objects=["Account"], **given))
    finally:
        assert has_changed("-i", file)
    assert check.exit_code == 2, check.stdout
    assert lines(check)["refresh token"].startswith("FAIL")
    assert org.journal.calls() == []


def has_changed(attribute: str, file: Path) -> bool:
    command = [CHATTR or "", attribute, str(file)]
    return not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603  ours


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing there")
def test_a_file_of_a_mode_that_lets_nobody_write(org: LocalOrg, tap: TapRunner, file: Path) -> None:
    """It is replaced as a whole, which its folder alone has to allow."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file)
    file.chmod(0o400)
    check = tap.command("check", "--config", tap.config(objects=["Account"], **given))
    assert check.exit_code == 0, check.stdout
    assert kept(file) == org.oauth.by_secret.refresh_token


def test_a_folder_that_takes_no_other_file(
    org: LocalOrg, tap: TapRunner, rows: list[str], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one in a container may be, where the file alone is mounted: it is written in its place."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file, "{}" + " " * 50)
    before = file.stat().st_ino

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refused)
    run = tap.sync(**SINCE, **given)
    assert (run.exit_code, sorted(run.ids("Account"))) == (0, rows)
    assert file.stat().st_ino == before
    assert file.read_text(encoding="utf-8") == f"{org.oauth.by_secret.refresh_token}\n"


@pytest.mark.parametrize(
    ("number", "sign_ins"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGTERM, 1)],
    ids=["at the start", "terminated at the start", "of a thread behind"],
)
@pytest.mark.usefixtures("rows")
def test_a_signal_between_answer_and_file(
    org: LocalOrg, tap: TapRunner, file: Path, number: signal.Signals, sign_ins: int
) -> None:
    """The run ends once the next token is on the disk, and the next run signs in with it."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file)
    config = tap.config(**SINCE, **given)
    running: list[int] = []

    def struck(_: OrgCall, real: Callable[[], Answer]) -> Answer:
        answer = real()
        os.kill(running[0], number)
        return answer

    with started(tap, "--config", config) as process:
        running.append(process.pid)
        org.faults.add(f"POST {TOKEN_PATH}", struck, skip=sign_ins)
        org.faults.add("GET /query/*", faults.before(org.expire_tokens))
        finished(process)
        assert process.returncode == 128 + number
    assert kept(file) == org.oauth.by_secret.refresh_token
    assert tap.command("--config", config, "--discover").exit_code == 0


def test_a_run_that_is_killed_between_answer_and_file(
    org: LocalOrg, tap: TapRunner, file: Path
) -> None:
    """Nobody can keep the token then: the file is as it was, and the next run says what to do."""
    org.settings.rotate_refresh_tokens = True
    given = with_token_file(org, file)
    first = kept(file)
    running: list[int] = []

    def struck(_: OrgCall, real: Callable[[], Answer]) -> Answer:
        answer = real()
        os.kill(running[0], signal.SIGKILL)
        return answer

    with started(tap, "--config", tap.config(**SINCE, **given)) as process:
        running.append(process.pid)
        org.faults.add(f"POST {TOKEN_PATH}", struck)
        finished(process)
    assert kept(file) == first
    run = tap.sync(**SINCE, **given)
    assert (run.exit_code, run.log.rstrip()[-21:]) == (3, "[refresh-token-ended]")
    assert list(file.parent.glob(".refresh-token*")) == []


# What is told

REFUSALS = {
    "expired token": "refresh-token-ended",
    "grant type": "refresh-token-off",
    "client": "invalid-client-secret",
    "client id": "invalid-client-id",
    "must be installed": "app-not-installed",
    "app access": "app-access-denied",
    "not approved": "user-not-approved",
}


@pytest.mark.parametrize(("reason", "code"), REFUSALS.items(), ids=list(REFUSALS))
def test_a_refusal_is_that_of_this_flow(
    org: LocalOrg, tap: TapRunner, file: Path, reason: str, code: str
) -> None:
    """Exit code 3, what to do, and no word of what only a key needs."""
    org.settings.token_error = TOKEN_ERRORS[reason]
    run = tap.sync(**SINCE, **with_token_file(org, file))
    assert run.exit_code == 3
    (told,) = [line for line in run.log.splitlines() if "ERROR" in line]
    assert told.endswith(f"[{code}]")
    assert f"signed in with client_id, client_secret and the refresh token at {org.url}" in told
    assert not [word for word in ("assertion", "audience", "certificate", "JWT") if word in told]


@pytest.mark.parametrize(("times", "exit_code"), [(1, 0), (None, 5)], ids=["once", "for ever"])
def test_two_at_one_moment(
    org: LocalOrg, tap: TapRunner, rows: list[str], file: Path, times: int | None, exit_code: int
) -> None:
    """Salesforce serves one of them, and the other one is tried again, a few times."""
    org.settings.token_error, org.settings.token_error_times = TOKEN_ERRORS["busy"], times
    run = tap.sync(**SINCE, **with_token_file(org, file))
    assert run.exit_code == exit_code, run.log
    assert sorted(run.ids("Account")) == ([] if exit_code else rows)
    assert not exit_code or run.log.rstrip().endswith("[sign-in-busy]")


BAD_FILES: dict[str, tuple[bytes | None, str, str]] = {
    "missing": (None, "No such file", "refresh-token-unreadable"),
    "empty": (b" \n", "an empty file", "refresh-token-not-usable"),
    "binary": (bytes(range(200, 256)), "something else", "refresh-token-not-usable"),
    "JSON": (b'{"refresh_token": "x"}', "something else", "refresh-token-not-usable"),
    "two lines": (b"one\ntwo\n", "something else", "refresh-token-not-usable"),
    "too long": (b"x" * 10_000, "something else", "refresh-token-not-usable"),
}


@pytest.mark.parametrize(("content", "words", "code"), BAD_FILES.values(), ids=list(BAD_FILES))
def test_a_file_that_holds_no_token(
    org: LocalOrg, tap: TapRunner, file: Path, content: bytes | None, words: str, code: str
) -> None:
    """It is told before anything is sent, and its content is not shown."""
    if content is not None:
        file.write_bytes(content)
    changes = {**secret_of(org), "refresh_token_path": file.name}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, str(file), words, code=code)
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(Path.mkdir, "Is a directory", id="a folder"),
        pytest.param(os.mkfifo, "a pipe", id="a pipe"),
    ],
)
def test_what_is_no_file(
    org: LocalOrg, tap: TapRunner, file: Path, make: Callable[[Path], None], words: str
) -> None:
    """Reading a pipe would never end."""
    make(file)
    changes = {**secret_of(org), "refresh_token_path": str(file)}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, str(file), words, code="refresh-token-unreadable")


@pytest.mark.skipif(not UNREADABLE.exists(), reason="it is Linux that has such a file")
def test_a_file_that_can_not_be_read(org: LocalOrg, tap: TapRunner) -> None:
    """The system's own reason is told."""
    changes = {**secret_of(org), "refresh_token_path": str(UNREADABLE)}
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, str(UNREADABLE), "error", code="refresh-token-unreadable")
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("name", "value", "words", "code"),
    [
        ("refresh_token_path", "{}", "a token, not the path", "refresh-token-unreadable"),
        ("refresh_token_path", "{}\0", "a token, not the path", "refresh-token-unreadable"),
        ("refresh_token", "~/token", "a path, not a token", "refresh-token-not-usable"),
        ("refresh_token", "a token", "holds blanks", "refresh-token-not-usable"),
    ],
    ids=["a token as path", "with a NUL", "a path as token", "two words"],
)
def test_what_is_in_the_wrong_place(
    org: LocalOrg, tap: TapRunner, *, name: str, value: str, words: str, code: str
) -> None:
    """It is told as what it is, and a token is not shown."""
    given = value.format(org.oauth.by_secret.refresh_token)
    changes: dict[str, Any] = {**secret_of(org), name: given}
    assert_told(tap.command("--config", config_file(org, tap, changes)), name, words, code=code)
    assert org.journal.calls() == []


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing there")
def test_check_shows_file_and_mode(org: LocalOrg, tap: TapRunner, file: Path) -> None:
    """Which way it is, where the token lies, and whether others may read it."""
    given = with_token_file(org, file)
    config = tap.config(objects=["Account"], **given)
    found = lines(tap.command("check", "--config", config))
    assert found["client secret"] == "given; the app signs in as whoever has approved the app"
    assert found["refresh token"] == f"in {file} (mode 0600, can be written)"
    file.chmod(0o644)
    shown = tap.command("check", "--config", config)
    assert lines(shown)["refresh token"].startswith("warn")
    assert f"chmod 600 {file}" in shown.stdout
    as_text = tap.config(
        objects=["Account"], **secret_of(org), refresh_token=org.oauth.by_secret.refresh_token
    )
    assert "given as a text" in tap.command("check", "--config", as_text).stdout
