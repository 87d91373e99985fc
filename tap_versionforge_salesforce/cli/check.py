"""`check`: every step of the way to the data, one line each, up to the first that fails."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from tap_versionforge_salesforce.cli.check_output import (
    Step,
    next_command,
    print_end,
    print_json,
    print_step,
)
from tap_versionforge_salesforce.cli.config_option import config_option, merged_config
from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.auth.certificate import certificate_end
from tap_versionforge_salesforce.salesforce.auth.private_key import fingerprint, load_private_key
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.discovery import describe_selected, discover
from tap_versionforge_salesforce.singer.events import DELETIONS
from tap_versionforge_salesforce.singer.input_files import catalog_file
from tap_versionforge_salesforce.singer.packed_catalog import catalog_in, selected_in
from tap_versionforge_salesforce.singer.reconciled_streams import check_deletions, idle_fields
from tap_versionforge_salesforce.singer.remedies import name_settings
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.singerlib import Catalog

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.singer.run import Run


# Of a certificate's life: enough to make the next one and upload it.
_FEW_DAYS = 30
# Answers carry whole seconds, and take some themselves.
_SAME_SECONDS, _MANY_SECONDS = 5, 60


class Checks:
    """The steps, in the order in which an extraction needs them.

    Args:
        config: As given on the command line.
        catalog: A catalog whose selected objects are to be looked at; None for the setting
            ``objects``.
    """

    def __init__(self, config: _ConfigInput, catalog: Catalog | None) -> None:
        self._config = config
        self._catalog = catalog
        self._tap: TapVersionForgeSalesforce | None = None
        self._sobjects: list[SObject] = []
        self._undescribed: dict[str, TapError] = {}

    def run(self) -> Iterator[tuple[Step, TapError | None]]:
        """Yield each step with its error; an error that is not one object's is the last step."""
        was_unavailable = False
        for name, look in self._looks():
            try:
                step, error = Step(name, ok=True, found=look()), None
            except TapError as raised:
                error = raised
                name_settings(error)
                step = Step(name, ok=False, found=error.message, hint=error.hint, code=error.code)
            yield step, error
            if name in self._undescribed:
                # That Salesforce can be reached has been looked at.
                continue
            is_unavailable = isinstance(error, UnavailableError)
            is_objects = isinstance(error, RefusedError) or (is_unavailable and not was_unavailable)
            if error is not None and not (self._sobjects and is_objects):
                break
            was_unavailable = is_unavailable
        if self._tap is not None:
            self._tap.run.org.retry_log.tell_summary()

    def _looks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "settings", self._settings
        if self._run.settings.access_token is None:
            yield "key", self._key
            if self._run.settings.certificate_path is not None:
                yield "certificate", self._certificate
        yield "token", self._token
        yield "API versions", self._versions
        yield "identity", self._identity
        yield "clock", self._clock
        yield "limits", self._limits
        if self._run.settings.reconcile_store is not None:
            yield "store", self._store
        yield "describe", self._describe
        if self._run.settings.reconcile_fields:
            yield "reconcile_fields", self._reconcile_fields
        for name, error in self._undescribed.items():
            yield name, partial(_fail, error)
        for sobject in self._sobjects:
            yield sobject.name, partial(self._one_row, sobject)

    @property
    def _run(self) -> Run:
        assert self._tap is not None  # noqa: S101  the step before has made it
        return self._tap.run

    def _settings(self) -> str:
        self._tap = TapVersionForgeSalesforce(
            config=self._config.config,
            parse_env_config=self._config.parse_env,
            catalog=self._catalog,
            setup_mapper=False,
        )
        settings = self._tap.settings
        if settings.access_token is not None:
            return f"an access token, which is never renewed, at {settings.instance_url}"
        return f"{settings.username} at {settings.instance_url}, audience {settings.jwt_audience}"

    def _key(self) -> str:
        key = load_private_key(self._run.settings.credentials)
        return f"RSA, {key.key_size} bits, SHA-256 of the public key {fingerprint(key)}"

    def _certificate(self) -> str:
        settings, now = self._run.settings, self._run.org.clock.now()
        assert settings.certificate_path is not None  # noqa: S101  it is given
        key = load_private_key(settings.credentials)
        end = certificate_end(settings.certificate_path, key, now=now)
        days = (end - now).days
        warning = (
            "; WARNING: make the next one with tap-versionforge-salesforce keygen --renew"
            if days < _FEW_DAYS
            else ""
        )
        return f"of this key, good until {end:%Y-%m-%d}: {counted(days, 'day')}{warning}"

    def _clock(self) -> str:
        org = self._run.org
        seconds = round((org.clock.now() - org.server_time()).total_seconds())
        if abs(seconds) <= _SAME_SECONDS:
            return f"as Salesforce's, within {_SAME_SECONDS} seconds"
        side = "ahead of" if seconds > 0 else "behind"
        warning = (
            "; WARNING: set it (NTP), an assertion is good for three minutes"
            if abs(seconds) > _MANY_SECONDS
            else ""
        )
        return f"{abs(seconds):,} seconds {side} Salesforce's{warning}"

    def _token(self) -> str:
        token = self._run.client.session.token()
        if self._run.settings.access_token is not None:
            return "given; the steps below show whether it is good"
        return f"signed in, scopes: {token.scope or 'not told'}"

    def _versions(self) -> str:
        client = self._run.client
        versions = client.versions()
        client.ensure_api_version()
        spread = f"{versions[0]} to {versions[-1]}" if versions else "none"
        return f"the org has {spread}; using {client.api_version}"

    def _identity(self) -> str:
        client = self._run.client
        user = client.session.token().identity_url.rpartition("/")[2]
        try:
            info = client.identity()
        except (RefusedError, UnavailableError):
            # It needs the scope id, which extracting does not.
            return f"user {user or 'not told'}, org {self._run.org.id}"
        ids = f"user {user or info.get('user_id')}, org {self._run.org.id}"
        return f"{info.get('name')} <{info.get('preferred_username')}>, {ids}"

    def _limits(self) -> str:
        reason = self._run.advice.read_limits()
        if reason is not None:
            return f"can't be read: {reason}; the usage in Salesforce's answers serves instead"
        quota = self._run.org.quota
        limits = (
            (quota.daily, "daily API calls"),
            (quota.bulk.jobs, "daily Bulk 2.0 query jobs"),
        )
        found = [
            f"{allowance.remaining:,} of {allowance.maximum:,} {what} left"
            for allowance, what in limits
            if allowance is not None
        ]
        warning = quota.warning(self._run.settings.quota_warning_threshold)
        return "; ".join([*found, *([f"WARNING: {warning}"] if warning else [])])

    def _store(self) -> str:
        store = self._run.store
        assert store is not None  # noqa: S101  the setting is given
        if self._catalog is not None and self._run.settings.has_deletions_stream:
            is_selected = DELETIONS in selected_in(self._catalog)
            maps = self._config.config.get("stream_maps") or {}
            # An __else__ that removes it is told by the run.
            check_deletions(is_selected=is_selected, is_read=True, maps=maps)
        hours = self._run.settings.reconcile_every_hours
        often = "no run with this config reconciles" if hours is None else _often(hours)
        return f"{store.url} can be read and written; {often}"

    def _reconcile_fields(self) -> str:
        named = self._run.settings.reconcile_fields or {}
        columns = {sobject.name: sobject.columns for sobject in self._sobjects}
        warnings = [f"WARNING: {each}" for each in idle_fields(named, columns)]
        return " ".join(warnings) or f"all fields of {counted(len(named), 'object')} are there"

    def _describe(self) -> str:
        assert self._tap is not None  # noqa: S101  the first step has made it
        if self._catalog is None:
            self._sobjects = list(discover(self._run, self._tap.logger).sobjects)
        else:
            names = _selected(self._tap)
            self._sobjects = describe_selected(self._run, names, self._tap.logger)
        self._undescribed = self._run.failures
        self._run.describes.close()
        fields = sum(len(sobject.columns) for sobject in self._sobjects)
        wanted = len(self._sobjects) + len(self._undescribed)
        of_all = f"{len(self._sobjects):,} of " if self._undescribed else ""
        objects = f"{of_all}{counted(wanted, 'object')}"
        calls = counted(len(self._sobjects), "API call")
        return f"{objects} with {counted(fields, 'field')}; a look at one row of each takes {calls}"

    def _sees_rows(self, query: Query) -> bool:
        if query.parent is not None:
            # Not at the top, as above.
            from tap_versionforge_salesforce.salesforce.query.read import read  # noqa: PLC0415

            pages = read(self._run.org, query, self._run.query_options)
            return any(page.frame.height for page in pages)
        reply = self._run.client.query(query.text(ordered=False), deleted=query.all_rows)
        answer = reply.json()
        return isinstance(answer, dict) and bool(answer.get("records"))

    def _one_row(self, sobject: SObject) -> str:
        # Not at the top: it brings polars, which --help, --version and --about do without.
        from tap_versionforge_salesforce.salesforce.objects.soql import query_of  # noqa: PLC0415

        settings = self._run.settings
        columns = (sobject.one_column,)
        query = query_of(sobject, columns, include_deleted=settings.include_deleted)
        rows = self._sees_rows(replace(query, limit=1))
        key = sobject.replication_key
        how = f"incremental by {key}" if key else "full table, it has no replication key"
        return f"{'readable' if rows else 'readable, but the user sees no rows'}; {how}"


