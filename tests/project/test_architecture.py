"""What import-linter can't say of the package: which library lives where, and what is never run.

Who may import whom stands in pyproject.toml, and `make lint` holds it.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "tap_versionforge_salesforce"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
ANYWHERE = "anywhere"
# What runs a text, or what a text names, or a program. Salesforce sends texts.
EVALUATING_CALLS = frozenset(
    {
        *("eval", "exec", "compile", "__import__", "breakpoint"),
        *("importlib.import_module", "os.system", "os.popen", "pty.spawn"),
        *("yaml.load", "yaml.unsafe_load", "yaml.full_load"),
        *("polars.Expr.deserialize", "polars.DataFrame.deserialize", "polars.sql"),
    }
)
EVALUATING_FAMILIES = ("os.exec", "os.spawn", "os.posix_spawn")
EVALUATING_LIBRARIES = frozenset(
    {
        *("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
        *("subprocess", "runpy", "code", "codeop", "ctypes", "pdb"),
        *("simpleeval", "jinja2", "xml"),
    }
)
_LIBRARY_ROW = re.compile(r"^\| `(\w+)` \| (`.+`|anywhere) \|$", re.MULTILINE)

SMALL_TABLE = """
| Library | Only in |
| --- | --- |
| `polars` | `frames/frame.py` |
| `click` | `tap.py` `cli/` |
| `singer_sdk` | anywhere |
"""


def rooms_in(text: str) -> dict[str, frozenset[str]]:
    """Return in which files or folders of the package each library may be imported."""
    return {
        library: frozenset(re.findall(r"`(.+?)`", places)) or frozenset({ANYWHERE})
        for library, places in _LIBRARY_ROW.findall(text)
    }


def imported_names(source: str, path: str, package: str = PACKAGE) -> Iterator[str]:
    """Yield the dotted name of everything imported, wherever in the file the import stands."""
    folder = [*package.split("."), *path.split("/")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) + 1 - node.level] if node.level else []
            origin = [*start, *(node.module or "").split(".")] if node.module else start
            yield from (".".join([*origin, alias.name]) for alias in node.names)


def violations(sources: Mapping[str, str], rooms: Mapping[str, frozenset[str]]) -> list[str]:
    """Return one sentence for each library that is imported outside of its room."""
    found = []
    for path, source in sorted(sources.items()):
        libraries = {name.split(".")[0] for name in imported_names(source, path)}
        for library in sorted(libraries - {PACKAGE} - sys.stdlib_module_names):
            if (places := rooms.get(library)) is None:
                found.append(
                    f"{path}: {library} is not in the table of libraries in CONTRIBUTING.md"
                )
            elif not any(place == ANYWHERE or _is_in(path, place) for place in places):
                where = ", ".join(sorted(places))
                found.append(f"{path}: must not import {library}, which lives in {where}")
    return found


def _is_in(path: str, place: str) -> bool:
    return path.startswith(place) if place.endswith("/") else path == place


def evaluations(source: str, path: str) -> list[str]:
    """Return what in a source could run a text from outside, as dotted names."""
    tree = ast.parse(source)
    imports = imported_names(source, path)
    libraries = [name for name in imports if name.split(".")[0] in EVALUATING_LIBRARIES]
    known = _names_of_imports(tree)
    names = (_dotted(node, known) for node in ast.walk(tree))
    called = [n for n in names if n in EVALUATING_CALLS or n.startswith(EVALUATING_FAMILIES)]
    return sorted({*libraries, *called})


def _names_of_imports(tree: ast.AST) -> dict[str, str]:
    """Return what each imported name stands for."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {a.asname or a.name.split(".")[0]: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return known


