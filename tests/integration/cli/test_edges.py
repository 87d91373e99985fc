"""Where the executable ends without a fault of its own: signals, and what is behind stdout."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.support import processes
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

FULL = "/dev/full"
COMMANDS = [
    pytest.param([], id="sync"),
    pytest.param(["--discover"], id="discover"),
    pytest.param(["check"], id="check"),
    pytest.param(["--about"], id="about"),
]
SIGNALS = [
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, id="SIGINT"),
]


def errors(log: str) -> list[str]:
    """Return the lines of error; a traceback fails the test."""
    assert "Traceback" not in log
    assert "Exception ignored" not in log
    return [line for line in log.splitlines() if "| ERROR" in line]


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [
        *(pytest.param(*case.values, "", id=case.id) for case in COMMANDS),
        pytest.param([], "1", id="sync, unbuffered"),
        pytest.param(["--help"], "", id="help"),
    ],
)
def test_a_full_disk_behind_stdout(
    org: LocalOrg, tap: TapRunner, command: list[str], unbuffered: str
) -> None:
    """One sentence with the system's reason, and the exit code of an output that takes no more."""
    org.store.seed("Account", 5, hurt=False)
    environment = processes.environment(PYTHONUNBUFFERED=unbuffered)
    with ExitStack() as stack:
        full = stack.enter_context(open(FULL, "wb"))  # noqa: PTH123  a device
        process = stack.enter_context(
            started(
                tap,
                "--config",
                tap.config(objects=["Account"]),
                *command,
                stdout=full,
                env=environment,
            )
        )
        _, stderr = finished(process)
    (line,) = errors(stderr)
    assert "No space left on device" in line
    assert ("STATE" in line) == (not command)
    # The table does not call it well.
    ends = re.findall(r"\| [01] streams? +0 .* (\S+)$", stderr, re.MULTILINE)
    assert ends == ([] if command else ["stopped"])
    assert line.endswith("[output-failed]")
    assert process.returncode == 1