def _often(hours: int) -> str:
    return f"reconciled every {counted(hours, 'hour')}" if hours else "reconciled in each run"


def _fail(error: TapError) -> str:
    raise error


def _selected(tap: TapVersionForgeSalesforce) -> list[str]:
    catalog = tap.input_catalog
    names = [] if catalog is None else selected_in(catalog)
    return [name for name in names if name != DELETIONS]


@click.command()
@config_option
@click.option("--catalog", type=click.Path(), help="Look at the objects that this catalog selects.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def check(
    context: click.Context, config: _ConfigInput, catalog: str | None, *, as_json: bool
) -> None:
    """Look at every step from the settings to one row of each object.

    Stops at the first step that fails, says what to do, and exits with that error's code; of the
    objects it looks at all.

    Example: tap-versionforge-salesforce check --config config.json
    """
    merged = merged_config(context, config)
    checks = Checks(merged, None if catalog is None else catalog_in(catalog_file(catalog)))
    steps: list[Step] = []
    code = 0
    for step, error in checks.run():
        steps.append(step)
        code = code or (0 if error is None else error.exit_code)
        if not as_json:
            print_step(step)
    if as_json:
        print_json(steps)
    else:
        print_end(next_command(context) if code == 0 else "")
    context.exit(code)


def print_json_failure(error: TapError) -> None:
    """Print the report of a check whose own inputs can't be read, so that machines get one."""
    print_json([Step("settings", ok=False, found=error.message, hint=error.hint, code=error.code)])