def _dotted(node: ast.AST, known: Mapping[str, str]) -> str:
    """Return the name that an expression spells, `builtins.` taken off; empty where it is none."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (owner := _dotted(node.value, known)):
        return f"{owner}.{node.attr}".removeprefix("builtins.")
    return ""


def sources_under(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.py")
    }


@pytest.fixture(scope="module")
def rooms() -> dict[str, frozenset[str]]:
    return rooms_in(CONTRIBUTING.read_text(encoding="utf-8"))


def test_libraries_keep_to_their_rooms(rooms: Mapping[str, frozenset[str]]) -> None:
    """There is one place to look when one of them changes."""
    assert violations(sources_under(ROOT / PACKAGE), rooms) == []


def test_the_table_names_only_what_exists(rooms: Mapping[str, frozenset[str]]) -> None:
    """A module that is gone leaves the table as well."""
    listed = set().union(*rooms.values()) - {ANYWHERE}

    assert [place for place in sorted(listed) if not (ROOT / PACKAGE / place).exists()] == []


def test_the_local_org_knows_nothing_of_the_tap() -> None:
    """The stand-in org shares no code with what it tests."""
    offenders = [
        (path, name)
        for path, source in sources_under(ROOT / "tests" / "local_org").items()
        for name in imported_names(source, path, "tests.local_org")
        if name.split(".")[0] == PACKAGE
    ]

    assert offenders == []


def test_nothing_evaluates_what_salesforce_sends() -> None:
    """No text becomes code, an object of any class, or a command; not even one of our own."""
    found = {
        path: evaluated
        for path, source in sources_under(ROOT / PACKAGE).items()
        if (evaluated := evaluations(source, path))
    }

    # What it starts is named in it, with arguments that its user has typed.
    assert found == {"cli/setup/programs.py": ["subprocess"]}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("eval(text)", ["eval"]),
        ("import builtins\nbuiltins.exec(text)", ["exec"]),
        ("run = compile", ["compile"]),
        ("import pickle", ["pickle"]),
        ("def late():\n    from subprocess import run", ["subprocess.run"]),
        ("import yaml as y\ny.load(text)", ["yaml.load"]),
        ("from os import system as go\ngo(text)", ["os.system"]),
        ("import os\nos.execvp(text, [])", ["os.execvp"]),
        ("import polars as pl\npl.DataFrame.deserialize(text)", ["polars.DataFrame.deserialize"]),
        ("import importlib\nimportlib.import_module(text)", ["importlib.import_module"]),
    ],
)
def test_an_evaluation_is_found(source: str, found: list[str]) -> None:
    """However it is imported, and whether or not it is called on the spot."""
    assert evaluations(source, "client.py") == found


@pytest.mark.parametrize(
    "source", ["import re\nre.compile('a')", "self.evaluate()", "import json\njson.loads(text)"]
)
def test_what_evaluates_nothing_is_not_reported(source: str) -> None:
    """Names that only look alike are free."""
    assert evaluations(source, "client.py") == []


def test_one_distribution_provides_backoff() -> None:
    """The distribution named backoff would overwrite the files of python-backoff."""
    assert importlib.metadata.version("python-backoff")
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("backoff")


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        pytest.param(
            "client.py",
            "import polars as pl",
            "client.py: must not import polars, which lives in frames/frame.py",
            id="library-outside-its-room",
        ),
        pytest.param(
            "frames/other.py",
            "def late():\n    from polars import col",
            "frames/other.py: must not import polars, which lives in frames/frame.py",
            id="inside-a-function",
        ),
        pytest.param(
            "client.py",
            "from httpx import Client",
            "client.py: httpx is not in the table of libraries in CONTRIBUTING.md",
            id="unknown-library",
        ),
    ],
)
def test_a_violation_is_found(path: str, source: str, complaint: str) -> None:
    """Each kind of forbidden import is reported with the file and the reason."""
    assert violations({path: source}, rooms_in(SMALL_TABLE)) == [complaint]


def test_what_the_table_allows_is_not_reported() -> None:
    """Libraries in their room and the standard library are free."""
    sources = {
        "errors.py": "import singer_sdk.exceptions",
        "frames/frame.py": f"import json\nimport polars as pl\nfrom {PACKAGE} import errors",
        "cli/check.py": "import click\nfrom .. import errors",
        "tap.py": f"import click\nfrom {PACKAGE}.cli import check",
    }

    assert violations(sources, rooms_in(SMALL_TABLE)) == []
