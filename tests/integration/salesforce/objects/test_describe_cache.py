"""Describes are kept between runs, and asked for only where they have changed."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions import faults
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 30, tzinfo=timezone.utc)
TWO = ["Account", "Contact"]


@pytest.fixture
def folder(org: LocalOrg, tmp_path: Path) -> Path:
    org.clock.freeze(NOW)
    for name in TWO:
        org.store.seed(name, 3, hurt=False)
    return tmp_path / "cache" / "below"


def read(tap: TapRunner, folder: Path, **more: object) -> Run:
    run = tap.sync(**{"objects": TWO, "discovery_cache": str(folder), **more})
    assert run.exit_code == 0, run.log
    return run


def statuses(org: LocalOrg) -> list[int]:
    """How the describes were answered."""
    parts = [part for entry in org.journal.calls("*/composite") for part in entry.parts]
    return [part.status for part in parts if part.path.endswith("/describe")]


def in_cache(folder: Path) -> Path:
    (path,) = folder.glob("*.sqlite")
    return path


def test_what_has_not_changed_is_not_sent_again(
    org: LocalOrg, tap: TapRunner, folder: Path
) -> None:
    """The second run gets a 304 for each, and writes the same."""
    first = read(tap, folder)
    assert statuses(org) == [200, 200]
    org.journal.clear()
    second = read(tap, folder)
    assert statuses(org) == [304, 304]
    assert second.messages_of("SCHEMA") == first.messages_of("SCHEMA")
    assert second.messages_of("RECORD") == first.messages_of("RECORD")
    assert second.report["usage"]["received_bytes"] < first.report["usage"]["received_bytes"]


def test_discovery_uses_it(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """The catalog is the same, with labels and help texts."""
    settings = {"objects": ["*"], "discovery_cache": str(folder)}
    first, second = tap.discover(**settings), tap.discover(**settings)
    assert first == second
    assert set(statuses(org)) == {200, 304}


def test_what_has_changed_is(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """A new field comes with the run behind it."""
    read(tap, folder)
    org.clock.advance(60)
    org.store.add_field("Contact", Field(name="New__c", type="string", label="N", length=9))
    org.journal.clear()
    second = read(tap, folder)
    assert statuses(org) == [304, 200]
    (schema,) = second.messages_of("SCHEMA", "Contact")
    assert "New__c" in schema["schema"]["properties"]
    org.journal.clear()
    read(tap, folder)
    assert statuses(org) == [304, 304]


def test_a_run_with_a_catalog_makes_one_call_less(
    org: LocalOrg, tap: TapRunner, folder: Path
) -> None:
    """Whether the describes are still true is asked beside the first queries."""
    catalog = tap.discover(objects=TWO, discovery_cache=str(folder))
    first = read(tap, folder, catalog=catalog, start_date="2000-01-01")
    org.clock.advance(3_600)
    org.journal.clear()
    second = read(tap, folder, catalog=catalog, state=first.state)
    assert second.messages_of("SCHEMA") == first.messages_of("SCHEMA")
    assert statuses(org) == [304, 304]
    (entry,) = org.journal.calls("*/composite")
    assert [part.path.rpartition("/")[2] for part in entry.parts] == [
        *("updated", "updated", "queryAll", "queryAll"),
        *("describe", "describe"),
    ]
    # Limits, and all the rest.
    assert org.journal.api_calls == 2


@pytest.mark.parametrize("start_date", [None, "2000-01-01"])
def test_news_are_the_next_runs(
    org: LocalOrg, tap: TapRunner, folder: Path, start_date: str | None
) -> None:
    """A field that has come meanwhile is told of, and not in this run's rows."""
    catalog = tap.discover(objects=TWO, discovery_cache=str(folder))
    org.clock.advance(60)
    org.store.add_field("Contact", Field(name="New__c", type="string", label="N", length=9))
    how = {"catalog": catalog, "start_date": start_date}
    first = read(tap, folder, **how)
    assert "Contact is described in another way than before" in first.log
    second = read(tap, folder, **how)
    assert "New__c" in second.log
    assert "in another way" not in second.log


