"""A catalog that takes little memory: a thousand streams of it wait for their turn."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib import Catalog, CatalogEntry, MetadataMapping, Schema
from singer_sdk.singerlib.catalog import Metadata, StreamMetadata
from typing_extensions import override

from tap_versionforge_salesforce.singer.input_files import (
    catalog_file,
    checked_catalog,
    with_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from singer_sdk.singerlib.catalog import AnyMetadata

_WORDS: dict[str | None, Any] = {
    word: word for word in ("properties", *(each.value for each in Metadata.InclusionType))
}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


@dataclass(slots=True)
class _UnsupportedMetadata(StreamMetadata):
    """The metadata of a stream that can't be read, and why."""

    unsupported_reason: str | None = None


def unsupported_entry(name: str, reason: str) -> CatalogEntry:
    """Return the entry of an object that nobody can read.

    Args:
        name: The object's API name.
        reason: A sentence.
    """
    unsupported = Metadata.InclusionType.UNSUPPORTED
    root = _UnsupportedMetadata(inclusion=unsupported, unsupported_reason=reason)
    # `meltano select --list` shows fields only, and this one all objects have.
    one = {"Id": {"type": "string"}}
    return CatalogEntry(
        tap_stream_id=name,
        stream=name,
        schema=PlainSchema({"properties": one, "type": "object"}),
        metadata=MetadataMapping({("properties", "Id"): Metadata(inclusion=unsupported), (): root}),
        key_properties=[],
        replication_method="FULL_TABLE",
    )


class PlainSchema(Schema):
    """A JSON Schema as it is: the SDK's Schema takes it apart, field by field.

    Args:
        schema: The JSON Schema, with its keys in the SDK's order.
    """

    __slots__ = ("_plain",)

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__()
        self._plain = schema

    @override
    def to_dict(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return self._plain


class PlainMetadata(MetadataMapping):
    """Metadata that is quickly turned into a list: most fields of an org have the same.

    Args:
        metadata: The metadata of a stream and its fields.
    """

    @override
    def to_list(self) -> list[dict[str, Any]]:
        """Return the metadata as a catalog has it."""
        return [
            {"breadcrumb": list(place), "metadata": _plain(each)} for place, each in self.items()
        ]


def _plain(each: AnyMetadata) -> dict[str, Any]:
    # What a user has written can be anything.
    is_own = type(each) is Metadata and isinstance(each.inclusion, Metadata.InclusionType)
    if is_own and each.selected is None:
        # Whoever changes that of one field means this one.
        return dict(_field_metadata(each.inclusion, default=each.selected_by_default))
    return each.to_dict()


@cache
def _field_metadata(
    inclusion: Metadata.InclusionType | None, *, default: bool | None
) -> dict[str, Any]:
    return Metadata(inclusion, selected_by_default=default).to_dict()


class PackedSchema(Schema):
    """A JSON Schema as packed text: the SDK's Schema takes many times as much for each field.

    Args:
        schema: The JSON Schema.
    """

    __slots__ = ("_packed",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        super().__init__()
        self._packed = zlib.compress(json.dumps(schema).encode(), level=1)

    @override
    def to_dict(self) -> dict[str, Any]:
        """Return the JSON Schema, made anew each time."""
        schema: dict[str, Any] = json.loads(zlib.decompress(self._packed))
        return schema


def catalog_at(
    path: str, look_at: Callable[[Mapping[str, Any]], object] = lambda _: None
) -> Catalog:
    """Return the catalog in a file, in which each stream has its Id.

    Args:
        path: Of the file.
        look_at: Is shown each entry as it is in the file.

    Raises:
        SettingsError: It can't be read, or does not have the form of a Singer catalog.
    """

    def read(given: dict[str, Any]) -> CatalogEntry:
        look_at(given)
        return _entry(given)

    entries = checked_catalog(catalog_file(path), read, f"--catalog {path}")
    return Catalog((entry.tap_stream_id, entry) for entry in entries)


def selected_in(catalog: Catalog) -> list[str]:
    """Return the names of the streams that a catalog selects."""
    return [
        entry.tap_stream_id
        for entry in catalog.streams
        if entry.metadata.resolve_selection().get((), True)
    ]


def _entry(given: dict[str, Any]) -> CatalogEntry:
    entry = CatalogEntry.from_dict(with_id(given))
    entry.schema = PackedSchema(entry.schema.to_dict())
    entry.metadata = MetadataMapping(_shared(entry.metadata))
    return entry


def _shared(metadata: MetadataMapping) -> Iterator[tuple[tuple[str, ...], AnyMetadata]]:
    """Yield the metadata with those words as one object that stand in them for every field."""
    for place, each in metadata.items():
        if isinstance(each.inclusion, str):
            each.inclusion = _WORDS.get(each.inclusion, each.inclusion)
        yield tuple(_WORDS.get(part, part) for part in place), each


def catalog_text(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a catalog, entry by entry, for people to read and change.

    In ASCII only: nobody knows in which encoding a shell keeps what a program writes.
    """
    between = "\n    "
    yield '{\n  "streams": ['
    for entry in entries:
        text = msgspec.json.format(msgspec.json.encode(entry)).decode()
        # No text in JSON has a line break in it.
        yield between + _in_ascii(text).replace("\n", "\n    ")
        between = ",\n    "
    yield "]\n}\n" if between == "\n    " else "\n  ]\n}\n"


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
