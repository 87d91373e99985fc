"""The user's stream maps: looked at for all streams at once, held for the one that is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.singerlib import Catalog
from singer_sdk.singerlib.catalog import Metadata

from tap_versionforge_salesforce.singer.input_files import stream_maps_read

if TYPE_CHECKING:
    from singer_sdk.mapper import PluginMapper


def check_maps(mapper: PluginMapper, catalog: Catalog) -> None:
    """Look whether they can be used with the streams of a catalog.

    Raises:
        SettingsError: They can't.
    """
    for entry in catalog.streams:
        if entry.metadata.root.inclusion == Metadata.InclusionType.UNSUPPORTED:
            continue
        with stream_maps_read():
            mapper.register_raw_streams_from_catalog(Catalog({entry.tap_stream_id: entry}))
        let_maps_go(mapper, entry.stream or entry.tap_stream_id)


def let_maps_go(mapper: PluginMapper, name: str) -> None:
    """Drop those of a stream, with their copies of its schema; keep that they remove it."""
    removes = is_removed(mapper, name)
    maps = mapper.stream_maps.pop(name, [])
    if removes:
        mapper.stream_maps[name] = maps
        for each in maps:
            each.raw_schema = each.transformed_schema = {}


def is_removed(mapper: PluginMapper, name: str) -> bool:
    """Tell whether nothing is to come of a stream that has been looked at."""
    maps = mapper.stream_maps.get(name, [])
    return bool(maps) and all(isinstance(each, RemoveRecordTransform) for each in maps)
