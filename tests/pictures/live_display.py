"""The live display of a real run: `python -m tests.pictures live-display` draws it for the docs.

The installed tap reads from a local org at a pseudo-terminal; what stands there at one moment is
the picture. So it differs a little each time that it is made.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_org import LocalOrg
from tests.local_org.conditions import faults
from tests.pictures.terminal_picture import terminal_picture
from tests.support import processes
from tests.support.harness import OrgClock, TapRunner
from tests.support.terminal_process import run_at_terminal

if TYPE_CHECKING:
    import pexpect

    from tests.support.screen import Screen

ROWS = {"Account": 4_000, "Contact": 6_000, "Opportunity": 60_000, "Task": 8_000, "User": 60}
SIZE = (16, 92)
# Of the large stream, when it is looked at.
_PERCENT = 45
_SECONDS_PER_PAGE = 0.5
_SHARE = re.compile(r"^Opportunity .+ (\d+) %$", re.MULTILINE)


def draw() -> str:
    """Return the picture."""
    # In the last line stands the cursor.
    shown = "\n".join(taken(ROWS)[:-1])
    title = "tap-versionforge-salesforce"
    return terminal_picture(shown, columns=SIZE[1], title=title, name="live-display")


def taken(rows: dict[str, int]) -> list[str]:
    """Run the tap and return what stands on its terminal halfway through the largest object.

    Args:
        rows: How many each object has.
    """
    with LocalOrg() as org, tempfile.TemporaryDirectory() as folder:
        for name, number in rows.items():
            org.store.seed(name, number, hurt=False)
        org.settings.result_page_rows = max(rows.values()) // 12
        org.faults.add("*/results*", faults.delay(_SECONDS_PER_PAGE), times=None)
        tap = TapRunner(org, OrgClock(org), Path(folder))
        lines: list[str] = []

        def look(_process: pexpect.spawn[str], screen: Screen) -> None:
            share = _SHARE.search(screen.text)
            if share and int(share[1]) >= _PERCENT and not lines:
                lines.extend(screen.coloured_lines[-SIZE[0] :])

        settings = {"objects": sorted(rows), "api_mode": "auto", "discovery_cache": False}
        seen = run_at_terminal(tap, "--config", tap.config(**settings), size=SIZE, when=look)
    if seen.exit_code or not lines:
        raise processes.ProgramFailedError(seen.screen.text)
    return lines
