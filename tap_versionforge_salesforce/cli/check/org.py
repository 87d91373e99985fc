"""What `check` asks the org itself: token, versions, who is signed in, clock, limits, store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check.steps import Finding, Status
from tap_versionforge_salesforce.errors import RefusedError, UnavailableError
from tap_versionforge_salesforce.salesforce.daily_limits import read_limits
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import DELETIONS
from tap_versionforge_salesforce.singer.packed_catalog import selected_in
from tap_versionforge_salesforce.singer.reconciled_streams import check_deletions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib import Catalog

    from tap_versionforge_salesforce.singer.run import Run

# Answers carry whole seconds, and take some themselves.
_SAME_SECONDS, _MANY_SECONDS = 5, 60


def look_at_token(run: Run) -> Finding:
    """Sign in.

    Raises:
        SettingsError: That was the last time, since what the next sign-in needs is lost.
    """
    token = run.client.session.token()
    if token.loss is not None:
        raise token.loss
    scope = token.scope
    facts = {"scopes": scope.split() if scope else None}
    return Finding(f"signed in, scopes: {scope or 'not told'}", facts=facts)


def look_at_versions(run: Run) -> Finding:
    """See which API versions the org has, and which one serves."""
    client = run.client
    versions = client.versions()
    client.ensure_api_version()
    spread = f"{versions[0]} to {versions[-1]}" if versions else "none"
    return Finding(
        f"the org has {spread}; using {client.api_version}",
        facts={"api_version": client.api_version, "api_versions": versions},
    )


def look_at_identity(run: Run) -> Finding:
    """See who is signed in."""
    client = run.client
    user = client.session.token().identity_url.rpartition("/")[2]
    try:
        info = client.identity()
    except (RefusedError, UnavailableError):
        # It needs the scope id, which extracting does not.
        info = {}
    user = user or str(info.get("user_id") or "")
    organization = _organization(run)
    ids = f"user {user or 'not told'}, org {organization or 'not told'}"
    facts = {"user_id": user or None, "organization_id": organization}
    if not info:
        return Finding(ids, facts=facts)
    return Finding(f"{info.get('name')} <{info.get('preferred_username')}>, {ids}", facts=facts)


def _organization(run: Run) -> str | None:
    try:
        return run.org.id
    except RefusedError:
        # Whether it is the session that is refused shows in the next request.
        return None


def look_at_clock(run: Run) -> Finding:
    """Hold this machine's clock against Salesforce's."""
    org = run.org
    seconds = round((org.clock.now() - org.server_time()).total_seconds())
    facts = {"clock_skew_seconds": seconds}
    if abs(seconds) <= _SAME_SECONDS:
        return Finding(f"as Salesforce's, within {_SAME_SECONDS} seconds", facts=facts)
    found = f"{abs(seconds):,} seconds {'ahead of' if seconds > 0 else 'behind'} Salesforce's"
    if abs(seconds) <= _MANY_SECONDS:
        return Finding(found, facts=facts)
    hint = "Set it (NTP): an assertion is good for three minutes."
    return Finding(found, Status.WARNING, hint, facts)


def look_at_limits(run: Run) -> Finding:
    """See what is left of the day's API calls and Bulk jobs."""
    reason = read_limits(run.org)
    quota = run.org.quota
    facts = {
        name: {key: limit[key] for key in ("maximum", "remaining")}
        for name, limit in quota.content().items()
    }
    if reason is not None:
        found = f"can't be read: {reason}; the usage in Salesforce's answers serves instead"
        return Finding(found, Status.SKIPPED, facts={"quota": facts})
    limits = (
        (quota.daily, "daily API calls"),
        (quota.bulk.jobs, "daily Bulk 2.0 query jobs"),
    )
    found = "; ".join(
        f"{allowance.remaining:,} of {allowance.maximum:,} {what} left"
        for allowance, what in limits
        if allowance is not None
    )
    warning = quota.warning(run.settings.quota_warning_threshold)
    if warning is None:
        return Finding(found, facts={"quota": facts})
    return Finding(found, Status.WARNING, warning, {"quota": facts})


def look_at_store(run: Run, catalog: Catalog | None, config: Mapping[str, object]) -> Finding:
    """See that the store of a reconciliation can be used, and that somebody is told of it.

    Args:
        run: The run.
        catalog: What is selected; None for the setting ``objects``.
        config: As given on the command line.
    """
    store = run.store
    assert store is not None  # noqa: S101  the setting is given
    if catalog is not None and run.settings.has_deletions_stream:
        maps = config.get("stream_maps")
        check_deletions(
            is_selected=DELETIONS in selected_in(catalog),
            is_read=True,
            # An __else__ that removes it is told by the run.
            maps=maps if isinstance(maps, dict) else {},
        )
    hours = run.settings.reconcile_every_hours
    often = "no run with this config reconciles" if hours is None else _often(hours)
    return Finding(f"{store.url} can be read and written; {often}")


def _often(hours: int) -> str:
    return f"reconciled every {counted(hours, 'hour')}" if hours else "reconciled in each run"
