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
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from tests.mutation.mutants import PACKAGE, ROOT
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.mutation.covering import Covering
    from tests.mutation.mutants import Mutant

# A test that hangs has noticed. No test of these takes a tenth of it, but where calls are recorded.
_LIMITS = ("--timeout=60", "--timeout-method=thread")
# For the tests of one mistake, as long as they took without any, being traced: about half of that
# without.
_MUTANT_SECONDS = 240
_FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", re.MULTILINE)
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

    def run(
        self, tests: Sequence[str], seconds: float, *options: str, **variables: str
    ) -> tuple[int | None, str]:
        """Run tests until the first one fails.

        Args:
            tests: Files or single tests, run in this order.
            seconds: How long at most.
            options: More of pytest's.
            variables: Of the environment.

        Returns:
            The exit code, None where the time was not enough; and what was written.
        """
        pytest = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        process = processes.start(
            [*pytest, *options, *tests],
            cwd=self._folder,
            # So that programs of the environment, too, run the copy.
            env=processes.environment(
                PYTHONPATH=str(self._folder), PYTHONDONTWRITEBYTECODE="1", **variables
            ),
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
        if not (tests := order.of(mutant)):
            return Outcome.SURVIVED
        path = self._folder / PACKAGE / mutant.module
        path.write_text(mutant.code, encoding="utf-8")
        try:
            code, written = self.run(tests, seconds, *_LIMITS)
        finally:
            path.write_text(mutant.source, encoding="utf-8")
        if code is None:
            return Outcome.NOT_TRIED
        if noticed := _FAILED.search(written):
            order.has_noticed(mutant, noticed[1])
        return Outcome.KILLED if code else Outcome.SURVIVED


class Order:
    """In which order the tests of a mutant are run: what has noticed more of its module first.

    Args:
        covering: Which tests run which lines.
    """

    def __init__(self, covering: Covering) -> None:
        self._covering = covering
        self._noticed: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def of(self, mutant: Mutant) -> list[str]:
        """Return tests that run the statement of a mutant; what was good for others is first.

        Of a statement that a thousand tests run, as many as there is time for.
        """
        with self._lock:
            tests = sorted(
                self._covering.tests(mutant), key=lambda test: -self._noticed[mutant.module, test]
            )
        ends = accumulate(map(self._covering.seconds, tests))
        in_time = (t for t, end in zip(tests, ends, strict=True) if end <= _MUTANT_SECONDS)
        return list(in_time) or tests[:1]

    def has_noticed(self, mutant: Mutant, test: str) -> None:
        """Remember a test that has noticed a mistake."""
        with self._lock:
            self._noticed[mutant.module, test] += 1


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
