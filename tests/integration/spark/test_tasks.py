"""What tasks need: calls of the day, a key, an answer in time, and room on the executor's disk."""

from __future__ import annotations

import logging
import resource
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.errors import SettingsError, TapError, UnavailableError
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX
from tests.integration.spark.conftest import ROWS
from tests.integration.spark.test_data_source import RESULTS, ids, reader
from tests.local_org.conditions import faults
from tests.support import keys, processes
from tests.support.spark import NO_PYSPARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock

    Options = Callable[..., dict[str, str]]

pytest.importorskip("pyspark", reason=NO_PYSPARK)
pytestmark = pytest.mark.usefixtures("clock")

PASSPHRASE = f"{VARIABLE_PREFIX}PRIVATE_KEY_PASSPHRASE"


# Calls of the day


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "5 tasks to read it, with 6 API calls or more"),
        ({"partitions": "3"}, "3 tasks to read it, with 12 API calls or more"),
        ({"partitions": "3", "apiMode": "auto"}, "3 tasks to read it, with 3 API calls or more"),
        ({"apiMode": "auto"}, "1 task to read it, with 1 API call or more"),
    ],
    ids=["pages", "ranges by Bulk", "small ranges", "REST"],
)
@pytest.mark.usefixtures("rows")
def test_calls_are_told_beforehand(
    org: LocalOrg,
    options: Options,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, str],
    told: str,
) -> None:
    """As many as the tasks then make, which can't tell the driver themselves."""
    caplog.set_level(logging.INFO)
    made = reader(options(fields="Id", **changes))
    parts = made.partitions()
    left = org.limits.calls.remaining
    assert told in caplog.text
    assert f"{left:,} of the day's 15,000 are left." in caplog.text
    assert len([row_id for part in parts for row_id in ids(made, part)]) == ROWS
    assert f"with {left - org.limits.calls.remaining} API call" in caplog.text
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize(
    ("left", "changes", "warning"),
    [
        (1_000, {}, "its tasks make 6 API calls or more, behind which "),
        (1_000, {"quotaWarningThreshold": "900"}, None),
        (1_000, {"quotaReserve": "500"}, "(warned below 1,000, quota_warning_threshold)"),
        (10, {}, "of the day's 15,000 may still be made: they will fail once"),
    ],
    ids=["below the threshold", "above it", "below it with the reserve", "too few"],
)
@pytest.mark.usefixtures("rows")
def test_too_few_calls_are_warned_of(
    org: LocalOrg,
    options: Options,
    caplog: pytest.LogCaptureFixture,
    left: int,
    changes: dict[str, str],
    warning: str | None,
) -> None:
    """Before a task begins."""
    org.limits.calls.remaining = left
    reader(options(fields="Id", **changes)).partitions()
    told = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(told) == (warning is not None)
    assert (warning or "") in " ".join(told)


def test_a_job_is_removed_as_the_documents_say(
    org: LocalOrg, options: Options, rows: list[str]
) -> None:
    """Nobody else does it before Salesforce."""
    made = reader(options(fields="Id"))
    parts = made.partitions()
    assert set(ids(made, parts[0])) < set(rows)
    (job,) = org.jobs.all()
    section = (processes.ROOT / "docs/how-to/spark.md").read_text("utf-8")
    example = section.partition("### Removing a job")[2].partition("```python\n")[2]
    code = example.partition("```")[0].replace("750…", job.id)
    exec(code, {"settings": org.config()})  # noqa: S102  our own text
    assert org.jobs.all() == []


# A key


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["that needs none", "that needs it"])
def test_a_passphrase_of_the_environment_counts_for_a_key_that_is_an_option(
    options: Options, rows: list[str], monkeypatch: pytest.MonkeyPatch, *, is_encrypted: bool
) -> None:
    """So that the key may be a file that is named, and its passphrase a secret of the machine."""
    monkeypatch.setenv(PASSPHRASE, keys.PASSPHRASE)
    given = options(fields="Id")
    if is_encrypted:
        given["privateKey"] = keys.encrypted(given["privateKey"])
    made = reader(given)
    assert sorted(i for part in made.partitions() for i in ids(made, part)) == sorted(rows)


