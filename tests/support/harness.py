"""The tap run in this process, as a user runs it: arguments in, messages and exit code out."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import threading
import traceback
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_versionforge_salesforce.cli import main
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tests.support import canaries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.local_org import LocalOrg


class OrgClock(Clock):
    """A clock that stands beside the org's: sleeping moves both, and takes no time.

    Attributes:
        ahead_seconds: How far this machine's clock is ahead of the org's.
        slept: Every wait asked for, in seconds.
    """

    def __init__(self, org: LocalOrg) -> None:
        self._org = org
        self._passed = 0.0
        self.ahead_seconds = 0.0
        self.slept: list[float] = []

    @override
    def now(self) -> datetime:
        return self._org.clock.now() + timedelta(seconds=self.ahead_seconds)

    @override
    def monotonic(self) -> float:
        return self._passed

    @override
    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._passed += seconds
        self._org.clock.advance(seconds)


@dataclass
class Run:
    """What a run did, seen from outside.

    Attributes:
        exit_code: Of the process.
        messages: Singer messages in order; numbers are `Decimal`.
        stdout: All that was written there.
        log: All that was written to stderr.
    """

    exit_code: int
    stdout: str
    log: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    def records(self, stream: str) -> list[dict[str, Any]]:
        """Return the records of a stream, in order."""
        return [m["record"] for m in self.messages_of("RECORD", stream)]

    def messages_of(self, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
        """Return the messages of a kind, of one stream or of all."""
        return [
            message
            for message in self.messages
            if message["type"] == kind and stream in (None, message.get("stream"))
        ]

    def ids(self, stream: str) -> list[str]:
        """Return the Ids of a stream's records, in order."""
        return [record["Id"] for record in self.records(stream)]

    @property
    def state(self) -> dict[str, Any]:
        """Return the last state; empty where there was none."""
        states = self.messages_of("STATE")
        return dict(states[-1]["value"]) if states else {}

    @property
    def report(self) -> dict[str, Any]:
        """Return the run report."""
        (line,) = [line for line in self.log.splitlines() if "Run report: " in line]
        return dict(json.loads(line.partition("Run report: ")[2]))

    def bookmark(self, stream: str) -> str | None:
        """Return the bookmark of a stream in the last state."""
        value = self.state.get("bookmarks", {}).get(stream, {}).get("replication_key_value")
        return None if value is None else str(value)

    def job(self, stream: str) -> dict[str, Any] | None:
        """Return the Bulk job that the last state keeps of a stream; None where there is none."""
        kept = self.state.get("bookmarks", {}).get(stream, {}).get("bulk_job", {"id": None})
        return None if kept["id"] is None else dict(kept)


class TapRunner:
    """Runs the tap against one org.

    Args:
        org: The org.
        clock: The clock that the tap sees.
        folder: Where its files are put.
    """

    def __init__(self, org: LocalOrg, clock: OrgClock, folder: Path) -> None:
        self.org = org
        self.clock = clock
        self.folder = folder

    def file(self, name: str, content: object) -> str:
        """Write a file and return its path; text as it is, everything else as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def config(self, **settings: object) -> str:
        """Write a config that signs in to the org, and return its path."""
        return self.file("config.json", self.org.config(**settings))

    def command(self, *arguments: str) -> Run:
        """Run the command line with these arguments; no secret may be seen behind it."""
        watch = canaries.Watch(self.org, canaries.config_in(arguments), self.folder)
        written, stderr = io.BytesIO(), io.StringIO()
        stdout = io.TextIOWrapper(written, encoding="utf-8", write_through=True)
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        code: object = 0
        escaped = ""
        try:
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                try:
                    main(arguments)
                except SystemExit as ended:
                    code = ended.code
                    escaped = "".join(traceback.format_exception(ended))
        finally:
            _wait_for_threads()
            root.handlers[:] = handlers
            root.setLevel(level)
            logging.captureWarnings(capture=False)
        shown = {"stdout": written.getvalue().decode(), "log": stderr.getvalue()}
        watch.assert_nothing_shown(**shown, exception=escaped)
        return Run(
            exit_code=code if isinstance(code, int) else 1,
            stdout=shown["stdout"],
            log=shown["log"],
        )

    def sync(
        self,
        *,
        state: object = None,
        catalog: object = None,
        **settings: object,
    ) -> Run:
        """Sync with these settings and read what it writes."""
        arguments = ["--config", self.config(**settings)]
        if state:
            arguments += ["--state", self.file("state.json", state)]
        if catalog:
            arguments += ["--catalog", self.file("catalog.json", catalog)]
        run = self.command(*arguments)
        run.messages = parse(run.stdout)
        return run

    def discover(self, **settings: object) -> dict[str, Any]:
        """Return the catalog."""
        run = self.command("--config", self.config(**settings), "--discover")
        assert run.exit_code == 0, run.log
        return dict(json.loads(run.stdout))


def _wait_for_threads() -> None:
    """Let no request of the run reach the org in the next test; a process would simply end."""
    for thread in threading.enumerate():
        if thread.name == "background" and thread is not threading.current_thread():
            thread.join(timeout=5)


def in_state(state: Mapping[str, Any], *path: str) -> Any:  # noqa: ANN401  as JSON has it
    """Return what a state holds at this place; one that has lost it fails the test and says so."""
    found: Any = state
    for depth, step in enumerate(path, start=1):
        assert step in found, f"the state has no {'.'.join(path[:depth])}: {json.dumps(state)}"
        found = found[step]
    return found


def parse(stdout: str) -> list[dict[str, Any]]:
    """Read Singer messages; a line that is none fails the test."""
    return [json.loads(line, parse_float=Decimal) for line in stdout.split("\n") if line]


def said(run: Run) -> list[dict[str, Any]]:
    """Return the messages without what differs from run to run."""
    moments = ("time_extracted", "version")
    return [
        {name: value for name, value in message.items() if name not in moments}
        for message in run.messages
        if message["type"] != "STATE"
    ]


class ModelTarget:
    """A target that keeps rows by Id and deletes by version, as the popular ones do."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self._versions: dict[str, dict[str, int | None]] = {}

    def load(self, messages: Sequence[dict[str, Any]]) -> None:
        """Take in the messages of one run."""
        for message in messages:
            stream = message.get("stream", "")
            if gone := _deleted_by(message):
                self._drop(*gone)
            elif message["type"] == "RECORD":
                row_id = message["record"]["Id"]
                self.rows.setdefault(stream, {})[row_id] = message["record"]
                self._versions.setdefault(stream, {})[row_id] = message.get("version")
            elif message["type"] == "ACTIVATE_VERSION":
                versions = self._versions.get(stream, {})
                for row_id in [i for i, v in versions.items() if v != message["version"]]:
                    self._drop(stream, row_id)

    def _drop(self, stream: str, row_id: str) -> None:
        self.rows.get(stream, {}).pop(row_id, None)
        self._versions.get(stream, {}).pop(row_id, None)


def _deleted_by(message: dict[str, Any]) -> tuple[str, str] | None:
    """Return the stream and the Id of a row that a message says is gone; None for others."""
    record = message.get("record", {})
    if message.get("stream") == "_deletions" and record:
        return record["sobject"], record["Id"]
    return (message["stream"], record["Id"]) if record.get("_sdc_deleted_at") else None
