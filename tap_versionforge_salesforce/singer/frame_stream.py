"""How a stream of Frames lives in the SDK: the one place that leans on the SDK's inside.

singer-sdk hands over record by record, which costs more than everything else together. Here pages
become lines at once, and the SDK's own path over the same pages serves where its work on single
records is wanted. tests/unit/singer/test_frame_stream.py fails when the SDK changes that inside.
"""

from __future__ import annotations

import abc
import logging
import sys
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import CatalogEntry
from singer_sdk.singerlib.catalog import Metadata
from singer_sdk.streams.core import Stream
from typing_extensions import override

from tap_versionforge_salesforce.errors import SettingsError, TapError
from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarnings
from tap_versionforge_salesforce.singer.input_files import stream_maps_read
from tap_versionforge_salesforce.singer.log_fields import fields
from tap_versionforge_salesforce.singer.output.batch_config import batch_config_of
from tap_versionforge_salesforce.singer.output.batch_files import BatchFiles
from tap_versionforge_salesforce.singer.output.record_lines import (
    Envelope,
    LineMaker,
    records,
    with_texts,
)
from tap_versionforge_salesforce.singer.packed_catalog import (
    PackedSchema,
    PlainMetadata,
    PlainSchema,
)
from tap_versionforge_salesforce.singer.stream_maps import is_removed, let_maps_go

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from singer_sdk.helpers import types
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.mapper import StreamMap
    from singer_sdk.singerlib import MetadataMapping, RecordMessage

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.singer.catalog_drift import Drift
    from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter


# Of rows in memory, whose lines are made and written at once: those of a wide page of REST have
# as much again, and more while they are made.
_BYTES_AT_ONCE = 2_500_000


