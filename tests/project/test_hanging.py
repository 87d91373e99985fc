"""A test that hangs is told, with where it hangs, and the suite ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)

TOO_LONG_SECONDS = 150
HANGING = """
import threading
from pathlib import Path

def test_hanging(tmp_path):
    never = threading.Event()
    beside = threading.Thread(target=never.wait, name="beside", daemon=True)
    beside.start()
    if Path("begun").exists():
        Path("begun").write_text("hangs")
    beside.join()

def test_behind_it():
    pass
"""


@pytest.fixture
def session(tmp_path: Path) -> list[str]:
    """Return the command that runs, as the suite is run, a test that hangs and one that doesn't."""
    (tmp_path / "test_hanging.py").write_text(HANGING)
    options = ["-c", str(processes.ROOT / "pyproject.toml"), "-p", "tests.conftest"]
    options += ["--rootdir", str(tmp_path), "-p", "no:cacheprovider", "--dist", "loadfile"]
    return [sys.executable, "-m", "pytest", *options, str(tmp_path / "test_hanging.py")]


def started(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return processes.start(
        command,
        cwd=folder,
        env=processes.environment(PYTHONPATH=str(processes.ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    try:
        written, _ = process.communicate(timeout=TOO_LONG_SECONDS)
    finally:
        process.kill()
    return process.returncode, written.decode()


def test_a_test_that_hangs_fails(session: list[str], tmp_path: Path) -> None:
    """It says where each thread was, and the tests behind it are run."""
    code, written = ended(started([*session, "-n", "2", "--timeout=1"], tmp_path))
    assert code == 1, written
    assert "Timeout (>1.0s)" in written
    assert "Stack of beside" in written
    assert "1 failed, 1 passed" in written


def test_a_process_that_hangs_for_good_ends(session: list[str], tmp_path: Path) -> None:
    """Where no exception can end the test, all stacks are shown, and no worker tries it again."""
    options = ["-n", "2", "--timeout=0", "-o", "faulthandler_timeout=1"]
    code, written = ended(started([*session, *options], tmp_path))
    assert code == 1, written
    assert "in test_hanging" in written
    assert "crashed while running 'test_hanging.py::test_hanging'" in written


@pytest.mark.parametrize("workers", ["0", "2"], ids=["one process", "two workers"])
def test_sigterm_ends_a_suite_that_hangs(session: list[str], tmp_path: Path, workers: str) -> None:
    """As Ctrl-C does, and the test that was running is named."""
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    process = started([*session, "-n", workers], tmp_path)
    begun.read_text()  # waits until somebody writes
    process.send_signal(signal.SIGTERM)
    code, written = ended(process)
    assert code == pytest.ExitCode.INTERRUPTED, written
    assert "while running test_hanging.py::test_hanging" in written
    assert "passed" not in written
