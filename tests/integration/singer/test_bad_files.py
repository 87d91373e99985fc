"""Config, catalog and state as files: what is no such thing is told with the option's name."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.told import assert_told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
FILES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "No such file"),
    "folder": (b"/", "s a directory"),
    "empty": (b"", "is no JSON"),
    "cut": (b'{"instance_url": ', "is no JSON"),
    "text": (b"instance_url: https://x\n", "is no JSON"),
    "list": (b"[1]", "no object"),
    "text in JSON": (b'"x"', "no object"),
    "null": (b"null", "no object"),
    "number": (b"5", "no object"),
    "NaN": (b'{"a": NaN}', "NaN"),
    "name twice": (b'{"username": "a", "username": "b"}', "username stands in it twice"),
    "half of a character": (b'{"username": "\\ud83d"}', "half of a character"),
    "too deep": (b"[" * 100_000, "is no JSON"),
    "binary": (b"\x89PNG\r\n\x1a\n", "decode"),
}
# A state that is not there yet, or empty, is none.
CASES = [
    pytest.param(option, name, id=f"{option}-{name}")
    for option in ("--config", "--state", "--catalog", "check --catalog")
    for name in FILES
    if not (option == "--state" and name in ("missing", "empty"))
]


def bad_file(folder: Path, content: bytes | None) -> str:
    if content == b"/":
        return str(folder)
    path = folder / "bad.json"
    if content is not None:
        path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(("option", "name"), CASES)
def test_file_that_is_no_json_object(org: LocalOrg, tap: TapRunner, option: str, name: str) -> None:
    """Missing, a folder, binary, no JSON, or JSON of another shape: told with option and path."""
    content, words = FILES[name]
    path = bad_file(tap.folder, content)
    config = [] if option == "--config" else ["--config", tap.config(objects=["Account"])]
    run = tap.command(*config, *option.split(), path)
    assert run.exit_code == 2, run.log
    assert run.stdout == ""
    assert "Traceback" not in run.log
    last = run.log.strip().splitlines()[-1]
    assert f"{option.rsplit(maxsplit=1)[-1]} {path}" in last
    assert words in last
    assert org.journal.calls() == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_of_other_encodings_are_read(org: LocalOrg, tap: TapRunner, encoding: str) -> None:
    """A byte order mark, or what PowerShell writes, is no reason to refuse a file."""
    (row_id,) = org.store.seed("Account", 1, hurt=False)
    contents = {
        "config": org.config(objects=["Account"]),
        "catalog": tap.discover(objects=["Account"]),
        "state": {"bookmarks": {}},
    }
    arguments = []
    for option, content in contents.items():
        path = tap.folder / option
        path.write_bytes(json.dumps(content).encode(encoding))
        arguments += [f"--{option}", str(path)]
    run = tap.command(*arguments)
    assert run.exit_code == 0, run.log
    assert row_id in run.stdout


@pytest.mark.parametrize("content", [None, "", " \n"], ids=["missing", "empty", "blank"])
def test_a_first_run_has_no_state(org: LocalOrg, tap: TapRunner, content: str | None) -> None:
    """Everything is read, and one line says why."""
    (row_id,) = org.store.seed("Account", 1, hurt=False)
    path = tap.folder / "state.json"
    if content is not None:
        path.write_text(content)
    run = tap.command("--config", tap.config(objects=["Account"]), "--state", str(path))
    assert run.exit_code == 0, run.log
    assert row_id in run.stdout
    (line,) = [line for line in run.log.splitlines() if str(path) in line]
    assert "WARNING" in line
    assert "everything is read from the beginning, or from start_date" in line


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda s: json.dumps({"type": "STATE", "value": s}), id="whole message"),
        pytest.param(lambda s: f'{{"bookmarks": {{}}}}\n{json.dumps(s)}\n', id="a state a line"),
    ],
)
def test_state_as_targets_and_taps_write_it(
    org: LocalOrg, tap: TapRunner, form: Callable[[object], str]
) -> None:
    """What can only mean one state is understood, and one line says what was done."""
    rows = org.store.insert("Account", [{}] * 3, stamp=LAST_WEEK)
    state = tap.sync(objects=["Account"]).state
    path = tap.file("state.json", form(state))
    run = tap.command("--config", tap.config(objects=["Account"]), "--state", path)
    assert run.exit_code == 0, run.log
    assert not any(row in run.stdout for row in rows)
    assert len([line for line in run.log.splitlines() if path in line]) == 1


def selected(catalog: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = catalog["streams"][0]
    return entry


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: c.pop("streams"), id="no streams"),
        pytest.param(lambda c: c.update(streams={}), id="streams as object"),
        pytest.param(lambda c: c.update(streams=["Account"]), id="streams as names"),
        pytest.param(lambda c: selected(c).pop("tap_stream_id"), id="no tap_stream_id"),
        pytest.param(lambda c: selected(c).update(tap_stream_id=5), id="tap_stream_id 5"),
        pytest.param(lambda c: selected(c).pop("schema"), id="no schema"),
        pytest.param(lambda c: selected(c).update(schema=[]), id="schema as list"),
        pytest.param(lambda c: selected(c)["schema"].update(properties=[]), id="properties"),
        pytest.param(
            lambda c: selected(c)["schema"]["properties"].update(Name="string"), id="property"
        ),
        pytest.param(
            lambda c: selected(c)["schema"]["properties"].update(Name={"type": 5}), id="type"
        ),
        pytest.param(lambda c: selected(c).update(metadata={}), id="metadata as object"),
        pytest.param(lambda c: selected(c).update(metadata=[{"metadata": {}}]), id="no breadcrumb"),
        pytest.param(
            lambda c: selected(c).update(metadata=[{"breadcrumb": [["x"]], "metadata": {}}]),
            id="breadcrumb",
        ),
        pytest.param(
            lambda c: selected(c).update(metadata=[{"breadcrumb": []}]), id="empty metadata"
        ),
        pytest.param(lambda c: selected(c).update(stream="accounts"), id="another name"),
    ],
)
def test_catalog_of_another_shape(
    org: LocalOrg, tap: TapRunner, change: Callable[[dict[str, Any]], object]
) -> None:
    """A catalog that is none is told before any request."""
    catalog = tap.discover(objects=["Account"])
    org.journal.clear()
    change(catalog)
    path = tap.file("catalog.json", catalog)
    run = tap.command("--config", tap.config(), "--catalog", path)
    assert_told(run, "--catalog", code="invalid-input")
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"replication_method": "SOMETIMES"}, ["SOMETIMES", "FULL_TABLE"], id="method"),
        pytest.param({"replication_method": "LOG_BASED"}, ["LOG_BASED"], id="LOG_BASED"),
        pytest.param({"replication_method": "full_table"}, ["full_table"], id="lower case"),
        pytest.param({"replication_method": 5}, ["replication method"], id="method 5"),
        pytest.param({"replication_key": "Name"}, ["Account", "by Name"], id="key that is no date"),
        pytest.param({"replication_key": "Nope"}, ["by Nope", "SystemModstamp"], id="no such key"),
        pytest.param({"replication_key": ["Id"]}, ["incrementally"], id="list as key"),
        pytest.param(
            {"key_properties": ["BillingAddress"]}, ["key of Account"], id="key of several fields"
        ),
    ],
)
def test_catalog_that_asks_for_the_impossible(
    org: LocalOrg, tap: TapRunner, change: dict[str, object], words: list[str]
) -> None:
    """A replication key or method that the object can't have: told before any row is read."""
    catalog = tap.discover(objects=["Account"])
    selected(catalog).update(change)
    path = tap.file("catalog.json", catalog)
    run = tap.command("--config", tap.config(), "--catalog", path)
    assert_told(run, *words, code="invalid-catalog")
    assert org.journal.soql() == []


