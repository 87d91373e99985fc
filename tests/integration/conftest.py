"""The tap, pointed at the org, and watched for what it must not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.salesforce.frames import handed_out
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.support import canaries
from tests.support.harness import OrgClock, TapRunner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg


@pytest.fixture(autouse=True)
def _errors_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each error checked for secrets, also one that is caught and never told."""
    initialize = TapError.__init__

    def heard(self: TapError, message: str, *, hint: str, code: str | None = None) -> None:
        canaries.raised.append(f"{message} {hint}")
        initialize(self, message, hint=hint, code=code)

    monkeypatch.setattr(TapError, "__init__", heard)


@pytest.fixture
def clock(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> OrgClock:
    clock = OrgClock(org)
    monkeypatch.setattr(TapVersionForgeSalesforce, "clock", clock)
    monkeypatch.setattr(Org, "clock", clock)
    return clock


@pytest.fixture
def tap(org: LocalOrg, clock: OrgClock, tmp_path: Path) -> TapRunner:
    return TapRunner(org, clock, tmp_path)


@pytest.fixture
def few_ids_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have rows forgotten that were handed out when they are more than 15, not a million."""
    monkeypatch.setattr(handed_out, "_MOST_KEPT", 15)