def test_a_full_disk_is_no_fault_of_a_stream_map(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Rows that go one by one meet the same disk, and are not to blame."""
    org.store.seed("Account", 100, hurt=False)
    config = tap.config(objects=["Account"], stream_maps={"Account": {}})

    def with_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    with (
        (tmp_path / "out.jsonl").open("wb") as file,
        started(tap, "--config", config, stdout=file, preexec_fn=with_little_room) as process,
    ):
        _, stderr = finished(process)
    (line,) = errors(stderr)
    assert "File too large" in line
    assert line.endswith("[output-failed]")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_stdout(org: LocalOrg, tap: TapRunner, command: list[str]) -> None:
    """`>&-`: told before anything is sent, for nothing could be written."""
    config = tap.config(objects=["Account"])
    with started(
        tap, "--config", config, *command, stdout=None, preexec_fn=lambda: os.close(1)
    ) as process:
        _, stderr = finished(process)
    (line,) = errors(stderr)
    assert "stdout is closed" in line
    assert line.endswith("[output-closed]")
    assert process.returncode == 1
    assert org.journal.calls() == []


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_a_reader_who_has_seen_enough(org: LocalOrg, tap: TapRunner, command: list[str]) -> None:
    """`--about | head -1`: one sentence that speaks of no target, for there is none."""
    del org  # it only has to be there
    with started(tap, "--config", tap.config(objects=["Account"]), *command) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, stderr = finished(process)
    (line,) = errors(stderr)
    assert "has closed it before its end" in line
    assert "target" not in line.partition("ERROR")[2].partition("|")[2].partition("|")[2]
    assert process.returncode == 1


def test_a_closed_stderr_is_no_reason_to_stop(org: LocalOrg, tap: TapRunner) -> None:
    """As cron may start a program; what it would have said is lost."""
    org.store.insert("Account", [{}])
    config = tap.config(objects=["Account"])
    shell = ["sh", "-c", 'exec "$0" "$@" 2>&-', str(processes.TAP)]
    found = processes.run([*shell, "--config", config, "--discover"])
    assert json.loads(found.stdout)["streams"][0]["tap_stream_id"] == "Account"


# Signals


@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
def test_the_last_words_of_a_sync_say_how_to_go_on(
    org: LocalOrg, tap: TapRunner, number: signal.Signals, exit_code: int
) -> None:
    """It has stopped, and nothing is lost."""
    org.settings.page_rows = 10
    org.store.seed("Account", 40, hurt=False)
    stderr = stopped(org, tap, ["--config", tap.config(objects=["Account"])], number, exit_code)
    assert "the rows in hand are finished first" in stderr
    last = stderr.splitlines()[-1]
    assert last.endswith("Stopped. The next run with the last STATE goes on from there.")


def test_the_last_words_of_a_backfill(org: LocalOrg, tap: TapRunner) -> None:
    """No run goes on with its ranges, whether they stand in the settings or on the command line."""
    org.store.seed("Account", 40, hurt=False)
    config = tap.config(objects=["Account"], backfill=["Account:2000-01-01..2100-01-01"])
    last = stopped(org, tap, ["--config", config], signal.SIGTERM, 143).splitlines()[-1]
    assert last.endswith("how far the ranges were read: give the same backfill again.")


@pytest.mark.parametrize(
    ("command", "number", "exit_code"),
    [
        pytest.param("--discover", signal.SIGTERM, 143, id="discover"),
        pytest.param("check", signal.SIGINT, 130, id="check"),
    ],
)
def test_the_last_words_of_other_commands_speak_of_no_page(
    org: LocalOrg, tap: TapRunner, command: str, number: signal.Signals, exit_code: int
) -> None:
    """There is none, and no STATE either."""
    arguments = ["--config", tap.config(objects=["Account"]), command]
    stderr = stopped(org, tap, arguments, number, exit_code)
    assert "page" not in stderr
    assert "STATE" not in stderr
    assert stderr.splitlines()[-1].endswith("| Stopped.")


def stopped(
    org: LocalOrg, tap: TapRunner, arguments: list[str], number: int, exit_code: int
) -> str:
    """Send a signal while the tap waits for an answer; return what it logged."""
    asking: list[subprocess.Popen[bytes]] = []
    path = "*/query*" if len(arguments) == 2 else "*/composite*"
    org.faults.add(path, faults.before(lambda: asking[0].send_signal(number)))
    with started(tap, *arguments) as process:
        asking.append(process)
        _, stderr = finished(process)
    org.faults.clear()
    assert process.returncode == exit_code, stderr
    assert errors(stderr) == []
    return stderr


def test_ctrl_c_while_python_imports(tmp_path: Path) -> None:
    """No traceback of a library that happened to be imported, and the exit code of Ctrl-C."""
    # A library that the tap imports, in which the signal comes for certain.
    (tmp_path / "requests.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8"
    )
    environment = processes.environment(PYTHONPATH=str(tmp_path))
    with processes.start(
        [processes.TAP, "--help"], env=environment, stdout=-1, stderr=-1
    ) as process:
        written = process.communicate()
    assert process.returncode == 130
    assert written == (b"", b"")


# Files that were opened


@pytest.mark.parametrize(
    ("settings", "more", "exit_code", "level"),
    [
        pytest.param({}, [], 0, "once", id="sync"),
        pytest.param({}, [], 0, "error::ResourceWarning", id="sync, where they are errors"),
        pytest.param({}, ["--discover"], 0, "once", id="discover"),
        pytest.param({"username": "nobody@x"}, ["--discover"], 3, "once", id="no sign-in"),
        pytest.param({"api_mode": "fast"}, [], 2, "once", id="wrong setting"),
        pytest.param({}, ["--state", "."], 2, "once", id="no state"),
        pytest.param({}, ["check"], 0, "once", id="check"),
    ],
)
def test_no_file_is_left_open(
    org: LocalOrg,
    tap: TapRunner,
    settings: dict[str, Any],
    more: list[str],
    *,
    exit_code: int,
    level: str,
) -> None:
    """Meltano has Python warn of files that nobody closes; there are none, whatever happens."""
    org.store.seed("Account", 2, hurt=False)
    catalog = tap.file("catalog.json", tap.discover(objects=["Account"]))
    arguments = ["--config", tap.config(objects=["Account"], **settings)]
    arguments += ["--state", tap.file("state.json", {"bookmarks": {}})]
    if more[:1] != ["check"]:
        arguments += ["--catalog", catalog]
    environment = processes.environment(PYTHONWARNINGS=level)
    with started(tap, *arguments, *more, env=environment) as process:
        _, stderr = finished(process)
    assert process.returncode == exit_code, stderr
    assert not re.findall(r"ResourceWarning|unclosed", stderr)
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("fault", "exit_code", "says"),
    [
        pytest.param(
            outages.daily_limit(), 4, "The next run goes on from the last bookmarks.", id="quota"
        ),
        pytest.param(
            outages.maintenance_page(), 5, "goes on from the last bookmarks.", id="unavailable"
        ),
        pytest.param(faults.drop_record(), 6, "No bookmark has moved past", id="incomplete"),
        pytest.param(
            faults.answer(400, [{"errorCode": "MALFORMED_QUERY", "message": "no"}]),
            7,
            "goes on from the last bookmarks.",
            id="refused",
        ),
    ],
)
def test_the_last_line_says_once_what_the_next_run_will_do(
    org: LocalOrg, tap: TapRunner, fault: faults.Action, exit_code: int, says: str
) -> None:
    """By the exit code; what reads no rows has no next run."""
    org.store.seed("Account", 5, hurt=False)
    org.faults.add("GET /queryAll", fault, times=None)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == exit_code, run.log
    assert run.log.splitlines()[-1].count(says) == 1
    assert run.log.count("next run") == 1
    org.faults.add("*/sobjects/Account/describe", outages.daily_limit(), times=None)
    org.faults.add("POST /composite", outages.daily_limit(), times=None)
    found = tap.command("--config", tap.config(objects=["Account"]), "--discover")
    assert found.exit_code == 4
    assert "next run" not in found.log
