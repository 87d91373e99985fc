"""What all streams of one run share: the org, its quota, and what is asked once for all."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tap_versionforge_salesforce import __version__
from tap_versionforge_salesforce.early_sign_in import early_org
from tap_versionforge_salesforce.errors import (
    SomeStreamsFailedError,
    TapError,
)
from tap_versionforge_salesforce.salesforce.objects.describe_cache import DescribeCache
from tap_versionforge_salesforce.salesforce.query.composite_queries import CompositeQueries
from tap_versionforge_salesforce.salesforce.query.download_queue import DownloadQueue
from tap_versionforge_salesforce.salesforce.reconcile.folder import open_store
from tap_versionforge_salesforce.salesforce.reconcile.lock import Presence
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.settings.connecting import (
    check_paths,
    org_of,
    query_options_of,
)
from tap_versionforge_salesforce.singer.discovery_progress import DiscoveryProgress
from tap_versionforge_salesforce.singer.end_table import log_table
from tap_versionforge_salesforce.singer.event_log import EventLog
from tap_versionforge_salesforce.singer.events import RunBegun, Usage
from tap_versionforge_salesforce.singer.prefetch import Prefetcher
from tap_versionforge_salesforce.singer.progress import Progress
from tap_versionforge_salesforce.singer.quota_advice import QuotaAdvice
from tap_versionforge_salesforce.singer.read_progress import ReadProgress
from tap_versionforge_salesforce.singer.run_report import RunReport, write_report
from tap_versionforge_salesforce.singer.terminal import takes_messages, terminal

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.client import SalesforceClient
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.prefetch import Prefetchable
    from tap_versionforge_salesforce.singer.quota_forecast import (
        StreamForecast,
    )


class Run:
    """One run: its org, and what its streams share; nothing is sent before it is needed.

    Args:
        settings: The user's settings.
        clock: This machine's clock.
        logger: The tap's.
        user_agent: Sent with every request unless the settings say otherwise.
        expected: Returns what is known of all streams of this run, so that the rows of those that
            are read whole can be counted in one call.
        syncs: Returns the sync of each stream that is read, in the order in which they are.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        logger: logging.Logger,
        user_agent: str,
        expected: Callable[[], Sequence[StreamForecast]],
        syncs: Callable[[], Sequence[Prefetchable]],
    ) -> None:
        self.settings = settings
        self.org = early_org(settings) or org_of(
            settings, user_agent=user_agent, clock=clock, logger=logger
        )
        self.report = RunReport()
        self.org.events.listen(EventLog(logger).take)
        self.org.events.listen(self.report.take)
        self.progress = Progress()
        self.org.events.listen(self.progress.take)
        described = DiscoveryProgress(logger, clock.monotonic, terminal(logger))
        self.org.events.listen(described.take)
        self.org.events.listen(ReadProgress(logger, clock.monotonic, self.progress).take)
        self.downloads = DownloadQueue(
            # One is being written.
            pages=settings.parallel_downloads + 1,
            megabytes=settings.spool_megabytes,
            tell=lambda text: self.org.events.tell(Remark(None, text)),
        )
        self.composites = CompositeQueries(self.org, are_wanted=settings.composite_queries)
        #: A stream of the run wants what describes say to people.
        self.keeps_meaning = False
        #: The error of each stream that failed while the others went on.
        self.failures: dict[str, TapError] = {}
        self.prefetcher = Prefetcher(
            syncs,
            most_jobs=settings.max_parallel_jobs,
            parallel_downloads=settings.parallel_downloads,
            composites=self.composites,
        )
        self.advice = QuotaAdvice(org=self.org, settings=settings, logger=logger, expected=expected)
        self._began = clock.monotonic()

    @cached_property
    def query_options(self) -> QueryOptions:
        """Return how queries are read."""
        return query_options_of(self.settings)

    @contextmanager
    def displayed(self, streams: Sequence[str], logger: logging.Logger) -> Iterator[None]:
        """Show on a terminal how far the streams are, while the block reads them.

        Not where messages go to a terminal: they would be erased where it is the same one.

        Args:
            streams: The names of those that are read, in their order.
            logger: The tap's.
        """
        stderr = None if takes_messages() else terminal(logger)
        with ExitStack() as shown:
            if stderr is not None:
                # Not at the top: rich takes its time, and most runs have no terminal.
                from tap_versionforge_salesforce.singer.display.live import LiveDisplay  # noqa: PLC0415

                display = LiveDisplay(
                    stderr,
                    progress=self.progress,
                    report=self.report,
                    quota=self.org.quota,
                    seconds=self.org.clock.monotonic,
                )
                self.org.events.listen(display.take)
                shown.enter_context(display)
            self.org.events.tell(RunBegun(tuple(streams)))
            yield

    @property
    def usage(self) -> Usage:
        """Return what the run has used by now."""
        return Usage(
            calls=self.org.quota.calls,
            received_bytes=self.org.quota.received_bytes,
            seconds=self.org.clock.monotonic() - self._began,
            waiting_seconds=round(self.org.interruption.waited_seconds, 3),
        )

    @cached_property
    def describes(self) -> DescribeCache:
        """Return what earlier runs know of the org's objects."""
        settings = self.settings
        folder = settings.cache_folder
        # Who signs in with a secret is known once Salesforce has said so.
        user = settings.known_user or ("" if folder is None else self.org.user_id)
        return DescribeCache(
            folder if user else None,
            key=(self.org.url, user, self.client.api_version, __version__),
            now=self.org.clock.now,
            tell=lambda what: self.client.logger.warning(
                "%s Delete that file where it is broken, or set discovery_cache to another folder, "
                "or to false.",
                what,
            ),
        )

    def close_describes(self) -> None:
        """Let go of the file of describes, if it was needed."""
        if (describes := vars(self).get("describes")) is not None:
            describes.close()

    @cached_property
    def store(self) -> StoreFolder | None:
        """Return where it is kept what was swept and emitted; None where nothing is.

        Raises:
            SettingsError: It can't be used, or is that of another org.
        """
        url = self.settings.reconcile_store
        return None if url is None else open_store(url, self.org.id)

    @cached_property
    def presence(self) -> Presence | None:
        """Return what says in the store that this run uses it; None where it uses none.

        Raises:
            SettingsError: It can't be written.
        """
        return None if self.store is None else Presence(self.store, self.org.clock.now)

    @cached_property
    def client(self) -> SalesforceClient:
        """Return the org's endpoints.

        Raises:
            SettingsError: The key or a path can't be used.
        """
        check_paths(self.settings)
        return self.org.client

    def end(self) -> None:
        """Finish what is done aside; what was begun for streams that are not read stops."""
        try:
            self.org.end()
        finally:
            if (presence := vars(self).get("presence")) is not None:
                presence.end()
            self.prefetcher.end()
            self.close_describes()
            self.org.retry_log.tell_summary()

    def tell_report(self, logger: logging.Logger) -> None:
        """Tell what the run did: to a terminal or the log, and to ``report_path``.

        Args:
            logger: The tap's.
        """
        usage = replace(self.usage, seconds=round(self.usage.seconds, 3))
        self.report.troubles = self.org.retry_log.found
        self.report.quota = self.org.quota.content()
        self.report.spool = self.downloads.content()
        content, stderr = self.report.content(usage), terminal(logger)
        if stderr is None:
            log_table(content, logger)
        else:
            from tap_versionforge_salesforce.singer.display.table import print_table  # noqa: PLC0415

            # The terminal may be gone, and whoever wants the report has a file.
            with suppress(OSError, ValueError):
                print_table(content, stderr)
        if self.settings.report_path is not None:
            write_report(content, self.settings.report_path, logger)

    def fail_stream(self, name: str, error: TapError) -> None:
        """Keep the error of a stream for the end of the run, so that the others are read.

        Args:
            name: The stream's.
            error: It lets go of where it was raised, and of the rows that are in hand there.
        """
        self.failures[name] = error.without_frames()

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
        return self.advice.has_asked and self.org.accepts_session()
