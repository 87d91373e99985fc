"""The tap, pointed at the org."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.tap import TapVersionForgeSalesforce
from tests.integration.harness import OrgClock, TapRunner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg


@pytest.fixture
def clock(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> OrgClock:
    clock = OrgClock(org)
    monkeypatch.setattr(TapVersionForgeSalesforce, "clock", clock)
    return clock


@pytest.fixture
def tap(org: LocalOrg, clock: OrgClock, tmp_path: Path) -> TapRunner:
    return TapRunner(org, clock, tmp_path)
