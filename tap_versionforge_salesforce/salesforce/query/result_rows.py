"""A result page of a Bulk API 2.0 job → Pages: unpacked, decoded slice by slice, proven whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import csv_frames
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.support.gzip_stream import BrokenGzipError, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage

# Of unpacked text: what is decoded at once, whatever the size of a page.
_SLICE_BYTES = 2 << 20
_BLOCK_BYTES = 1 << 20


def pages_of(
    result_page: ResultPage, columns: Sequence[Column], before: JobCheckpoint
) -> Iterator[Page]:
    """Yield the rows of a result page slice by slice.

    The last slice waits for the proof: a page of one slice is emitted proven or not at all. Behind
    it stands where to go on with the job; behind the last page there is nothing to go on with.

    Args:
        result_page: The page.
        columns: The queried columns, in order.
        before: The job, with what was read of it before this page.

    Raises:
        IncompleteError: The page is not whole.
    """
    rows, held, is_first = 0, None, True
    for frame in _frames(result_page, columns):
        rows += frame.height
        if held is not None:
            yield Page(held, result_page.arrived, starts_page=is_first, ends_page=False)
            is_first = False
        held = frame
    if rows != result_page.headers.rows:
        raise IncompleteError(
            f"A result page of Bulk job {before.id} has {result_page.headers.rows:,} rows by its "
            f"header, but {rows:,} arrived.",
            hint="Run again.",
            code="bulk-page-mismatch",
        )
    if held is not None:
        behind = checkpoint_behind(result_page, before)
        job = behind if behind.locator is not None else None
        yield Page(held, result_page.arrived, starts_page=is_first, job=job)


def checkpoint_behind(result_page: ResultPage, before: JobCheckpoint) -> JobCheckpoint:
    """Return the job as it is behind a page that was read whole.

    Args:
        result_page: The page.
        before: The job, with what was read of it before this page.
    """
    headers = result_page.headers
    rows = before.rows_emitted + headers.rows
    return replace(before, locator=headers.locator, rows_emitted=rows)


def _frames(page: ResultPage, columns: Sequence[Column]) -> Iterator[Frame]:
    blocks = iter(partial(page.open().read, _BLOCK_BYTES), b"")
    if page.headers.encoding == "gzip":
        blocks = unpacked(blocks, _SLICE_BYTES)
    try:
        yield from csv_frames(page.measured(blocks), columns, _SLICE_BYTES)
    except BrokenGzipError as error:
        message = f"A result page of Bulk job {page.ref.job_id} can't be unpacked ({error})."
        raise IncompleteError(message, hint="Run again.", code="broken-page") from None
