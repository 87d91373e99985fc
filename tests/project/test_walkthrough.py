"""The commands in the documents work, and print what the documents show."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from tap_versionforge_salesforce.cli import build_command
from tests.support import processes
from tests.support.org_process import OrgProcess
from tests.walkthrough.blocks import SHELL, Step, blocks, steps, with_output
from tests.walkthrough.comparing import agree
from tests.walkthrough.documents import (
    DOCUMENTS,
    ORG_FOLDER,
    ORG_ROWS,
    README,
    TARGET,
    TUTORIAL,
    Document,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAP = "tap-versionforge-salesforce"
EVERY_DOCUMENT = sorted([processes.ROOT / "README.md", *(processes.ROOT / "docs").rglob("*.md")])
SEEN = "org  1,234 rows  2026-11-28 09:12\nlast 005Hs0000000001IAA\n"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for the folder of a clone."""
    return tmp_path_factory.mktemp("clone")


@pytest.fixture(scope="module")
def org(clone: Path) -> Iterator[OrgProcess]:
    """The org of the tutorial, which stands for the README's reader's own as well."""
    assert TARGET.exists(), "target-jsonl is not installed; `make pytest` installs it"
    with OrgProcess(clone / ORG_FOLDER, rows=ORG_ROWS) as running:
        yield running


def assert_as_shown(document: Document, followed: list[tuple[Step, str]]) -> None:
    for step, seen in followed:
        if step.shown is not None:
            where = f"{document.path}:{step.line}; `python -m tests.walkthrough` writes it anew"
            assert agree(step.shown, seen), f"{where}\n--- shown\n{step.shown}\n--- seen\n{seen}"


@pytest.mark.timeout(400)
def test_the_tutorial(clone: Path, org: OrgProcess) -> None:
    """From nothing to rows, changes, and rows again: all of it is as the page shows it."""
    followed = TUTORIAL.follow(org, clone)
    assert sum(step.shown is not None for step, _ in followed) >= 8
    assert_as_shown(TUTORIAL, followed)


@pytest.mark.timeout(400)
def test_the_readme(tmp_path: Path, org: OrgProcess) -> None:
    """What it says of an org of one's own works with the local org in that one's place."""
    assert_as_shown(README, README.follow(org, tmp_path))
    assert len(list((tmp_path / ".secrets").glob("*.jsonl"))) > 9


@pytest.mark.timeout(400)
def test_the_script_for_schedulers(tmp_path: Path, org: OrgProcess) -> None:
    """It begins without a state, goes on from the last one, and its exit code is the tap's."""
    page = (processes.ROOT / "docs" / "how-to" / "shell.md").read_text(encoding="utf-8")
    (text,) = [block.text for block in blocks(page) if block.language == SHELL]
    assert "cd /srv/salesforce " in text
    script = text.replace("/srv/salesforce", str(tmp_path))
    for program, path in ((TAP, processes.TAP), ("target-jsonl", TARGET)):
        folder = tmp_path / ("tap" if program == TAP else "target") / "bin"
        folder.mkdir(parents=True)
        (folder / program).symlink_to(path)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(org.settings | {"objects": ["Account"]}), encoding="utf-8")
    catalog = processes.run([processes.TAP, "--config", config, "--discover"]).stdout
    (tmp_path / "catalog.json").write_text(catalog, encoding="utf-8")

    for _ in range(2):
        processes.run(["bash", "-c", script])
    rows = [len(path.read_text().splitlines()) for path in tmp_path.glob("Account-*.jsonl")]
    config.write_text("{}", encoding="utf-8")
    with pytest.raises(processes.ProgramFailedError, match="exit code 2"):
        processes.run(["bash", "-c", script])

    assert len((tmp_path / "states.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    # All of them, and what lies in the look-back.
    assert max(rows) > 50 > min(rows)


@pytest.mark.parametrize("path", EVERY_DOCUMENT, ids=lambda path: path.name)
def test_other_blocks_can_be_read(path: Path) -> None:
    """Python, JSON and YAML in a document are Python, JSON and YAML."""
    readers: dict[str, Callable[[str], object]] = {
        "python": lambda text: compile(text, path, "exec"),
        "json": json.loads,
        "yaml": lambda text: list(yaml.safe_load_all(text)),
    }
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language in readers:
            readers[block.language](block.text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.path)
def test_what_is_not_typed_is_in_the_document(document: Document) -> None:
    """No line is left out, or typed as another, that is no longer there."""
    assert set(document.left_out) - set(document.lines()) == set()


def test_the_org_of_the_tutorial_is_started_as_it_says() -> None:
    """The test starts what `make org` starts."""
    (line,) = [line for line in TUTORIAL.lines() if line.startswith("make org ")]
    makefile = (processes.ROOT / "Makefile").read_text(encoding="utf-8")

    assert shlex.split(shlex.split(line)[2].partition("=")[2])[:2] == ["--rows", str(ORG_ROWS)]
    assert "\t@$(VENV)/bin/python -m tests.local_org $(ORG)\n" in makefile


@pytest.mark.parametrize("path", EVERY_DOCUMENT, ids=lambda path: path.name)
def test_shell_blocks_are_shell(path: Path) -> None:
    """Also those that no test types: bash can read them."""
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language == SHELL:
            processes.run(["bash", "-n", "-c", block.text])


@pytest.mark.parametrize("path", EVERY_DOCUMENT, ids=lambda path: path.name)
def test_options_of_the_tap_in_documents_exist(path: Path) -> None:
    """A command of the tap that is shown can be typed."""
    command = build_command()
    assert isinstance(command, click.Group)
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    for line in re.findall(rf"(?:^|`|[|/] ?){TAP} ([^`|>\n]*)", text, re.MULTILINE):
        words = [word.strip("[]()") for word in line.split()]
        name = next((word for word in words if word in command.commands), None)
        known = {option for each in command.params for option in each.opts}
        if name is not None:
            known |= {option for each in command.commands[name].params for option in each.opts}
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options - known - {"--help"} == set(), line


def test_steps_of_a_document() -> None:
    """Commands with what they print, and files to write; other blocks are nobody's to type."""
    document = (
        "Write `config.json`:\n\n```json\n{}\n```\n\n```sh\nls\n```\n\nThen:\n\n```text\na\n```\n"
        "\n```yaml\na: 1\n```\n\n```text\nnot of ls\n```\n"
    )
    assert steps(document) == [
        Step(3, file="config.json", content="{}\n"),
        Step(7, commands="ls\n", shown="a\n"),
    ]


def test_an_output_is_written_behind_its_commands() -> None:
    """Where the same commands stand twice, the right one's."""
    document = "```sh\nls\n```\n\n```text\na\n```\n" * 2
    _, second = steps(document)
    assert with_output(document, second, "b") == document[:26] + document[26:].replace("a\n", "b\n")


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(SEEN, id="the same"),
        pytest.param("org 7 rows 2020-01-01 00:00\nlast 005Hs0000000009AAA\n", id="other figures"),
        pytest.param("org  1,234 …\n…\n", id="parts of it"),
        pytest.param("…\nlast 005Hs0000000001IAA\n", id="its end"),
    ],
)
def test_what_agrees(shown: str) -> None:
    assert agree(shown, SEEN)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("org  1,234 rows  2026-11-28 09:12\n", id="a line less"),
        pytest.param(f"{SEEN}more\n", id="a line more"),
        pytest.param(SEEN.replace("rows", "calls"), id="another word"),
        pytest.param(SEEN.replace("005Hs0000000001IAA", "nothing"), id="no Id"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_does_not_agree(shown: str) -> None:
    assert not agree(shown, SEEN)
