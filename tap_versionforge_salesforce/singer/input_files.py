"""The files that a user hands in: JSON of the form that it has to have, or one clear sentence."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from dotenv import load_dotenv
from singer_sdk.exceptions import ConfigurationError, MappingError

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.settings.json_files import existing_text, json_object, misshapen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Made = TypeVar("Made")


class _Schema(msgspec.Struct):
    type: str | list[str] = ""
    properties: dict[str, _Schema] = {}
    items: _Schema | None = None


class _Metadata(msgspec.Struct):
    breadcrumb: list[str]
    metadata: dict[str, Any]


class Entry(msgspec.Struct):
    """What has to be so in a stream's entry of a Singer catalog, whatever else there is."""

    tap_stream_id: str
    schema: _Schema
    metadata: list[_Metadata] = []


class _Read(dict[str, Any], Generic[Made]):
    """What stands in the place of a stream's entry once something has been made of it."""

    def __init__(self, entry: Mapping[str, Any], made: Made) -> None:
        super().__init__()
        self.name: str = entry["tap_stream_id"]
        self.other_name = entry.get("stream", self.name)
        self.made = made


def checked_catalog(
    text: str, make: Callable[[dict[str, Any]], Made], what: str = "--catalog"
) -> list[Made]:
    """Return what is made of the entry of each stream in a catalog.

    Args:
        text: The catalog.
        make: Called as soon as an entry has been read: as a whole, a catalog takes much memory.
        what: Where from, for messages.

    Raises:
        SettingsError: It does not have the form of a Singer catalog.
    """

    def read(found: dict[str, Any]) -> dict[str, Any]:
        if "tap_stream_id" not in found or problem_of(found, Entry):
            return found
        _check_selected(found, what)
        return _Read(found, make(as_meant(found)))

    streams = json_object(text, what, read).get("streams")
    if not isinstance(streams, list):
        raise _no_catalog(what, "Expected `array` - at `$.streams`")
    for number, each in enumerate(streams):
        if not isinstance(each, _Read):
            problem = problem_of(each, Entry).replace("`$", f"`$.streams[{number}]")
            raise _no_catalog(what, problem)
    _check_names(streams, what)
    return [each.made for each in streams]


def _check_names(streams: Sequence[_Read[Made]], what: str) -> None:
    names = Counter(each.name.lower() for each in streams)
    for each in streams:
        if names[each.name.lower()] > 1:
            raise misshapen(
                what, f"has the stream {each.name} twice", "Leave one of the entries out."
            )
        if each.other_name != each.name:
            raise misshapen(
                what,
                f"names the stream {each.name} {each.other_name!r} as well",
                "Let stream be the same as tap_stream_id; an __alias__ in stream_maps renames.",
            )


def _no_catalog(what: str, problem: str) -> SettingsError:
    return misshapen(
        what,
        f"has no list of streams with tap_stream_id, schema and metadata ({problem})",
        "Make one with --discover.",
    )


def problem_of(value: object, kind: type) -> str:
    """Return what keeps a value from being of a kind, and where in it; empty where nothing does."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error) if "`$" in str(error) else f"{error} - at `$`"
    return ""


def as_meant(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a checked entry as the SDK reads it, for what Singer has two ways to say.

    ``replication-method`` in the metadata, which no discovery of this tap writes, is its user's
    wish and counts; fields are spelled there as in the schema.
    """
    given, metadata = entry["schema"].get("properties", {}), list[dict[str, Any]]()
    changed: dict[str, Any] = {}
    for item in entry.get("metadata", []):
        place, said = item["breadcrumb"], item["metadata"]
        if not place:
            wished = said.get("replication-method", said.get("forced-replication-method"))
            changed |= {} if wished is None else {"replication_method": wished}
        elif len(place) > 1 and place[1] not in given:
            named = [name for name in given if name.lower() == place[1].lower()]
            place = [place[0], *(named[:1] or [place[1]]), *place[2:]]
        metadata.append(item | {"breadcrumb": place})
    return entry | changed | ({"metadata": metadata} if metadata else {})


def with_id(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a checked entry in which the stream has its Id, by which targets know a row.

    A catalog made or edited by hand may lack it: without a key, targets would append every changed
    row a second time. Where it is marked as unsupported, rows have none.
    """
    given = entry["schema"].get("properties", {})
    name = next((name for name in given if name.lower() == "id"), "Id")
    place = ["properties", name]
    metadata = entry.get("metadata", [])
    marked = [item["metadata"].get("inclusion") for item in metadata if item["breadcrumb"] == place]
    if "unsupported" in marked:
        return entry
    others = [item for item in metadata if item["breadcrumb"] != place]
    properties = {name: {"type": ["string"]}} | given
    return entry | {
        "key_properties": _keys(entry, metadata) or [name],
        "schema": entry["schema"] | {"properties": properties},
        "metadata": [*others, {"breadcrumb": place, "metadata": {"inclusion": "automatic"}}],
    }


def _keys(entry: dict[str, Any], metadata: Sequence[dict[str, Any]]) -> list[str]:
    """Return the key, which stands in two places: that which is not Id has been put in."""
    keys: list[str] = entry.get("key_properties") or []
    for item in metadata:
        named = item["metadata"].get("table-key-properties")
        if not item["breadcrumb"] and named and keys in ([], ["Id"]):
            return list(named)
    return keys


def _check_selected(entry: Mapping[str, Any], what: str) -> None:
    for item in entry.get("metadata", []):
        said = item["metadata"].get("selected")
        if said is not None and not isinstance(said, bool):
            name = ".".join([entry["tap_stream_id"], *item["breadcrumb"][1::2]])
            raise misshapen(
                what,
                f"says that selected of {name} is {said!r}",
                "It is true or false, without quotes.",
            )


def set_variables(path: str) -> None:
    """Set the environment variables that stand in a file; one that is set already counts more.

    Args:
        path: Of the file, which need not be there.

    Raises:
        SettingsError: It can't be read, or is no text.
    """
    try:
        load_dotenv(path, override=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        what = f"The file {path} of the folder that the tap is started in"
        hint = "Save it as a text in UTF-8 that the tap may read, or leave out --config=ENV."
        raise misshapen(what, f"can't be read ({error})", hint) from None


def catalog_file(path: str) -> str:
    """Return what is in the file of a catalog.

    Raises:
        SettingsError: It can't be read.
    """
    return existing_text(path, "--catalog")


@contextmanager
def stream_maps_read() -> Iterator[None]:
    """Tell what the SDK finds wrong with the stream maps in the block.

    Raises:
        SettingsError: stream_maps or flattening can't be used.
    """
    try:
        yield
    except (ConfigurationError, MappingError, AttributeError, TypeError) as error:
        reason = "; ".join(getattr(error, "errors", None) or [str(error)])
        raise SettingsError(
            f"The setting stream_maps or flattening can't be used: {reason.removesuffix('.')}.",
            hint="https://sdk.meltano.com/en/latest/stream_maps.html describes them.",
        ) from None
