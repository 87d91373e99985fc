"""The tap: settings schema, discovery and sync as the SDK calls them."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.tap_base import Tap
from typing_extensions import override

from tap_versionforge_salesforce import __version__
from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.late_imports import uncollected
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.settings.backfills import parsed_backfills
from tap_versionforge_salesforce.settings.checking import is_blank
from tap_versionforge_salesforce.settings.definitions import SETTINGS, Settings
from tap_versionforge_salesforce.settings.json_files import config_file
from tap_versionforge_salesforce.settings.naming import (
    resolve_aliases,
    unknown_settings,
)
from tap_versionforge_salesforce.settings.soql_streams import queries_among
from tap_versionforge_salesforce.singer.catalog_notes import CatalogNotes
from tap_versionforge_salesforce.singer.config_schema import config_schema
from tap_versionforge_salesforce.singer.described_queries import (
    DescribedQueries,
    check_names,
)
from tap_versionforge_salesforce.singer.discovery import (
    describe_selected,
    discover,
    names_in_org,
)
from tap_versionforge_salesforce.singer.environment import from_environment
from tap_versionforge_salesforce.singer.events import DELETIONS, DESCRIBE_STREAMS, OWN_STREAMS
from tap_versionforge_salesforce.singer.input_files import stream_maps_read
from tap_versionforge_salesforce.singer.output.batch_config import batch_config_of
from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter
from tap_versionforge_salesforce.singer.output.state_writer import StateWriter
from tap_versionforge_salesforce.singer.packed_catalog import (
    catalog_at,
    catalog_text,
    selected_in,
    unsupported_entry,
)
from tap_versionforge_salesforce.singer.run import Run
from tap_versionforge_salesforce.singer.run_streams import RunStreams
from tap_versionforge_salesforce.singer.state_file import state_file
from tap_versionforge_salesforce.singer.stream_maps import check_maps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import FrameType

    import click
    from singer_sdk.singerlib import Catalog, CatalogEntry

    from tap_versionforge_salesforce.singer.frame_stream import FrameStream
    from tap_versionforge_salesforce.singer.plan import Plan

_NAMES = frozenset(setting.name for setting in SETTINGS)


class TapVersionForgeSalesforce(Tap):
    """Extracts Salesforce objects through the REST API and Bulk API 2.0."""

    name = "tap-versionforge-salesforce"
    package_name = "tap-versionforge-salesforce"
    # Settings are checked before discovery, too.
    dynamic_catalog = True
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema: ClassVar[dict[str, Any]] = config_schema()
    #: Tests put another one here.
    clock: ClassVar[Clock] = Clock()

    message_writer_class = MessageWriter

    settings: Settings
    _is_syncing = False
    # Why nobody can read what a pattern names besides the streams.
    _unreadable: Mapping[str, str] = MappingProxyType({})

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  the SDK's own
        super().__init__(*args, **options)
        self._state_writer = StateWriter(
            cast("MessageWriter", self.message_writer),
            # A range that is read without a state has none to tell: one without bookmarks would
            # take the place of that of the runs before it.
            is_silent=bool(self.settings.backfills) and not self.state.get("bookmarks"),
        )

    @cached_property
    def run(self) -> Run:
        """Return what the streams of this run share."""
        run = Run(
            settings=self.settings,
            clock=self.clock,
            logger=self.logger,
            user_agent=f"{self.name}/{__version__}",
            # Not before it is asked: the streams are made with the run.
            expected=lambda: self._run_streams.forecasts(),  # noqa: PLW0108
            syncs=lambda: self._run_streams.syncs(),  # noqa: PLW0108
        )
        cast("MessageWriter", self.message_writer).watch = run.org.interruption.watch
        return run

    @override
    def discover_streams(self) -> Sequence[FrameStream]:
        """Return a stream for each object wanted.

        Returns:
            Without a catalog, what the setting ``objects`` names; with one, what it selects:
            nothing else is described.

        Raises:
            TapError: As `discover`.
        """
        # Not at the top: it brings polars, which --help, --version and --about do without.
        with uncollected():
            from tap_versionforge_salesforce.salesforce.frames.frame import keep_sigint_handler  # noqa: PLC0415
            from tap_versionforge_salesforce.singer.deletions_stream import DeletionsStream  # noqa: PLC0415
            from tap_versionforge_salesforce.singer.describe_streams import DescribeStream  # noqa: PLC0415
            from tap_versionforge_salesforce.singer.query_stream import QueryStream  # noqa: PLC0415
            from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream  # noqa: PLC0415

        keep_sigint_handler()
        catalog, queries = self.input_catalog, self.settings.query_streams
        describing = self._describe_streams
        self.run.keeps_meaning = bool(describing)
        if catalog is None:
            discovered = discover(self.run, self.logger)
            sobjects, self._unreadable = discovered.sobjects, discovered.unreadable
        else:
            selected = [name for name in selected_in(catalog) if name not in OWN_STREAMS]
            if not selected:
                self.logger.warning("The catalog selects no stream: there is nothing to read.")
            queries, selected = queries_among(selected, queries)
            sobjects = describe_selected(self.run, selected, self.logger, may_be_old=True)
        if queries:
            check_names(self.run, names_in_org(self.run))
        described = DescribedQueries(self.run, sobjects, may_be_old=catalog is not None)
        deletions = DeletionsStream(self) if self._has_deletions else None
        streams: list[FrameStream] = [
            SObjectStream(self, sobject=sobject, run=self.run, deletions=deletions)
            for sobject in sobjects
        ]
        streams += (
            QueryStream(self, described=query, run=self.run)
            for query in described.of(queries, self.logger)
        )
        streams += [] if deletions is None else [deletions]
        meanings = [sobject.meaning for sobject in sobjects if sobject.meaning]
        are_all = not self.run.failures and len(meanings) == len(sobjects)
        streams += (
            DescribeStream(self, name, run=self.run, meanings=meanings, are_all=are_all)
            for name in describing
        )
        return streams

    @property
    def _has_deletions(self) -> bool:
        """Tell whether there is a stream of the rows that are gone."""
        if self.settings.backfills:
            return False
        if self.input_catalog is None:
            return self.settings.has_deletions_stream
        return DELETIONS in selected_in(self.input_catalog)

    @property
    def _describe_streams(self) -> list[str]:
        """Return which streams there are of what describes say."""
        if self.settings.backfills:
            return []
        if self.input_catalog is None:
            return list(DESCRIBE_STREAMS) if self.settings.describe_streams else []
        selected = selected_in(self.input_catalog)
        return [name for name in DESCRIBE_STREAMS if name in selected]

    @cached_property
    def _run_streams(self) -> RunStreams:
        return RunStreams(
            cast("dict[str, FrameStream]", self.streams),
            run=self.run,
            state=self.state,
            catalog=self.input_catalog,
            stream_maps=self.config.get("stream_maps"),
            logger=self.logger,
        )

    def check_streams(self) -> None:
        """Look at the catalog and state of every selected stream before any row is read.

        Raises:
            SettingsError: One of them can't be used.
        """
        self._run_streams.check()

    def plan(self) -> Plan:
        """Return what a run would do, without reading a row.

        Raises:
            TapError: A run would end with it, too.
        """
        # Not at the top: most commands do without.
        from tap_versionforge_salesforce.singer.plan import plan_of  # noqa: PLC0415

        self.check_streams()
        self.run.client.ensure_api_version()
        return plan_of(self.run, self._run_streams.read())

    # What the user hands in

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        given = resolve_aliases(self._config)
        self.settings = Settings.from_config(self._config)
        self.append_builtin_config(self.config_jsonschema)
        for warning in unknown_settings(given, self.config_jsonschema["properties"]):
            self.logger.warning("%s", warning)
        # An empty text or null is a setting that was left out.
        self._config = {
            name: value
            for name, value in given.items()
            if value not in (None, "") and not (name in _NAMES and is_blank(value))
        }
        self._config |= self.settings.for_sdk()
        try:
            warnings = super()._validate_config(raise_errors=True)
        except ConfigValidationError as error:
            raise SettingsError(
                f"The settings can't be used: {'; '.join(error.errors)}.",
                hint="--about lists all settings with their kinds.",
            ) from None
        except AttributeError:  # jsonschema's, where __else__ is no null
            raise wrong_setting(
                "stream_maps",
                "has an entry of a kind that is not allowed there",
                "Each stream's entry is an object or null; __else__ can only be null.",
            ) from None
        batch_config_of(self._config)
        return warnings

    @override
    def setup_mapper(self) -> None:
        """Read stream_maps and flattening.

        Raises:
            SettingsError: They can't be used.
        """
        # The tap's own would hold several copies of the schema of every stream.
        with stream_maps_read():
            super(Tap, self).setup_mapper()
        if self.input_catalog is not None:
            check_maps(self.mapper, self.input_catalog)
            return
        for stream in cast("dict[str, FrameStream]", self.streams).values():
            stream.check_maps()

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805  a class property of the SDK's kind
        cls.append_builtin_config(cls.config_jsonschema)
        return from_environment(cls.config_jsonschema, cls._env_var_prefix, cls.logger)

    # Commands

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the files of ``--config``.

        Raises:
            SettingsError: One can't be read or holds no JSON object.
        """
        given = _ConfigInput(parse_env="ENV" in value)
        for path in value:
            if path != "ENV":
                given.config |= config_file(path)
        return given

    @classmethod
    @override
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: bool,
    ) -> None:
        """Run ``--discover``.

        Raises:
            TapError: As `run_discovery`.
        """
        if not value:
            return
        # Of no use to a catalog; what is wrong with it is said all the same.
        parsed_backfills(ctx.params.get("backfill") or ())
        cls._from_config(ctx.params.get("config"), setup_mapper=False).write_catalog()
        ctx.exit()

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run ``--test``; end with what went wrong in single streams."""
        if value == "disabled":
            return
        tap = cls._from_config(ctx.params.get("config"))
        try:
            tap.check_streams()
            if value == "schema":
                tap.write_schemas()
            else:
                tap.run_connection_test()
        finally:
            tap.run.end()
        if value != "schema":
            tap.run.raise_failures()
        ctx.exit()

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # as the SDK's own Tap has it
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: str | None = None,
        catalog: str | None = None,
    ) -> None:
        """Sync, or print what ``--about`` asks for.

        Raises:
            TapError: Whatever ended the run, or went wrong in single streams.
        """
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        tap = cls._from_config(
            config,
            state={} if state is None else state_file(state, cls.logger),
            catalog=None if catalog is None else cls._catalog_at(catalog),
        )
        try:
            tap.check_streams()
            cast("MessageWriter", tap.message_writer).widen_pipe()
            tap._is_syncing = True  # noqa: SLF001  its own
            with tap.run.displayed(tap._run_streams.read_names(), tap.logger):  # noqa: SLF001  its own
                tap.sync_all()
                tap.run.composites.finish()
                tap.run.report.is_read_through = True
        except SystemExit:
            if tap._is_syncing:  # noqa: SLF001  its own
                tap._write_last_state()  # noqa: SLF001  its own
            raise
        except BrokenPipeError:
            # Ctrl-C goes to all of a pipe, and the target may be the first to end of it.
            tap.run.org.interruption.check()
            raise
        finally:
            try:
                tap.run.end()
            finally:
                if tap._is_syncing:  # noqa: SLF001  its own
                    tap.run.tell_report(tap.logger)
        tap.run.raise_failures()

    def _write_last_state(self) -> None:
        """Write STATE once more: many targets hand on only one that is their last line.

        It never says more than rows that were written before it; some behind them may follow.
        """
        with suppress(OSError):
            cast("StateWriter", self._state_writer).write_again(self.state)

    @classmethod
    def _catalog_at(cls, path: str) -> Catalog:
        """Return the catalog in a file, and warn of what in it changes nothing."""
        notes = CatalogNotes()
        catalog = catalog_at(path, notes.look_at)
        for note in notes.sentences():
            cls.logger.warning("%s", note)
        return catalog

    @classmethod
    def _from_config(
        cls,
        config: _ConfigInput | None,
        *,
        state: dict[str, Any] | None = None,
        catalog: Catalog | None = None,
        setup_mapper: bool = True,
    ) -> TapVersionForgeSalesforce:
        config = config or _ConfigInput()
        return cls(
            config=config.config,
            parse_env_config=config.parse_env,
            state=state,
            catalog=catalog,
            setup_mapper=setup_mapper,
        )

    @override
    def run_discovery(self) -> str:
        """Write the catalog to stdout and return it.

        Raises:
            TapError: An object that the user named can't be described, or can't be read as the
                settings say; there is no catalog then.
        """
        with self._all_discovered():
            return super().run_discovery()

    def write_catalog(self) -> None:
        """Write the catalog to stdout, stream by stream: as a whole it can be large.

        Raises:
            TapError: As `run_discovery`.
        """
        with self._all_discovered() as streams:
            unsupported = (entry.to_dict() for entry in self._unsupported())
            entries = chain((stream.discovered() for stream in streams), unsupported)
            for piece in catalog_text(entries):
                sys.stdout.write(piece)

    @property
    @override
    def _singer_catalog(self) -> Catalog:
        catalog = super()._singer_catalog
        catalog.update((entry.tap_stream_id, entry) for entry in self._unsupported())
        return catalog

    def _unsupported(self) -> Iterator[CatalogEntry]:
        for name, reason in self._unreadable.items():
            yield unsupported_entry(name, f"{reason}.")

    @contextmanager
    def _all_discovered(self) -> Iterator[Iterable[FrameStream]]:
        try:
            streams = cast("dict[str, FrameStream]", self.streams)
            queries = (stream.name for stream in self.settings.query_streams)
            named = {name.lower() for name in (*self.settings.objects, *queries)}
            for name, failure in self.run.failures.items():
                if name.lower() in named or not self._run_streams.of_sobjects():
                    raise failure
                self.logger.warning(
                    "%s is not in the catalog: only a pattern in objects names it. Run --discover "
                    "again when it can be described.",
                    name,
                )
            self._run_streams.check_objects()
            for stream in self._run_streams.of_sobjects():
                stream.check_settings()
            yield streams.values()
        finally:
            self.run.close_describes()
            self.run.org.retry_log.tell_summary()

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        done = ": the rows in hand are finished first" if self._is_syncing else ""
        self.logger.info("Asked to stop%s.", done)
        self.run.org.interruption.request(signum)