def test_catalog_that_selects_nothing(org: LocalOrg, tap: TapRunner) -> None:
    """Nothing to read is no error, but it is said."""
    catalog = tap.discover(objects=["Account"])
    for item in selected(catalog)["metadata"]:
        if item["breadcrumb"] == []:
            item["metadata"]["selected"] = False
    org.journal.clear()
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0
    assert "selects no stream" in run.log
    assert org.journal.soql() == []
    assert run.messages == []


def test_catalog_without_a_key(org: LocalOrg, tap: TapRunner) -> None:
    """Id stays the key: without one, targets would append every changed row a second time."""
    org.store.seed("Account", 1, hurt=False)
    catalog = tap.discover(objects=["Account"])
    del selected(catalog)["key_properties"]
    for item in selected(catalog)["metadata"]:
        item["metadata"].pop("table-key-properties", None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert [message["key_properties"] for message in run.messages_of("SCHEMA")] == [["Id"]]


@pytest.mark.parametrize("stream_maps", [{}, {"Account": {}}], ids=["lines", "records"])
@pytest.mark.parametrize("how", ["deselected", "gone"])
def test_catalog_without_the_id(
    org: LocalOrg, tap: TapRunner, how: str, stream_maps: dict[str, Any]
) -> None:
    """Id comes whatever the catalog says of it, for it is the key, and has its place in SCHEMA."""
    (row_id,) = org.store.seed("Account", 1, hurt=False)
    catalog = tap.discover(objects=["Account"])
    entry = selected(catalog)
    if how == "gone":
        del entry["schema"]["properties"]["Id"]
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "Id"]:
            item["metadata"] = {"inclusion": "available", "selected": False}
    run = tap.sync(catalog=catalog, stream_maps=stream_maps)
    assert run.exit_code == 0, run.log
    (schema,) = run.messages_of("SCHEMA")
    assert "Id" in schema["schema"]["properties"]
    assert run.ids("Account") == [row_id]


