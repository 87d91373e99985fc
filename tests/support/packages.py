"""What a release builds, and environments in which nothing but that is installed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

_UV = processes.ROOT / ".tools" / "bin" / "uv"
#: The interpreter that made the environment of the tests: what is made of it has nothing of theirs.
PYTHON = getattr(sys, "_base_executable", sys.executable)


def uv(*arguments: str | Path, cwd: Path = processes.ROOT, **changes: str) -> None:
    """Run the uv that `make sync` has installed, with changes to this process's environment."""
    changes.setdefault("UV_PYTHON_DOWNLOADS", "never")
    processes.run([_UV, *arguments], cwd=cwd, env=processes.environment(**changes))


def built(folder: Path, target: str, **environment: str) -> Path:
    """Return a wheel or an sdist as the release builds it, in an empty folder."""
    processes.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder],
        cwd=processes.ROOT,
        env={"PATH": os.environ["PATH"], **environment},
    )
    (package,) = folder.iterdir()
    return package


def wheel_of(sdist: Path, folder: Path) -> Path:
    """Return the wheel that an installer makes of an sdist, by the hatchling of `uv.lock`."""
    build = ["build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable]
    uv(*build, "--out-dir", folder, sdist)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """Install a wheel into an environment that is made for it, and return its executable.

    The packages beside it are those that `uv.lock` has for it, without those for development. They
    are in uv's cache since `make sync`, and only asked for at the index where they are not.

    Raises:
        ProgramFailedError: The wheel asks for what `uv.lock` does not bring, or for another
            version.
    """
    locked = ["sync", "--quiet", "--frozen", "--no-dev", "--no-install-project"]
    uv(*locked, "--python", PYTHON, UV_PROJECT_ENVIRONMENT=str(environment))
    uv("pip", "install", "--quiet", "--python", environment, "--no-deps", wheel)
    uv("pip", "check", "--quiet", "--python", environment)
    return environment / "bin" / processes.TAP.name
