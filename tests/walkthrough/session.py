"""A shell that remembers where it is and what is set, from one step to the next."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a reader's folder is called in the documents.
FOLDER_SHOWN = "/home/you/tap-versionforge-salesforce"
_TOO_LONG_SECONDS = 120


class Session:
    """A terminal in a folder.

    Args:
        folder: Where it begins; the documents call it `FOLDER_SHOWN`.
        stand_ins: What is typed in place of what a document says.
        path: A folder with programs that come first.
    """

    def __init__(self, folder: Path, stand_ins: Mapping[str, str], path: Path) -> None:
        self._folder = folder.resolve()
        self._stand_ins = stand_ins
        self._memory = folder / ".memory"
        self._where = self._folder
        own = Path(sys.executable).parent
        # A new user's: an empty home, no colour, the narrowest usual terminal.
        self._environment = processes.environment(
            HOME=str(self._folder / "home"),
            XDG_CACHE_HOME=str(self._folder / "home" / ".cache"),
            PATH=os.pathsep.join([str(path), str(own), os.environ["PATH"]]),
            TERM="dumb",
            COLUMNS="80",
            NO_COLOR="1",
        )
        (self._folder / "home").mkdir(exist_ok=True)

    def type(self, commands: str) -> str:
        """Type some commands and return what stdout has of it, as a document would show it.

        Raises:
            processes.ProgramFailedError: One of them has failed.
        """
        for said, typed in self._stand_ins.items():
            commands = commands.replace(said, typed)
        memory, where = (shlex.quote(f"{self._memory}.{name}") for name in ("variables", "folder"))
        script = f"""\
if [ -e {memory} ]; then . {memory}; fi
{commands}
export -p > {memory}
pwd > {where}
"""
        done = processes.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self._where,
            env=self._environment,
            timeout=_TOO_LONG_SECONDS,
        )
        self._where = Path(Path(f"{self._memory}.folder").read_text(encoding="utf-8").strip())
        return self.as_shown(done.stdout)

    def write(self, name: str, content: str) -> None:
        """Write a file that only its owner may read, as an editor would."""
        for said, written in self._stand_ins.items():
            content = content.replace(said, written)
        path = self._where / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")

    def as_shown(self, text: str) -> str:
        text = text.replace(str(self._folder), FOLDER_SHOWN)
        for said, typed in self._stand_ins.items():
            # What is only left out has nothing to look for.
            text = text.replace(typed, said) if typed.strip() not in {"", "true"} else text
        return text
