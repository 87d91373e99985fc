"""What a catalog makes of an object's columns: which are read, by which names, and the keys."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import Metadata
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import spelled_as
from tap_versionforge_salesforce.singer.catalog_drift import Drift, drift_of
from tap_versionforge_salesforce.singer.frame_stream import FrameStream
from tap_versionforge_salesforce.singer.json_schema import record_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.singerlib import Catalog, MetadataMapping
    from singer_sdk.tap_base import Tap

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject


class CatalogStream(FrameStream):
    """A stream with the columns of an sObject that the catalog selects.

    Args:
        tap: The tap.
        sobject: The object's describe, in the tap's words.
        name: The stream's.
        numbers_are_texts: As the setting ``number_format`` has them.
    """

    def __init__(self, tap: Tap, *, sobject: SObject, name: str, numbers_are_texts: bool) -> None:
        super().__init__(tap, name=name)
        self.sobject = sobject
        self.numbers_are_texts = numbers_are_texts
        self.primary_keys = list(sobject.keys)

    @property
    def _wanted_key(self) -> str | None:
        """Return the replication key that the settings name, whatever the catalog has."""
        return None

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a record, as the object is described."""
        return record_schema(self.sobject, numbers_are_texts=self.numbers_are_texts)

    @override
    def let_go(self) -> None:
        """Drop what can be made again, but for what is wanted of each stream in every turn."""
        _ = self._key_columns
        super().let_go()

    # What is read

    @cached_property
    @override
    def selected_columns(self) -> tuple[Column, ...]:
        """Return the columns that a record has, in the catalog's order."""
        selected, known = [], self._columns
        for name in self._selected_names:
            column = known.get(name)
            if column is None or column.kind is Kind.UNSUPPORTED:
                continue
            if name != column.name:
                column = replace(column, alias=name)
            if column.is_compound:
                properties = self.effective_schema["properties"]
                parts = self._selected_parts(("properties", name), properties[name], column)
                column = replace(column, parts=tuple(parts))
                if not column.parts:
                    continue
            selected.append(column)
        return tuple(selected)

    def _selected_parts(
        self, place: tuple[str, ...], schema: dict[str, Any], column: Column
    ) -> Iterator[tuple[str, Column]]:
        members = schema.get("properties", {})
        for named, part in column.parts:
            member = spelled_as(named, members) or named
            within = (*place, "properties", member)
            if member not in members or not self.mask[within]:
                continue
            if part.is_compound:
                parts = tuple(self._selected_parts(within, members[member], part))
                if parts:
                    yield member, replace(part, parts=parts)
            else:
                yield member, part

    @property
    def _columns(self) -> dict[str, Column]:
        """Return the object's columns by the names that the catalog has for them."""
        return self.sobject.columns_by_spelling(self.effective_schema.get("properties", {}))

    @property
    def _selected_names(self) -> list[str]:
        names = self.effective_schema.get("properties", {})
        return [n for n in names if n in self.primary_keys or self.mask[("properties", n)]]

    @cached_property
    def _key_columns(self) -> tuple[str, ...]:
        """Return the API names of the fields that the key is made of."""
        known = self._columns
        return tuple(known[key].name for key in self.primary_keys if key in known)

    @property
    def known_fields(self) -> set[str]:
        """Return the fields that the org or the catalog has, read or not."""
        known = set(self.effective_schema.get("properties", {}))
        return known | {column.name for column in self.sobject.columns}

    # What has changed since the catalog was made

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take the user's catalog, as far as the object still is what that says."""
        super().apply_catalog(catalog)
        self._claim_keys()
        drift = self._drift()
        if news := drift.news():
            self.logger.info("%s", news)
        self._take_over(drift)
        # The catalog has its own; what the describe said is taken over by now.
        self.sobject = self.sobject.without_texts()
        self.check_maps()

    def _claim_keys(self) -> None:
        """Have the keys spelled as the fields are; claim none that the rows do not have."""
        names = self.effective_schema.get("properties", {})
        keys: Sequence[str] = [spelled_as(str(key), names) or key for key in self.primary_keys]
        if not self.sobject.has_ids and any(key.lower() == "id" for key in keys):
            keys = [n for n, column in self._columns.items() if column.name in self.sobject.keys]
        self.primary_keys = keys
        # A catalog can hold anything there; `check` tells what can't be used.
        self.replication_key = self._wanted_key or self.replication_key
        if isinstance(self.replication_key, str):
            self.replication_key = spelled_as(self.replication_key, names) or self.replication_key
        for key in self.primary_keys:
            self.metadata[("properties", key)].inclusion = Metadata.InclusionType.AUTOMATIC

    def _drift(self) -> Drift:
        properties = self.effective_schema.get("properties", {})
        drift = drift_of(
            properties,
            self._selected_names,
            self.sobject,
            numbers_are_texts=self.numbers_are_texts,
        )
        return replace(drift, name=self.name)

    def _take_over(self, drift: Drift) -> None:
        for warning in drift.warnings():
            self.logger.warning("%s", warning)
        if drift.is_taken_over:
            self.take_over(drift)

    # What is offered

    @override
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Mark compound fields as there but not selected, and those that can't be read."""
        for column in self.sobject.columns:
            entry = metadata[("properties", column.name)]
            if column.is_compound:
                entry.selected_by_default = False
                # Meltano deselects what no pattern names: the members are there with the whole.
                for member, _ in column.parts:
                    place = ("properties", column.name, "properties", member)
                    metadata[place].inclusion = Metadata.InclusionType.AUTOMATIC
            elif column.kind is Kind.UNSUPPORTED:
                entry.inclusion = Metadata.InclusionType.UNSUPPORTED
