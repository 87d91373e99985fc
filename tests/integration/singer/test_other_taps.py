"""Coming from another tap: its settings are understood or told, and its bookmarks are taken over.

The states are literal, of the forms that MeltanoLabs' and singer-io's tap-salesforce write.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.told import assert_told, config_file

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

NOVEMBER = datetime(2026, 11, 1, tzinfo=timezone.utc)
STATES = {
    "MeltanoLabs": """{"bookmarks": {"Account": {"SystemModstamp": "2026-11-01T00:00:00.000000Z"},
 "Contact": {"JobID": null, "BatchIDs": [], "JobHighestBookmarkSeen": null,
 "SystemModstamp": "2026-11-01T00:00:00.000000Z"}}, "current_stream": null}""",
    "singer-io": """{"bookmarks": {"Account": {"version": 1761955200000,
 "SystemModstamp": "2026-11-01T00:00:00.000000Z"}, "Contact": {"version": null,
 "SystemModstamp": "2026-11-01T00:00:00.000000Z"}}, "current_stream": "Contact"}""",
}
OBJECTS = ["Account", "Contact"]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_bookmarks_are_read_once_and_written_anew(
    org: LocalOrg, tap: TapRunner, state: str
) -> None:
    """What lies before them is not read again, and the next run has this tap's own."""
    day = timedelta(days=1)
    for name in OBJECTS:
        org.store.insert(name, [{}], stamp=NOVEMBER - day)
    new = {name: org.store.insert(name, [{}], stamp=NOVEMBER + day) for name in OBJECTS}
    first = tap.sync(streams_to_discover=OBJECTS, objects=None, state=json.loads(state))
    assert first.exit_code == 0, first.log
    assert {name: first.ids(name) for name in OBJECTS} == new
    for name in OBJECTS:
        assert f"{name}: the state's bookmark by SystemModstamp, as another tap has" in first.log
        entry = first.state["bookmarks"][name]
        assert entry["replication_key"] == "SystemModstamp"
        assert "SystemModstamp" not in entry
    org.clock.advance(3_600)
    second = tap.sync(streams_to_discover=OBJECTS, objects=None, state=first.state)
    assert second.exit_code == 0, second.log
    assert "as another tap has" not in second.log
    assert [second.ids(name) for name in OBJECTS] == [[], []]


def test_a_bookmark_that_is_null_is_none(org: LocalOrg, tap: TapRunner) -> None:
    """Both write it where a stream was begun and nothing of it read: all rows come."""
    rows = org.store.insert("Account", [{}], stamp=NOVEMBER)
    state = {"bookmarks": {"Account": {"SystemModstamp": None, "version": None}}}
    run = tap.sync(objects=["Account"], state=state)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert "Account: the state's bookmark by SystemModstamp is null: everything is" in run.log
    assert run.bookmark("Account") is not None


def test_settings_that_mean_the_same_are_understood(org: LocalOrg, tap: TapRunner) -> None:
    """The config of another tap has to be completed, and not cleaned."""
    rows = org.store.insert("Account", [{}], stamp=NOVEMBER)
    run = tap.sync(
        streams_to_discover=["Account"],
        objects=None,
        is_sandbox=False,
        lookback_window=60,
        select_fields_by_default=True,
    )
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    unknown = [line for line in run.log.splitlines() if "does nothing" in line]
    assert len(unknown) == 1
    assert "select_fields_by_default of other taps does nothing here; in its" in unknown[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"streams_to_discover": ["Contact"]}, ["objects", "different"], id="objects"),
        pytest.param({"lookback_window": 5, "lookback_seconds": 6}, ["lookback"], id="look-back"),
        pytest.param(
            {"is_sandbox": True, "instance_url": "https://acme.my.salesforce.com"},
            ["is_sandbox is true, but acme.my.salesforce.com is the host of no sandbox"],
            id="no sandbox",
        ),
        pytest.param(
            {"is_sandbox": "false", "instance_url": "https://a--dev.sandbox.my.salesforce.com"},
            ["is_sandbox is false", "sandbox or scratch org"],
            id="a sandbox",
        ),
        pytest.param({"is_sandbox": "perhaps"}, ["is_sandbox must be true or false"], id="neither"),
        pytest.param(
            {"domain": "other.my", "instance_url": "https://acme.my.salesforce.com"},
            ["instance_url and domain name different hosts", "other.my.salesforce.com"],
            id="another domain",
        ),
        pytest.param(
            {"domain": "login", "instance_url": None},
            ["domain is login, which serves no org's data", "My Domain"],
            id="no org's domain",
        ),
    ],
)
def test_settings_that_do_not_are_told(
    org: LocalOrg, tap: TapRunner, settings: dict[str, Any], words: list[str]
) -> None:
    """By name, before anything is sent."""
    run = tap.command("--config", config_file(org, tap, settings))
    assert_told(run, *words)
    assert org.journal.entries == []
