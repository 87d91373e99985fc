"""Settings → the org that they name, and how its rows are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import wrong_setting
from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
from tap_versionforge_salesforce.salesforce.http.quota import Quota
from tap_versionforge_salesforce.salesforce.org import Org
from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.auth.authenticator import SignIn
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.settings.definitions import Settings


def org_of(
    settings: Settings,
    *,
    user_agent: str,
    clock: Clock,
    logger: logging.Logger,
    sign_in: SignIn | None = None,
) -> Org:
    """Return the org that settings name; nothing is sent yet.

    Args:
        settings: The user's.
        user_agent: Sent with every request unless the settings say otherwise.
        clock: This machine's clock.
        logger: Where another version or audience than the wanted one is told.
        sign_in: Who signs in; None for whoever the settings name.
    """
    return Org(
        credentials=settings.sign_in if sign_in is None else sign_in,
        options=HttpOptions(
            user_agent=settings.user_agent or user_agent,
            request_timeout_seconds=settings.request_timeout_seconds,
            ca_bundle=settings.ca_bundle,
            # Downloads, first pages, looking at a job, removing one, and the main thread.
            connections=2 * settings.parallel_downloads + 3,
        ),
        api_version=settings.api_version,
        quota=Quota(reserve=settings.quota_reserve, max_calls=settings.max_api_calls),
        clock=clock,
        logger=logger,
    )


def query_options_of(settings: Settings) -> QueryOptions:
    """Return how settings want rows to be read."""
    return QueryOptions(
        api_mode=settings.api_mode,
        bulk_threshold=settings.bulk_threshold,
        bulk_page_rows=settings.bulk_page_rows,
        parallel_downloads=settings.parallel_downloads,
        job_timeout_seconds=settings.job_timeout_seconds,
        keep_jobs=settings.keep_jobs,
        spool_dir=settings.spool_dir,
        spool_megabytes=settings.spool_megabytes,
        changed_parents_only=settings.changed_parents_only,
    )


def check_paths(settings: Settings) -> None:
    """See that there is a place for what a run writes beside its messages.

    Raises:
        SettingsError: There is none.
    """
    spool, report = settings.spool_dir, settings.report_path
    if report is not None and ("\0" in report or not _is_folder(Path(report).parent)):
        raise wrong_setting(
            "report_path",
            f"names a file in no folder that can be entered: {report}",
            "Make the folder, or name another.",
        )
    if report is not None and _is_folder(Path(report)):
        raise wrong_setting("report_path", f"names a folder: {report}", "Name a file in it.")
    if spool is not None and not _is_folder(Path(spool)):
        raise wrong_setting(
            "spool_dir",
            f"names no folder that can be entered: {spool}",
            "Make it, or name another.",
        )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # behind a folder that is closed to the user, or too long
        return False
