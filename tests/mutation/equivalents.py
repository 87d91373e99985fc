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

_SIZES = (
    Equivalent(
        "salesforce/query/result_rows.py",
        "",
        f"{name} = {old} << 20",
        f"{name} = {new}",
        "In pieces of another size the rows are the same.",
    )
    for name, old in (("_SLICE_BYTES", 2), ("_BLOCK_BYTES", 1))
    for new in (f"{old} << 21", f"{old + 1} << 20")
)

EQUIVALENTS: tuple[Equivalent, ...] = (
    *_SIZES,
    Equivalent(
        "salesforce/support/gzip_stream.py",
        "",
        "_WINDOW_BITS = 31",
        "_WINDOW_BITS = 32",
        "That takes gzip, too: zlib looks which of its forms it is.",
    ),
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
        "QueryJob.pages",
        "decoded = ahead(self._decoded(checkpoint), same, drop=_close_page)",
        "decoded = (self._decoded(checkpoint))",
        "Decoded by the thread that asks, the rows are the same; they only take longer.",
    ),
    Equivalent(
        "salesforce/query/query_job.py",
        "QueryJob.create",
        'self.id, self._is_removed = str(created["id"]), False',
        'self.id, self._is_removed = (created["id"]), False',
        "It is a text by then: the client has seen to that.",
    ),
    Equivalent(
        "salesforce/query/paginator.py",
        "SalesforcePaginator._rest",
        "def _rest(self, choice: Choice, *, leaves_job: bool = False) -> Iterator[Page]:",
        "def _rest(self, choice: Choice, *, leaves_job: bool = True) -> Iterator[Page]:",
        "Where no job was made there is none to remove, and nothing to take back.",
    ),
    Equivalent(
        "salesforce/query/query_job.py",
        "QueryJob.__init__",
        'self.id = ""',
        "self.id = None",
        "It is only ever asked whether there is one, before one is created or resumed.",
    ),
    Equivalent(
        "salesforce/query/paginator.py",
        "SalesforcePaginator.prefetch_job",
        "self._rest_pages.drop()",
        "pass",
        "The page takes memory until the stream's end, and nobody looks at it.",
    ),
    Equivalent(
        "salesforce/query/column_groups.py",
        "ColumnGroups.pages",
        "some = tuple(ids[start : start + _ROWS_AT_ONCE])",
        "some = (ids[start : start + _ROWS_AT_ONCE])",
        "Whoever gets the Ids goes through them.",
    ),
    Equivalent(
        "salesforce/query/column_groups.py",
        "ColumnGroups.__init__",
        "self._context = replace(context, composites=None, coverage=None)",
        "self._context = (context)",
        "A page that is alone goes alone, and what is committed is known by then.",
    ),
    Equivalent(
        "salesforce/query/column_groups.py",
        "ColumnGroups._groups",
        'text = self._of(wider, ("",)).text(ordered=False)',
        'text = self._of(wider, ("",)).text(ordered=True)',
        "In groups of another size the rows are the same.",
    ),
    Equivalent(
        "salesforce/query/child_pages.py",
        "ChildPages.__init__",
        "self.is_ready = False",
        "self.is_ready = True",
        "Which API serves a query with a parent is clear before a page is.",
    ),
    Equivalent(
        "salesforce/support/gzip_stream.py",
        "unpacked",
        "unpacker, is_whole = module.decompressobj(_WINDOW_BITS), False",
        "unpacker, is_whole = module.decompressobj(_WINDOW_BITS), True",
        "Of no bytes at all there are no rows, and how many there have to be is told beside them.",
    ),
)
