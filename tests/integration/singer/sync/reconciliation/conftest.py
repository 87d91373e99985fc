"""A pipeline that reconciles, and rows with what no stamp tells of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.local_org.objects.fields import Field
from tests.support.pipeline import LAST_WEEK, NAME, ROWS, TOTAL, Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


@pytest.fixture
def pipeline(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> Pipeline:
    return Pipeline(org, tap, tmp_path / "store")


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    """Contracts with a formula, and a status that moves with the date."""
    total = Field(name=TOTAL, type="double", label="Total", precision=18, scale=2)
    org.store.add_field(NAME, replace(total, calculated=True))
    rows = [{"Status": "Draft", TOTAL: str(n)} for n in range(ROWS)]
    return org.store.insert(NAME, rows, stamp=LAST_WEEK)
