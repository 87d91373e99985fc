"""The local org as a process of its own, so that what it costs is not the tap's."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

STOP_SECONDS = 10
_LAST_LINE = b"Ctrl-C stops it.\n"


class OrgProcess:
    """`python -m tests.local_org`, stopped at the end of the with block.

    Args:
        folder: Where it puts its config and key.
        rows: Opportunities; the other objects have their share of it.

    Attributes:
        config: The path of a config.json that signs in to it.
        settings: What is in it.
        greeting: What it says at its start.
    """

    def __init__(self, folder: Path, *, rows: int) -> None:
        self.config = folder / "config.json"
        self._log = folder / "org.log"
        self.settings: dict[str, str] = {}
        self.greeting = ""
        self._command = [
            *(sys.executable, "-m", "tests.local_org"),
            *("--rows", str(rows), "--directory", str(folder)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # Ctrl-C goes to every process of the terminal; this one is to be stopped last.
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = processes.start(
                self._command,
                cwd=processes.ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_greeting(self._process)
        except BaseException:
            self._stop()
            raise
        self.settings = json.loads(self.config.read_text(encoding="utf-8"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.settings["instance_url"]

    def change(self, name: str, **amounts: int) -> dict[str, int]:
        """Insert, update and delete rows of an object; the answer says how many."""
        answer: dict[str, int] = self._ask("change", {"object": name, **amounts})
        return answer

    def journal(self) -> dict[str, int]:
        """Return how many calls it has had, in all and by kind."""
        answer: dict[str, int] = self._ask("journal")
        return answer

    def _await_greeting(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for its words, which come when requests are answered."""
        lines = iter(process.stdout.readline, b"") if process.stdout else iter(())
        for line in lines:
            self.greeting += line.decode()
            if self._ends_greeting(line):
                break
        if not self.greeting:
            msg = f"the local org did not start: {self._log.read_text(encoding='utf-8')}"
            raise RuntimeError(msg)

    def _ends_greeting(self, line: bytes) -> bool:
        """Tell whether a line is the last of its words."""
        return line == _LAST_LINE

    def _ask(self, lever: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  JSON
        url = f"{self.url}/local-org/{lever}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data)  # noqa: S310  loopback, by http
        # An opener without handlers for proxies: loopback is never behind one.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._process = None
