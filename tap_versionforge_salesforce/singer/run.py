"""What all streams of one run share: the org, its quota, and what is asked once for all."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    RefusedError,
    SomeStreamsFailedError,
    TapError,
    UnavailableError,
    wrong_setting,
)
from tap_versionforge_salesforce.salesforce.client import SalesforceClient, counted_together
from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
from tap_versionforge_salesforce.salesforce.http.quota import Quota, from_limits
from tap_versionforge_salesforce.salesforce.http.refusals import is_missing_permission
from tap_versionforge_salesforce.salesforce.org import Org
from tap_versionforge_salesforce.salesforce.query.download_queue import DownloadQueue
from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.event_log import EventLog
from tap_versionforge_salesforce.singer.events import Usage
from tap_versionforge_salesforce.singer.quota_forecast import (
    StreamForecast,
    estimate_of,
    shortfalls,
)
from tap_versionforge_salesforce.singer.run_report import RunReport

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.prefetch import Prefetcher


# Of packed pages that wait on disk for the target.
_BYTES_AHEAD = 1 << 30


class Run:
    """One run: its org, and what its streams share; nothing is sent before it is needed.

    Args:
        settings: The user's settings.
        clock: This machine's clock.
        logger: The tap's.
        user_agent: Sent with every request unless the settings say otherwise.
        expected: Returns what is known of all streams of this run, so that the rows of those that
            are read whole can be counted in one call.
        prefetcher: Begins work for streams before their turn.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        logger: logging.Logger,
        user_agent: str,
        expected: Callable[[], Sequence[StreamForecast]],
        prefetcher: Prefetcher,
    ) -> None:
        self.settings = settings
        self.org = Org(
            credentials=settings.credentials,
            options=_http_options(settings, settings.user_agent or user_agent),
            api_version=settings.api_version,
            quota=Quota(reserve=settings.quota_reserve, max_calls=settings.max_api_calls),
            clock=clock,
            logger=logger,
        )
        self.query_options = _query_options(settings)
        self.report = RunReport()
        self.org.events.listen(EventLog(logger).take)
        self.org.events.listen(self.report.take)
        self.downloads = DownloadQueue(
            # One is being written.
            pages=settings.parallel_downloads + 1,
            size=_BYTES_AHEAD,
        )
        #: The error of each stream that failed while the others went on.
        self.failures: dict[str, TapError] = {}
        self._logger = logger
        self._expected = expected
        self.prefetcher = prefetcher
        self._warned = False
        self._began = clock.monotonic()

    @property
    def usage(self) -> Usage:
        """Return what the run has used by now."""
        return Usage(
            calls=self.org.quota.calls,
            received_bytes=self.org.quota.received_bytes,
            seconds=self.org.clock.monotonic() - self._began,
            waiting_seconds=self.org.interruption.waited_seconds,
        )

    @cached_property
    def client(self) -> SalesforceClient:
        """Return the org's endpoints.

        Raises:
            SettingsError: The key or a path can't be used.
        """
        _check_paths(self.settings)
        return self.org.client

    def end(self) -> None:
        """Finish what is done aside; what was begun for streams that are not read stops."""
        self.org.end()
        self.prefetcher.end()
        self.org.retry_log.tell_summary()

    def tell_report(self) -> None:
        """Log what the run did, and write it to ``report_path``."""
        usage = replace(self.usage, seconds=round(self.usage.seconds, 3))
        self.report.troubles = self.org.retry_log.found
        self.report.quota = self.org.quota.content()
        self.report.tell(usage, self.settings.report_path, self._logger)

    def raise_failures(self) -> None:
        """End the run with what went wrong in single streams.

        Raises:
            SomeStreamsFailedError: At least one stream failed.
        """
        if self.failures:
            others = sum(stream.error is None for stream in self.report.streams.values())
            raise SomeStreamsFailedError(self.failures, others=others)

    def is_served(self) -> bool:
        """Tell whether Salesforce answers what is asked with the session, now that it has not."""
        # Without them, it was that which it has refused.
        return "_limits_asked" in vars(self) and self.org.accepts_session()

    def look_at_quota(self) -> None:
        """Warn when few daily API calls are left: once by ``/limits``, then by what answers say.

        Called before each stream; costs one call in the whole run.
        """
        _ = self._limits_asked
        warning = self.org.quota.warning(self.settings.quota_warning_threshold)
        if warning and not self._warned:
            self._logger.warning("%s", warning)
            self._warned = True

    def tell_needs(self) -> None:
        """Say once what the run will need, if that is known, and warn where it will not have it.

        Called before each stream; costs at most one call in the whole run.
        """
        _ = self._is_estimated

    def count_rows(self, name: str) -> int | None:
        """Return the approximate rows of an object; None where Salesforce does not tell."""
        return self._row_counts.get(name)

    def read_limits(self) -> str | None:
        """Take in what ``/limits`` says, which is only advice.

        Returns:
            Why it says nothing, as the end of a sentence; None where it does.
        """
        try:
            limits = self.client.limits()
        except (RefusedError, UnavailableError) as error:
            return _why_not(error)
        self.org.quota.note(limits)
        if from_limits(limits, "DailyApiRequests") is None:
            return "the answer does not hold the daily API calls"
        return None

    @cached_property
    def _limits_asked(self) -> bool:
        reason = self.read_limits()
        if reason is not None:
            self._logger.info(
                "The daily limits can't be read: %s. The usage in Salesforce's answers serves "
                "instead.",
                reason,
            )
        return reason is None

    @cached_property
    def _is_estimated(self) -> bool:
        expected = self._expected()
        needed = estimate_of(expected, self._known_counts(), self.settings.api_mode)
        if needed.unknown < len(expected):
            self._logger.info(
                "Needed at the least: %s, %s, %s MB for their results%s.",
                counted(needed.calls, "API call"),
                counted(needed.jobs, "Bulk job"),
                f"{needed.storage_megabytes:,}",
                f"; nobody can tell beforehand for {needed.unknown:,} of {len(expected):,} streams"
                if needed.unknown
                else "",
            )
        short = list(shortfalls(needed, self.org.quota))
        if short:
            self._logger.warning(
                "This run will not fit into what is left: it needs %s. It will stop with exit code "
                "4 when that is used up, and the next run goes on from there. Read fewer objects "
                "or columns, or run at another time.",
                " and ".join(short),
            )
        return True

    def _known_counts(self) -> dict[str, int]:
        # In the other modes nothing hangs on them, so no call is made for them.
        return self._row_counts if self.settings.api_mode == "auto" else {}

    @cached_property
    def _row_counts(self) -> dict[str, int]:
        names = [each.name for each in self._expected() if each.is_full]
        counts: dict[str, int] = {}
        problem: TapError | None = None
        for together in counted_together(names):
            try:
                counts |= self.client.record_count(together)
            except RefusedError as error:
                problem = error
            except UnavailableError as error:
                problem = error
                break
        if problem is not None:
            self._logger.info(
                "%s rows can't be counted beforehand: %s. The first page of each full extract "
                "decides instead.",
                "Some" if counts else "The",
                _why_not(problem),
            )
        return counts