@pytest.mark.parametrize("stream_maps", [{}, {"Account": {}}], ids=["lines", "records"])
def test_catalog_without_a_member_of_a_compound(
    org: LocalOrg, tap: TapRunner, stream_maps: dict[str, Any]
) -> None:
    """A record has the members that its SCHEMA has, and no others."""
    org.store.seed("Account", 5, hurt=False)
    catalog = tap.discover(objects=["Account"])
    entry = selected(catalog)
    del entry["schema"]["properties"]["BillingAddress"]["properties"]["city"]
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "BillingAddress"]:
            item["metadata"]["selected"] = True
    run = tap.sync(catalog=catalog, stream_maps=stream_maps)
    assert run.exit_code == 0, run.log
    addresses = [record["BillingAddress"] for record in run.records("Account")]
    assert any(addresses)
    assert not any("city" in address for address in addresses if address)


def test_catalog_names_an_object_that_is_gone(org: LocalOrg, tap: TapRunner) -> None:
    """The stream fails with a name and the others are read: exit code 7."""
    catalog = tap.discover(objects=["Account", "Contact"])
    org.store.remove_object("Contact")
    (account,) = org.store.seed("Account", 1, hurt=False)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7
    assert run.ids("Account") == [account]
    assert "Contact can't be described" in run.log
    assert "Traceback" not in run.log


