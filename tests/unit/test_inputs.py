"""The files that a user hands in."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib import Catalog

from tap_versionforge_salesforce.exceptions import SettingsError
from tap_versionforge_salesforce.inputs import (
    catalog_file,
    checked_catalog,
    checked_state,
    config_file,
    json_object,
    text_of,
    with_id,
)
from tests.unit.helpers import some_examples

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

STREAM = {
    "tap_stream_id": "Account",
    "schema": {"properties": {"Id": {"type": "string"}}},
    "metadata": [{"breadcrumb": ["properties", "Id"], "metadata": {"selected": True}}],
}
STATE = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2026-11-23T10:00:00.000Z",
        }
    }
}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "is no JSON", id="empty"),
        pytest.param("{", "is no JSON", id="cut"),
        pytest.param("streams:\n- a", "is no JSON", id="YAML"),
        pytest.param("{'a': 1}", "is no JSON", id="single quotes"),
        pytest.param("\ufeff{}", "is no JSON", id="byte order mark"),
        pytest.param('{"a": NaN}', "NaN is no number in JSON", id="NaN"),
        pytest.param('{"a": 1, "a": 2}', "a stands in it twice", id="a name twice"),
        pytest.param("[" * 100_000, "is no JSON", id="very deep"),
        pytest.param(f'{{"a": {"9" * 5000}}}', "is no JSON", id="very long number"),
        pytest.param("[]", "is JSON, but no object", id="list"),
        pytest.param("null", "is JSON, but no object", id="null"),
        pytest.param("5", "is JSON, but no object", id="number"),
        pytest.param('"{}"', "is JSON, but no object", id="text"),
    ],
)
def test_what_is_no_json_object_is_refused(text: str, told: str) -> None:
    """The message names the option, and there is one sentence for each mistake."""
    with pytest.raises(SettingsError) as caught:
        json_object(text, "catalog")
    assert caught.value.message.startswith("--catalog ")
    assert told in caught.value.message
    assert caught.value.code == "invalid-input"
    assert caught.value.exit_code == 2


def test_json_object_is_returned() -> None:
    """What stands in the text comes back as it is."""
    text = '{"a": [1, {"b": "\\u00fc"}], "c": null}'
    assert json_object(text, "state") == {"a": [1, {"b": "\u00fc"}], "c": None}


# Catalog


@pytest.mark.parametrize(
    "catalog",
    [
        pytest.param({"streams": []}, id="no streams"),
        pytest.param({"streams": [STREAM]}, id="one stream"),
        pytest.param(
            {"streams": [{"tap_stream_id": "Account", "schema": {}}]}, id="without metadata"
        ),
        pytest.param({"streams": [{**STREAM, "stream": "Account"}]}, id="stream of that name"),
        pytest.param({"streams": [STREAM], "version": 1}, id="other keys"),
    ],
)
def test_catalogs_are_taken(catalog: dict[str, object]) -> None:
    """The entries of a Singer catalog are handed on as they are."""
    assert checked_catalog(json.dumps(catalog), dict) == catalog["streams"]


@pytest.mark.parametrize(
    "catalog",
    [
        pytest.param({}, id="empty"),
        pytest.param({"streams": {}}, id="streams are an object"),
        pytest.param({"streams": None}, id="streams are null"),
        pytest.param({"streams": ["Account"]}, id="names"),
        pytest.param({"streams": [{"stream": "Account", "schema": {}}]}, id="no tap_stream_id"),
        pytest.param({"streams": [{"tap_stream_id": 5, "schema": {}}]}, id="a number for a name"),
        pytest.param({"streams": [{"tap_stream_id": "Account"}]}, id="no schema"),
        pytest.param({"streams": [{**STREAM, "schema": []}]}, id="schema is a list"),
        pytest.param({"streams": [{**STREAM, "schema": {"type": 7}}]}, id="type is a number"),
        pytest.param(
            {"streams": [{**STREAM, "schema": {"properties": []}}]}, id="properties are a list"
        ),
        pytest.param(
            {"streams": [{**STREAM, "schema": {"properties": {"Id": 5}}}]},
            id="property is a number",
        ),
        pytest.param({"streams": [{**STREAM, "schema": {"items": 5}}]}, id="items are a number"),
        pytest.param({"streams": [{**STREAM, "metadata": {}}]}, id="metadata are an object"),
        pytest.param({"streams": [{**STREAM, "metadata": None}]}, id="metadata are null"),
        pytest.param({"streams": [{**STREAM, "metadata": [5]}]}, id="metadata of numbers"),
        pytest.param({"streams": [{**STREAM, "metadata": [{"metadata": {}}]}]}, id="no breadcrumb"),
        pytest.param(
            {"streams": [{**STREAM, "metadata": [{"breadcrumb": []}]}]}, id="metadata without any"
        ),
        pytest.param(
            {"streams": [{**STREAM, "metadata": [{"breadcrumb": [{}], "metadata": {}}]}]},
            id="breadcrumb of objects",
        ),
        pytest.param({"streams": [STREAM, {}]}, id="the second is wrong"),
        pytest.param({"bookmarks": {}}, id="a state"),
    ],
)
def test_what_is_no_catalog_is_refused(catalog: dict[str, object]) -> None:
    """A catalog of another shape is told with the way to make one."""
    with pytest.raises(SettingsError) as caught:
        checked_catalog(json.dumps(catalog), dict)
    assert caught.value.message == (
        "--catalog has no list of streams with tap_stream_id, schema and metadata."
    )
    assert "--discover" in caught.value.hint
    assert caught.value.exit_code == 2


def test_a_stream_of_two_names_is_refused() -> None:
    """A stream can't be renamed in the catalog."""
    catalog = {"streams": [{**STREAM, "stream": "Kunde"}]}
    with pytest.raises(SettingsError, match="names the stream Account 'Kunde' as well"):
        checked_catalog(json.dumps(catalog), dict)


