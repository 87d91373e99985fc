"""What puts mistakes into the core makes the ones it ought to, and sees what becomes of them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.mutation import covering, trials
from tests.mutation.core import CORE, noticing
from tests.mutation.covering import Covering
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.mutants import PACKAGE, ROOT, Equivalent, Mutant, mutants_of
from tests.mutation.operators import Operators
from tests.mutation.trials import Copy, Order, Outcome

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "salesforce/http/quota.py"
QUOTA = """
def twice(number: int) -> int:
    number = number or 1
    return number * 2
"""
TEST = """
from {package}.salesforce.http.quota import twice

def test_nothing():
    pass

def test_twice():
    assert twice(2) == 4
"""


def mutants(source: str) -> list[Mutant]:
    return [Mutant(MODULE, source, change) for change in Operators(source).changes()]


@pytest.mark.parametrize(
    ("source", "mistakes"),
    [
        ("a == b", ["a != b", "a <= b", "a >= b", "pass"]),
        ("a  is not\\\n b", ["a  is\\\n b", "pass"]),
        ("(a or b) == (c)", ["(a and b) == (c)"]),
        ("x = a - b", ["x = a + b", "x = None"]),
        ("x += 1", ["x -= 1", "x = 1", "x += 2"]),
        ("if not ready: stop()", ["if (ready): stop()", "if not ready: pass"]),
        ("if ready and a < b: pass", ["if (not (ready)) and a < b: pass"]),
        ("return None", []),
        ("x: str = redact(said)", ["x: str = (said)", "x: str = None"]),
        ("x = ('calls', True, '')", ["x = ('callsXX', True, '')", "x = ('calls', False, '')"]),
        ("x = 'é' < b", ["x = 'éXX' < b", "x = 'é' <= b"]),
        ("raise ValueError", ["pass"]),
    ],
)
def test_mistakes(source: str, mistakes: list[str]) -> None:
    """Operators, conditions, values, statements that are left out, and calls."""
    whole = f"def f():\n  {source}\n"
    found = {mutant.code for mutant in mutants(whole)}
    assert {f"def f():\n  {mistake}\n" for mistake in mistakes} <= found


@pytest.mark.parametrize("source", ["f(a == 'x')", "f(a.lower() != b)", "f(b == a.lower())"])
def test_texts_are_only_ever_equal_or_not(source: str) -> None:
    """Which of two is greater is nothing that anybody would ask."""
    found = [change.new.strip() for change in Operators(f"def f():\n  {source}").changes()]
    assert not {"<", "<=", ">", ">="} & set(found)
    assert {"==", "!="} & set(found)


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is."""',
        "def f(x: list[int]) -> int: ...",
        "if TYPE_CHECKING:\n    x = 1",
        "import x",
        "T = TypeVar('T')",
        "@dataclass(frozen=True)\nclass C(Base): ...",
    ],
)
def test_what_does_not_run_is_left_alone(source: str) -> None:
    """No test could notice a mistake there."""
    assert [mutant.diff for mutant in mutants(source)] == []


def test_sentences_are_left_alone() -> None:
    """Tests would have to repeat them."""
    assert [m.lines[1] for m in mutants("x = f'{a} rows' 'of it'\ny = 'two words'")] == [
        "x = None",
        "y = None",
    ]


def test_a_set_that_is_not_frozen_is_no_mistake() -> None:
    """No test could notice it; what is in the set is another matter."""
    found = {mutant.lines[1] for mutant in mutants("x = frozenset({'a'})")}
    assert found == {"x = None", "x = frozenset({'aXX'})"}


def test_a_mistake_has_its_place() -> None:
    """Equivalent ones are known by function and line, wherever the line is by now."""
    (first, *_) = mutants("class A:\n  def f(self):\n    stop()\n")
    assert (first.change.function, first.lines) == ("A.f", ("stop()", "pass"))
    assert "-    stop()\n+    pass" in first.diff


