"""What every test stands on: no real credentials, no real network, no real waiting."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import settings
from singer_sdk.plugin_base import PluginBase

from tap_versionforge_salesforce.salesforce.support import redaction
from tests.local_org import LocalOrg
from tests.support.processes import strays

if TYPE_CHECKING:
    from collections.abc import Iterator

# The same examples in every run, so that a commit is good or bad whoever looks at it; with
# HYPOTHESIS_PROFILE=random each run tries others.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("random", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let SIGTERM end the session as Ctrl-C does, wherever it hangs, and say in which test."""
    # What is written to the other one during a test is captured.
    stderr = os.dup(2)

    def end(number: int, _frame: object) -> NoReturn:
        test = os.environ.get("PYTEST_CURRENT_TEST", "no test")
        # Also where the code under test takes the interrupt for its own.
        session.shouldstop = f"{signal.Signals(number).name} while running {test}"
        os.write(stderr, f"\n{session.shouldstop}\n".encode())
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    # Each tap that is made in this process would have them to itself from then on; what it does
    # with them is tested with real processes.
    setattr(PluginBase, "_setup_signal_handlers", _nothing)  # noqa: B010  as a patch does it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that none is left for one process at the end."""
    slow = {item.path for item in items if item.get_closest_marker("timeout")}
    items.sort(key=lambda item: item.path not in slow)


def _nothing(_: PluginBase) -> None:
    pass


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in strays():
        monkeypatch.delenv(name)
    # A developer's own .env is no setting of a test.
    monkeypatch.setenv("PYTHON_DOTENV_DISABLED", "1")


@pytest.fixture(autouse=True)
def _secrets_of_other_tests_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """They must not help here; and each line of the log would be looked through for thousands."""
    monkeypatch.setattr(redaction, "_secrets", redaction.Secrets())


class Network:
    """The network that the tests see: this machine, and no other.

    Attributes:
        failing_lookups: How many of the next look-ups of a name fail.
        silent: Addresses at which nobody answers, not even with a refusal.
    """

    def __init__(self) -> None:
        self.failing_lookups = 0
        self.silent: set[str] = set()


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Fail any connection of this process that leaves the machine; names elsewhere are unknown."""
    made = Network()
    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, address: Any) -> None:  # noqa: ANN401  as sockets take it
        host = address[0] if isinstance(address, tuple) else ""
        if host in made.silent:
            raise TimeoutError("timed out")
        if not _is_here(host):
            pytest.fail(f"a test tried to connect to {host}")
        connect(self, address)

    def look_up(host: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401  as sockets take it
        if made.failing_lookups or not _is_here(host):
            made.failing_lookups = max(0, made.failing_lookups - 1)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return getaddrinfo(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return made


def _is_here(host: object) -> bool:
    return host in ("", None, "localhost", "::1") or str(host).startswith("127.")


@pytest.fixture(scope="session")
def running_org() -> Iterator[LocalOrg]:
    """One org for all tests of a process."""
    with LocalOrg() as org:
        yield org


@pytest.fixture
def org(running_org: LocalOrg) -> Iterator[LocalOrg]:
    """The org, as new; a test during which its own code failed fails too."""
    running_org.reset()
    yield running_org
    assert running_org.crashes == []
