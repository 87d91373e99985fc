"""The files that a user hands in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib import Catalog

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.text_files import decoded
from tap_versionforge_salesforce.settings.json_files import config_file, json_object
from tap_versionforge_salesforce.singer.input_files import catalog_file, checked_catalog, with_id
from tests.support.values import some_examples

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

STREAM = {
    "tap_stream_id": "Account",
    "schema": {"properties": {"Id": {"type": "string"}}},
    "metadata": [{"breadcrumb": ["properties", "Id"], "metadata": {"selected": True}}],
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
        json_object(text, "--catalog c.json")
    assert caught.value.message.startswith("--catalog c.json ")
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
    assert caught.value.message.startswith(
        "--catalog has no list of streams with tap_stream_id, schema and metadata ("
    )
    assert "`$" in caught.value.message
    assert "--discover" in caught.value.hint
    assert caught.value.exit_code == 2


def test_the_place_of_what_is_wrong_is_named() -> None:
    """A catalog has thousands of lines."""
    place = {"breadcrumb": ["properties", 5], "metadata": {}}
    catalog = {"streams": [STREAM, {**STREAM, "tap_stream_id": "B", "metadata": [place]}]}
    with pytest.raises(SettingsError) as caught:
        checked_catalog(json.dumps(catalog), dict)
    where = "Expected `str`, got `int` - at `$.streams[1].metadata[0].breadcrumb[1]`"
    assert where in caught.value.message


@pytest.mark.parametrize("selected", ["false", "true", 0, [], "no"])
def test_a_selection_that_is_neither_true_nor_false_is_refused(selected: object) -> None:
    """As text, "false" would be taken for true."""
    place = {"breadcrumb": ["properties", "Name"], "metadata": {"selected": selected}}
    entry = {"tap_stream_id": "Account", "schema": {}, "metadata": [place]}
    with pytest.raises(SettingsError, match=r"says that selected of Account\.Name is"):
        checked_catalog(json.dumps({"streams": [entry]}), lambda each: each)


@pytest.mark.parametrize("other", ["Account", "account"])
def test_a_stream_that_is_there_twice_is_refused(other: str) -> None:
    """One of its entries would be passed over."""
    streams = [{"tap_stream_id": name, "schema": {}} for name in ("Account", other)]
    with pytest.raises(SettingsError, match=r"has the stream Account twice"):
        checked_catalog(json.dumps({"streams": streams}), lambda each: each)


@pytest.mark.parametrize(
    ("metadata", "method"),
    [
        pytest.param({}, "INCREMENTAL", id="not said"),
        pytest.param({"replication-method": "FULL_TABLE"}, "FULL_TABLE", id="in the metadata"),
        pytest.param({"forced-replication-method": "FULL_TABLE"}, "FULL_TABLE", id="forced"),
        pytest.param({"replication-method": "LOG_BASED"}, "LOG_BASED", id="for others to refuse"),
    ],
)
def test_a_method_in_the_metadata_counts(metadata: dict[str, str], method: str) -> None:
    """Where no discovery has put it, somebody wants it so."""
    entry = {
        "tap_stream_id": "Account",
        "schema": {},
        "replication_method": "INCREMENTAL",
        "metadata": [{"breadcrumb": [], "metadata": metadata}],
    }
    (found,) = checked_catalog(json.dumps({"streams": [entry]}), lambda each: each)
    assert found["replication_method"] == method


def test_metadata_are_spelled_as_the_schema() -> None:
    """Upper and lower case do not matter to Salesforce."""
    places = [["properties", "email"], ["properties", "ADDRESS", "properties", "city"], []]
    entry = {
        "tap_stream_id": "User",
        "schema": {"properties": {"Email": {}, "Address": {}}},
        "metadata": [{"breadcrumb": place, "metadata": {"selected": False}} for place in places],
    }
    (found,) = checked_catalog(json.dumps({"streams": [entry]}), lambda each: each)
    assert [each["breadcrumb"] for each in found["metadata"]] == [
        ["properties", "Email"],
        ["properties", "Address", "properties", "city"],
        [],
    ]


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
        pytest.param(b"\x80\x81\x82\x83", "can't be read", id="no text"),
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
    with pytest.raises(SettingsError, match="can't be read") as told:
        config_file(path)
    # Of Python, with the path once more.
    assert "Errno" not in told.value.message
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


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_read_as_editors_and_shells_write_it(tmp_path: Path, encoding: str) -> None:
    """PowerShell writes UTF-16, and Windows often a byte order mark: both are text."""
    path = tmp_path / "config.json"
    path.write_bytes('{"username": "t\u00e4p@example.com"}\r\n'.encode(encoding))
    assert config_file(str(path)) == {"username": "t\u00e4p@example.com"}


@given(text=st.text(max_size=20), encoding=st.sampled_from(ENCODINGS))
@some_examples
def test_every_text_comes_back(text: str, encoding: str) -> None:
    """What stands in an object is the same in every encoding."""
    content = json.dumps({"a": text}, ensure_ascii=False)
    try:
        data = content.encode(encoding)
    except UnicodeEncodeError:  # half a character
        return
    assert decoded(data) == content


@pytest.mark.parametrize("name", ["private_key_path", "spool_dir", "report_path", "ca_bundle"])
def test_a_relative_path_counts_from_its_files_folder(tmp_path: Path, name: str) -> None:
    """Whoever moves a config file takes along what it names."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({name: "sub/thing"}), encoding="utf-8")
    assert config_file(str(path)) == {name: str(tmp_path / "sub" / "thing")}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("/etc/thing", id="absolute"),
        pytest.param("~/thing", id="home"),
        pytest.param("", id="left out"),
        pytest.param(None, id="null"),
        pytest.param(5, id="number"),
        pytest.param("-----BEGIN PRIVATE KEY-----", id="the key itself"),
        pytest.param("MIIE" * 300, id="the key itself in base64"),
    ],
)
def test_what_is_no_relative_path_stays(tmp_path: Path, value: object) -> None:
    """A path that says where it begins, and what is none, is left as it is."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"private_key_path": value}), encoding="utf-8")
    assert config_file(str(path)) == {"private_key_path": value}


def test_meltanos_own_config_file_moves_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a user writes in meltano.yml counts from the project, not from Meltano's run folder."""
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))
    path = tmp_path / "config.json"
    path.write_text('{"private_key_path": "key.pem"}', encoding="utf-8")
    assert config_file(str(path)) == {"private_key_path": "key.pem"}


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
