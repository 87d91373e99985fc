"""A PostgreSQL server of our own, in a temporary folder, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import processes

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30
START_ATTEMPTS = 3


class NoServerProgramsError(Exception):
    """PostgreSQL is not installed, or only its client is."""


class PostgresServer:
    """A server on 127.0.0.1 that trusts everyone who reaches it; use it as a context manager.

    Attributes:
        port: Where it listens, once it is started.
    """

    def __init__(self) -> None:
        self._programs = server_programs()
        self._account = _account()
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="tap-postgres-"))
        try:
            if "user" in self._account:
                os.chown(self._folder, self._account["user"], self._account["group"])
            processes.run(
                [
                    self._programs / "initdb",
                    *(f"--username={SUPERUSER}", "--auth=trust"),
                    *("--encoding=UTF8", "--locale=C", "--no-sync", "data"),
                ],
                cwd=self._folder,
                **self._account,
            )
            self._start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def log(self) -> str:
        """What the server wrote, for whoever looks into a failure."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _start(self) -> None:
        # Another process can take the free port before the server does.
        for attempt in range(1, START_ATTEMPTS + 1):
            self.port = _free_port()
            with (self._folder / "log").open("ab") as log:
                self._process = processes.start(
                    [
                        self._programs / "postgres",
                        *("-D", "data", "-h", "127.0.0.1", "-p", str(self.port)),
                        *("-k", str(self._folder), "-F"),
                    ],
                    cwd=self._folder,
                    stdout=log,
                    stderr=log,
                    **self._account,
                )
            if self._answers():
                return
            self._stop()
            if attempt == START_ATTEMPTS:
                msg = f"PostgreSQL did not start: {self.log}"
                raise RuntimeError(msg)

    def _answers(self) -> bool:
        # The socket file is made when the server is ready to take connections.
        ready = self._folder / f".s.PGSQL.{self.port}"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            if ready.exists() and _is_open(self.port):
                return True
            time.sleep(0.05)
        return False

    def _stop(self) -> None:
        if self._process is None:
            return
        # SIGINT is a "fast shutdown": open connections are closed, nothing is waited for.
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(2)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _remove(self) -> None:
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def server_programs() -> Path:
    """Return the folder of initdb and postgres.

    Raises:
        NoServerProgramsError: Both are nowhere to be found.
    """
    candidates = [Path(found).parent for found in [shutil.which("initdb")] if found]
    if config := shutil.which("pg_config"):
        # Debian has one that only says what to install.
        with contextlib.suppress(processes.ProgramFailedError):
            candidates.append(Path(processes.run([config, "--bindir"]).stdout.strip()))
    # Debian keeps the server's programs off PATH; newest first.
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda path: float(path.parent.name), reverse=True)
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    msg = (
        "PostgreSQL's server programs (initdb, postgres) are not on PATH and not in "
        "/usr/lib/postgresql; on Debian and Ubuntu: apt-get install postgresql"
    )
    raise NoServerProgramsError(msg)


def _account() -> dict[str, Any]:
    """Return whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    msg = "This runs as root, and there is neither a user postgres nor nobody to start a server as"
    raise RuntimeError(msg)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
