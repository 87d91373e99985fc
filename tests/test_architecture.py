"""The layout in CONTRIBUTING.md, read as rules and held against every import of the package."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "tap_versionforge_salesforce"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
FREE_WITHIN_LEVEL = "these may import each other"
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
# A module is named by its path in the package; every file of a room such as cli/ counts as "cli/".
Module = str
_LEVEL_ROW = re.compile(r"^\| ([\d.]+) \| (.+?) \| (.+) \|$", re.MULTILINE)
_LIBRARY_ROW = re.compile(r"^\| `(\w+)` \| (`.+`|anywhere) \|$", re.MULTILINE)

RULES_OF_A_SMALL_PACKAGE = """
| Level | Modules | What lives there |
| --: | --- | --- |
| 0 | `__init__.py` `exceptions.py` | errors |
| 1 | `soql.py` `frames.py` | pure |
| 2 | `client.py` | HTTP |
| 3 | `tap.py` `cli/` | commands; these may import each other |

| Library | Only in |
| --- | --- |
| `polars` | `frames.py` |
| `click` | `tap.py` `cli/` |
| `singer_sdk` | anywhere |
"""


@dataclass(frozen=True)
class Rules:
    """The two tables: who may import whom, and which library lives where."""

    levels: Mapping[Module, float]
    free_levels: frozenset[float]
    rooms: Mapping[str, frozenset[Module]]

    @classmethod
    def from_markdown(cls, text: str) -> Rules:
        levels: dict[Module, float] = {}
        free: set[float] = set()
        for level, modules, remark in _LEVEL_ROW.findall(text):
            levels |= dict.fromkeys(re.findall(r"`(.+?)`", modules), float(level))
            if FREE_WITHIN_LEVEL in remark:
                free.add(float(level))
        rooms = {
            library: frozenset(re.findall(r"`(.+?)`", places)) or frozenset({ANYWHERE})
            for library, places in _LIBRARY_ROW.findall(text)
        }
        return cls(levels, frozenset(free), rooms)


def module_of(path: str) -> Module:
    """Return the name under which the table lists the file of this path in the package."""
    room, slash, _ = path.partition("/")
    return room + slash


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


def imported_modules(source: str, path: str, files: frozenset[str]) -> Iterator[Module | str]:
    """Yield what a file imports: modules of the package as the table names them, or libraries."""
    for name in imported_names(source, path):
        first, *rest = name.split(".")
        if first != PACKAGE:
            yield first
            continue
        # `from package.client import X` names a thing in client.py; the longest path that is a
        # file is the module.
        paths = ["/".join(rest[:length]) for length in range(len(rest), 0, -1)]
        found = (f for p in paths for f in (f"{p}.py", f"{p}/__init__.py") if f in files)
        yield module_of(next(found, "__init__.py"))


def violations(sources: Mapping[str, str], rules: Rules) -> list[str]:
    """Return one sentence for each import, or module, that the rules do not allow."""
    found = []
    files = frozenset(sources)
    for path, source in sorted(sources.items()):
        module = module_of(path)
        if module not in rules.levels:
            found.append(f"{path}: not in the table of levels in CONTRIBUTING.md")
            continue
        for imported in sorted(set(imported_modules(source, path, files))):
            problem = (
                _level_problem(module, imported, rules)
                if imported.endswith((".py", "/"))
                else _library_problem(module, imported, rules)
            )
            if problem:
                found.append(f"{path}: {problem}")
    return found


def _level_problem(module: Module, imported: Module, rules: Rules) -> str | None:
    here, there = rules.levels[module], rules.levels.get(imported)
    if there is None or there < here or (there == here and here in rules.free_levels):
        return None
    return f"level {here:g} must not import {imported} of level {there:g}"


def _library_problem(module: Module, library: str, rules: Rules) -> str | None:
    if library in sys.stdlib_module_names:
        return None
    if (rooms := rules.rooms.get(library)) is None:
        return f"{library} is not in the table of libraries in CONTRIBUTING.md"
    if rooms & {module, ANYWHERE}:
        return None
    return f"must not import {library}, which lives in {', '.join(sorted(rooms))}"


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
def rules() -> Rules:
    return Rules.from_markdown(CONTRIBUTING.read_text(encoding="utf-8"))


def test_the_package_keeps_to_its_levels_and_rooms(rules: Rules) -> None:
    """No module imports from its own level or above, or a library outside its room."""
    assert violations(sources_under(ROOT / PACKAGE), rules) == []


def test_the_tables_name_only_what_exists(rules: Rules) -> None:
    """A module that is gone leaves the tables as well."""
    modules = {module_of(path) for path in sources_under(ROOT / PACKAGE)}
    listed = set(rules.levels).union(*rules.rooms.values()) - {ANYWHERE}

    assert listed - modules == set()


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

    assert found == {}


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
            "soql.py",
            f"from {PACKAGE}.client import Client",
            "soql.py: level 1 must not import client.py of level 2",
            id="from-a-higher-level",
        ),
        pytest.param(
            "soql.py",
            f"import {PACKAGE}.frames",
            "soql.py: level 1 must not import frames.py of level 1",
            id="from-its-own-level",
        ),
        pytest.param(
            "soql.py",
            f"from {PACKAGE} import client",
            "soql.py: level 1 must not import client.py of level 2",
            id="through-the-package",
        ),
        pytest.param(
            "soql.py",
            "from .client import Client",
            "soql.py: level 1 must not import client.py of level 2",
            id="relative",
        ),
        pytest.param(
            "soql.py",
            f"def late():\n    from {PACKAGE}.cli.check import run",
            "soql.py: level 1 must not import cli/ of level 3",
            id="inside-a-function",
        ),
        pytest.param(
            "client.py",
            f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {PACKAGE}.tap",
            "client.py: level 2 must not import tap.py of level 3",
            id="for-types-only",
        ),
        pytest.param(
            "client.py",
            "import polars as pl",
            "client.py: must not import polars, which lives in frames.py",
            id="library-outside-its-room",
        ),
        pytest.param(
            "client.py",
            "from httpx import Client",
            "client.py: httpx is not in the table of libraries in CONTRIBUTING.md",
            id="unknown-library",
        ),
        pytest.param(
            "extra.py",
            "",
            "extra.py: not in the table of levels in CONTRIBUTING.md",
            id="unlisted-module",
        ),
    ],
)
def test_a_violation_is_found(path: str, source: str, complaint: str) -> None:
    """Each kind of forbidden import is reported with the file and the reason."""
    allowed = dict.fromkeys(
        ("__init__.py", "exceptions.py", "soql.py", "frames.py", "client.py", "tap.py"), ""
    ) | {"cli/__init__.py": "", "cli/check.py": ""}

    found = violations(allowed | {path: source}, Rules.from_markdown(RULES_OF_A_SMALL_PACKAGE))

    assert found == [complaint]


def test_what_the_rules_allow_is_not_reported() -> None:
    """Lower levels, the own room, libraries in their room and the standard library are free."""
    sources = {
        "__init__.py": "",
        "exceptions.py": "import singer_sdk.exceptions",
        "frames.py": f"import json\nimport polars as pl\nfrom {PACKAGE} import exceptions",
        "cli/__init__.py": f"from {PACKAGE}.tap import Tap\nfrom .check import run",
        "cli/check.py": "import click\nfrom .. import exceptions\nfrom ..frames import Frame",
        "tap.py": f"from {PACKAGE}.cli import check",
    }

    assert violations(sources, Rules.from_markdown(RULES_OF_A_SMALL_PACKAGE)) == []
