"""Extracts a stand-in Salesforce org into files with `meltano run`: in full, then what changed.

Each step says what it does. Every loaded value is compared with the org, and at the end one object
is exported to Parquet and read back; the exit code is 0 only when no row is missing or too many and
each value is the same.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tests.demo.meltano import TAP, TARGET, MeltanoFailedError, Project, Run, StreamRun
from tests.demo.proof import Comparison, Witness
from tests.demo.story import Story
from tests.local_org.__main__ import DIRECTORY
from tests.support import processes
from tests.support.org_process import OrgProcess
from tests.support.text_table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

OPPORTUNITIES = 10_000
CHANGES = {
    "Opportunity": {"update": 40, "insert": 3, "delete": 2},
    "Account": {"update": 5},
}
_CONFIG = f"\\\n  --config {DIRECTORY / 'config.json'}"
#: What somebody may type who has seen it: an org to play with, what a run would do, and that run.
NEXT_COMMANDS = (
    "make org",
    f".venv/bin/{TAP} plan {_CONFIG}",
    f".venv/bin/{TAP} {_CONFIG} > everything.jsonl",
)
INTERRUPTED = 130
STEPS = 8
_EXPORTED = "Opportunity"
#: What reads an export back, in one line.
READ_BACK = f"import polars; print(polars.read_parquet('{_EXPORTED}/*.parquet')['Amount'].sum())"


def main() -> int:
    """Run the demo and leave nothing behind, however it ends."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGHUP, _ended)
    story = Story(STEPS)
    try:
        with ExitStack() as cleanup:
            return _demo(story, _workspace(cleanup), cleanup)
    except MeltanoFailedError as error:
        story.lines(["", *str(error).splitlines()])
        return 1
    except KeyboardInterrupt:
        story.say("")
        story.say("Stopped. Everything that the demo had started or written is gone.")
        return INTERRUPTED


def _demo(story: Story, workspace: Path, cleanup: ExitStack) -> int:
    story.step(
        f"Starting a stand-in Salesforce org with {OPPORTUNITIES:,} opportunities, and accounts, "
        "contacts, contracts, users and line items to match."
    )
    with story.alive(lambda: "making the rows"):
        org = cleanup.enter_context(OrgProcess(workspace / "org", rows=OPPORTUNITIES))
    story.detail(f"It listens on {org.url} and checks the tap's signature as Salesforce does.")
    (workspace / "project").mkdir()
    project = Project(workspace / "project", org.settings, say=story.detail)

    story.step(f"meltano install: the tap of this work tree, and {TARGET}.")
    with story.alive(lambda: "installing"):
        project.install()

    story.step(f"meltano run {TAP} {TARGET}: the first time, everything.")
    story.look("which API it picks for each object, and why.")
    first = _run(story, project, org)

    story.step("Changing rows in the org.")
    for name, amounts in CHANGES.items():
        changed = org.change(name, **amounts)
        story.detail(
            f"{name}: {changed['update']} updated, {changed['insert']} inserted, "
            f"{changed['delete']} deleted"
        )

    story.step(f"meltano run {TAP} {TARGET}: again, with the state that Meltano kept.")
    story.look("how few rows and calls it takes now, though nobody told it what has changed.")
    second = _run(story, project, org)
    story.detail(
        "Rows of the ten minutes before the bookmark were read again, in case Salesforce had "
        "committed some late (lookback_seconds)."
    )
    story.say("")
    story.lines(table(_report(first, second)))

    story.step("How much of the time was the tap's: everything once more, into nothing.")
    began = time.monotonic()
    _read_alone(story, org)
    alone = time.monotonic() - began
    story.detail(
        f"The tap alone: {alone:.0f} s. In the first run, with Meltano and the target beside it: "
        f"{first.seconds:.0f} s."
    )

    story.step("Comparing every value that was loaded with what the org has.")
    story.look("the digits at the end.")
    witness = Witness(org.settings)
    code = _proof(story, project, witness, sorted(first.streams))

    story.step(
        f"tap-versionforge-salesforce export {_EXPORTED}: Parquet, without Meltano or Singer."
    )
    with story.alive(lambda: "exporting"):
        told, read = exported(org.config, workspace / "rows")
        expected = witness.sum_of(_EXPORTED, "Amount")
    story.detail(told.partition(": /")[0])
    story.detail(f"Read back in one line: {READ_BACK}")
    story.detail(f"in the org   {expected}")
    story.detail(f"in the file  {read}")
    code = code or int(Decimal(read) != expected)
    story.say("")
    story.say("To go on, in this folder; the second and third command while the first one runs:")
    story.lines(["", *NEXT_COMMANDS])
    return code


