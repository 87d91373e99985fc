"""Draw the pictures of the documents, all of them or those that are named.

python -m tests.pictures [NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

import tests.pictures
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOLDER = ROOT / "docs" / "pictures"


def pictures() -> dict[str, Callable[[], str]]:
    """Return what draws each picture, by the picture's name."""
    found: dict[str, Callable[[], str]] = {}
    for module in pkgutil.iter_modules(tests.pictures.__path__):
        if module.name.startswith("__"):
            continue
        draw = getattr(importlib.import_module(f"tests.pictures.{module.name}"), "draw", None)
        if draw is not None:
            found[module.name.replace("_", "-")] = draw
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, and say what has been written."""
    known = pictures()
    parser = argparse.ArgumentParser(prog="python -m tests.pictures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    names = parser.parse_args(arguments).names
    if unknown := set(names) - set(known):
        parser.error(f"there is no picture {', '.join(sorted(unknown))}")
    for name in names or known:
        path = FOLDER / f"{name}.svg"
        path.write_text(known[name](), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
