"""Mutants that no test can tell from the code, each with the reason."""

from __future__ import annotations

from tap_versionforge_salesforce.salesforce.http.retry import Verdict
from tests.mutation.mutants import Equivalent

_IDENTITIES = (
    Equivalent(
        "salesforce/http/retry.py",
        "Verdict",
        f'{member.name} = "{member.value}"',
        f"{member.name} = {value}",
        "A verdict is itself, whatever its value.",
    )
    for member in Verdict
    for value in ("None", f"'{member.value}XX'")
    if value == "None" or " " not in member.value
)

EQUIVALENTS: tuple[Equivalent, ...] = (
    *_IDENTITIES,
    Equivalent(
        "salesforce/http/quota.py",
        "",
        '_USAGE: ContextVar[StreamUsage | None] = ContextVar("_USAGE", default=None)',
        "_USAGE: ContextVar[StreamUsage | None] = ContextVar('_USAGEXX', default=None)",
        "Its name is for debuggers only.",
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
