"""The Dockerfile, as far as it can be tried where no container engine is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from typing import TYPE_CHECKING

from tests.support import packages, processes

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = "UV_PROJECT_ENVIRONMENT"


def instructions(name: str = "Dockerfile") -> list[tuple[str, str]]:
    """Return the lines of a Dockerfile as pairs of an instruction and its text."""
    text = (processes.ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in lines]


def variables() -> dict[str, str]:
    """Return what its lines ENV set, in both stages."""
    pairs = [pair for word, rest in instructions() if word == "ENV" for pair in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def copied() -> list[str]:
    """Return what it copies out of the repository."""
    lines = [rest.split() for word, rest in instructions() if word == "COPY"]
    return [name for names in lines if not names[0].startswith("--") for name in names[:-1]]


def test_only_what_is_copied_is_sent_to_the_engine() -> None:
    """No key and no row that lies in the folder can get into a layer."""
    text = (processes.ROOT / ".dockerignore").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if not line.startswith("#")]

    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(copied())
    assert [name for name in copied() if not (processes.ROOT / name).exists()] == []


def test_the_versions_are_those_that_are_tested() -> None:
    """uv is the Makefile's, and both stages have one Python, which the wheel is tested on."""
    bases = {rest.partition(" ")[0] for word, rest in instructions() if word == "FROM"}
    (base,) = bases
    python = re.match(r"python:(3\.\d+)-slim-", base)
    makefile = (processes.ROOT / "Makefile").read_text(encoding="utf-8")
    (uv,) = re.findall(r"^UV_VERSION := (.+)$", makefile, re.MULTILINE)

    assert python
    assert f" {python[1]}" in re.findall(r"^PYTHONS := .+$", makefile, re.MULTILINE)[0]
    assert any(word == "RUN" and rest.endswith(f" uv=={uv}") for word, rest in instructions())


def test_it_runs_as_nobody_and_writes_where_it_may() -> None:
    """A user by number who is not root; all that the tap writes by itself is below /tmp."""
    words = dict(instructions())

    assert int(words["USER"]) > 0
    assert variables()["XDG_CACHE_HOME"] == "/tmp"  # noqa: S108  the container's own
    assert variables()["PYTHONUNBUFFERED"] == variables()["PYTHONDONTWRITEBYTECODE"] == "1"


def copy(names: list[str], folder: Path) -> None:
    """Do what a line COPY does."""
    *sources, target = names
    for source in (processes.ROOT / name for name in sources):
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / target, ignore=ignored)
        else:
            shutil.copy(source, folder / target)


def test_its_installation_gives_its_entry_point(tmp_path: Path) -> None:
    """What it copies is enough to install from, and holds the command that it starts."""
    source, environment = tmp_path / "src", tmp_path / "tap"
    source.mkdir()
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--"):
            copy(rest.split(), source)
        elif word == "RUN" and rest.startswith("uv "):
            # Without those variables that only make the image smaller, and this test slow.
            packages.uv(*rest.split()[1:], cwd=source, **{ENVIRONMENT: str(environment)})
    tini, _, entry_point = json.loads(dict(instructions())["ENTRYPOINT"])
    shutil.rmtree(source)

    assert tini == "tini"
    assert variables()["PATH"].partition(":")[0] == f"{variables()[ENVIRONMENT]}/bin"
    shown = processes.run([environment / "bin" / entry_point, "--version"], cwd=tmp_path)
    assert shown.stdout.startswith("tap-versionforge-salesforce v")
