"""What every test stands on: no real credentials, no real network, no real waiting."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.local_org import LocalOrg
from tests.processes import SETTINGS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

# The same examples in every run, so that a commit is good or bad whoever looks at it; with
# HYPOTHESIS_PROFILE=random each run tries others.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("random", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(SETTINGS_PREFIX) or name.lower() in _PROXY_VARIABLES:
            monkeypatch.delenv(name)
    # A developer's own .env is no setting of a test.
    monkeypatch.setenv("PYTHON_DOTENV_DISABLED", "1")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any connection of this process that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:  # noqa: ANN401  as sockets take it
        host = address[0] if isinstance(address, tuple) else ""
        if host not in ("", "localhost", "::1") and not str(host).startswith("127."):
            pytest.fail(f"a test tried to connect to {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


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
