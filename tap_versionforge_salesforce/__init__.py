"""Salesforce's rows, exactly: a Singer tap, and its engine for Python.

::

    from tap_versionforge_salesforce import Org

    with Org.from_config("config.json") as org:
        for page in org.read("Opportunity", where="IsWon = true"):
            page  # a polars DataFrame
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tap_versionforge_salesforce.engine.org import Org

__all__ = ["Org", "__version__"]

#: The package's version, and the tap's. To ask the installed package for it would take longer than
#: all else that is done before the first signal can be heard.
__version__: Final = "0.1.0"


def __getattr__(name: str) -> object:
    # What it needs takes longer to import than a signal may take to be heard.
    if name == "Org":
        from tap_versionforge_salesforce.engine.org import Org  # noqa: PLC0415  not before

        return Org
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