ODD: SearchStrategy[object] = st.sampled_from([None, 5, True, "x", [], {}, ["x"], {"x": {}}, [{}]])


@given(
    st.fixed_dictionaries(
        {"tap_stream_id": st.just("Account"), "schema": ODD},
        optional={
            "metadata": st.one_of(
                ODD,
                st.lists(
                    st.fixed_dictionaries({}, optional={"breadcrumb": ODD, "metadata": ODD}),
                    max_size=2,
                ),
            )
        },
    ),
    st.fixed_dictionaries({}, optional={"type": ODD, "properties": ODD, "items": ODD}),
)
@some_examples
def test_the_sdk_reads_what_is_taken(entry: dict[str, object], schema: dict[str, object]) -> None:
    """A catalog that passes this check does not fail in the SDK, where it would be a traceback."""
    for stream in (entry, {**entry, "schema": schema}):
        try:
            entries = checked_catalog(json.dumps({"streams": [stream]}), dict)
        except SettingsError:
            continue
        Catalog.from_dict({"streams": entries})


# State


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({}, id="empty"),
        pytest.param({"bookmarks": {}}, id="no bookmarks"),
        pytest.param(STATE, id="one bookmark"),
        pytest.param({"bookmarks": {"Account": {}}}, id="empty bookmark"),
        pytest.param({**STATE, "currently_syncing": None}, id="other keys"),
        pytest.param({"currently_syncing": None}, id="other keys alone"),
    ],
)
def test_states_are_taken(state: dict[str, object]) -> None:
    """A Singer state is returned as it is."""
    assert checked_state(json.dumps(state)) == state


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"bookmarks": None}, id="null"),
        pytest.param({"bookmarks": []}, id="list"),
        pytest.param({"bookmarks": {"Account": None}}, id="bookmark is null"),
        pytest.param({"bookmarks": {"Account": "2026-11-23"}}, id="bookmark is a text"),
        pytest.param(STATE["bookmarks"], id="bookmarks alone"),
        pytest.param({"singer_state": STATE}, id="as Meltano keeps it"),
        pytest.param({"completed": {"singer_state": STATE}}, id="as Meltano kept it"),
        pytest.param({"streams": [], "state": STATE}, id="wrapped"),
        pytest.param({"bookmarks": {"Account": {"partitions": 5}}}, id="odd partitions"),
        pytest.param({"bookmarks": {"Account": {"progress_markers": []}}}, id="odd markers"),
    ],
)
def test_what_is_no_state_is_refused(state: dict[str, object]) -> None:
    """A state whose bookmarks would be passed over is told, with an example of a right one."""
    with pytest.raises(SettingsError, match="--state has no object of bookmarks") as caught:
        checked_state(json.dumps(state))
    assert '"replication_key": "SystemModstamp"' in caught.value.hint
    assert '"replication_key_value"' in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "state",
    [{"type": "STATE", "value": STATE}, {"value": STATE}],
    ids=["whole message", "half of it"],
)
def test_a_whole_state_message_is_told_as_such(state: dict[str, object]) -> None:
    """A line of the tap's own output is not the state, but holds it."""
    with pytest.raises(SettingsError, match="is a whole STATE message") as caught:
        checked_state(json.dumps(state))
    assert "`value`" in caught.value.hint


