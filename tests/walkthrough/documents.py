"""Which documents are followed, and what in them can't be typed as it stands."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import processes
from tests.walkthrough.blocks import steps
from tests.walkthrough.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.org_process import OrgProcess
    from tests.walkthrough.blocks import Step

# What the Makefile installs; the documents install it from the index.
TARGET = processes.ROOT / ".tools" / "target-jsonl" / "bin" / "target-jsonl"
ORG_ROWS = 500
# Below the folder that a document is followed in, as `make org` has it below the repository.
ORG_FOLDER = Path(".secrets") / "local-org"
_STARTED = "the org of this test is started with these options, and would serve until Ctrl-C"
_INSTALLED = "needs the package index; the tap under test is on the PATH"
_OF_THE_DEMO = "the workflow's job `Demo` runs it, for it installs Meltano and a target"
_ASKS = "asks a person; tests/integration/cli/test_setup_asked.py answers at a terminal"


@dataclass(frozen=True)
class Document:
    """A document whose commands work.

    Attributes:
        path: Below the repository.
        left_out: Lines that are not typed, each with the reason.
        stand_ins: What is typed in place of what it says.
    """

    path: str
    left_out: Mapping[str, str]
    stand_ins: Callable[[OrgProcess], dict[str, str]] = field(repr=False)

    @property
    def text(self) -> str:
        """What it says now."""
        return (processes.ROOT / self.path).read_text(encoding="utf-8")

    def steps(self) -> list[Step]:
        """What it asks its reader to do."""
        return steps(self.text)

    def lines(self) -> list[str]:
        """Return what it asks its reader to type, line by line."""
        return [line for step in self.steps() for line in _lines(step.commands)]

    def typed(self, commands: str) -> str:
        """Return commands with a colon, which does nothing, for each line that is left out."""
        return "\n".join(":" if line in self.left_out else line for line in _lines(commands))

    def follow(self, org: OrgProcess, folder: Path) -> list[tuple[Step, str]]:
        """Do what it says, from top to bottom; return each step with what was seen.

        Args:
            org: The local org that the document starts, or that stands for the reader's own.
            folder: Stands for the repository's, and has nothing but the org's config, in its
                place, or nothing at all.
        """
        (folder / ".venv").symlink_to(sys.prefix)
        programs = folder / "programs"
        programs.mkdir()
        (programs / "target-jsonl").symlink_to(TARGET)
        session = Session(folder, self.stand_ins(org), programs)
        seen = []
        for step in self.steps():
            if step.file:
                session.write(step.file, step.content)
                seen.append((step, ""))
            elif step.commands.startswith("make org "):
                seen.append((step, session.as_shown(org.greeting)))
            else:
                seen.append((step, session.type(self.typed(step.commands))))
        return seen


def _lines(commands: str) -> list[str]:
    """Return commands by line; one that goes on behind a backslash is one."""
    return re.sub(r"\\\n\s*", " ", commands).splitlines()


def _of_the_tutorial(org: OrgProcess) -> dict[str, str]:
    return {"http://127.0.0.1:8080": org.url, "target/bin/target-jsonl": "target-jsonl"}


def _of_an_org_of_ones_own(org: OrgProcess) -> dict[str, str]:
    settings = org.settings
    return {
        "https://yourorg.my.salesforce.com": org.url,
        "integration@yourorg.example": settings["username"],
        "3MVG9...": settings["client_id"],
        # The local org knows its own key only.
        '"private_key_path": "salesforce-tap.key"': (
            f'"private_key_path": {json.dumps(settings["private_key_path"])}'
        ),
        "target/bin/target-jsonl": "target-jsonl",
    }


TUTORIAL = Document(
    "docs/tutorial.md",
    {
        f'make org ORG="--rows {ORG_ROWS} --port 8080"': _STARTED,
        "python3 -m venv target && target/bin/pip install target-jsonl": _INSTALLED,
    },
    _of_the_tutorial,
)
README = Document(
    "README.md",
    {
        "make demo                           "
        "# without Salesforce: a stand-in org, a real target, a comparison": _OF_THE_DEMO,
        "tap-versionforge-salesforce setup   "
        "# an org of your own: from nothing to a config that works": _ASKS,
        "python3 -m venv tap && . tap/bin/activate": _INSTALLED,
        "pip install ..": _INSTALLED,
        "python3 -m venv target && target/bin/pip install target-jsonl": _INSTALLED,
    },
    _of_an_org_of_ones_own,
)
DOCUMENTS = (TUTORIAL, README)
