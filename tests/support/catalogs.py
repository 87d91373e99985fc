"""A discovered catalog, and what a user selects in it."""

from __future__ import annotations

from typing import Any

Catalog = dict[str, Any]


def entry_of(catalog: Catalog, stream: str) -> dict[str, Any]:
    """Return the entry of a stream."""
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == stream]
    return dict(entry)


def metadata_of(catalog: Catalog, stream: str) -> dict[str, dict[str, Any]]:
    """Return the metadata of a stream's properties by name, its own under the empty name.

    The members of a compound field have its name before theirs: ``BillingAddress.city``.
    """
    found = {}
    for item in entry_of(catalog, stream)["metadata"]:
        breadcrumb = item["breadcrumb"]
        assert set(breadcrumb[::2]) <= {"properties"}, breadcrumb
        found[".".join(breadcrumb[1::2])] = item["metadata"]
    return found


def select_streams(catalog: Catalog, *streams: str) -> Catalog:
    """Select these streams and no other."""
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        metadata_of(catalog, name)[""]["selected"] = name in streams
    return catalog


def select_fields(catalog: Catalog, stream: str, *fields: str) -> Catalog:
    """Select these fields of a stream and no other."""
    for name, metadata in metadata_of(catalog, stream).items():
        if name:
            metadata["selected"] = name in fields
    return catalog


def set_selected(catalog: Catalog, stream: str, *fields: str, selected: bool) -> Catalog:
    """Select or deselect single fields."""
    metadata = metadata_of(catalog, stream)
    for name in fields:
        metadata[name]["selected"] = selected
    return catalog
