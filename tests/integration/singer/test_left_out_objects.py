"""Objects that can't be read: left out with a line, an error, or one stream's failure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.catalogs import select_streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
BAD = "Bad__c"
ID = Field(name="Id", type="id", label="Record ID", length=18, filterable=True)
DRAWING = Field(name="Drawing__c", type="base64", label="Drawing")
NAME = Field(name="Name", type="string", label="Name", length=80, filterable=True)
EMPTY: dict[str, object] = {"name": BAD, "label": "Bad"}


def refused(error: errors.SalesforceError) -> faults.Action:
    return outages.salesforce(error)


def described_as(content: object) -> faults.Action:
    return faults.replace_body(lambda _: dump_json(content))


def says(code: str, status: int) -> faults.Action:
    return refused(errors.SalesforceError(status, code, "no"))


REFUSALS = {
    "404": says("NOT_FOUND", 404),
    "403": refused(errors.insufficient_access()),
    "400": says("INVALID_TYPE", 400),
}
NOTHING_TO_READ = {
    "no fields": described_as(EMPTY | {"fields": []}),
    "no readable field": described_as(EMPTY | {"fields": [DRAWING.describe()]}),
    "no Id": described_as(EMPTY | {"fields": [NAME.describe()]}),
}
ODD = {
    "a field with a dot": described_as(
        EMPTY | {"fields": [ID.describe(), NAME.describe() | {"name": "Owner.Name"}]}
    ),
    "no list of fields": described_as(EMPTY),
    "another object": described_as(EMPTY | {"name": "Account", "fields": [ID.describe()]}),
}
ALL = {**REFUSALS, **NOTHING_TO_READ, **ODD}
TRANSIENT = {"500": outages.unknown_exception()}


@pytest.fixture
def is_bad(org: LocalOrg) -> Callable[[str], None]:
    """Return what lets an object that is listed be described in a bad way."""
    like = org.store.sobjects["Invoice__c"]
    org.store.add_object(replace(like, name=BAD, label="Bad"))
    org.store.insert("Invoice__c", [{}], stamp=LAST_WEEK)
    # So that it is asked for alone.
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")

    def become(how: str) -> None:
        org.faults.add(f"/sobjects/{BAD}/describe", {**ALL, **TRANSIENT}[how], times=None)

    return become


def names(stdout: str) -> list[str]:
    """Return the streams of a catalog that can be read."""
    streams = json.loads(stdout)["streams"]
    return [
        entry["tap_stream_id"]
        for entry in streams
        if all("unsupported-reason" not in item["metadata"] for item in entry["metadata"])
    ]


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("command", ["discover", "sync"])
def test_what_only_a_pattern_names_is_left_out(
    tap: TapRunner, is_bad: Callable[[str], None], how: str, command: str
) -> None:
    """A pattern gives the objects that can be read, and a line for each that can't."""
    is_bad(how)
    arguments = ["--discover"] if command == "discover" else []
    run = tap.command("--config", tap.config(objects=["*__c"]), *arguments)
    assert run.exit_code == 0, run.log
    (line,) = [line for line in run.log.splitlines() if BAD in line]
    assert "It is left out: only a pattern in objects names it." in line
    assert "Did you mean" not in run.log
    if command == "discover":
        assert names(run.stdout) == ["Invoice__c", "Measurement__c"]
    else:
        assert '"stream":"Invoice__c","record"' in run.stdout


@pytest.mark.parametrize("how", ALL)
def test_pattern_that_leaves_nothing_is_a_warning(
    tap: TapRunner, is_bad: Callable[[str], None], how: str
) -> None:
    """A pattern whose objects are all left out is told, once; one that gives some is not."""
    is_bad(how)
    run = tap.sync(objects=["Bad*", "Inv*"])
    assert run.exit_code == 0, run.log
    (line,) = [line for line in run.log.splitlines() if "WARNING" in line]
    assert "The setting objects holds Bad*, and no object that it matches can be read." in line
    assert len(run.ids("Invoice__c")) == 1


