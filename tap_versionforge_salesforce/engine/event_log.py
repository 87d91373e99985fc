"""What happens while rows are read, as lines of the log."""

from __future__ import annotations

import logging
from functools import singledispatchmethod

from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    Remark,
    Retried,
)
from tap_versionforge_salesforce.salesforce.support.redaction import printable, redact


class EventLog:
    """Writes what happens into a log.

    Args:
        logger: Whose handlers are nobody's business here, so that secrets are hidden before.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Write the line of an event, if it has one.

        Args:
            event: Of `salesforce.support.events`.
        """

    @take.register
    def _api_chosen(self, event: ApiChosen) -> None:
        self._log(logging.INFO, f"{event.sobject}: {event.api}, because {event.reason}.")

    @take.register
    def _job_created(self, event: JobCreated) -> None:
        self._log(logging.INFO, f"{event.sobject}: Bulk job {event.job_id}: {event.address}")

    @take.register
    def _retried(self, event: Retried) -> None:
        self._log(logging.INFO, event.text)

    @take.register
    def _remark(self, event: Remark) -> None:
        self._log(logging.WARNING if event.is_warning else logging.INFO, event.text)

    def _log(self, level: int, text: str) -> None:
        self._logger.log(level, "%s", printable(redact(text)))
