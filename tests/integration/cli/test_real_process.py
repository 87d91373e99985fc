"""The executable as a process of its own: signals, pipes and what is left behind."""

from __future__ import annotations

import fcntl
import json
import re
import resource
import signal
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults
from tests.support import processes
from tests.support.harness import parse
from tests.support.real_process import TOO_LONG_SECONDS, finished, started, tap_run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
# What reads rows; what asks `setup`'s questions, and what that draws with.
LOADED_LATER = {"polars", "prompt_toolkit", "questionary", "rich", "rich_click"}
SIGNALS = [
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, id="SIGINT"),
]


@pytest.mark.parametrize("option", ["--help", "--version", "--about"])
def test_asking_the_tap_about_itself_loads_no_more_than_it_needs(option: str) -> None:
    """Nobody waits for a library that only rows, or only questions, need."""
    listing = processes.run([sys.executable, "-X", "importtime", processes.TAP, option]).stderr
    assert "imported package" in listing
    assert LOADED_LATER.isdisjoint(re.findall(r"\| +(\w+)\n", listing))


def test_who_has_no_terminal_does_not_wait_for_rich() -> None:
    """It is loaded where something is shown."""
    code = "import tap_versionforge_salesforce.singer.tap, sys; sys.exit('rich' in sys.modules)"
    processes.run([sys.executable, "-c", code])


def test_bad_setting(org: LocalOrg, tap: TapRunner) -> None:
    """Exit code 2, an empty stdout and one line on stderr, from the installed executable."""
    with started(tap, "--config", tap.config(api_mode="fast")) as process:
        stdout, stderr = finished(process)
    assert process.returncode == 2
    assert stdout == ""
    assert "Traceback" not in stderr
    assert "The setting api_mode can't be 'fast'" in stderr.splitlines()[-1]
    assert org.journal.calls() == []


def test_target_that_closes_early(org: LocalOrg, tap: TapRunner) -> None:
    """`| head -1`: one line says so, no traceback, and the exit code is not that of a success."""
    org.store.seed("Account", 2_000, hurt=False)
    with started(tap, "--config", tap.config(objects=["Account"], api_mode="rest")) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.stdout.close()
        _, stderr = finished(process)
    assert parse(first.decode())[0]["type"] == "SCHEMA"
    assert process.returncode == 1
    told = [line for line in stderr.splitlines() if "| ERROR" in line]
    assert len(told) == 1
    assert "The target has closed its input before the end" in told[0]
    assert "Traceback" not in stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and changes it")
def test_the_pipe_to_the_target_is_wider_than_usual(org: LocalOrg, tap: TapRunner) -> None:
    """The tap and its target wait for each other less often; one that is wider still stays so."""
    org.store.seed("Account", 3)
    for before, behind in ((1 << 16, 1 << 18), (1 << 19, 1 << 19)):
        with started(tap, "--config", tap.config(objects=["Account"])) as process:
            assert process.stdout is not None
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, before)
            process.stdout.read(1)
            assert fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ) == behind
            finished(process)


def test_ctrl_c_that_ends_the_target_first(org: LocalOrg, tap: TapRunner) -> None:
    """It goes to all of a pipe: the tap was stopped, whoever of the two is the first to end."""
    org.store.seed("Account", 2_000, hurt=False)
    with started(tap, "--config", tap.config(objects=["Account"], api_mode="rest")) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        _, stderr = finished(process)
    assert process.returncode == 130, stderr
    assert "closed its input" not in stderr
    assert "Stopped." in stderr


def test_discover_into_a_pipe_that_closes_early(org: LocalOrg, tap: TapRunner) -> None:
    """`--discover | head`: who has seen enough of the catalog is told nothing more."""
    del org  # it only has to be there
    with started(tap, "--config", tap.config(), "--discover") as process:
        assert process.stdout is not None
        process.stdout.close()
        _, stderr = finished(process)
    assert "BrokenPipeError" not in stderr
    assert "Traceback" not in stderr
    assert process.returncode in (0, 1)


