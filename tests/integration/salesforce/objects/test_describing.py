"""Describes of many objects: together where that works, alone where not, each with its own end."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.errors import UnavailableError
from tap_versionforge_salesforce.salesforce.describes import describe_many
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock, TapRunner

THREE = ["Account", "Contact", "User"]
FOR_EVER_SECONDS = 600

LOST_COMPOSITE = {
    "500": outages.unknown_exception(),
    "503": outages.server_unavailable(),
    "413": faults.answer(413, "<html></html>"),
    "silence": faults.delay(FOR_EVER_SECONDS),
    "page": outages.not_json(),
    "list": faults.answer(200, [1]),
    "nothing in it": faults.answer(200, {}),
}
SICK = {
    "500": outages.unknown_exception(),
    "null": faults.answer(200, b"null"),
    "list": faults.answer(200, []),
    "no fields": faults.answer(200, {"name": "Contact"}),
    "odd field": faults.answer(200, {"name": "Contact", "fields": [{"name": "a.b"}]}),
    "reset": faults.reset(),
}


def named(tap: TapRunner, *objects: str) -> list[str]:
    catalog = tap.discover(objects=list(objects) or THREE)
    return [entry["tap_stream_id"] for entry in catalog["streams"]]


def many(org: LocalOrg, count: int) -> list[str]:
    """Return the names of so many new objects."""
    like = org.store.sobjects["Invoice__c"]
    names = [f"Thing{n:03}__c" for n in range(count)]
    for name in names:
        org.store.add_object(replace(like, name=name, label=name))
    return names


@pytest.mark.parametrize("trouble", LOST_COMPOSITE.values(), ids=LOST_COMPOSITE)
def test_a_composite_that_fails_means_one_by_one(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, trouble: faults.Action
) -> None:
    """What describes 25 objects at once may be too much where single describes answer."""
    fault = org.faults.add("POST /composite", trouble, times=None)
    run = tap.command(
        "--config", tap.config(objects=THREE, request_timeout_seconds=1), "--discover"
    )
    assert run.exit_code == 0, run.log
    assert [entry["tap_stream_id"] for entry in json.loads(run.stdout)["streams"]] == THREE
    assert fault.fired <= 3
    assert sum(clock.slept) <= 16


def test_composites_that_fail_are_not_asked_for_ever(org: LocalOrg, tap: TapRunner) -> None:
    """Two in a row, and the rest is described one by one; one alone may have had its reason."""
    objects = many(org, 100)
    once = org.faults.add("POST /composite", outages.server_unavailable(), times=3)
    assert named(tap, *objects) == objects
    assert (once.fired, len(org.journal.calls("/sobjects/*/describe", "GET"))) == (3, 25)
    org.faults.clear()
    always = org.faults.add("POST /composite", outages.server_unavailable(), times=None)
    assert named(tap, *objects) == objects
    assert always.fired == 6


@pytest.mark.parametrize("trouble", SICK.values(), ids=SICK)
def test_an_object_whose_describe_fails_fails_alone(
    org: LocalOrg, tap: TapRunner, trouble: faults.Action
) -> None:
    """The stream fails by name, and the others come whole."""
    rows = {name: org.store.seed(name, 2, hurt=False) for name in ("Account", "User")}
    catalog = tap.discover(objects=THREE)
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("GET /sobjects/Contact/describe", trouble, times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7, run.log
    assert {name: sorted(run.ids(name)) for name in rows} == {n: sorted(r) for n, r in rows.items()}
    last = run.log.splitlines()[-1]
    assert "Contact: " in last
    assert "Account: " not in last
    assert "Traceback" not in run.log


def test_a_part_that_fails_and_fails_alone_too(org: LocalOrg, tap: TapRunner) -> None:
    """In a composite that answers, one sick object costs only its own tries."""
    catalog = tap.discover(objects=THREE)

    def is_sick(call: Call) -> bool:
        return call.path.endswith("/sobjects/Contact/describe")

    def sick_part(body: bytes) -> bytes:
        content: dict[str, Any] = json.loads(body)
        content["compositeResponse"][1] |= {"httpStatusCode": 500, "body": None}
        return json.dumps(content).encode()

    org.faults.add("POST /composite", faults.replace_body(sick_part), times=None)
    org.faults.add(is_sick, outages.unknown_exception(), times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7, run.log
    assert list(run.state["bookmarks"]) == ["Account", "User"]


def test_an_org_that_describes_nothing_is_unavailable(
    org: LocalOrg, tap: TapRunner, clock: OrgClock
) -> None:
    """Every stream fails by name, and each further one costs fewer tries."""
    objects = many(org, 60)
    catalog = tap.discover(objects=objects)
    org.journal.clear()
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("GET /sobjects/*/describe", outages.unknown_exception(), times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 5, run.log
    last = run.log.splitlines()[-1]
    assert "No stream could be read to its end." in last
    assert [name for name in objects if f"{name}: {name} can't be described" not in last] == []
    assert len(org.journal.calls("/sobjects/*/describe", "GET")) <= len(objects) + 20
    assert sum(clock.slept) < 600


def test_many_sick_objects_in_a_row_do_not_take_the_others_along(
    org: LocalOrg, tap: TapRunner
) -> None:
    """However many they are, what stands before and behind them comes whole."""
    sick = many(org, 7)
    rows = {name: org.store.seed(name, 2, hurt=False) for name in ("Account", "User")}
    org.faults.add("POST /composite", outages.unknown_exception(), times=None)
    org.faults.add("GET /sobjects/Thing*/describe", outages.unknown_exception(), times=None)
    run = tap.sync(objects=["Account", *sick, "User"])
    assert run.exit_code == 7, run.log
    assert {name: sorted(run.ids(name)) for name in rows} == {n: sorted(r) for n, r in rows.items()}
    last = run.log.splitlines()[-1]
    assert [name for name in sick if f"{name}: " not in last] == []


def test_an_org_that_can_not_be_reached_ends_the_run(org: LocalOrg, tap: TapRunner) -> None:
    """Where the versions resource fails as well, the first object tells it."""
    catalog = tap.discover(objects=THREE)
    org.journal.clear()
    org.faults.add("/services/data", outages.server_unavailable(), skip=1, times=None)
    org.faults.add("POST /composite", outages.server_unavailable(), times=None)
    org.faults.add("GET /sobjects/*/describe", outages.server_unavailable(), times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 5, run.log
    asked = {entry.path for entry in org.journal.calls("/sobjects/*/describe", "GET")}
    assert len(asked) == 1


@pytest.mark.usefixtures("clock")
def test_describes_are_asked_for_as_they_are_taken(org: LocalOrg) -> None:
    """However many objects there are, one answer is used and two are asked for ahead."""
    objects = many(org, 140)
    client = TapVersionForgeSalesforce(config=org.config(), setup_mapper=False).run.client
    described = describe_many(client, objects)
    assert [name for name, _ in islice(described, 25)] == objects[:25]
    assert len(org.journal.calls("/composite", "POST")) <= 3
    assert [name for name, _ in described] == objects[25:]
    assert len(org.journal.calls("/composite", "POST")) == 6


def test_two_requests_that_fail_at_one_moment_are_one_failure(
    org: LocalOrg, tap: TapRunner
) -> None:
    """The others are still asked for together."""
    objects = many(org, 200)
    both = threading.Barrier(2)
    waited: set[str] = set()

    def fail(call: Call, real: Callable[[], Answer]) -> Answer:
        group = call.body.decode().partition("describe")[0]
        if group not in waited:
            waited.add(group)
            both.wait(timeout=20)
        return outages.unknown_exception()(call, real)

    second, third = objects[25], objects[50]
    org.faults.add(
        lambda call: any(f"/{name}/describe" in call.body.decode() for name in (second, third)),
        fail,
        times=None,
    )
    assert named(tap, "Thing*") == objects
    alone = {entry.path for entry in org.journal.calls("/sobjects/*/describe", "GET")}
    assert len(alone) == 50


@pytest.mark.usefixtures("clock")
def test_a_describe_without_fields_is_none(org: LocalOrg, tap: TapRunner) -> None:
    """It is asked for again, alone."""

    def without_fields(body: bytes) -> bytes:
        content = json.loads(body)
        for part in content["compositeResponse"]:
            del part["body"]["fields"]
        return json.dumps(content).encode()

    org.faults.add("POST /composite", faults.replace_body(without_fields), times=None)
    assert named(tap, *THREE) == THREE


def test_a_list_of_objects_that_is_none(org: LocalOrg, tap: TapRunner) -> None:
    """It is not taken for an empty one."""
    org.faults.add("*/sobjects", faults.answer(200, {"encoding": "UTF-8"}), times=None)
    run = tap.command("--config", tap.config(objects=["*"]), "--discover")
    assert run.exit_code == 5, run.log
    assert "GET /sobjects" in run.log


@pytest.mark.usefixtures("clock")
def test_what_is_wrong_with_an_object_is_handed_out(org: LocalOrg) -> None:
    """As an error, in the place of its describe."""
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("GET /sobjects/Contact/describe", outages.unknown_exception(), times=None)
    client = TapVersionForgeSalesforce(config=org.config(), setup_mapper=False).run.client
    found = dict(describe_many(client, THREE))
    assert list(found) == THREE
    assert isinstance(found["Contact"], UnavailableError)