class FrameStream(Stream, abc.ABC):
    """A stream whose rows come in Frames."""

    # The Frames hold what the schema says; conforming again would cost half of the time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    #: What a record can have that is no field; not in the catalog.
    added_properties: Mapping[str, Any] = MappingProxyType({})
    #: As the setting ``number_format`` has them.
    numbers_are_texts = False

    @property
    @abc.abstractmethod
    def selected_columns(self) -> Sequence[Column]:
        """Return the columns that a record has."""

    @abc.abstractmethod
    def pages(self) -> Iterator[Page]:
        """Yield the pages; what a page allows to be remembered is written when the next is asked.

        Whoever takes a page writes its rows before asking for the next one.
        """

    @abc.abstractmethod
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Say in the metadata of a discovered stream which fields are special."""

    @property
    @override
    def metadata(self) -> MetadataMapping:
        """Return the selection metadata: the catalog's, or that of a discovered stream."""
        is_new = self._metadata is None
        metadata = super().metadata
        if is_new and self._catalog_entry is None:
            self.mark_fields(metadata)
        return metadata

    @property
    def _catalog_entry(self) -> CatalogEntry | None:
        catalog = self._tap_input_catalog
        return None if catalog is None else catalog.get_stream(self.tap_stream_id)

    # What is large is made when it is asked for: of a thousand streams, one has its turn

    @property
    @override
    def effective_schema(self) -> dict[str, Any]:
        """Return the catalog's JSON Schema, or that of a discovered stream."""
        entry = self._catalog_entry
        if self._input_schema is None and entry is not None:
            self._input_schema = entry.schema.to_dict()
        return super().effective_schema

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        """Return what makes messages of the rows; registered when it is asked for."""
        if self.name not in self._tap.mapper.stream_maps:
            self._register()
        return super().stream_maps

    def _register(self) -> None:
        self._stream_maps = None
        schema = get_selected_schema(self.name, self.effective_schema, self.mask)
        schema["properties"] |= self.added_properties
        with stream_maps_read():
            self._tap.mapper.register_raw_stream_schema(self.name, schema, self.primary_keys)

    def check_maps(self) -> None:
        """Look whether the stream maps can be used with the stream, and let go of it.

        Raises:
            SettingsError: They can't.
        """
        _ = self.stream_maps
        self.let_go()

    def let_go(self) -> None:
        """Drop what can be made again, but for what is wanted of each stream in every turn."""
        _ = self.mask, self.selected_columns
        self._forget_schemas()
        self._stream_maps = None
        let_maps_go(self._tap.mapper, self.name)

    def _forget_schemas(self) -> None:
        vars(self).pop("schema", None)
        self._input_schema = None
        if self._catalog_entry is None:
            self._metadata = None

    @property
    @override
    def _singer_catalog_entry(self) -> CatalogEntry:
        return CatalogEntry(
            tap_stream_id=self.tap_stream_id,
            stream=self.name,
            schema=PlainSchema(self.schema),
            metadata=PlainMetadata(self.metadata),
            key_properties=self.primary_keys or [],
            replication_key=self.replication_key,
            replication_method=self.replication_method,
        )

    def discovered(self) -> dict[str, Any]:
        """Return the stream's entry in a new catalog."""
        entry = self._singer_catalog_entry.to_dict()
        self._forget_schemas()
        return entry

    def take_over(self, drift: Drift) -> None:
        """Have SCHEMA and the selection agree with what the object is now.

        Raises:
            SettingsError: A stream map can't do with that.
        """
        for name in drift.gone:
            # That of a parent's field has a full stop in its own name.
            is_whole = name in self.effective_schema["properties"]
            names = [name] if is_whole else name.split(".")
            place = tuple(part for each in names for part in ("properties", each))
            entry = self.metadata[place]
            entry.selected, entry.inclusion = False, Metadata.InclusionType.UNSUPPORTED
        retyped = {name: now for name, (_, now) in drift.retyped.items()}
        self.effective_schema["properties"] |= retyped | dict(drift.respelled)
        if self._catalog_entry is not None:
            self._catalog_entry.schema = PackedSchema(self.effective_schema)
        self._mask = None
        self._register()

    # The two lanes

    @property
    def needs_records(self) -> str | None:
        """Return why the SDK has to see single records; None where it need not."""
        if self.ABORT_AT_RECORD_COUNT is not None:
            return "a test counts them"
        maps = self.stream_maps
        if len(maps) != 1 or type(maps[0]) is not SameRecordTransform:
            return "stream_maps changes them"
        if maps[0].flattening_enabled:
            return "flattening changes them"
        if type(self).post_process is not Stream.post_process:
            return "post_process changes them"
        return None

    @property
    def is_read(self) -> bool:
        """Tell whether anything is to come of the stream: a stream map can remove it whole."""
        return not is_removed(self._tap.mapper, self.name)

    @override
    def get_records(self, context: types.Context | None) -> Iterator[dict[str, Any]]:
        """Yield the rows as records, for the SDK's own path."""
        for page in self.pages():
            yield from records(page.frame, self.selected_columns)

    @override
    def _sync_records(
        self, context: types.Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        if not self.is_read:
            self.logger.info("%s is not read: stream_maps removes it.", self.name)
            return
        reason = self.needs_records
        if reason is not None:
            self.logger.info("%s goes record by record, because %s.", self.name, reason)
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        self._write_pages()

    def _write_pages(self) -> None:
        writer = cast("MessageWriter", self._tap.message_writer)
        lines = LineMaker(self.selected_columns, numbers_are_texts=self.numbers_are_texts)
        counter, timer = self.get_record_counter(), self.get_sync_timer()
        with counter, timer:
            counter.with_context({})
            timer.with_context({})
            for page in self.pages():
                envelope = Envelope(self.name, page.arrived, self._stream_version)
                # Let go of at once, also where writing fails: an error's traceback would hold the
                # memory, and Python 3.12 crashes on its way out where that has not been let go of.
                for frame in page.frame.pieces(_BYTES_AT_ONCE):
                    with lines.messages(frame, envelope) as made:
                        writer.write_lines(made)
                counter.increment(page.frame.height)
                self.state_manager.is_flushed = False
        self._write_state_message()

    # BATCH

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """Return where files go; None where rows go out as messages, as in a test."""
        return None if self.ABORT_AT_RECORD_COUNT is not None else batch_config_of(config)

    @property
    def writes_files(self) -> bool:
        """Tell whether rows go into files instead of messages."""
        return self.get_batch_config(self.config) is not None

    @override
    def get_batches(
        self, batch_config: BatchConfig, context: types.Context | None = None
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        """Yield each file when it is written; the SDK announces it before the next is asked for.

        STATE behind a file says what it said before, and is written anew once all files of a
        page that allows it are announced.
        """
        value_warnings = ValueWarnings(self.name)
        files = BatchFiles(
            batch_config,
            stream=self.name,
            columns=self.selected_columns,
            value_warnings=value_warnings,
            spool_dir=self.config.get("spool_dir"),
            numbers_are_texts=self.numbers_are_texts,
            watch=cast("MessageWriter", self._tap.message_writer).watch,
        )
        try:
            with self.get_record_counter() as counter, self.get_sync_timer():
                for page in self.pages():
                    for file in files.take(
                        page.frame, starts_page=page.starts_page, ends_page=page.ends_page
                    ):
                        yield batch_config.encoding, [file]
                    counter.increment(page.frame.height)
        finally:
            files.close()
            value_warnings.log_summary(self.logger)

    # Stream maps are the user's

    @override
    def _generate_record_messages(
        self, record: types.Record
    ) -> Generator[RecordMessage, None, None]:
        schemas = {each.stream_alias: each.transformed_schema for each in self.stream_maps}
        with self._users_expressions(record):
            for message in super()._generate_record_messages(record):
                # Not before: an expression would put the digits of two texts side by side.
                if self.numbers_are_texts:
                    schema = schemas[message.stream]
                    message.record = with_texts(message.record, schema["properties"])
                yield message

    @override
    def _process_record(
        self,
        record: types.Record,
        child_context: types.Context | None = None,
        partition_context: types.Context | None = None,
    ) -> None:
        with self._users_expressions(record):  # filters are looked at here
            super()._process_record(record, child_context, partition_context)

    @contextmanager
    def _users_expressions(self, record: types.Record) -> Iterator[None]:
        try:
            yield
        except OSError:  # the row could not be written: no expression can raise that
            raise
        except Exception as error:  # noqa: BLE001  an expression of the user's can raise anything
            raise SettingsError(
                f"The stream map of {self.name} fails on the row {record.get('Id')} "
                f"({type(error).__name__}: {error}).",
                hint="Change the expression in stream_maps; amounts are Decimal, and a "
                "field can be None.",
                code="stream-map-failed",
            ) from None

    # State and versions are the tap's own: the SDK's would lose rows

    def write_state(self) -> None:
        """Write STATE now."""
        self.state_manager.is_flushed = False
        self._write_state_message()

    def begin_version(self, version: int | None) -> None:
        """Let every row from now on carry this version; None for no version."""
        self._stream_version = version

    def activate_version(self) -> None:
        """Tell the target that the rows of the version are all there are, if they have one."""
        if self._stream_version is not None:
            self._write_activate_version_message(self._stream_version)

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """Return False: the SDK's message comes before the rows, and targets delete by it."""
        return False

    @override
    def get_replication_key_signpost(self, context: types.Context | None = None) -> None:
        """Return None: the window's bound is the server's clock, not this machine's."""

    @override
    def _write_starting_replication_value(self, context: types.Context | None) -> None:
        """Write nothing into the state: the window is this tap's own."""

    @override
    def _increment_stream_state(
        self, latest_record: types.Record, *, context: types.Context | None = None
    ) -> None:
        """Leave the bookmark alone: single rows say nothing about what was read."""

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, unless it is the SDK calling an error "unhandled" which the command line tells."""
        if level == logging.ERROR and isinstance(sys.exc_info()[1], (TapError, OSError)):
            return
        super().log(message, *args, level=level, **{"extra": fields("sdk", self.name), **kwargs})
