"""Files that others have no business with: the key, the spool, and what holds rows."""

from __future__ import annotations

import os
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tap_versionforge_salesforce.salesforce.support.spool import spool_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)


@pytest.fixture(autouse=True)
def _open_handed() -> Iterator[None]:
    """What decides is the tap, not the habits of the developer's shell."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def with_key_file(org: LocalOrg, tap: TapRunner, mode: int, *command: str) -> Run:
    path = Path(tap.file("key.pem", org.private_key_pem))
    path.chmod(mode)
    config = org.config(private_key_path=str(path), objects=["Account", "Contact"])
    del config["private_key"]
    run = tap.command("--config", tap.file("config.json", config), *command)
    assert run.exit_code == 0, run.log
    return run


@pytest.mark.parametrize("command", [(), ("check",), ("--discover",)], ids=["sync", "check", "d"])
def test_key_file_that_others_may_read_is_told_once(
    org: LocalOrg, tap: TapRunner, command: tuple[str, ...]
) -> None:
    """One warning, with the file, its mode and the command that mends it; the run goes on."""
    org.store.seed("Account", 3, hurt=False)
    run = with_key_file(org, tap, 0o644, *command)
    (told,) = [line for line in run.log.splitlines() if "chmod" in line]
    path = tap.folder / "key.pem"
    assert "WARNING" in told
    assert f"The key file {path} can be read by others than its owner (mode 0644)" in told
    assert f"chmod 600 {path}" in told


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_key_file_of_its_owner_is_not_told(org: LocalOrg, tap: TapRunner, mode: int) -> None:
    """Nothing is said where nothing has to be done."""
    assert "chmod" not in with_key_file(org, tap, mode).log


def test_spool_has_no_name_and_is_private(tmp_path: Path) -> None:
    """Nobody else can open a page that waits, whatever the umask is."""
    with spool_file(str(tmp_path)) as file:
        status = os.fstat(file.fileno())
    assert list(tmp_path.iterdir()) == []
    assert status.st_nlink == 0
    assert stat.S_IMODE(status.st_mode) == 0o600


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_of_rows_are_private(org: LocalOrg, tap: TapRunner, form: str) -> None:
    """BATCH files are their owner's, whatever the umask is."""
    org.store.insert("Account", [{}] * 3, stamp=LAST_WEEK)
    root = (tap.folder / "files").as_uri()
    files = {"encoding": {"format": form}, "storage": {"root": root}}
    run = tap.sync(objects=["Account"], batch_config=files)
    assert run.exit_code == 0, run.log
    (url,) = [url for message in run.messages_of("BATCH") for url in message["manifest"]]
    assert mode_of(Path(unquote(urlsplit(url).path))) == 0o600


def test_report_is_as_open_as_the_umask_lets_it(org: LocalOrg, tap: TapRunner) -> None:
    """It holds counts and bookmarks, no rows, for whatever watches over the runs."""
    org.store.insert("Account", [{"Name": "canary row"}], stamp=LAST_WEEK)
    path = tap.folder / "report.json"
    run = tap.sync(objects=["Account"], report_path=str(path))
    assert run.exit_code == 0, run.log
    assert mode_of(path) == 0o666
    assert "canary row" not in path.read_text(encoding="utf-8")
