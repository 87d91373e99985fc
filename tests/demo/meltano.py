"""A Meltano project of its own, in a folder that is thrown away afterwards."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MELTANO = processes.ROOT / ".tools" / "meltano" / "bin" / "meltano"
TAP, TARGET = "tap-versionforge-salesforce", "target-jsonl"
STOP_SECONDS = 10
LINES_OF_A_FAILURE = 40

_CHOICE = re.compile(r"(?:\w+: )?(?P<api>REST API|Bulk API 2\.0), because (?P<reason>.+)\.")
_TOTAL = re.compile(
    r"(?P<rows>[\d,]+) rows? by .+ in (?:(?P<calls>[\d,]+) API calls?|another stream's API call)\."
)


class MeltanoFailedError(Exception):
    """Meltano ended with an error; the message has its last lines."""


@dataclass
class StreamRun:
    """What the tap said of one stream in one run."""

    api: str = "?"
    reason: str = "?"
    rows: int = 0
    calls: int = 0


@dataclass(frozen=True)
class LogLine:
    """One line of Meltano's log.

    Attributes:
        text: What it says.
        stream: The stream that it is about; empty for none.
    """

    text: str
    stream: str = ""

    @classmethod
    def read(cls, line: str) -> LogLine:
        """Take one line as `--log-format=json` writes it; what a plugin prints may be anything."""
        try:
            entry = json.loads(line)
            logger = str(entry.get("plugin_logger", ""))
            return cls(str(entry["event"]), logger.removeprefix(f"{TAP}.").removeprefix(TAP))
        except (ValueError, AttributeError, KeyError):
            return cls(line.rstrip("\n"))


@dataclass
class Run:
    """What the tap said in one `meltano run`, and how long that took."""

    seconds: float = 0.0
    streams: dict[str, StreamRun] = field(default_factory=dict)

    def note(self, line: LogLine) -> bool:
        """Keep what a log line tells of a stream; return whether it told which API was chosen."""
        choice, total = _CHOICE.search(line.text), _TOTAL.search(line.text)
        if not line.stream or not (choice or total):
            return False
        stream = self.streams.setdefault(line.stream, StreamRun())
        if choice:
            stream.api, stream.reason = choice["api"], choice["reason"]
        elif total:
            stream.rows = int(total["rows"].replace(",", ""))
            stream.calls = int((total["calls"] or "0").replace(",", ""))
        return choice is not None


class Project:
    """The repository's meltano.yml, with the tap of this work tree and state of its own.

    Args:
        folder: Where it lives; empty, and removed by whoever made it.
        settings: The tap's settings, by name.
        say: Is told which API the tap has chosen for a stream, and why.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str], *, say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._say = say
        self._environment = _environment(settings)
        self._output = folder / "output"
        self._counted: dict[Path, tuple[int, int]] = {}
        definition = (processes.ROOT / "meltano.yml").read_text(encoding="utf-8")
        here = definition.replace("pip_url: -e .", f"pip_url: -e '{processes.ROOT}'")
        (folder / "meltano.yml").write_text(here, encoding="utf-8")

    def install(self) -> None:
        """Make the environments of tap and target."""
        for plugin in (("extractor", TAP), ("loader", TARGET)):
            deque(self._run("install", *plugin), maxlen=0)

    def run(self) -> Run:
        """Extract and load, going on from the state that Meltano keeps."""
        run, began = Run(), time.monotonic()
        for line in self._run("run", TAP, TARGET):
            if run.note(line):
                stream = run.streams[line.stream]
                self._say(f"{line.stream}: {stream.api}: {stream.reason}")
        run.seconds = time.monotonic() - began
        return run

    def loaded(self, stream: str) -> dict[str, bytes]:
        """Return the newest line of each row that was ever loaded, by Id."""
        path = self._output / f"{stream}.jsonl"
        if not path.exists():
            return {}
        with path.open("rb") as lines:
            return {_id(line): line for line in lines}

    def lines_loaded(self) -> int:
        """Return how many lines the target has written, in all runs."""
        return sum(map(self._lines_in, self._output.glob("*.jsonl")))

    def _lines_in(self, path: Path) -> int:
        """Count on from where it was last looked at."""
        position, lines = self._counted.get(path, (0, 0))
        with path.open("rb") as file:
            file.seek(position)
            added = file.read()
        self._counted[path] = position + len(added), lines + added.count(b"\n")
        return self._counted[path][1]

    def _run(self, *arguments: str) -> Iterator[LogLine]:
        # A session of its own: whatever Meltano starts can be ended with it.
        process = processes.start(
            [MELTANO, "--log-format=json", *arguments],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        last: deque[str] = deque(maxlen=LINES_OF_A_FAILURE)
        try:
            for raw in process.stdout or ():
                line = LogLine.read(raw.decode(errors="replace"))
                last.append(line.text)
                yield line
        finally:
            _end(process)
        if process.returncode:
            told = "\n".join(last)
            msg = f"meltano {' '.join(arguments)} ended with {process.returncode}:\n{told}"
            raise MeltanoFailedError(msg)


def _id(line: bytes) -> str:
    # As target-jsonl writes it; in a value the quotes would be escaped.
    match = re.search(rb'"Id": "(\w+)"', line)
    assert match, "the target has written a row without an Id"
    return match[1].decode()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    foreign = re.compile("MELTANO_|TAP_|TARGET_|VIRTUAL_ENV|PYTHONPATH|PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    own = {f"{processes.SETTINGS_PREFIX}{name.upper()}": v for name, v in settings.items()}
    return kept | own


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a program that has closed its output, or end it and all that it started."""
    if process.poll() is None:
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