def _why_not(error: TapError) -> str:
    """Return what came instead of advice, without the full stop."""
    if not isinstance(error, RefusedError):
        return error.message.rstrip(".")
    told = f"HTTP {error.status}, {error.error_code or 'without an errorCode'}"
    if is_missing_permission(error.error_code, error.reason):
        return f"{told}: the user lacks the permission View Setup and Configuration"
    return f"{told}: {error.reason.rstrip('.')}" if error.reason else told


def _http_options(settings: Settings, user_agent: str) -> HttpOptions:
    return HttpOptions(
        user_agent=user_agent,
        request_timeout_seconds=settings.request_timeout_seconds,
        ca_bundle=settings.ca_bundle,
        # Downloads, first pages, looking at a job, removing one, and the main thread.
        connections=2 * settings.parallel_downloads + 3,
    )


def _query_options(settings: Settings) -> QueryOptions:
    return QueryOptions(
        api_mode=settings.api_mode,
        bulk_threshold=settings.bulk_threshold,
        bulk_page_rows=settings.bulk_page_rows,
        parallel_downloads=settings.parallel_downloads,
        job_timeout_seconds=settings.job_timeout_seconds,
        keep_jobs=settings.keep_jobs,
        spool_dir=settings.spool_dir,
    )


def _check_paths(settings: Settings) -> None:
    spool, report = settings.spool_dir, settings.report_path
    if report is not None and not Path(report).parent.is_dir():
        raise wrong_setting(
            "report_path",
            f"names a file in no folder: {report}",
            "Make the folder, or name another.",
        )
    if spool is not None and not Path(spool).is_dir():
        raise wrong_setting("spool_dir", f"names no folder: {spool}", "Make it, or name another.")