def test_a_passphrase_of_another_key_is_told_with_its_place(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gave the key may know of none; an option counts more."""
    monkeypatch.setenv(PASSPHRASE, "the one of another key")
    given = options(fields="Id")
    given["privateKey"] = keys.encrypted(given["privateKey"])
    with pytest.raises(SettingsError, match=rf"{PASSPHRASE}.*\[private-key-wrong-passphrase\]"):
        reader(given)
    reader(given | {"privateKeyPassphrase": keys.PASSPHRASE})


def test_an_executor_without_the_passphrase(
    org: LocalOrg, options: Options, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads with the driver's session, and says what is missing there once that ends."""
    monkeypatch.setenv(PASSPHRASE, keys.PASSPHRASE)
    given = options(fields="Id")
    made = reader(given | {"privateKey": keys.encrypted(given["privateKey"])})
    parts = made.partitions()
    monkeypatch.delenv(PASSPHRASE)
    assert set(ids(made, parts[0])) < set(rows)
    org.expire_tokens()
    with pytest.raises(SettingsError, match=r"this executor can't sign in.*\[private-key-encr"):
        ids(made, parts[1])


def test_a_token_as_option_takes_the_place_of_a_key_in_the_environment(
    org: LocalOrg, options: Options, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of what a key is used with, which is no second way to sign in then."""
    for name in ("client_id", "username", "private_key"):
        monkeypatch.setenv(f"{VARIABLE_PREFIX}{name.upper()}", str(org.config()[name]))
    given = options(fields="Id")
    kept = {name: given[name] for name in ("instanceUrl", "apiMode", "fields")}
    made = reader(kept | {"accessToken": org.tokens.issue()})
    assert sorted(i for part in made.partitions() for i in ids(made, part)) == sorted(rows)


# An answer in time


@pytest.mark.usefixtures("rows")
def test_an_org_that_answers_nothing(org: LocalOrg, options: Options, clock: OrgClock) -> None:
    """Ends the task after a while, with the tap's sentence: Spark runs it again."""
    made = reader(options(fields="Id", requestTimeoutSeconds="1"))
    parts = made.partitions()

    def silent(call: Call, real: Callable[[], Answer]) -> Answer:
        clock.sleep(3_600)
        return faults.delay(1.5)(call, real)

    org.faults.add(RESULTS, silent, times=None)
    problem = r"within 1 seconds.*request_timeout_seconds.*\[[a-z-]+\]$"
    with pytest.raises(UnavailableError, match=problem):
        ids(made, parts[0])


# Room on the disk


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("changes", [{}, {"partitions": "1"}], ids=["a page", "a range"])
def test_a_full_disk(org: LocalOrg, options: Options, changes: dict[str, str]) -> None:
    """Fails the task with the tap's sentence before a row is handed out; with room it is read."""
    texts = [{"Description": secrets.token_hex(15_000)} for _ in range(20)]
    known = org.store.insert("Account", texts)
    made = reader(options(fields="Id,Description", **changes))
    (part,) = made.partitions()
    found: list[object] = []
    problem = r"spool folder can't take any more.*\[spool-full\]"
    with little_room(200_000), pytest.raises(SettingsError, match=problem):
        found.extend(made.read(part))
    assert found == []
    assert sorted(ids(made, part)) == sorted(known)


def test_a_spool_folder_that_is_not_there(
    options: Options, rows: list[str], tmp_path: Path
) -> None:
    """Is told by its setting: it may be there on the driver, and not on an executor."""
    made = reader(options(fields="Id", spoolDir=str(tmp_path / "spool")))
    parts = made.partitions()
    with pytest.raises(TapError, match=r"spool_dir"):
        ids(made, parts[0])
    (tmp_path / "spool").mkdir()
    assert set(ids(made, parts[0])) < set(rows)