@pytest.mark.parametrize(
    ("settings", "request_that_hangs", "number", "exit_code"),
    [
        pytest.param(
            {"start_date": "1990-01-01"}, "GET /query/*", signal.SIGTERM, 143, id="REST, SIGTERM"
        ),
        pytest.param({"api_mode": "bulk"}, "*/results", signal.SIGINT, 130, id="Bulk, SIGINT"),
    ],
)
def test_signal_while_waiting_for_salesforce(
    org: LocalOrg,
    tap: TapRunner,
    *,
    settings: dict[str, object],
    request_that_hangs: str,
    number: signal.Signals,
    exit_code: int,
) -> None:
    """The run ends at once with whole lines, and the next one goes on from its STATE."""
    org.settings.page_rows = org.settings.bulk_page_rows = 10
    rows = org.store.seed("Account", 40, hurt=False)
    started_processes: list[subprocess.Popen[bytes]] = []
    org.faults.add(
        request_that_hangs, faults.before(lambda: started_processes[0].send_signal(number)), skip=1
    )
    # What comes behind the signal would take longer than the test is willing to wait.
    org.faults.add(request_that_hangs, faults.delay(TOO_LONG_SECONDS * 2), times=None, skip=1)
    with started(tap, "--config", tap.config(objects=["Account"], **settings)) as process:
        started_processes.append(process)
        stdout, stderr = finished(process)
    org.faults.clear()
    assert process.returncode == exit_code, stderr
    assert stdout.endswith("\n")
    assert "Traceback" not in stderr
    first = tap_run(stdout)
    # A Bulk page that has just arrived may not have been taken yet.
    assert (0 if "api_mode" in settings else 1) <= len(first["ids"]) < 40
    # Many targets hand on a state only where it is the last message.
    assert first["last"]["type"] == "STATE"
    following = tap.sync(objects=["Account"], state=first["state"], **settings)
    assert following.exit_code == 0, following.log
    assert set(first["ids"]) | set(following.ids("Account")) == set(rows)


def test_signal_while_only_what_is_kept_for_the_next_run_is_missing(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """All rows are written, and the exit code says what has ended it."""
    rows = org.store.seed("Account", 4, hurt=False)
    settings = {"objects": ["Account"], "discovery_cache": str(tmp_path / "cache")}
    catalog = tap.discover(**settings)
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog), encoding="utf-8")
    started_processes: list[subprocess.Popen[bytes]] = []
    org.faults.add(
        "POST /composite", faults.before(lambda: started_processes[0].send_signal(signal.SIGTERM))
    )
    org.faults.add("POST /composite", faults.delay(TOO_LONG_SECONDS * 2), times=None)
    with started(tap, "--config", tap.config(**settings), "--catalog", str(path)) as process:
        started_processes.append(process)
        stdout, stderr = finished(process)
    assert process.returncode == 143, stderr
    assert tap_run(stdout)["ids"] == rows


@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_signal_while_the_target_is_slow(
    org: LocalOrg, tap: TapRunner, number: signal.Signals, exit_code: int, unbuffered: str
) -> None:
    """A page that is partly written is written to its end, with its STATE.

    Unbuffered, as containers often run Python, a signal makes a write come back half done.
    """
    org.settings.page_rows = 500
    rows = org.store.seed("Account", 1_500, hurt=False)
    settings: dict[str, Any] = {"objects": ["Account"], "start_date": "1990-01-01"}
    environment = processes.environment(PYTHONUNBUFFERED=unbuffered)
    with started(tap, "--config", tap.config(**settings), env=environment) as process:
        assert process.stdout is not None
        head = b""
        while b'"RECORD"' not in head:
            head += process.stdout.readline()
        # Nobody reads on: the pipe is full long before the page is written.
        process.send_signal(number)
        rest, stderr = finished(process)
    assert process.returncode == exit_code, stderr
    stdout = head.decode() + rest
    assert stdout.endswith("\n")
    assert "Traceback" not in stderr
    first = tap_run(stdout)
    assert first["last"]["type"] == "STATE"
    assert len(first["ids"]) % 500 == 0
    following = tap.sync(state=first["state"], **settings)
    assert following.exit_code == 0, following.log
    assert set(first["ids"]) | set(following.ids("Account")) == set(rows)