def exported(config: Path, folder: Path) -> tuple[str, str]:
    """Export an object, and read it back in one line; return what each of the two says."""
    command: list[str | Path] = [
        processes.TAP,
        "export",
        _EXPORTED,
        "--to",
        folder,
        "--config",
        config,
    ]
    told = processes.run(command).stdout
    return told, processes.run([sys.executable, "-c", READ_BACK], cwd=folder).stdout.strip()


def _run(story: Story, project: Project, org: OrgProcess) -> Run:
    calls, lines = org.journal()["calls"], project.lines_loaded()
    with story.alive(lambda: f"{project.lines_loaded() - lines:,} rows loaded so far"):
        run = project.run()
    rows = sum(stream.rows for stream in run.streams.values())
    story.detail(
        f"{rows:,} rows in {run.seconds:.0f} s; the org counted {org.journal()['calls'] - calls} "
        "API calls, with those of Meltano's discovery and the tap's describes and limits."
    )
    return run


def _read_alone(story: Story, org: OrgProcess) -> None:
    run = partial(
        processes.run,
        [processes.TAP, "--config", org.config],
        capture_output=False,
        stdout=subprocess.DEVNULL,
    )
    if sys.stderr.isatty():
        # Meltano reads stderr through a pipe; here the tap has the terminal to itself.
        story.look("its live display, and at the table that it leaves behind.")
        story.say("")
        run(stderr=None)
    else:
        with story.alive(lambda: "reading"):
            run(stderr=subprocess.PIPE)


def _report(first: Run, second: Run) -> list[Sequence[str]]:
    counts = ("Rows", "Calls")
    lines: list[Sequence[str]] = [("Stream", "First run", *counts, "Second run", *counts)]
    for name in sorted(first.streams | second.streams):
        runs = [run.streams.get(name, StreamRun()) for run in (first, second)]
        cells = [(run.api, f"{run.rows:,}", f"{run.calls:,}") for run in runs]
        lines.append((name, *cells[0], *cells[1]))
    return lines


def _proof(story: Story, project: Project, witness: Witness, streams: Sequence[str]) -> int:
    found = [_compared(story, project, witness, name) for name in streams]
    _show_amount(story, found)
    story.say("")
    if not found or any(each.wrong for each in found):
        story.say("What was loaded is NOT what the org has.")
        return 1
    story.say(
        f"All {sum(each.rows for each in found):,} rows of the org were loaded, in their newest "
        f"version, and all of their {sum(each.values for each in found):,} values are the same."
    )
    return 0


def _show_amount(story: Story, found: Sequence[Comparison]) -> None:
    """Show one long amount on both sides, an opportunity's where there is one."""
    best_first = sorted(found, key=lambda each: each.name != "Opportunity")
    for where, there, here in [each.amount for each in best_first if each.amount][:1]:
        story.say("")
        story.say(f"An amount of 18 digits, more than a float can hold ({where}):")
        story.detail(f"in the org   {there}")
        story.detail(f"in the file  {here}")


def _compared(story: Story, project: Project, witness: Witness, name: str) -> Comparison:
    found = Comparison(name)
    with story.alive(lambda: f"{name}: {found.rows:,} rows compared"):
        found.run(witness, project.loaded(name))
    story.detail(f"{name}: {_verdict(found)}")
    return found


def _verdict(found: Comparison) -> str:
    if found.wrong:
        return (
            f"{found.rows:,} rows in the org, {found.loaded:,} loaded, NOT equal: "
            f"{len(found.wrong):,} differences, the first at {found.wrong[0]}"
        )
    return f"{found.rows:,} rows, {found.values:,} values, all equal"


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
