"""Every error prints where the documents say more."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults
from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

PAGE = "docs/troubleshooting.md"


def last_line(log: str) -> str:
    return log.rstrip().splitlines()[-1]


def test_an_error_has_the_place_of_its_heading(org: LocalOrg, tap: TapRunner) -> None:
    """In front of the code, at the end of the line."""
    org.settings.user_approved = False
    told = last_line(tap.sync().log)
    assert told.endswith(f" See {PAGE}#user-not-approved [user-not-approved]")


def test_a_summary_has_each_heading_once(org: LocalOrg, tap: TapRunner) -> None:
    """Those of what failed, and its own; a stream's own line has that of its failure."""
    objects = ["Account", "Contact", "User"]
    for name in objects[:2]:
        refusal = faults.answer(400, b'[{"errorCode":"SOME_CODE","message":"no"}]')
        org.faults.add(faults.querying(name), refusal, times=None)
    run = tap.sync(objects=objects, api_mode="rest", composite_queries=False)
    assert run.exit_code == 7
    own = f"{PAGE}#some-streams-failed [some-streams-failed]"
    assert last_line(run.log).endswith(f" See {PAGE}#request-refused {own}")
    place = f" See {PAGE}#request-refused [request-refused]"
    assert [line.endswith(place) for line in run.log.splitlines()].count(True) == 2


@pytest.mark.parametrize(
    ("documentation", "page"),
    [
        ("https://docs.example.org/tap/", "https://docs.example.org/tap/troubleshooting/"),
        ("https://code.example.org/blob/v1/README.md", PAGE),
    ],
    ids=["site", "single page"],
)
def test_the_site_is_what_the_package_names(tmp_path: Path, documentation: str, page: str) -> None:
    """A release names the site of its documents; in what names none, errors name the file."""
    folder = tmp_path / "tap_versionforge_salesforce-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: tap-versionforge-salesforce\nVersion: 1\n"
        "Project-URL: Repository, https://code.example.org/\n"
        f"Project-URL: Documentation, {documentation}\n"
    )
    command = [sys.executable, "-m", "tap_versionforge_salesforce", "--discover"]
    done = subprocess.run(  # noqa: S603  our own program
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=processes.ROOT,
        env=processes.environment(PYTHONPATH=str(tmp_path)),
    )
    assert last_line(done.stderr).endswith(f" See {page}#missing-setting [missing-setting]")
