"""What the org says beforehand of its daily limits and its rows: asked once, and only advice."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.client import counted_together
from tap_versionforge_salesforce.salesforce.daily_limits import read_limits, why_not
from tap_versionforge_salesforce.salesforce.support.events import RowsCounted
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.quota_forecast import (
    StreamForecast,
    estimate_of,
    shortfalls,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Sequence

    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.settings.definitions import Settings


class QuotaAdvice:
    """Looks at the daily limits of an org, and at the rows of its objects, once in a run.

    Args:
        org: The org.
        settings: The user's settings.
        logger: The tap's.
        expected: Returns what is known of all streams of this run, so that the rows of those that
            are read whole can be counted in one call.
    """

    def __init__(
        self,
        *,
        org: Org,
        settings: Settings,
        logger: logging.Logger,
        expected: Callable[[], Sequence[StreamForecast]],
    ) -> None:
        self._org = org
        self._settings = settings
        self._logger = logger
        self._expected = expected
        self._is_warned = False

    def look_at_quota(self) -> None:
        """Warn when few daily API calls are left: once by ``/limits``, then by what answers say.

        Called before each stream; costs one call in the whole run.
        """
        _ = self._are_limits_known
        warning = self._org.quota.warning(self._settings.quota_warning_threshold)
        if warning and not self._is_warned:
            self._logger.warning("%s", warning)
            self._is_warned = True

    def tell_needs(self) -> None:
        """Say once what the run will need, if that is known, and warn where it will not have it.

        Called before each stream; costs at most one call in the whole run.
        """
        _ = self._is_estimated

    @property
    def has_asked(self) -> bool:
        """Tell whether the limits were asked for, which takes a session."""
        return "_are_limits_known" in vars(self)

    def count_rows(self, name: str) -> int | None:
        """Return the approximate rows of an object; None where Salesforce does not tell."""
        return self._row_counts.get(name)

    @cached_property
    def _are_limits_known(self) -> bool:
        reason = read_limits(self._org)
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
        needed = estimate_of(expected, self._known_counts(), self._settings.api_mode)
        streams = sum(not each.is_sweep for each in expected)
        if needed.unknown < len(expected):
            self._logger.info(
                "Needed at the least: %s, %s, %s MB for their results%s.",
                counted(needed.calls, "API call"),
                counted(needed.jobs, "Bulk job"),
                f"{needed.storage_megabytes:,}",
                f"; nobody can tell beforehand for {needed.unknown:,} of {streams:,} streams"
                if needed.unknown
                else "",
            )
        short = list(shortfalls(needed, self._org.quota))
        if short:
            self._logger.warning(
                "This run will not fit into what is left: it needs %s. It will stop with exit code "
                "4 when that is used up, and %s. Read fewer objects or columns, or run at another "
                "time.",
                " and ".join(short),
                "no run goes on with its ranges"
                if self._settings.backfills
                else "the next run goes on from there",
            )
        return True

    def _known_counts(self) -> dict[str, int]:
        # In the other modes nothing hangs on them, so no call is made for them.
        return self._row_counts if self._settings.api_mode == "auto" else {}

    @cached_property
    def _row_counts(self) -> dict[str, int]:
        # One may be read whole and swept, too.
        full = [each for each in self._expected() if each.is_full]
        names = list(dict.fromkeys(each.counted_as for each in full))
        counts: dict[str, int] = {}
        problem: TapError | None = None
        for together in counted_together(names):
            try:
                counts |= self._org.client.record_count(together)
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
                why_not(problem),
            )
        titles = dict.fromkeys((each.name, each.counted_as) for each in full)
        for title, name in titles:
            if name in counts:
                self._org.events.tell(RowsCounted(title, counts[name], is_estimate=True))
        return counts
