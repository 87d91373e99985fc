"""A file that takes another one's place: whole, its owner's only, or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support.locks import PathLock
from tap_versionforge_salesforce.salesforce.support.replacement import (
    Replacement,
    overwrite,
    replace_file,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    path.chmod(0o644)
    return path


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def test_it_takes_the_place(path: Path) -> None:
    """Who reads sees the one or the other, and others than its owner nothing any more."""
    opened = path.open("rb")
    replace_file(path, b"behind")
    with opened:
        assert opened.read() == b"before"
    assert path.read_bytes() == b"behind"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path) == ["file"]


def test_nothing_is_left_of_one_that_is_dropped(path: Path) -> None:
    """What is there stays as it is; a second time changes nothing."""
    new = Replacement(path)
    assert len(names(path)) == 2
    new.drop()
    new.drop()
    assert (names(path), path.read_bytes()) == (["file"], b"before")


def test_one_that_is_there_first(path: Path) -> None:
    """There need not be another one."""
    path.unlink()
    replace_file(path, b"first")
    assert path.read_bytes() == b"first"


def test_it_stays_whole_where_it_can_not_be_replaced(path: Path) -> None:
    """A folder can't be replaced by a file, and nothing is left beside it."""
    path.unlink()
    path.mkdir()
    (path / "in it").touch()
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"behind")
    assert names(path) == ["file"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_it_belongs_to_whom_the_other_one_did(path: Path) -> None:
    """A run of root's must not lock out whose file it is."""
    os.chown(path, 1234, 5678)
    replace_file(path, b"behind")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


@pytest.mark.parametrize("data", [b"x", b"longer than before"])
def test_a_file_is_written_in_its_place(path: Path, data: bytes) -> None:
    """Of what was there before, nothing is left."""
    before = path.stat().st_ino
    overwrite(path, data)
    assert (path.read_bytes(), path.stat().st_ino) == (data, before)


def test_a_lock_keeps_others_out_until_it_is_released(path: Path) -> None:
    """Whoever has waited for a file that was replaced has to ask for the new one."""
    lock = PathLock(path)
    with pytest.raises(BlockingIOError):
        PathLock(path)
    lock.release()
    lock.release()
    PathLock(path).release()
