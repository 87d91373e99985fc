"""The documents say what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.objects.describe import KIND_BY_TYPE
from tests.local_org.__main__ import DIRECTORY
from tests.support import processes
from tests.support.documents import FILES, PARTS, ROOT, with_part
from tests.support.error_codes import PACKAGE, by_code
from tests.support.fidelity import CASES, UNKNOWN_TYPE

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize(("name", "part"), PARTS, ids=str)
def test_parts_made_from_code_are_current(name: str, part: str) -> None:
    """`python -m tests.support.documents` would change nothing."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert with_part(text, part, PARTS[name, part]()) == text


@pytest.mark.parametrize("name", FILES)
def test_files_made_as_a_whole_are_current(name: str) -> None:
    """`python -m tests.support.documents` would change nothing."""
    assert (ROOT / name).read_text(encoding="utf-8") == FILES[name]()


def test_guarantees_are_shown_by_tests_that_there_are() -> None:
    """Each promise names at least one file of tests."""
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    promises = [line for line in text.splitlines() if line.startswith("| **") and "tests/" in line]
    assert len(promises) == 22
    for promise in promises:
        named = re.findall(r"`(tests/[\w/]+\.py)`", promise)
        assert named
        assert all((ROOT / path).is_file() for path in named)


def test_fidelity_page_has_every_field_type() -> None:
    """What becomes of a value can be looked up, whatever the type of its field."""
    assert {case.type for case in CASES} == {*KIND_BY_TYPE, UNKNOWN_TYPE}


def test_fidelity_page_tells_cases_apart() -> None:
    """No two rows of a type have the same name."""
    assert len({(case.type, case.what) for case in CASES}) == len(CASES)


def private_names() -> set[str]:
    """What holds a secret or rows of an org, as the README, .env.example and `make org` name it."""
    texts = [
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("README.md", ".env.example", "tests/local_org/__main__.py")
    ]
    endings = r"pem|key|jsonl|(?<=config\.)json|(?<=catalog\.)json|(?<=state\.)json"
    return set(re.findall(rf"[\w-]+\.(?:{endings})\b", "\n".join(texts))) | {".env"}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="there is no git repository")
@pytest.mark.parametrize("folder", ["", ".secrets/", ".secrets/local-org/"])
def test_git_ignores_what_is_private(folder: str) -> None:
    """`git add .` takes none of it, in the folder that is meant for it and beside it."""
    names = private_names()
    assert {"private_key.pem", "salesforce-tap.key", "config.json", "catalog.json"} <= names
    assert {"state.json", "states.jsonl", "everything.jsonl"} <= names
    paths = {f"{folder}{name}" for name in names}
    told = processes.run(["git", "check-ignore", *paths], cwd=ROOT)
    assert paths - set(told.stdout.split()) == set()


def test_private_things_go_into_the_ignored_folder() -> None:
    """The key that .env.example names, and all that `make org` writes."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^\w+_PRIVATE_KEY_PATH=(.*)/", example, re.MULTILINE) == [".secrets"]
    assert DIRECTORY.parts[0] == ".secrets"


def test_every_error_code_is_in_the_troubleshooting_page() -> None:
    """A user who searches for the code in brackets finds what to do."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    missing = {code for code in by_code() if f"`{code}`" not in text}
    assert missing == set()


def test_troubleshooting_page_has_no_code_that_does_not_exist() -> None:
    """The page does not outlive the errors it explains."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    named = {code for heading in headings for code in re.findall(r"`([a-z-]+)`", heading)}
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert {code for code in named if f'"{code}"' not in source} == set()


def test_codes_are_kebab_case() -> None:
    """Codes look alike."""
    assert {code for code in by_code() if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)} == set()


def test_readme_is_short() -> None:
    """A newcomer reads it to the end."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 230


def test_the_comparison_says_nothing_without_a_source() -> None:
    """Each cell about an extractor links to what shows it, or has a question mark."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Beside the others")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")][2:]
    cells = [cell.strip() for _, *row in rows for cell in row]

    assert len(rows) == 8
    assert [cell for cell in cells if cell != "?" and not re.search(r"\]\(\S+\)", cell)] == []
    own = re.findall(r"\]\((.+?)\)", "|".join(rows[0]))
    assert [link for link in own if not (ROOT / link).is_file()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    """A relative link names a file that exists."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_named_in_documents_exist(path: Path) -> None:
    """`make x` in a document can be run."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named <= targets
