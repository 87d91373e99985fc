"""Mutants that no test can tell from the code, each with the reason."""

from __future__ import annotations

from tests.mutation.mutants import Equivalent

EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(
        "salesforce/http/quota.py",
        "",
        '_USAGE: ContextVar[StreamUsage | None] = ContextVar("_USAGE", default=None)',
        "_USAGE: ContextVar[StreamUsage | None] = ContextVar('_USAGEXX', default=None)",
        "Its name is for debuggers only.",
    ),
    Equivalent(
        "salesforce/http/quota.py",
        "Quota.__init__",
        "self._is_side_by_side = False",
        "self._is_side_by_side = None",
        "It is only ever asked whether it is true.",
    ),
    Equivalent(
        "singer/sync/stream_sync.py",
        "StreamSync.__init__",
        "self._reads_again = False",
        "self._reads_again = True",
        "Whatever makes or resumes the first read sets it.",
    ),
    Equivalent(
        "salesforce/query/query_job.py",
        "QueryJob.__init__",
        'self.id = ""',
        "self.id = None",
        "It is only ever asked whether there is one, before one is created or resumed.",
    ),
)
