"""The files that a user hands in: JSON of the form that it has to have, or one clear sentence."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from singer_sdk.exceptions import ConfigurationError, MappingError

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.http.responses import without_half_characters
from tap_versionforge_salesforce.salesforce.support.text_files import LONGEST_PATH, decoded
from tap_versionforge_salesforce.settings.checking import is_elsewhere, is_switched
from tap_versionforge_salesforce.settings.definitions import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Made = TypeVar("Made")

# What else to do about what is no JSON, by its option.
_ANEW = {
    "--catalog": "make a new one with --discover",
    "--config": "have `setup` write a new one",
    "--state": "leave --state out to read everything from the beginning",
}

_PATHS = {setting.name: setting for setting in SETTINGS if setting.is_path}


def json_object(
    text: str, what: str, made: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the JSON object in a text.

    Args:
        text: What was read.
        what: Where from, for the message.
        made: Returns what stands in the place of an object in it; None for the object.

    Raises:
        SettingsError: It is no JSON, or no object, or has a name twice.
    """

    def read(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = _unambiguous(pairs)
        return found if made is None else made(found)

    raw = text.encode("utf-8", "surrogatepass")
    if without_half_characters(raw) != raw:
        problem = "holds half of a character, which no name and no value in Salesforce is"
        raise misshapen(what, problem, r"Look for \ud8 to \udf, each of which is half of a pair.")
    try:
        content = json.loads(text, object_pairs_hook=read, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        instead = _ANEW.get(what.split(maxsplit=1)[0], "have it written anew")
        hint = f"Look at that place in it, or {instead}."
        raise misshapen(what, f"is no JSON ({error})", hint) from None
    if not isinstance(content, dict):
        raise misshapen(what, "is JSON, but no object", "It starts with { and ends with }.")
    return content


def _unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) is not value:
            message = f"{name} stands in it twice"
            raise ValueError(message)
    return found


def _refused(constant: str) -> None:
    message = f"{constant} is no number in JSON"
    raise ValueError(message)


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


def misshapen(what: str, problem: str, hint: str) -> SettingsError:
    """Return the error of something that was handed in on the command line.

    Args:
        what: The option, with what tells more about it.
        problem: Goes on from there, without the full stop.
        hint: What to do about it.
    """
    return SettingsError(f"{what} {problem}.", hint=hint, code="invalid-input")


def config_file(path: str) -> dict[str, Any]:
    """Return the settings in a file; a relative path among them counts from the file's folder.

    Raises:
        SettingsError: It can't be read, or holds no JSON object.
    """
    given = json_object(_existing(path, "--config"), f"--config {path}")
    # A pipe lies nowhere, and Meltano writes what its users give into a file of its own.
    if not Path(path).is_file() or "MELTANO_PROJECT_ROOT" in os.environ:
        return given
    folder = Path(path).absolute().parent
    return given | {
        name: _within(folder, given[name])
        for name in _PATHS.keys() & given.keys()
        if not is_switched(_PATHS[name], given[name])
        and not is_elsewhere(_PATHS[name], given[name])
    }


def _within(folder: Path, value: object) -> object:
    text = value.strip() if isinstance(value, str) else ""
    # The key itself, pasted in the place of its path, is told where it would be read.
    if not text or text.startswith("~") or len(text) > LONGEST_PATH or "-----BEGIN" in text:
        return value
    return str(folder / text)


def catalog_file(path: str) -> str:
    """Return what is in the file of a catalog.

    Raises:
        SettingsError: It can't be read.
    """
    return _existing(path, "--catalog")


def _existing(path: str, option: str) -> str:
    try:
        return file_text(path, option)
    except FileNotFoundError as error:
        raise _unreadable(path, option, error) from None


def file_text(path: str, option: str) -> str:
    """Return what is in a file.

    Args:
        path: Of the file; ``-`` is stdin.
        option: Which named it.

    Raises:
        FileNotFoundError: There is none.
        SettingsError: It can't be read, or is no text.
    """
    try:
        return decoded(sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes())
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise _unreadable(path, option, error) from None


def _unreadable(path: str, option: str, error: Exception) -> SettingsError:
    return misshapen(f"{option} {path}", f"can't be read ({error})", "Check the path.")


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
