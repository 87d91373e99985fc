"""Mutants tried: each in a copy of the project, for as long as there is time."""

from __future__ import annotations

import contextlib
import enum
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests import processes
from tests.mutation.core import CORE
from tests.mutation.mutants import PACKAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutation.mutants import Mutant

# A test that hangs has noticed. No test of these takes a tenth of it.
_TEST_SECONDS = 120
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?\.py)", re.MULTILINE)
_NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", ".tools", ".*_cache", ".hypothesis", "*.pyc")


class Outcome(enum.Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    NOT_TRIED = "not tried"


class Copy:
    """A copy of the project in which one mutant at a time is tried.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT, folder, ignore=_NOT_COPIED)
        self._folder = folder

    def run(self, tests: Sequence[str], seconds: float, *options: str) -> tuple[int | None, str]:
        """Run tests until the first one fails.

        Returns:
            The exit code, None where the time was not enough; and what was written.
        """
        limits = [f"--timeout={_TEST_SECONDS}", "--timeout-method=thread", "-p", "no:cacheprovider"]
        process = processes.start(
            [sys.executable, "-m", "pytest", "-x", "-q", *limits, *options, *tests],
            cwd=self._folder,
            # So that programs of the environment, too, run the copy.
            env=processes.environment(PYTHONPATH=str(self._folder), PYTHONDONTWRITEBYTECODE="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            written, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            # Also what a test has started and not ended.
            _kill_group(process)
        return process.returncode, written.decode(errors="replace")

    def outcome(self, mutant: Mutant, order: Order, seconds: float) -> Outcome:
        """Try a mutant."""
        path = self._folder / PACKAGE / mutant.module
        path.write_text(mutant.code, encoding="utf-8")
        try:
            code, written = self.run(order.of(mutant.module), seconds)
        finally:
            path.write_text(mutant.source, encoding="utf-8")
        if code is None:
            return Outcome.NOT_TRIED
        if noticed := _FAILED.search(written):
            order.has_noticed(mutant.module, noticed[1])
        return Outcome.KILLED if code else Outcome.SURVIVED


class Order:
    """In which order the tests of a module are run: what notices more mistakes comes earlier."""

    def __init__(self) -> None:
        self._tests = {module: list(tests) for module, tests in CORE.items()}
        self._lock = threading.Lock()

    def of(self, module: str) -> list[str]:
        """Return the tests of a module."""
        with self._lock:
            return list(self._tests[module])

    def has_noticed(self, module: str, test: str) -> None:
        """Move a test that has noticed a mistake one place to the front."""
        with self._lock:
            tests = self._tests[module]
            place = tests.index(test)
            if place:
                tests[place - 1 : place + 1] = [test, tests[place - 1]]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
