"""The documents say what the code does."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import PROBLEMS, UNKNOWN
from tap_versionforge_salesforce.salesforce.objects.describe import KIND_BY_TYPE
from tests.local_org.__main__ import DIRECTORY
from tests.support import processes
from tests.support.documents import FILES, PARTS, ROOT, with_part
from tests.support.error_codes import PACKAGE, by_code
from tests.support.fidelity import CASES, UNKNOWN_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    assert len(promises) == 25
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


def code_headings() -> dict[str, str]:
    """Return what stands below each heading of a code."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    # Such a heading's anchor is the code itself, on GitHub as on a site made by mkdocs.
    parts = re.split(r"^### `(.*)`$", text, flags=re.MULTILINE)[1:]
    codes, bodies = parts[::2], parts[1::2]
    assert len(set(codes)) == len(codes), "the anchor of a second one would be another"
    return dict(zip(codes, bodies, strict=True))


def test_every_error_code_has_a_heading_and_none_is_of_a_code_that_is_gone() -> None:
    """An error's address leads somewhere, and the page does not outlive what it explains."""
    assert set(code_headings()) == set(by_code())


def test_no_other_heading_has_the_anchor_of_a_code() -> None:
    """Headings of the page are those of codes, and sections by exit code."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    others = re.findall(r"^#+ (?!`).*$", text, re.MULTILINE)
    assert all(re.search(r"\(exit code \d\)$", each) for each in others[1:])


def test_a_heading_has_what_one_sees_why_and_what_to_do() -> None:
    """In this order, and none is empty."""
    pattern = r"(?s)\s+> \S.*?\n\n\*\*Why:\*\* \S.*?\n\n\*\*What to do:\*\* \S"
    lacking = {code for code, body in code_headings().items() if not re.match(pattern, body)}
    assert lacking == set()


def test_what_one_sees_is_what_the_code_says() -> None:
    """Every piece of the quoted sentences between two names stands in a text of the code."""
    said = " ".join(
        text
        for path in PACKAGE.rglob("*.py")
        for text in _texts_with_holes(ast.parse(path.read_text(encoding="utf-8")))
    )
    quoted = [
        line.removeprefix("> ")
        for code, body in code_headings().items()
        if code not in {problem.code for problem in (*PROBLEMS, UNKNOWN)}
        for line in body.splitlines()
        if line.startswith("> ") and "any other sentence" not in line.lower()
    ]
    # One of the code's helpers puts the setting's name in front.
    without_names = [re.sub(r"^The setting \w+ ", "", line) for line in quoted]
    pieces = {part.strip(" ().,:") for line in without_names for part in line.split("…")}
    assert {piece for piece in pieces if piece not in said} == set()


def _texts_with_holes(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(getattr(part, "value", "…") for part in _constants(node))


def _constants(node: ast.JoinedStr) -> list[ast.expr]:
    hole = ast.Constant("…")
    return [part if isinstance(part, ast.Constant) else hole for part in node.values]


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