def test_a_mistake_is_in_a_statement() -> None:
    """Of a block only its head; of a function all, for its defaults are its own."""
    source = "def f(a=1):\n  if (\n    a > 2\n  ):\n    return (a,\n      3)\n  a = 4\nx = 5\n"
    places = {
        mutant.change.new: (mutant.change.first_line, mutant.change.last_line)
        for mutant in mutants(source)
    }
    assert {number: places[number] for number in "23456"} == {
        "2": (1, 7),
        "3": (2, 4),
        "4": (5, 6),
        "5": (7, 7),
        "6": (0, 0),
    }


@pytest.mark.parametrize("module", CORE)
def test_the_core_is_there(module: str) -> None:
    """Each of its modules has mutants, and each of their tests is one file."""
    assert mutants_of(module)
    assert noticing(module)


@pytest.mark.parametrize("known", EQUIVALENTS, ids=lambda each: f"{each.module}: {each.after}")
def test_what_is_equivalent_is_still_there(known: Equivalent) -> None:
    """A line that has changed has to be looked at again."""
    assert any(known.is_one(mutant) for mutant in mutants_of(known.module))


def test_mutants_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is noticed is killed, one that isn't survives; the copy stays as it was."""
    project, seen = tmp_path / "project", tmp_path / "seen"
    shutil.copytree(ROOT / "tests" / "mutation", project / "tests" / "mutation")
    for path, text in (
        (f"{PACKAGE}/__init__.py", ""),
        (f"{PACKAGE}/{MODULE}", QUOTA),
        ("tests/__init__.py", ""),
        ("tests/support/processes.py", ""),
        ("tests/test_quota.py", TEST.format(package=PACKAGE)),
    ):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    monkeypatch.setattr(trials, "ROOT", project)
    copy = Copy(tmp_path / "copy")
    seen.mkdir()
    options = ("-p", covering.__name__, "-p", "no:xdist")
    code, written = copy.run(["tests"], 60, *options, **{covering.FOLDER: str(seen)})
    assert code == 0, written

    tried = {mutant.lines[1]: mutant for mutant in mutants(QUOTA)}
    survivor, killed = tried["number = number or 2"], tried["number = number and 1"]
    order = Order(Covering(seen))
    tests = [f"tests/test_quota.py::{name}" for name in ("test_nothing", "test_twice")]
    assert order.of(killed) == tests[1:]
    assert copy.outcome(survivor, order, 60) is Outcome.SURVIVED
    assert copy.outcome(killed, order, 60) is Outcome.KILLED
    assert (tmp_path / "copy" / PACKAGE / MODULE).read_text() == QUOTA
    assert copy.outcome(killed, order, 0) is Outcome.NOT_TRIED


def test_what_noticed_more_is_tried_first(tmp_path: Path) -> None:
    """Then what takes no time, then what is quick.

    Of what is in no function, all that run anything of the module.
    """
    lines = {
        "slow": [[MODULE, 3]],
        "quick": [[MODULE, 3], ["salesforce/query/page.py", 5]],
        "other": [],
    }
    lines |= {"of all": [[MODULE, 7]], "at once": [[MODULE, 7]]}
    seconds = {"slow": 2.0, "quick": 1.0, "of all": 0.5, "at once": 0.1, "other": 0.1}
    (tmp_path / "1.json").write_text(json.dumps({"lines": lines, "seconds": seconds}))
    order = Order(Covering(tmp_path))
    mutant, *_ = mutants(QUOTA)
    outside, *_ = mutants("x = 1")
    assert (mutant.change.first_line, outside.change.first_line) == (3, 0)
    assert order.of(mutant) == ["quick", "slow"]
    assert order.of(outside) == ["at once", "of all", "quick", "slow"]
    order.has_noticed(mutant, "slow")
    assert order.of(mutant) == ["slow", "quick"]
