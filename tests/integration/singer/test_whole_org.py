"""`objects: ["*"]` on an org of many objects: few calls, and none is lost."""

from __future__ import annotations

import json
import os
import pty
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import outages
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner

# Thirteen composite requests.
OBJECTS = 320


@pytest.fixture
def names(org: LocalOrg) -> list[str]:
    like = org.store.sobjects["Invoice__c"]
    found = [f"Thing{n:03d}__c" for n in range(OBJECTS)]
    for name in found:
        org.store.add_object(replace(like, name=name, label=name))
    return found


def streams(stdout: str) -> list[str]:
    return [entry["tap_stream_id"] for entry in json.loads(stdout)["streams"]]


def calls(org: LocalOrg) -> list[str]:
    """Return what was asked for that Salesforce counts, but for limits."""
    found = [entry.path.rpartition("/v68.0")[2] for entry in org.journal.calls() if entry.counted]
    return [path for path in found if path != "/limits"]


def test_whole_org_is_described_25_objects_to_a_call(
    org: LocalOrg, tap: TapRunner, names: list[str]
) -> None:
    """One call lists the objects, and each further one describes 25."""
    found = tap.command("--config", tap.config(objects=["Thing*"]), "--discover")
    assert found.exit_code == 0, found.log
    assert streams(found.stdout) == names
    assert calls(org) == ["/sobjects", *["/composite"] * 13]


def test_describes_of_a_second_discovery_are_a_few_bytes(
    org: LocalOrg, tap: TapRunner, names: list[str]
) -> None:
    """Nothing has changed: the catalog is the same, and the answers say only that."""
    folder = str(tap.folder / "cache")
    received = []
    catalogs = []
    for _ in range(2):
        org.journal.clear()
        config = tap.config(objects=["Thing*"], discovery_cache=folder)
        found = tap.command("--config", config, "--discover")
        assert found.exit_code == 0, found.log
        catalogs.append(json.loads(found.stdout))
        parts = [part for entry in org.journal.calls("/composite") for part in entry.parts]
        received.append([part.status for part in parts])
    assert received == [[200] * OBJECTS, [304] * OBJECTS]
    assert catalogs[0] == catalogs[1]
    assert len(names) == len(catalogs[0]["streams"])


def test_what_only_a_pattern_names_is_tried_for_seconds(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, names: list[str]
) -> None:
    """One sick object of hundreds is left out with a warning; the user's own is tried for long."""
    sick = names[100]
    org.faults.add(f"/sobjects/{sick}/describe", outages.unknown_exception(), times=None)
    found = tap.command("--config", tap.config(objects=["Thing*"]), "--discover")
    assert found.exit_code == 0, found.log
    assert streams(found.stdout) == [name for name in names if name != sick]
    assert f"{sick} is not in the catalog: only a pattern in objects names it." in found.log
    briefly = sum(clock.slept)
    assert 0 < briefly <= 8
    named = tap.command("--config", tap.config(objects=[sick, "Account"]), "--discover")
    assert (named.exit_code, named.stdout) == (5, "")
    assert sum(clock.slept) - briefly > 8


def test_a_hundred_selected_objects_come_whole(
    org: LocalOrg, tap: TapRunner, names: list[str]
) -> None:
    """Each has its rows, its bookmark, and its proof."""
    names = [name for name in names if name.startswith("Thing0")]
    rows = {
        name: org.store.insert(name, [{"Name": name}] * (n % 3)) for n, name in enumerate(names)
    }
    catalog = tap.discover(objects=["Thing0*"])
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert {name: sorted(run.ids(name)) for name in names} == {
        n: sorted(r) for n, r in rows.items()
    }
    assert list(run.state["bookmarks"]) == names


def test_a_terminal_shows_how_far_it_is(tap: TapRunner, names: list[str]) -> None:
    """A line that is written anew, and gone at the end."""
    catalog, shown = on_a_terminal(tap.config(objects=["Thing*"]))
    assert streams(catalog) == names
    assert "Described 25 of 320 objects\x1b[K\r" in shown
    assert "Described 300 of 320 objects\x1b[K\r" in shown
    assert shown.rstrip().endswith("\x1b[K")


def on_a_terminal(config: str) -> tuple[str, str]:
    """Run --discover with a terminal for its stderr; return its catalog and what is shown."""
    screen, stderr = pty.openpty()
    command: list[Any] = [processes.TAP, "--config", config, "--discover"]
    environment = processes.environment(TERM="xterm")
    with (
        ThreadPoolExecutor() as pool,
        processes.start(command, stdout=-1, stderr=stderr, env=environment) as process,
    ):
        os.close(stderr)
        # Beside it: a terminal takes no more than it has shown.
        looked = pool.submit(lambda: b"".join(pieces(screen)).decode())
        catalog, _ = process.communicate(timeout=120)
        shown = looked.result()
    os.close(screen)
    assert process.returncode == 0, shown
    return catalog.decode(), shown


def pieces(screen: int) -> Iterator[bytes]:
    try:
        while piece := os.read(screen, 65_536):
            yield piece
    except OSError:  # Linux's way to say that nobody writes there any more
        return
