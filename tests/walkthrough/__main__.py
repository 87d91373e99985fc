"""Follow the documents, and write what is seen into them: `python -m tests.walkthrough`.

An output that agrees with what the document shows stays as it is, numbers and times too.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import processes
from tests.support.org_process import OrgProcess
from tests.walkthrough.blocks import with_output
from tests.walkthrough.comparing import agree
from tests.walkthrough.documents import ORG_FOLDER, ORG_ROWS, README, TUTORIAL

if TYPE_CHECKING:
    from tests.walkthrough.blocks import Step
    from tests.walkthrough.documents import Document


def main() -> int:
    """Follow the documents, the tutorial first, in the org that it starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with OrgProcess(folder / ORG_FOLDER, rows=ORG_ROWS) as org:
            _write(TUTORIAL, TUTORIAL.follow(org, folder))
            elsewhere = folder / "elsewhere"
            elsewhere.mkdir()
            _write(README, README.follow(org, elsewhere))
    return 0


def _write(document: Document, followed: list[tuple[Step, str]]) -> None:
    text = document.text
    # From the bottom up, so that the lines above keep their numbers.
    for step, seen in reversed(followed):
        if step.shown is not None and not agree(step.shown, seen):
            sys.stdout.write(f"{document.path}:{step.line}: written anew\n")
            text = with_output(text, step, seen)
    (processes.ROOT / document.path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
