"""What the tests of several commands need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


@pytest.fixture
def pair(org: LocalOrg, tap: TapRunner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a key and its certificate, which is good for 31 days and in the app."""
    folder = tmp_path_factory.mktemp("pair")
    tap.command("keygen", "--directory", str(folder), "--days", "31")
    org.identity.certificate = (folder / "salesforce-tap.crt").read_bytes()
    return folder