# Files


def test_config_file_is_read(tmp_path: Path) -> None:
    """A file of settings is a JSON object."""
    path = tmp_path / "config.json"
    path.write_text('{"username": "t\u00e4p@example.com"}', encoding="utf-8")
    assert config_file(str(path)) == {"username": "t\u00e4p@example.com"}


def test_catalog_file_is_read(tmp_path: Path) -> None:
    """What stands in the file of a catalog is its text."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [STREAM]}), encoding="utf-8")
    assert checked_catalog(catalog_file(str(path)), dict) == [STREAM]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"\xff\xfe{\x00}\x00", "can't be read", id="UTF-16"),
        pytest.param(b"username: x", "is no JSON", id="YAML"),
        pytest.param(b"[]", "is JSON, but no object", id="list"),
        pytest.param(b"", "is no JSON", id="empty"),
    ],
)
def test_config_file_of_another_form(tmp_path: Path, content: bytes, told: str) -> None:
    """What a file holds instead of settings is told with its path."""
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        config_file(str(path))
    assert caught.value.message.startswith(f"--config {path} ")
    assert told in caught.value.message


@pytest.mark.parametrize("path", ["missing.json", ".", "a\x00b", "\ud83d"], ids=ascii)
def test_files_that_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A path that leads nowhere is told with the reason."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="can't be read"):
        config_file(path)
    with pytest.raises(SettingsError, match="can't be read"):
        catalog_file(path)


def test_secrets_of_a_broken_config_are_not_shown(tmp_path: Path) -> None:
    """A message about JSON tells the place and not what stands there."""
    path = tmp_path / "config.json"
    path.write_text('{"client_id": "hunter2", "private_key": "hunter2" x}', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        config_file(str(path))
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_an_open_file_is_read() -> None:
    """What stands in an open file is its text."""
    assert text_of(io.StringIO("{}"), "state") == "{}"


def test_an_open_file_that_is_no_text() -> None:
    """Bytes that are no text are told with the option's name."""
    file = io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), encoding="utf-8")
    with pytest.raises(SettingsError, match="--state is no text"):
        text_of(file, "state")


# Ids


def entry(
    *names: str,
    key: list[str] | None = None,
    inclusion: str = "available",
    root_key: list[str] | None = None,
) -> dict[str, Any]:
    """Return a catalog's entry with these properties."""
    marked = {"breadcrumb": ["properties", names[0]], "metadata": {"inclusion": inclusion}}
    return {
        **STREAM,
        "schema": {"properties": {name: {"type": "string"} for name in names}},
        "key_properties": key or [],
        "metadata": [marked, {"breadcrumb": [], "metadata": {"table-key-properties": root_key}}],
    }


@pytest.mark.parametrize(
    ("given_entry", "key", "names"),
    [
        pytest.param(entry("Name"), ["Id"], {"Id", "Name"}, id="none"),
        pytest.param(entry("ID", "Name"), ["ID"], {"ID", "Name"}, id="another case"),
        pytest.param(entry("Name", key=["Name"]), ["Name"], {"Id", "Name"}, id="another key"),
        pytest.param(
            entry("Name", key=["Id"], root_key=["Name"]),
            ["Name"],
            {"Id", "Name"},
            id="another key in the metadata",
        ),
        pytest.param(entry("Id", inclusion="unsupported"), [], {"Id"}, id="rows have none"),
    ],
)
def test_each_stream_has_its_id(
    given_entry: dict[str, Any], key: list[str], names: set[str]
) -> None:
    """Id is put in where it is missing, as the key unless there is another; case is kept."""
    found = with_id(given_entry)
    assert found["key_properties"] == key
    assert set(found["schema"]["properties"]) == names
