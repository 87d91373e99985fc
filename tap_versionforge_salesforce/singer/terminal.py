"""Whether somebody looks at what is written to stderr."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_dumb(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether what calls itself a terminal can do nothing but write lines."""
    return environment.get("TERM", "dumb") in ("dumb", "unknown", "")


def terminal(logger: logging.Logger, environment: Mapping[str, str] = os.environ) -> TextIO | None:
    """Return stderr where it is a terminal that can erase what it shows; else None.

    Under Meltano it is none: Meltano reads it through a pipe.

    Args:
        logger: The tap's. Where it has warnings only, as with ``--quiet``, nothing else is wanted
            of a terminal either.
        environment: Of the process.
    """
    stderr: TextIO | None = sys.stderr
    # None where the process was started without one.
    if stderr is None or not stderr.isatty() or not logger.isEnabledFor(logging.INFO):
        return None
    return None if is_dumb(environment) else stderr


def takes_messages() -> bool:
    """Tell whether messages go to a terminal, which a display beside them would erase."""
    return sys.stdout is not None and sys.stdout.isatty()
