"""What happens, as lines of the log."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict
from functools import singledispatchmethod

from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarnings
from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    Remark,
    Retried,
)
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionEnded,
    Reconciled,
    StreamEnded,
)
from tap_versionforge_salesforce.singer.log_fields import fields


class EventLog:
    """Writes what happens into the log, under the name of the stream that it is about.

    Args:
        logger: The tap's.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._value_warnings: dict[str, ValueWarnings] = {}
        # Of the calls of each stream.
        self._told_calls = Counter[str]()

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Write the line of an event, if it has one.

        Args:
            event: Of `salesforce.support.events` or `singer.events`.
        """

    @take.register
    def _api_chosen(self, event: ApiChosen) -> None:
        logger = self._of(event.sobject)
        told = fields("api_chosen", event.sobject, api=event.api, reason=event.reason)
        logger.info("%s: %s, because %s.", event.sobject, event.api, event.reason, extra=told)

    @take.register
    def _job_created(self, event: JobCreated) -> None:
        told = fields("job_created", event.sobject, job_id=event.job_id, job_address=event.address)
        logger = self._of(event.sobject)
        logger.info("Bulk job %s: %s", event.job_id, event.address, extra=told)

    @take.register
    def _retried(self, event: Retried) -> None:
        told = fields("retried", kind=event.kind, seconds=event.seconds, calls=event.calls)
        self._logger.info("%s", event.text, extra=told)

    @take.register
    def _remark(self, event: Remark) -> None:
        logger = self._logger if event.sobject is None else self._of(event.sobject)
        level = logging.WARNING if event.is_warning else logging.INFO
        logger.log(level, "%s", event.text, extra=fields("remark", event.sobject))

    @take.register
    def _page_written(self, event: PageWritten) -> None:
        self._warnings_of(event.stream).record(
            event.value_warnings, starts_page=event.starts_page, ends_page=event.ends_page
        )

    @take.register
    def _partition_ended(self, event: PartitionEnded) -> None:
        calls = event.calls - self._told_calls[event.stream]
        self._of(event.stream).info(
            "%s: %s by %s in %s.",
            event.stream,
            counted(event.rows, "row"),
            event.api or "no API",
            # A request that serves several streams is counted for one of them.
            counted(calls, "API call") if calls else "another stream's API call",
            extra=fields(
                "partition_ended",
                event.stream,
                api=event.api,
                reason=event.reason,
                rows=event.rows,
                rows_before=event.rows_before,
                calls=calls,
            ),
        )
        self._told_calls[event.stream] = event.calls

    @take.register
    def _reconciled(self, event: Reconciled) -> None:
        logger, name = self._of(event.stream), event.stream
        found = {each: value for each, value in asdict(event).items() if each != "stream"}
        told = fields("reconciled", name, **found)
        if event.not_compared is not None:
            logger.info(
                "%s: %s swept, and nothing is compared yet: %s.",
                name,
                counted(event.swept, "row"),
                event.not_compared,
                extra=told,
            )
            return
        logger.info(
            "%s is reconciled: %s swept, %s, in %s.",
            name,
            counted(event.swept, "row"),
            _differences(event),
            counted(event.calls, "API call"),
            extra=told,
        )
        if event.hidden:
            logger.warning(
                "%s: %s can't be seen any more. Such rows can't be deleted, and stay in the "
                "target: look at what the user may see.",
                name,
                counted(event.hidden, "row"),
            )
        if event.in_closed_windows:
            logger.warning(
                "%s: %s had a stamp of a time that was read before, and had not come: shared with "
                "the user since, restored, or committed later than lookback_seconds provides for. "
                "They have been read now.",
                name,
                counted(event.in_closed_windows, "row"),
            )

    @take.register
    def _stream_ended(self, event: StreamEnded) -> None:
        self._warnings_of(event.stream).log_summary(self._of(event.stream))
        self._value_warnings.pop(event.stream, None)

    def _of(self, stream: str) -> logging.Logger:
        return self._logger.getChild(stream)

    def _warnings_of(self, stream: str) -> ValueWarnings:
        return self._value_warnings.setdefault(stream, ValueWarnings(stream))


def _differences(event: Reconciled) -> str:
    numbers = {
        "gone": event.gone,
        "hidden": event.hidden,
        "stale": event.stale,
        "new behind the bookmark": event.new_behind_bookmark,
        "moved unseen": event.moved_unseen,
        "unsure": event.unsure,
        "read again": event.read_again,
    }
    found = [f"{number:,} {what}" for what, number in numbers.items() if number]
    return ", ".join(found) or "nothing differs"
