"""Extracts a stand-in Salesforce org into files with `meltano run`: in full, then what changed.

Each step says what it does. At the end every loaded row is compared with the org; the exit code
is 0 only when none is missing and none is old.
"""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests import processes
from tests.demo.meltano import TAP, TARGET, MeltanoFailedError, Project, Run
from tests.demo.proof import Witness
from tests.org_process import OrgProcess
from tests.text_table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

OPPORTUNITIES = 25_000
CHANGES = {
    "Opportunity": {"update": 40, "insert": 3, "delete": 2},
    "Account": {"update": 5},
}
INTERRUPTED = 130
STEPS = 6


class Story:
    """Says what happens, with the time it took."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._step = 0

    def step(self, text: str) -> None:
        """Announce the next step."""
        self._step += 1
        seconds = time.monotonic() - self._began
        self.say(f"\n[{self._step}/{STEPS}, {seconds:.0f} s] {text}")

    def say(self, text: str) -> None:
        """Write a line now, also into a pipe."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def detail(self, text: str) -> None:
        """Write a line that belongs to the step."""
        self.say(f"  {text}")


def main() -> int:
    """Run the demo and leave nothing behind, however it ends."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGHUP, _ended)
    story = Story()
    try:
        with ExitStack() as cleanup:
            return _demo(story, _workspace(cleanup), cleanup)
    except MeltanoFailedError as error:
        story.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        story.say("\nStopped. Everything that the demo had started or written is gone.")
        return INTERRUPTED


def _demo(story: Story, workspace: Path, cleanup: ExitStack) -> int:
    story.step(
        f"Starting a stand-in Salesforce org with {OPPORTUNITIES:,} opportunities, and accounts, "
        "contacts, contracts, users and line items to match."
    )
    org = cleanup.enter_context(OrgProcess(workspace / "org", rows=OPPORTUNITIES))
    story.detail(f"It listens on {org.url} and checks the tap's signature as Salesforce does.")
    (workspace / "project").mkdir()
    project = Project(workspace / "project", org.settings, say=story.detail)

    story.step(f"meltano install: the tap of this work tree, and {TARGET}.")
    project.install()

    story.step(f"meltano run {TAP} {TARGET}: the first time, everything.")
    first, first_calls = _run(project, org)
    story.detail(_total(first, first_calls))

    story.step("Changing rows in the org.")
    for name, amounts in CHANGES.items():
        changed = org.change(name, **amounts)
        story.detail(
            f"{name}: {changed['update']} updated, {changed['insert']} inserted, "
            f"{changed['delete']} deleted"
        )

    story.step(f"meltano run {TAP} {TARGET}: again, with the state that Meltano kept.")
    second, second_calls = _run(project, org)
    story.detail(_total(second, second_calls))
    story.detail(
        "Rows of the ten minutes before the bookmark were read again, in case Salesforce had "
        "committed some late (lookback_seconds)."
    )

    story.say("")
    for line in table(_report(first, second)):
        story.say(line)

    story.step("Comparing what was loaded with what the org has, row by row.")
    return _proof(story, project, Witness(org.settings), sorted(first.streams))


def _run(project: Project, org: OrgProcess) -> tuple[Run, int]:
    before = org.journal()["calls"]
    run = project.run()
    return run, org.journal()["calls"] - before


def _total(run: Run, calls: int) -> str:
    rows = sum(stream.rows for stream in run.streams.values())
    return (
        f"{rows:,} rows; the org counted {calls} API calls, with those of Meltano's discovery "
        "and the tap's describes and limits."
    )


def _report(first: Run, second: Run) -> list[Sequence[str]]:
    lines: list[Sequence[str]] = [("Stream", "Run", "API", "Rows", "Calls", "Because")]
    for name in sorted(first.streams | second.streams):
        for number, run in enumerate((first, second), start=1):
            if stream := run.streams.get(name):
                counts = (f"{stream.rows:,}", str(stream.calls))
                title = name if number == 1 else ""
                lines.append((title, str(number), stream.api, *counts, stream.reason))
    return lines


def _proof(story: Story, project: Project, witness: Witness, streams: Sequence[str]) -> int:
    wrong = 0
    for name in streams:
        there, here = witness.rows(name), project.loaded(name)
        missing = there.keys() - here.keys()
        outdated = {row for row in there.keys() & here.keys() if there[row] != here[row]}
        surplus = here.keys() - there.keys()
        wrong += len(missing) + len(outdated) + len(surplus)
        verdict = (
            f"{len(missing)} missing, {len(outdated)} outdated, {len(surplus)} unknown"
            if missing or outdated or surplus
            else "equal"
        )
        story.detail(f"{name}: {len(there):,} in the org, {len(here):,} loaded: {verdict}")
    if wrong or not streams:
        story.say("\nThe loaded rows are NOT those of the org.")
        return 1
    story.say("\nEvery row of the org was loaded, in its newest version.")
    return 0


def _workspace(cleanup: ExitStack) -> Path:
    """Return a folder that nobody else uses and that goes away with everything in it."""
    parent = processes.ROOT / ".demo"
    parent.mkdir(exist_ok=True)
    workspace = Path(tempfile.mkdtemp(dir=parent))
    cleanup.callback(_remove, workspace)
    return workspace


def _remove(workspace: Path) -> None:
    shutil.rmtree(workspace, ignore_errors=True)
    # Fails, rightly, while another demo runs beside this one.
    _quietly(workspace.parent.rmdir)


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except OSError:
        return


def _ended(number: int, _frame: FrameType | None) -> NoReturn:
    # Unwinds the stack, and so cleans up; a second signal while doing so changes nothing.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
