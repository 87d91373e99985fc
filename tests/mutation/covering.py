"""Which tests run which lines of the core: a pytest plugin that notes it, and its reader.

By Python's own tracing: that sees threads, too, and is no further package. What a test starts as
another process is not seen.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tests.mutation.core import CORE, noticing
from tests.mutation.mutants import PACKAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    import pytest

    from tests.mutation.mutants import Mutant

    _Tracer = Callable[[FrameType, str, Any], Any]

# Where a process of pytest-xdist puts its part.
FOLDER = "MUTATION_COVERING"


_QUICK_SECONDS = 0.1


class Covering:
    """Which tests run which lines, and how long each test takes.

    Args:
        folder: With what the processes of a run have written.
    """

    def __init__(self, folder: Path) -> None:
        self._seconds: dict[str, float] = {}
        self._tests: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        for path in folder.glob("*.json"):
            written = json.loads(path.read_text(encoding="utf-8"))
            self._seconds |= written["seconds"]
            for test, lines in written["lines"].items():
                for module, line in lines:
                    self._tests[module, line].add(test)

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the statement of a mutant, those of its module first.

        All that take next to no time first: a hundred of them take less than one that runs the tap.
        Of the others the fastest of each file, then the second of each, and so on: as different as
        may be. Of what is in no function, all that run anything of its module, and its own.
        """
        module, change = mutant.module, mutant.change
        statement = range(change.first_line, change.last_line + 1)
        found = {
            test
            for (file, line), tests in self._tests.items()
            if file == module and (line in statement or not change.first_line)
            for test in tests
        }
        own, places = set(noticing(module)), Counter[str]()
        if not change.first_line:
            # What looks at a constant runs no line of its module.
            found |= {test for test in self._seconds if test.partition("::")[0] in own}
        ordered = []
        for test in sorted(found, key=lambda each: (self._seconds[each], each)):
            file = test.partition("::")[0]
            places[file] += 1
            is_slow = self._seconds[test] > _QUICK_SECONDS
            ordered.append((is_slow, file not in own, places[file], test))
        return [test for *_, test in sorted(ordered)]

    def seconds(self, test: str) -> float:
        """Return how long a test took without any mistake."""
        return self._seconds[test]


class _Recorder:
    def __init__(self) -> None:
        self._modules = {str(ROOT / PACKAGE / module): module for module in CORE}
        self._lines: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        # Of the test that runs.
        self._seen: set[tuple[str, int]] = set()

    def begin(self, test: str) -> None:
        self._seen = self._lines[test]
        threading.settrace(self._called)
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> _Tracer | None:  # noqa: ANN401  as Python calls it
        return self._run if frame.f_code.co_filename in self._modules else None

    def _run(self, frame: FrameType, event: str, _argument: Any) -> _Tracer:  # noqa: ANN401  as Python calls it
        if event == "line":
            self._seen.add((self._modules[frame.f_code.co_filename], frame.f_lineno))
        return self._run

    def ended(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def write(self, path: Path) -> None:
        sys.settrace(None)
        threading.settrace(cast("Any", None))
        lines = {test: sorted(found) for test, found in self._lines.items()}
        written = {"lines": lines, "seconds": self._seconds}
        path.write_text(json.dumps(written), encoding="utf-8")


_recorder = _Recorder()


def pytest_runtest_logstart(nodeid: str, location: Any) -> None:  # noqa: ANN401, ARG001  as pytest calls it
    """Remember which test runs."""
    _recorder.begin(nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember how long a test took."""
    _recorder.ended(report)


def pytest_sessionfinish() -> None:
    """Write down what was seen."""
    _recorder.write(Path(os.environ[FOLDER], f"{os.getpid()}.json"))
