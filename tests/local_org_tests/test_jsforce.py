"""jsforce (npm) understands the local org: a client that nobody here wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import npm

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

FOLDER = Path(__file__).parent / "jsforce"
pytestmark = npm.MARKS


@pytest.fixture
def seen(org: LocalOrg, stranger: Caller) -> dict[str, Any]:
    npm.install(FOLDER)
    org.store.seed("Account", 5)
    opportunities = org.store.seed("Opportunity", 25)
    org.store.delete("Opportunity", opportunities[:3])
    # One bulk page only: jsforce 3 ends its stream with the first (jsforce issue 1546).
    org.settings.page_rows = 10
    token = {"LOCAL_ORG_URL": org.url, "LOCAL_ORG_TOKEN": stranger.sign_in()}
    seen: dict[str, Any] = json.loads(npm.run(FOLDER, "drive.mjs", **token))
    return seen


def test_jsforce_sees_the_same_org_as_its_store(org: LocalOrg, seen: dict[str, Any]) -> None:
    """One run of Node for all of it: query, queryMore, autoFetch, scanAll, describe, bulk2."""
    rows = org.store.rows("Opportunity", include_deleted=False)
    kept = sorted(str(row["Id"]) for row in rows)
    assert seen["firstPage"] == {"size": 10, "total": 22, "done": False}
    assert seen["secondPage"] == kept[10:20]
    assert seen["all"] == kept
    assert len(seen["withDeleted"]) == 25
    assert sorted(seen["bulk"]) == kept
    assert len(seen["bulkWithDeleted"]) == 25
    assert (seen["refused"], seen["bulkRefused"]) == ("INVALID_FIELD", "API_ERROR")
    assert seen["objects"] == list(org.store.sobjects)
    assert seen["username"] == org.username
    assert seen["dailyMax"] == 15_000
    assert seen["apiUsage"]["limit"] == 15_000