@pytest.mark.parametrize(("number", "exit_code"), SIGNALS)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_signal_while_a_bulk_page_is_written_slowly(
    org: LocalOrg, tap: TapRunner, number: signal.Signals, exit_code: int, unbuffered: str
) -> None:
    """The page is written to its end, without a traceback, and the next run reads only the rest."""
    org.settings.bulk_page_rows = 500
    rows = org.store.seed("Account", 1_500, hurt=False)
    settings: dict[str, Any] = {"objects": ["Account"], "api_mode": "bulk"}
    environment = processes.environment(PYTHONUNBUFFERED=unbuffered)
    with started(tap, "--config", tap.config(**settings), env=environment) as process:
        assert process.stdout is not None
        head = b""
        while b'"RECORD"' not in head:
            head += process.stdout.readline()
        process.send_signal(number)
        rest, stderr = finished(process)
    assert process.returncode == exit_code, stderr
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr
    stdout = head.decode() + rest
    assert stdout.endswith("\n")
    assert tap_run(stdout)["ids"] == rows[:500]
    following = tap.sync(state=tap_run(stdout)["state"], **settings)
    assert following.exit_code == 0, following.log
    # Behind them, what the look-back of the next window reads again.
    assert following.ids("Account")[:1_000] == rows[500:]
    assert org.jobs.all() == []


BATCH = {"encoding": {"format": "jsonl", "compression": "none"}}


@pytest.mark.parametrize(
    ("settings", "allowed_bytes"),
    [
        pytest.param({"api_mode": "bulk"}, 20_000, id="a page"),
        pytest.param({"api_mode": "rest", "batch_config": BATCH}, 200_000, id="a BATCH file"),
    ],
)
def test_a_full_disk_is_told_as_what_it_is(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, settings: dict[str, Any], allowed_bytes: int
) -> None:
    """Exit code 2 with the setting that names another folder, and no traceback."""
    org.store.seed("Account", 2_000, hurt=False)
    if "batch_config" in settings:
        settings = settings | {"batch_config": {**BATCH, "storage": {"root": tmp_path.as_uri()}}}

    def with_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed_bytes, allowed_bytes))

    config = tap.config(objects=["Account"], **settings)
    with started(tap, "--config", config, preexec_fn=with_little_room) as process:
        stdout, stderr = finished(process)
    assert process.returncode == 2, stderr
    assert "The spool folder can't take any more" in stderr
    assert "spool_dir" in stderr
    assert "Traceback" not in stderr
    assert "RECORD" not in stdout


def test_kill_9_loses_nothing_and_leaves_nothing(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """The next run goes on behind the last STATE that came out; the spool's files have no names."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = 50
    rows = org.store.insert("Account", [{}] * 500, stamp=LAST_WEEK)
    spool = tmp_path / "spool"
    spool.mkdir()
    settings = {
        "objects": ["Account"],
        "api_mode": "bulk",
        "bulk_page_rows": 50,
        "spool_dir": str(spool),
    }
    held = threading.Event()
    org.faults.add("*/results", faults.before(lambda: held.wait(TOO_LONG_SECONDS)), skip=5)
    with started(tap, "--config", tap.config(**settings)) as process:
        assert process.stdout is not None
        head = b""
        while head.count(b'"STATE"') < 3:
            head += process.stdout.readline()
        process.kill()
        held.set()
        rest, _ = finished(process)
    org.faults.clear()
    whole = (head.decode() + rest).rpartition("\n")[0]
    first = tap_run(whole)
    assert first["state"]["bookmarks"]["Account"]["bulk_job"]["rows_emitted"] >= 50
    assert list(spool.iterdir()) == []
    following = tap.sync(state=first["state"], **settings)
    assert following.exit_code == 0, following.log
    assert set(first["ids"]) | set(following.ids("Account")) == set(rows)
    again = set(first["ids"]) & set(following.ids("Account"))
    assert len(again) <= 5 * 50
    assert org.jobs.all() == []
