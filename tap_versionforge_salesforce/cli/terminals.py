"""Whether there is a person at a terminal that shows colours and symbols."""

from __future__ import annotations

import os
import sys

from tap_versionforge_salesforce.singer.terminal import is_dumb


def is_rich() -> bool:
    """Tell whether stdout is a terminal with colours, and nobody has asked for none.

    https://no-color.org: any text in ``NO_COLOR``. A terminal that can do nothing calls itself
    ``dumb``, or nothing at all.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        return False
    return not os.environ.get("NO_COLOR") and not is_dumb()
