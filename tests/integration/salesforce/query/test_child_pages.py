"""Objects that are answered only by the Ids of a parent: read by those of all parents."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.journal import Entry
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import Run, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
LINKS = "ContentDocumentLink"
# More than two queries name.
DOCUMENTS = 1_200
MODES = pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])


@pytest.fixture
def documents(org: LocalOrg) -> list[str]:
    org.clock.freeze(NOW)
    org.settings.job_transition = "immediate"
    return org.store.insert(
        "ContentDocument", [{"Title": "A file"}] * DOCUMENTS, stamp=NOW - timedelta(days=400)
    )


@pytest.fixture
def links(org: LocalOrg, documents: list[str]) -> list[str]:
    """Two for each third document."""
    rows = [{"ContentDocumentId": row_id} for row_id in documents[::3] for _ in range(2)]
    return org.store.insert(LINKS, rows, stamp=NOW - timedelta(days=300))


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    run = tap.sync(**{"objects": [LINKS], "state": state, **more})
    assert run.exit_code == 0, run.log
    return run


def asked(org: LocalOrg) -> list[list[str]]:
    """Return the queries of links, request by request."""
    found: list[list[str]] = []
    entries: list[Entry] = list(org.journal.entries)
    for entry in entries:
        parts = [part.soql[1] for part in (entry, *entry.parts) if part.soql]
        found.append([soql for soql in parts if f"FROM {LINKS}" in soql])
    return [soqls for soqls in found if soqls]


@MODES
@pytest.mark.parametrize("page_rows", [50, 2_000])
def test_all_of_them_come(
    org: LocalOrg, tap: TapRunner, links: list[str], api_mode: str, page_rows: int
) -> None:
    """In queries that fit a URL, five to a request, and each proven by its count."""
    org.settings.page_rows = page_rows
    run = read(tap, api_mode=api_mode)
    assert sorted(run.ids(LINKS)) == sorted(links)
    (together,) = asked(org)
    assert len(together) == 3
    assert max(len(soql) for soql in together) < 16_384
    (told,) = run.report["streams"]
    assert (told["api"], told["rows"], told["promised_rows"]) == ("REST API", 800, 800)
    assert f"{LINKS} is read by the Ids of all 1,200 ContentDocument" in run.log
    assert [job.object_name for job in org.jobs.all() if job.object_name == LINKS] == []


def test_only_what_is_new_is_asked_for_of_all_parents(
    org: LocalOrg, tap: TapRunner, documents: list[str], links: list[str]
) -> None:
    """A link to a document that has not changed for a year is found."""
    first = read(tap)
    assert len(first.ids(LINKS)) == len(links)
    org.clock.advance(86_400)
    new = org.store.insert(LINKS, [{"ContentDocumentId": documents[7]}])
    org.clock.advance(3_600)
    org.journal.clear()
    second = read(tap, first.state)
    assert second.ids(LINKS) == new
    (together,) = asked(org)
    assert all("SystemModstamp >= " in soql for soql in together)
    assert second.bookmark(LINKS) == "2026-11-24T11:00:00.000Z"
    third = read(tap, second.state)
    assert third.ids(LINKS) == []


def test_changed_parents_only_miss_what_is_new_of_others(
    org: LocalOrg, tap: TapRunner, documents: list[str], links: list[str]
) -> None:
    """It is what the setting says; a full extract has them all."""
    how = {"changed_parents_only": True}
    first = read(tap, **how)
    assert len(first.ids(LINKS)) == len(links)
    org.clock.advance(86_400)
    org.store.update("ContentDocument", documents[5:6], {})
    missed, found = (
        org.store.insert(LINKS, [{"ContentDocumentId": documents[n]}])[0] for n in (7, 5)
    )
    org.clock.advance(3_600)
    org.journal.clear()
    second = read(tap, first.state, **how)
    assert second.ids(LINKS) == [found]
    assert (
        "is read by the Ids of 1 ContentDocument changed meanwhile, which takes 1 API call"
        in second.log
    )
    ((soql,),) = asked(org)
    assert f"IN ('{documents[5]}')" in soql
    again = read(tap, first.state)
    assert sorted(again.ids(LINKS)) == sorted([missed, found])


def test_without_composites_they_go_side_by_side(
    org: LocalOrg, tap: TapRunner, links: list[str]
) -> None:
    """Each query is a request."""
    run = read(tap, composite_queries=False)
    assert sorted(run.ids(LINKS)) == sorted(links)
    assert [len(soqls) for soqls in asked(org)] == [1, 1, 1]


def test_no_parents_no_rows(tap: TapRunner) -> None:
    """And a bookmark all the same."""
    run = read(tap)
    assert run.ids(LINKS) == []
    assert run.bookmark(LINKS) is not None


def test_parents_of_the_recycle_bin_have_children_too(
    org: LocalOrg, tap: TapRunner, documents: list[str], links: list[str]
) -> None:
    """As long as they are there."""
    org.store.delete("ContentDocument", documents[:1])
    assert sorted(read(tap).ids(LINKS)) == sorted(links)


@pytest.mark.parametrize("name", ["ContentDocument", LINKS])
def test_what_can_not_be_read_is_its_streams_failure(
    org: LocalOrg, tap: TapRunner, links: list[str], name: str
) -> None:
    """The parents, or the rows: no bookmark moves, and the next run has everything."""
    org.store.insert("Account", [{}], stamp=NOW - timedelta(days=1))
    org.faults.add(faults.querying(name), outages.unknown_exception(), times=None)
    run = tap.sync(objects=[LINKS, "Account"], api_mode="rest")
    assert run.exit_code == 7, run.log
    assert f"streams failed; the others are complete. {LINKS}: " in run.log
    assert len(run.ids("Account")) == 1
    if name == LINKS:
        # There are three of five tries each, and the others are given up when one has failed; how
        # far they have come by then is a matter of threads.
        assert len([e for e in org.journal.calls("*/queryAll") if LINKS in e.query["q"]]) < 15
    assert run.bookmark(LINKS) is None
    org.faults.clear()
    assert sorted(read(tap, run.state).ids(LINKS)) == sorted(links)


def test_a_page_that_lacks_a_row_is_read_again(
    org: LocalOrg, tap: TapRunner, links: list[str]
) -> None:
    """Of its query only, and what came before stays proven."""
    org.faults.add(faults.querying(LINKS), faults.drop_record())
    run = read(tap)
    assert set(run.ids(LINKS)) == set(links)
    assert run.bookmark(LINKS) is not None


@pytest.mark.parametrize("composite_queries", [True, False])
def test_a_cursor_that_expires(
    org: LocalOrg, tap: TapRunner, links: list[str], *, composite_queries: bool
) -> None:
    """There is room in the URL for where the query goes on."""
    org.settings.page_rows = 50
    expired = faults.answer(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "expired"}])
    org.faults.add("GET /query/*-50", expired)
    run = read(tap, composite_queries=composite_queries, api_mode="rest")
    assert set(run.ids(LINKS)) == set(links)


def test_full_table_has_no_row_that_has_gone(
    org: LocalOrg, tap: TapRunner, links: list[str]
) -> None:
    """A query that is read again is written once, as it was in the end."""
    org.settings.page_rows = 50
    catalog = tap.discover(objects=[LINKS])
    catalog["streams"][0] |= {"replication_method": "FULL_TABLE", "replication_key": None}

    def spoil(_: Call, real: Callable[[], Answer]) -> Answer:
        answer = real()
        content = json.loads(answer.body)
        del content["records"][0]
        answer.body = json.dumps(content).encode()
        org.store.hard_delete(LINKS, links[:1])
        return answer

    # The parents come by Bulk.
    org.faults.add(lambda call: "/query/01g" in call.path, spoil)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    target = ModelTarget()
    target.load(run.messages)
    assert set(target.rows[LINKS]) == set(links[1:])
    assert len(run.ids(LINKS)) == len(links) - 1


def test_parents_that_can_not_be_read_are_named(
    org: LocalOrg, tap: TapRunner, links: list[str]
) -> None:
    """What would help is something about them, and their job is not halved for the children."""
    assert links
    org.store.insert("Account", [{}], stamp=NOW - timedelta(days=1))
    org.store.hide_object("ContentDocument")
    run = tap.sync(objects=[LINKS, "Account"])
    assert run.exit_code == 7, run.log
    last = run.log.splitlines()[-1]
    assert f"{LINKS} is read by the Ids of ContentDocument, which can't be had" in last
    assert "The user has to be able to read ContentDocument." in last
    assert len(run.ids("Account")) == 1
    org.store.show_object("ContentDocument")
    org.settings.job_max_rows = 10
    large = tap.sync(objects=[LINKS], api_mode="bulk")
    assert large.exit_code == 7, large.log
    assert "is read by the Ids of ContentDocument, which can't be had: Bulk job" in large.log
    assert "is read in two parts" not in large.log


def test_full_table_activates_its_version_at_the_end(
    org: LocalOrg, tap: TapRunner, documents: list[str]
) -> None:
    """Folders' members have no stamp that the catalog need use."""
    ids = org.store.insert(LINKS, [{"ContentDocumentId": documents[0]}], stamp=NOW)
    catalog = tap.discover(objects=[LINKS])
    catalog["streams"][0] |= {"replication_method": "FULL_TABLE", "replication_key": None}
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert run.ids(LINKS) == ids
    assert len(run.messages_of("ACTIVATE_VERSION")) == 1


