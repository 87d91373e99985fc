"""Which small mistakes can be made in a piece of code, as changes of its text.

The kinds are those of mutmut and cosmic-ray, and statements that are left out, which neither has.
Sentences for people are no place for mistakes: tests that repeat them would only be in the way.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPERATORS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Eq: ("==", ("!=", "<=", ">=")),
    ast.NotEq: ("!=", ("==", "<", ">")),
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/",)),
    ast.Div: ("/", ("*",)),
    ast.FloorDiv: ("//", ("/",)),
    ast.Mod: ("%", ("/",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: ("|", ("&",)),
}
_NO_CODE_THAT_RUNS = frozenset({"annotation", "returns", "decorator_list", "bases"})
_LOGICAL = (ast.Compare, ast.BoolOp, ast.Constant)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Change:
    """A piece of a source that is replaced.

    Attributes:
        start: Its first byte.
        end: The byte behind it.
        new: What stands there instead.
        function: In which it is, with its class; empty outside of any.
        first_line: Of the statement, counted from 1; 0 where that is in no function. Of one that
            holds others it is what stands before them.
        last_line: Of the same.
    """

    start: int
    end: int
    new: str
    function: str = ""
    first_line: int = 0
    last_line: int = 0


@dataclass(frozen=True)
class _Place:
    """Where a node is; see `Change`."""

    function: str = ""
    first_line: int = 0
    last_line: int = 0

    def within(self, node: ast.AST) -> _Place:
        """Return the place of what is in a node of this place."""
        if isinstance(node, ast.ClassDef):
            return _Place(f"{self.function}.{node.name}".lstrip("."))
        if isinstance(node, _FUNCTIONS):
            name = f"{self.function}.{node.name}".lstrip(".")
            return _Place(name, node.lineno, node.end_lineno or node.lineno)
        if not self.first_line or not isinstance(node, (ast.stmt, ast.ExceptHandler)):
            return self
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno
        return _Place(self.function, node.lineno, max(node.lineno, last or 0))


class Operators:
    """All mistakes that can be made in one source.

    Args:
        source: The text of a module.
    """

    def __init__(self, source: str) -> None:
        self._bytes = source.encode()
        self._tree = ast.parse(source)
        lines = self._bytes.splitlines(keepends=True)
        self._lines = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
        self._kinds: tuple[Callable[[ast.AST], Iterator[Change]], ...] = (
            self._of_operators,
            self._of_conditions,
            self._of_values,
            self._of_statements,
            self._of_calls,
        )

    def changes(self) -> list[Change]:
        """Return the mistakes, in the order of the text."""
        found = set(self._below(self._tree, _Place()))
        return sorted(found, key=lambda change: (change.start, change.end, change.new))

    def _below(self, node: ast.AST, place: _Place) -> Iterator[Change]:
        place = place.within(node)
        for kind in self._kinds:
            for change in kind(node):
                yield replace(
                    change,
                    function=place.function,
                    first_line=place.first_line,
                    last_line=place.last_line,
                )
        for child in _children(node):
            yield from self._below(child, place)

    # Where in the text

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._lines[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr) -> str:
        return self._bytes[self._start(node) : self._end(node)].decode()

    def _instead(self, node: ast.expr | ast.stmt, new: str) -> Change:
        return Change(self._start(node), self._end(node), new)

    def _between(self, start: int, end: int, sign: ast.AST, suffix: str = "") -> Iterator[Change]:
        """Yield what an operator can be mistaken for, between its two operands."""
        old, others = _OPERATORS.get(type(sign), ("", ()))
        gap = self._bytes[start:end].decode()
        for other in others:
            pattern = re.escape(old).replace(r"\ ", r"\s+") + re.escape(suffix)
            yield Change(start, end, re.sub(pattern, other + suffix, gap, count=1))

    # The kinds

    def _of_operators(self, node: ast.AST) -> Iterator[Change]:
        if isinstance(node, ast.Compare):
            operands = pairwise([node.left, *node.comparators])
            for sign, (left, right) in zip(node.ops, operands, strict=True):
                yield from self._of_comparison(sign, left, right)
        elif isinstance(node, ast.BoolOp):
            for left, right in pairwise(node.values):
                yield from self._between(self._end(left), self._start(right), node.op)
        elif isinstance(node, ast.BinOp):
            yield from self._between(self._end(node.left), self._start(node.right), node.op)
        elif isinstance(node, ast.AugAssign):
            start, end = self._end(node.target), self._start(node.value)
            yield from self._between(start, end, node.op, "=")
            yield Change(start, end, " = ")
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield self._instead(node, f"({self._text(node.operand)})")

    def _of_comparison(self, sign: ast.cmpop, left: ast.expr, right: ast.expr) -> Iterator[Change]:
        are_texts = isinstance(sign, (ast.Eq, ast.NotEq)) and (_is_text(left) or _is_text(right))
        for change in self._between(self._end(left), self._start(right), sign):
            # Whether they are equal is asked of texts, never which is greater.
            if not (are_texts and set("<>") & set(change.new)):
                yield change

    def _of_conditions(self, node: ast.AST) -> Iterator[Change]:
        tests: list[ast.expr] = []
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            tests = [node.test]
        elif isinstance(node, ast.comprehension):
            tests = node.ifs
        elif isinstance(node, ast.BoolOp):
            tests = node.values
        for test in tests:
            is_not = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
            if not is_not and not isinstance(test, _LOGICAL):
                yield self._instead(test, f"(not ({self._text(test)}))")

    def _of_values(self, node: ast.AST) -> Iterator[Change]:
        if not isinstance(node, ast.Constant):
            return
        if isinstance(node.value, bool):
            yield self._instead(node, str(not node.value))
        elif isinstance(node.value, int):
            yield self._instead(node, str(node.value + 1))
        elif isinstance(node.value, str) and node.value and " " not in node.value:
            yield self._instead(node, repr(f"{node.value}XX"))

    def _of_statements(self, node: ast.AST) -> Iterator[Change]:
        if isinstance(node, (ast.Expr, ast.Raise, ast.Break)):
            yield self._instead(node, "pass")
        elif isinstance(node, ast.Continue):
            yield self._instead(node, "break")
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) and node.value is not None:
            # None is as good as False wherever a truth is asked for.
            value = node.value.value if isinstance(node.value, ast.Constant) else ...
            if value is not None and value is not False and not _is_field(node.value):
                yield self._instead(node.value, "None")

    def _of_calls(self, node: ast.AST) -> Iterator[Change]:
        # A frozen set of what stands there is as good as that.
        left_alone = (ast.Starred, ast.Set)
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], left_alone):
            yield self._instead(node, f"({self._text(node.args[0])})")


def _is_text(node: ast.expr) -> bool:
    """Tell whether it is a text for sure: one that stands there, or one without its case."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "lower"
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_field(node: ast.expr) -> bool:
    """Tell whether it declares a field of a dataclass, which sets it by itself."""
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field"
    )


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in _NO_CODE_THAT_RUNS or (name == "keywords" and isinstance(node, ast.ClassDef)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_alone(child):
                yield child


def _is_left_alone(node: ast.AST) -> bool:
    """Tell whether no mistake is made in a node: it is for people, or for type checkers."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        return isinstance(node.value.func, ast.Name) and node.value.func.id == "TypeVar"
    # Before Python 3.12 nobody knows where in an f-string its parts are.
    return isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom))