GOOD = {"replication_key": "SystemModstamp", "replication_key_value": "2024-01-01T00:00:00.000Z"}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"bookmarks": []}, id="bookmarks as list"),
        pytest.param({"bookmarks": None}, id="no bookmarks"),
        pytest.param({"bookmarks": {"Account": "2024-01-01"}}, id="bookmark as text"),
        pytest.param({"bookmarks": {"Account": None}}, id="bookmark null"),
        pytest.param({"value": {"bookmarks": {}}}, id="value of a message"),
        pytest.param({"singer_state": {"Account": GOOD}}, id="Meltano's, no bookmarks"),
        pytest.param({"Account": GOOD}, id="bookmarks at the top"),
        pytest.param({"bookmarks": {"Account": {**GOOD, "partitions": "x"}}}, id="partitions"),
        pytest.param({"bookmarks": {"Account": {**GOOD, "progress_markers": 5}}}, id="markers"),
    ],
)
def test_state_of_another_shape(org: LocalOrg, tap: TapRunner, state: object) -> None:
    """A state that would be passed over in silence, and everything read again, is refused."""
    path = tap.file("state.json", state)
    run = tap.command("--config", tap.config(objects=["Account"]), "--state", path)
    assert_told(run, "--state", code="invalid-input")
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    "value",
    [
        *("soon", "", "2024-13-01", "1000-01-01", "9999-01-01", "0001-01-01T00:00:00+14:00"),
        *(5, 1.5e9, True, ["2024-01-01"], {"at": "2024-01-01"}),
    ],
    ids=str,
)
def test_bookmark_that_is_no_instant(org: LocalOrg, tap: TapRunner, value: object) -> None:
    """The bookmark is named with its place in the state, before any row is read."""
    state = {"bookmarks": {"Account": {**GOOD, "replication_key_value": value}}}
    path = tap.file("state.json", state)
    run = tap.command("--config", tap.config(objects=["Account"]), "--state", path)
    assert_told(run, "bookmarks.Account.replication_key_value", "Account", code="invalid-state")
    assert org.journal.soql() == []


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({}, id="empty"),
        pytest.param({"bookmarks": {}}, id="no streams"),
        pytest.param({"bookmarks": {"Opportunity": GOOD}}, id="of another stream"),
        pytest.param({"bookmarks": {"Account": {}}}, id="without a value"),
        pytest.param(
            {"bookmarks": {"Account": {**GOOD, "replication_key": "CreatedDate"}}}, id="other key"
        ),
    ],
)
def test_state_without_a_bookmark_reads_everything(
    org: LocalOrg, tap: TapRunner, state: object
) -> None:
    """What says nothing about the stream is no error: its history is read from the beginning."""
    rows = org.store.seed("Account", 3, hurt=False)
    path = tap.file("state.json", state)
    run = tap.command("--config", tap.config(objects=["Account"]), "--state", path)
    assert run.exit_code == 0, run.log
    assert all(row in run.stdout for row in rows)


def test_state_of_another_tap_is_taken_over(org: LocalOrg, tap: TapRunner) -> None:
    """Whoever comes from singer-io's tap reads on where that had come to."""
    org.store.insert("Account", [{}] * 2, stamp=LAST_WEEK)
    new = org.store.insert("Account", [{}], stamp=LAST_WEEK + timedelta(days=3))
    bookmark = {"SystemModstamp": (LAST_WEEK + timedelta(days=1)).isoformat()}
    run = tap.sync(objects=["Account"], state={"bookmarks": {"Account": bookmark}})
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == new
    assert "Account: the state's bookmark by SystemModstamp, as another tap" in run.log
    assert run.bookmark("Account") is not None
    assert "SystemModstamp" not in run.state["bookmarks"]["Account"]


@pytest.mark.parametrize(
    ("bookmarks", "told"),
    [
        pytest.param(
            {"Account": {**GOOD, "replication_key": "CreatedDate"}},
            "Account is read by SystemModstamp: the state's bookmark by CreatedDate is not used",
            id="another key",
        ),
        pytest.param({"Acount": GOOD}, "a bookmark of Acount, which is not read", id="slip"),
    ],
)
def test_bookmark_that_is_not_used_is_told(
    org: LocalOrg, tap: TapRunner, bookmarks: dict[str, Any], told: str
) -> None:
    """Everything is read again, and one line says why."""
    (row,) = org.store.insert("Account", [{}], stamp=LAST_WEEK)
    run = tap.sync(objects=["Account"], state={"bookmarks": bookmarks})
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == [row]
    (line,) = [line for line in run.log.splitlines() if told in line]
    assert "WARNING" in line


def test_selections_that_change_nothing_are_told(org: LocalOrg, tap: TapRunner) -> None:
    """One line for each kind, and the rows come as they would without."""
    (row,) = org.store.insert("Account", [{}], stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account"])
    entry = selected(catalog)
    entry["schema"]["selected"] = False
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "BillingAddress", "properties", "city"]:
            item["metadata"]["selected"] = True
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == [row]
    assert "`selected` outside of the metadata of Account" in run.log
    assert "selects city in Account.BillingAddress, but not BillingAddress itself" in run.log
