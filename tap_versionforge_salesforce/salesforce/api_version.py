"""Which version of the API is asked for."""

from __future__ import annotations

#: Wanted where nobody names another; an org that lacks it is asked for the newest that it has.
API_VERSION = "68.0"