@pytest.mark.parametrize(
    ("objects", "exit_code"), [(["*__c"], 7), (["Bad*"], 5)], ids=["some", "nothing else"]
)
def test_passing_trouble_of_what_a_pattern_names_is_a_failure(
    tap: TapRunner, is_bad: Callable[[str], None], objects: list[str], exit_code: int
) -> None:
    """It can be read at other times, so a scheduler may not take its absence for success.

    A catalog has the others: one sick object would otherwise take the discovery of all down.
    """
    is_bad("500")
    run = tap.sync(objects=objects)
    assert run.exit_code == exit_code, run.log
    assert f"{BAD}: {BAD} can't be described" in run.log.splitlines()[-1]
    assert "left out" not in run.log
    assert "no object that it matches" not in run.log
    assert len(run.ids("Invoice__c")) == (1 if exit_code == 7 else 0)
    found = tap.command("--config", tap.config(objects=objects), "--discover")
    if exit_code == 5:
        assert (found.exit_code, found.stdout) == (5, "")
        return
    assert found.exit_code == 0, found.log
    assert names(found.stdout) == ["Invoice__c", "Measurement__c"]
    assert f"{BAD} can't be described" in found.log
    assert f"{BAD} is not in the catalog: only a pattern in objects names it" in found.log


@pytest.mark.parametrize("how", [*REFUSALS, *NOTHING_TO_READ])
@pytest.mark.parametrize("command", ["discover", "sync"])
def test_what_the_user_names_is_an_error(
    tap: TapRunner, is_bad: Callable[[str], None], how: str, command: str
) -> None:
    """A name that was written, beside a pattern or not, is told with exit code 2."""
    is_bad(how)
    arguments = ["--discover"] if command == "discover" else []
    run = tap.command("--config", tap.config(objects=["*__c", BAD.lower()]), *arguments)
    assert (run.exit_code, run.stdout) == (2, "")
    last = run.log.splitlines()[-1]
    assert BAD.lower() in last.lower()
    assert "Did you mean" not in last


@pytest.mark.parametrize("how", ODD)
def test_named_object_with_an_odd_describe(
    tap: TapRunner, is_bad: Callable[[str], None], how: str
) -> None:
    """Discovery has no catalog without it; a run reads the others and ends with its failure."""
    is_bad(how)
    config = tap.config(objects=["Invoice__c", BAD])
    found = tap.command("--config", config, "--discover")
    assert (found.exit_code, found.stdout) == (5, "")
    assert f"the describe of {BAD}" in found.log.splitlines()[-1]
    run = tap.sync(objects=["Invoice__c", BAD])
    assert run.exit_code
    assert len(run.ids("Invoice__c")) == 1
    assert f"{BAD}: Salesforce's answer to the describe of {BAD}" in run.log
    assert run.messages_of("SCHEMA", BAD) == []


@pytest.mark.parametrize("how", ALL)
def test_selected_stream_fails_by_name(
    tap: TapRunner, is_bad: Callable[[str], None], how: str
) -> None:
    """What a catalog selects and can't be read is that stream's failure; the others come."""
    catalog = select_streams(tap.discover(objects=["Invoice__c", BAD]), "Invoice__c", BAD)
    is_bad(how)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7, run.log
    assert f"streams failed; the others are complete. {BAD}: " in run.log
    assert len(run.ids("Invoice__c")) == 1
    assert run.messages_of("SCHEMA", BAD) == []


def test_object_without_an_id_says_so(tap: TapRunner, is_bad: Callable[[str], None]) -> None:
    """The reason is told, not only the name."""
    is_bad("no Id")
    run = tap.command("--config", tap.config(objects=[BAD]), "--discover")
    assert f"{BAD} has no field Id, so nothing tells its rows apart." in run.log


def test_check_fails_at_what_the_user_named(tap: TapRunner, is_bad: Callable[[str], None]) -> None:
    """`check` does not pass over an object that a run would fail at."""
    is_bad("a field with a dot")
    run = tap.command("check", "--config", tap.config(objects=["Invoice__c", BAD]))
    assert run.exit_code
    assert f"FAIL  {BAD} " in run.stdout