def test_a_field_that_has_gone_is_noticed_by_the_refusal(
    org: LocalOrg, tap: TapRunner, folder: Path
) -> None:
    """The stream fails by name; the next run describes it, and comes without the field."""
    catalog = tap.discover(objects=TWO, discovery_cache=str(folder))
    org.clock.advance(60)
    org.store.hide_field("Contact", "Title")
    how = {"catalog": catalog, "start_date": "2000-01-01", "discovery_cache": str(folder)}
    first = tap.sync(**how)
    assert first.exit_code == 7
    assert "INVALID_FIELD" in first.log
    assert len(first.ids("Account")) == 3
    second = tap.sync(**how, state=first.state)
    assert second.exit_code == 0, second.log
    assert len(second.ids("Contact")) == 3


def test_check_looks_for_itself(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Nothing of it is taken from before but what Salesforce says is still so."""
    settings = {"objects": TWO, "discovery_cache": str(folder)}
    catalog = tap.file("catalog.json", tap.discover(**settings))
    org.store.remove_object("Contact")
    run = tap.command("check", "--config", tap.config(**settings), "--catalog", catalog)
    assert run.exit_code == 7
    assert "Contact can't be described" in run.stdout


def test_full_tables_are_looked_at_in_the_end(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Where no request had room for it, one of its own asks what has changed."""
    catalog = tap.discover(objects=TWO, discovery_cache=str(folder))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["replication-method"] = "FULL_TABLE"
    org.journal.clear()
    read(tap, folder, catalog=catalog)
    assert statuses(org) == [304, 304]
    assert org.journal.entries[-1].path.endswith("/composite")


def test_after_a_day_it_is_asked_for_whole(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Nobody says that a describe's stamp moves with the user's rights."""
    read(tap, folder)
    org.clock.advance(timedelta(hours=23).total_seconds())
    org.journal.clear()
    read(tap, folder)
    assert statuses(org) == [304, 304]
    org.clock.advance(timedelta(hours=2).total_seconds())
    org.journal.clear()
    read(tap, folder)
    assert statuses(org) == [200, 200]


@pytest.mark.parametrize(
    "change", [{"api_version": "67.0"}, {"username": "other@example.com"}], ids=str
)
def test_others_have_their_own(
    org: LocalOrg, tap: TapRunner, folder: Path, change: dict[str, str]
) -> None:
    """Another user sees other fields, and another version has others."""
    read(tap, folder)
    org.journal.clear()
    org.identity.username = change.get("username", org.username)
    read(tap, folder, **change)
    assert statuses(org) == [200, 200]
    assert len(list(folder.glob("*.sqlite"))) == 2


def test_switched_off(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Nothing is kept."""
    for switch in (False, "false"):
        tap.sync(objects=TWO, discovery_cache=switch)
    assert statuses(org) == [200] * 4
    assert not folder.exists()
    # A relative path would count from the config file's folder.
    assert not (tap.folder / "false").exists()


def test_it_is_the_users_own(tap: TapRunner, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default in the user's cache folder, which others can't look into."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    for switch in (True, "true", " True "):
        tap.sync(objects=TWO, discovery_cache=switch)
    made = folder / "tap-versionforge-salesforce"
    assert in_cache(made).is_file()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def spoil_file(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


def spoil_rows(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE described SET content = x'00ff'")


def spoil_form(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE described")
        connection.execute("CREATE TABLE described (name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "is_told"),
    [(spoil_file, True), (spoil_rows, False), (spoil_form, True)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_broken_one_is_done_without(
    org: LocalOrg, tap: TapRunner, folder: Path, *, spoil: object, is_told: bool
) -> None:
    """One warning at most, and all that the run writes is right."""
    first = read(tap, folder)
    assert callable(spoil)
    spoil(in_cache(folder))
    org.journal.clear()
    second = read(tap, folder)
    assert second.messages_of("SCHEMA") == first.messages_of("SCHEMA")
    assert statuses(org) == [200, 200]
    told = [line for line in second.log.splitlines() if "discovery_cache" in line]
    assert len(told) == is_told


def test_a_folder_that_can_not_be_made_is_a_warning(
    tap: TapRunner, folder: Path, tmp_path: Path
) -> None:
    """It names the setting, and the run goes on."""
    (tmp_path / "cache").write_text("a file")
    run = read(tap, folder)
    (told,) = [line for line in run.log.splitlines() if "discovery_cache" in line]
    assert " WARNING " in told
    assert str(folder) in told


def test_an_answer_that_nobody_asked_for(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Not modified, where nothing is kept: the stream fails by name."""
    org.faults.add("*/sobjects/Contact/describe", faults.answer(304, b""), times=None)
    run = tap.sync(objects=TWO, discovery_cache=str(folder))
    assert run.exit_code == 7
    assert "Contact" in run.log
    assert len(run.ids("Account")) == 3


def test_a_field_that_has_gone_meanwhile_is_no_trouble(
    org: LocalOrg, tap: TapRunner, folder: Path
) -> None:
    """The describe has changed with it."""
    read(tap, folder)
    org.store.hide_field("Contact", "Title")
    second = read(tap, folder)
    assert all("Title" not in record for record in second.records("Contact"))


# A cache that is lost while it is used


@contextmanager
def written_by_another(folder: Path) -> Iterator[None]:
    """Another run writes to the file all the time: nothing can be put there."""
    with closing(sqlite3.connect(in_cache(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("objects", [TWO, ["Con*"]], ids=["named", "by a pattern"])
def test_a_file_that_takes_nothing_any_more(
    org: LocalOrg, tap: TapRunner, folder: Path, objects: list[str]
) -> None:
    """What has not changed is known all the same, although there is a change to be kept."""
    before = read(tap, folder, objects=objects)
    catalog = tap.discover(objects=objects, discovery_cache=str(folder))
    org.clock.advance(60)
    for name in ("Account", "Contact"):
        field = Field(name="New__c", type="string", label="N", length=9)
        org.store.add_field(name, field)
    with written_by_another(folder):
        run = read(tap, folder, objects=objects)
        again = tap.discover(objects=objects, discovery_cache=str(folder))
    assert "Describes can't be kept in" in run.log
    assert {m["stream"] for m in run.messages_of("SCHEMA")} == {
        m["stream"] for m in before.messages_of("SCHEMA")
    }
    found = [[each["tap_stream_id"] for each in c["streams"]] for c in (again, catalog)]
    assert found[0] == found[1]


def test_another_run_that_forgets_meanwhile(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """What was known when it was asked for is enough."""
    read(tap, folder)

    def forget() -> None:
        with closing(sqlite3.connect(in_cache(folder), isolation_level=None)) as other:
            other.execute("DELETE FROM described WHERE name = 'contact'")

    org.faults.add("POST /composite", faults.after(forget))
    run = read(tap, folder)
    assert len(run.ids("Contact")) == 3


def test_what_has_not_changed_may_have_no_body(org: LocalOrg, tap: TapRunner, folder: Path) -> None:
    """Nobody looks at it."""
    read(tap, folder)

    def without_body(body: bytes) -> bytes:
        content = json.loads(body)
        for part in content["compositeResponse"]:
            if part["httpStatusCode"] == 304:
                del part["body"]
        return dump_json(content)

    org.faults.add("POST /composite", faults.replace_body(without_body), times=None)
    org.journal.clear()
    read(tap, folder)
    assert org.journal.calls("/sobjects/*/describe", "GET") == []
