"""The commands of the page about migrating can be typed as they stand there."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from tests.demo.meltano import MELTANO
from tests.integration.singer.test_other_taps import OBJECTS, STATES
from tests.support import processes
from tests.walkthrough.blocks import SHELL, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg

PAGE = (processes.ROOT / "docs" / "how-to" / "migrating.md").read_text(encoding="utf-8")
(WITH_MELTANO,) = (block.text for block in blocks(PAGE) if block.language == SHELL)
THEN = re.findall(r"`(tap-versionforge-salesforce .+?)`", PAGE.partition("## Then")[2])
OLD, NEW = re.findall(r"\bdev:\S+", WITH_MELTANO)


class Terminal:
    """A terminal in the folder of a Meltano project.

    Args:
        folder: Of the project.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        own = os.pathsep.join([str(MELTANO.parent), str(processes.TAP.parent)])
        self._environment = {
            "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        }

    def type(self, commands: str) -> str:
        """Type some commands and return what they print."""
        shell = ["bash", "-euo", "pipefail", "-c", commands]
        return processes.run(shell, cwd=self._folder, env=self._environment).stdout


def test_the_commands(org: LocalOrg, tmp_path: Path) -> None:
    """The state that Meltano keeps for the other tap is this one's, in Meltano and in a file."""
    terminal, kept = Terminal(tmp_path), tmp_path / "states"
    (tmp_path / "meltano.yml").write_text(
        "project_id: own\ndefault_environment: dev\nenvironments: [{name: dev}]\n"
        f"state_backend: {{uri: 'file://{kept}'}}\n",
        encoding="utf-8",
    )
    (tmp_path / "config.json").write_text(json.dumps(org.config(objects=OBJECTS)))
    terminal.type(f"{processes.TAP.name} --config config.json --discover > catalog.json")
    check, plan = THEN
    assert "FAILED" not in terminal.type(check)
    for state in STATES.values():
        # As Meltano itself would have left it: starting it takes seconds.
        of_run = {"completed": {"singer_state": json.loads(state)}, "partial": {}}
        (kept / OLD).mkdir(parents=True, exist_ok=True)
        (kept / OLD / "state.json").write_text(json.dumps(of_run), encoding="utf-8")
        terminal.type(WITH_MELTANO)
        assert json.loads((kept / NEW / "state.json").read_text(encoding="utf-8")) == of_run
        planned = terminal.type(plan)
        for name in OBJECTS:
            assert re.search(rf"^{name} .* 2026-11-01 00:00\b", planned, re.MULTILINE), planned
