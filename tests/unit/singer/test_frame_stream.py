"""The SDK is still what the fast lane leans on."""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._catalog import get_selected_schema, pop_deselected_record_properties
from singer_sdk.helpers._state import StateWriter
from singer_sdk.mapper import PluginMapper, SameRecordTransform
from singer_sdk.plugin_base import PluginBase
from singer_sdk.plugin_base import SingerWriter as PluginWriter  # type: ignore[attr-defined]
from singer_sdk.singerlib.encoding import SimpleSingerWriter

if TYPE_CHECKING:
    from collections.abc import Callable


def _getter(owner: type, name: str) -> Callable[..., object]:
    found: Callable[..., object] = vars(owner)[name].fget
    return found


# What was read, and is relied upon. After a change: read the function again, see that
# frame_stream.py, stream_maps.py, packed_catalog.py, tap.py and message_writer.py still do what it
# expects, and put the new digest here.
READ: dict[Callable[..., object], str] = {
    Stream.sync: "6b4262dcdddf22b4",
    Stream._sync_records: "8928dc7f50e9bf57",  # noqa: SLF001
    Stream._write_state_message: "f82ecd8d16986823",  # noqa: SLF001
    Stream._generate_record_messages: "9b5f9fbcdedb7a1a",  # noqa: SLF001
    Stream._process_record: "8529b9f3ce2f849d",  # noqa: SLF001
    Stream._sync_batches: "a42df0f3a08779dc",  # noqa: SLF001
    Stream._write_activate_version_message: "b5295d35a81b3da6",  # noqa: SLF001
    StateWriter.write_state: "40a241228848eb2c",
    Stream.apply_catalog: "c1809c2cdad3f115",
    _getter(Stream, "effective_schema"): "09877c311ef20b8b",
    _getter(Stream, "metadata"): "09264aec62e7476e",
    _getter(Stream, "stream_maps"): "ef24c61a5296ea49",
    _getter(Stream, "_singer_catalog_entry"): "b86ca24f874810ac",
    Tap.sync_all: "e4412393757b4cdc",
    Tap.setup_mapper: "29be842dc31d215b",
    PluginBase.setup_mapper: "18669d0d28bd587f",
    Tap.cb_discover: "ca602861eba2833c",
    _getter(Tap, "catalog_json_text"): "ed9d4c795e58da76",
    _getter(Tap, "catalog_dict"): "336ed463d3fd27e6",
    Tap.run_sync_dry_run: "da3cd8ec5cd98b13",
    Tap._validate_config: "0584b9e347e353fa",  # noqa: SLF001
    PluginMapper.register_raw_streams_from_catalog: "76df99ad923d2aab",
    PluginMapper.register_raw_stream_schema: "b86016569f9b1404",
    get_selected_schema: "54ef02038a822026",
    parse_environment_config: "8795a086c3e468a6",
    pop_deselected_record_properties: "e69d4428c03eced1",
    SameRecordTransform.transform: "db46d82cacfd5593",
    SimpleSingerWriter.write_message: "5fc83c04001e1f69",
    SimpleSingerWriter.serialize_message: "41cf1de91768e641",
}


@pytest.mark.parametrize("function", READ, ids=lambda function: function.__qualname__)
def test_the_sdk_has_not_changed_underneath(function: Callable[..., object]) -> None:
    """The functions that the tap overrides or imitates are those that were read."""
    source = inspect.getsource(function).encode()
    assert hashlib.sha256(source).hexdigest()[:16] == READ[function]


def test_the_writer_that_is_replaced_is_the_sdks_own() -> None:
    """Every message of the SDK goes through the class that the tap's writer extends."""
    assert PluginWriter is SimpleSingerWriter