def test_check_and_test_look_at_one(org: LocalOrg, tap: TapRunner, links: list[str]) -> None:
    """By the Ids of some parents."""
    assert links
    config = tap.config(objects=[LINKS])
    check = tap.command("check", "--config", config)
    assert check.exit_code == 0, check.stdout
    assert f"{LINKS}" in check.stdout
    assert "readable; incremental by SystemModstamp" in check.stdout
    tried = tap.command("--config", config, "--test")
    assert tried.exit_code == 0, tried.log
    assert len(asked(org)) == 2


def test_a_pattern_finds_it(tap: TapRunner) -> None:
    """It is a stream as any other."""
    catalog = tap.discover(objects=["ContentDocument*"])
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == LINKS]
    assert entry["replication_key"] == "SystemModstamp"


def test_a_parent_without_an_id_is_not_left_out(
    org: LocalOrg, tap: TapRunner, documents: list[str]
) -> None:
    """Its children could not be asked for: the stream fails by name, and others come."""

    def without_id(body: bytes) -> bytes:
        return body.replace(f'"Id":"{documents[1]}"'.encode(), b'"Id":null')

    contacts = org.store.insert("Contact", [{}], stamp=NOW - timedelta(days=1))
    org.faults.add(faults.querying("ContentDocument"), faults.replace_body(without_id), times=None)
    run = tap.sync(objects=[LINKS, "Contact"], api_mode="rest")
    assert run.exit_code == 6, run.log
    assert "rows of ContentDocument that have no Id" in run.log
    assert run.ids("Contact") == contacts


def test_a_query_with_no_room_for_an_id_is_told(
    org: LocalOrg, tap: TapRunner, links: list[str]
) -> None:
    """By name, with what makes it shorter; others come."""
    assert links
    names = [f"A_field_with_a_name_of_some_length_{n:03}__c" for n in range(420)]
    fields = [Field(name=name, type="string", label="F", length=9) for name in names]
    org.store.add_field(LINKS, *fields)
    contacts = org.store.insert("Contact", [{}], stamp=NOW - timedelta(days=1))
    run = tap.sync(objects=[LINKS, "Contact"])
    assert run.exit_code == 7, run.log
    assert f"The query of {LINKS} is too long as a URL to name an Id in it" in run.log
    assert "fewer columns" in run.log
    assert run.ids("Contact") == contacts
