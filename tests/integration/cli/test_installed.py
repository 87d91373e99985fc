"""The built package, installed where nothing else is: what a user gets, on the Python at hand."""

from __future__ import annotations

import importlib.metadata
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support import packages, processes
from tests.support.harness import parse
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

VERSION = importlib.metadata.version("tap-versionforge-salesforce")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.built(tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.install(wheel, tmp_path_factory.mktemp("installed") / "environment")


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """Return the environment variables of somebody who has set none: no folder has anything."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "COLUMNS": "80"}


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("--version", f"tap-versionforge-salesforce v{VERSION}, "),
        ("--help", "keygen"),
        ("--about", f"Version: {VERSION}"),
    ],
)
def test_it_tells_about_itself(
    installed: Path, nobody: dict[str, str], tmp_path: Path, option: str, shown: str
) -> None:
    """Version, help and description need nothing that is not installed with it."""
    told = processes.run([installed, option], cwd=tmp_path, env=nobody)
    assert shown in told.stdout
    assert told.stderr == ""


def test_keygen(installed: Path, nobody: dict[str, str], tmp_path: Path) -> None:
    """The first command of the README works in an empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    processes.run([installed, "keygen"], cwd=folder, env=nobody)
    assert {path.name for path in folder.iterdir()} == {"salesforce-tap.key", "salesforce-tap.crt"}


def test_an_extraction(
    org: LocalOrg, tap: TapRunner, installed: Path, nobody: dict[str, str], tmp_path: Path
) -> None:
    """Rows come: what reads and writes them is installed, too."""
    org.store.seed("Account", 3, hurt=False)
    config = tap.config(objects=["Account"])
    with started(
        tap, "--config", config, executable=installed, cwd=tmp_path, env=nobody
    ) as process:
        stdout, log = finished(process)
    assert process.returncode == 0, log
    assert [message["type"] for message in parse(stdout)].count("RECORD") == 3


def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Whoever installs from the sdist has, byte for byte, what the others have."""
    sdist = packages.built(tmp_path / "sdist", "sdist")
    assert contents(packages.wheel_of(sdist, tmp_path / "wheel")) == contents(wheel)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
