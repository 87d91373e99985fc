"""What discovery makes of answers that the client gives instead of a describe."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.errors import TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.http.responses import Response
from tap_versionforge_salesforce.salesforce.support.events import Events
from tap_versionforge_salesforce.singer.discovery import describe_selected, discover
from tap_versionforge_salesforce.singer.run_report import RunReport

if TYPE_CHECKING:
    from tap_versionforge_salesforce.singer.run import Run

LOGGER = logging.getLogger("discovery")
FIELDS = [{"name": "Id", "type": "id"}]
BUSY = UnavailableError("Salesforce answered with HTTP 500.", hint="Wait.", code="salesforce-busy")
ODD: list[object] = [
    pytest.param(None, id="null"),
    pytest.param([], id="list"),
    pytest.param({"name": "Bad__c", "fields": [{"name": "Owner.Name"}]}, id="a field with a dot"),
]
TROUBLES = [pytest.param(BUSY, id="unavailable"), *ODD]


class Client:
    """Describes two objects, one of them badly."""

    logger = LOGGER
    session = SimpleNamespace(waiting=lambda _: nullcontext())

    def __init__(self, trouble: object) -> None:
        self._answers = {"Bad__c": trouble, "Good__c": {"name": "Good__c", "fields": FIELDS}}

    def describe_global(self) -> list[dict[str, object]]:
        return [{"name": name, "queryable": True} for name in self._answers]

    def ensure_api_version(self) -> None:
        """Have it."""

    def is_reachable(self) -> bool:
        return True

    def together(self, _: object) -> list[Response | None]:
        raise BUSY

    def describe(self, name: str, **_: object) -> Response:
        answer = self._answers[name.replace("good", "Good")]
        if isinstance(answer, TapError):
            raise answer
        return Response(200, {}, json.dumps(answer).encode(), None)


def run(trouble: object, *objects: str) -> Any:  # noqa: ANN401  a stand-in
    settings = SimpleNamespace(objects=objects, objects_are_default=False, composite_queries=False)
    report, events = RunReport(), Events()
    events.listen(report.take)
    org = SimpleNamespace(events=events)
    failures: dict[str, TapError] = {}
    return SimpleNamespace(
        client=Client(trouble),
        settings=settings,
        failures=failures,
        fail_stream=failures.__setitem__,
        report=report,
        org=org,
        describes=SimpleNamespace(last_modified=lambda _: None, get=lambda _: None),
        keeps_meaning=False,
    )


def failures(made: Run) -> dict[str, TapError]:
    return dict(made.failures)


@pytest.mark.parametrize("trouble", ODD)
def test_what_a_pattern_names_and_is_odd(trouble: object, caplog: pytest.LogCaptureFixture) -> None:
    """It is left out with a line, and is no failure."""
    caplog.set_level(logging.INFO)
    made = run(trouble, "*__c")
    assert [sobject.name for sobject in discover(made, LOGGER).sobjects] == ["Good__c"]
    (line,) = [line for line in caplog.messages if "left out" in line]
    assert "Bad__c" in line
    assert failures(made) == {}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("way", ["named", "selected"])
def test_trouble_of_one_object_is_that_objects(trouble: object, way: str) -> None:
    """The failure has the object's name; the other object comes."""
    made = run(trouble, "Bad__c", "*__c")
    found = (
        discover(made, LOGGER).sobjects
        if way == "named"
        else describe_selected(made, ["Bad__c", "Good__c"], LOGGER)
    )
    assert [sobject.name for sobject in found] == ["Good__c"]
    (error,) = failures(made).values()
    assert "Bad__c" in error.message


def test_passing_trouble_keeps_its_code() -> None:
    """What to do about it is known by the code."""
    made = run(BUSY, "Bad__c")
    discover(made, LOGGER)
    assert made.failures["Bad__c"].code == "salesforce-busy"
    assert made.failures["Bad__c"].message == (
        "Bad__c can't be described: Salesforce answered with HTTP 500."
    )


def test_catalog_names_the_object() -> None:
    """The object has the name by which it was asked for."""
    (sobject,) = describe_selected(run(None), ["good__c"], LOGGER)
    assert sobject.name == "good__c"
