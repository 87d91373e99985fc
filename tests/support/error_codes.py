"""Every code that an error of the tap can carry, read from its source, with its exit codes."""

from __future__ import annotations

import ast
from pathlib import Path

from tap_versionforge_salesforce import errors
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import PROBLEMS, UNKNOWN

PACKAGE = Path(errors.__file__).parent
# Codes whose exit code is not that of the class which carries them everywhere else.
_OTHER_EXITS = {
    # It has been tried again, and nothing has to be changed.
    "sign-in-retry": {errors.UnavailableError.exit_code},
    "sign-in-busy": {errors.UnavailableError.exit_code},
    # The summary of a run: 7, or what all of its failures have in common.
    "some-streams-failed": {4, 6, 7},
}


def by_code() -> dict[str, set[int]]:
    """Return the exit codes of each code; none where they are those of what has caused it."""
    classes = error_classes()
    found: dict[str, set[int]] = {kind.default_code: set() for kind in classes.values()}
    found |= {problem.code: {errors.SignInError.exit_code} for problem in (*PROBLEMS, UNKNOWN)}
    for kind in classes.values():
        found[kind.default_code].add(kind.exit_code)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                _take(node, classes, found)
            elif isinstance(node, ast.Assign):
                for code in _assigned(node):
                    found.setdefault(code, {errors.UnavailableError.exit_code})
    return found | _OTHER_EXITS


def _assigned(node: ast.Assign) -> list[str]:
    """Return the code in `trouble, code = "...", "..."`, as troubles of connections have it."""
    targets, value = node.targets[0], node.value
    if not (isinstance(targets, ast.Tuple) and isinstance(value, ast.Tuple)):
        return []
    pairs = zip(targets.elts, value.elts, strict=False)
    return [
        given.value
        for target, given in pairs
        if getattr(target, "id", "") == "code"
        if isinstance(given, ast.Constant) and isinstance(given.value, str)
    ]


def error_classes() -> dict[str, type[errors.TapError]]:
    """Return the tree of errors, by name."""
    return {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.TapError)
    }


def _take(
    call: ast.Call, classes: dict[str, type[errors.TapError]], found: dict[str, set[int]]
) -> None:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    # private_key.py hands the code to its helper as the last argument.
    if name == "_unusable":
        given, name = [call.args[-1]], "SettingsError"
    for part in (part for value in given for part in ast.walk(value)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            exits = found.setdefault(part.value, set())
            exits |= {classes[name].exit_code} if name in classes else set()
