"""The settings, commands and SQL of the page about targets can be used as they stand there."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from tests.support import processes
from tests.walkthrough.blocks import JSON, SHELL, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg

DOCUMENT = processes.ROOT / "docs" / "how-to" / "targets.md"
ROOT_OF_THE_PAGE = "/data/salesforce"
NAME = "Opportunity"
BLOCKS = list(blocks(DOCUMENT.read_text(encoding="utf-8")))
(EXPORT,) = [block.text for block in BLOCKS if "export" in block.text]


@pytest.fixture
def folder(org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a config, in which the commands of the page are typed."""
    for name in (NAME, "Account"):
        org.store.seed(name, 20)
    monkeypatch.setenv("PATH", f"{processes.TAP.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "config.json").write_text(json.dumps(org.config(objects=[NAME, "Account"])))
    return tmp_path


def typed(text: str, folder: Path) -> str:
    return processes.run(["bash", "-euc", text], cwd=folder, env=dict(os.environ)).stdout


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_are_written_by_the_settings(form: str, org: LocalOrg, folder: Path) -> None:
    """Each is taken as it is; with those for DuckDB its table has all rows, once, to the digit."""
    (settings,) = (b.text for b in BLOCKS if b.language == JSON and form in b.text)
    root = folder / "files"
    written: dict[str, Any] = json.loads(settings.replace(ROOT_OF_THE_PAGE, str(root)))
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | written))
    (command,) = (block.text for block in BLOCKS if "tail -n 1" in block.text)
    for _ in range(2):
        typed(command, folder)
        state = json.loads((folder / "state.json").read_text())["value"]["bookmarks"]
        assert state[NAME]["replication_key_value"]
    assert list(root.glob(f"{NAME}-*"))
    if form == "parquet":
        (query,) = (block.text for block in BLOCKS if block.language == "sql")
        with duckdb.connect() as database:
            database.execute(query.replace(ROOT_OF_THE_PAGE, str(root)))
            found = database.execute(f'SELECT "Id", "Amount" FROM "{NAME}"').fetchall()  # noqa: S608  a name of ours
        rows = org.store.rows(NAME)
        assert sorted(found) == sorted((row["Id"], row["Amount"]) for row in rows)


def test_the_export_makes_a_database(org: LocalOrg, folder: Path) -> None:
    """With all rows of both objects."""
    typed(EXPORT, folder)
    with duckdb.connect(folder / "sales.duckdb", read_only=True) as database:
        found = database.execute(f'SELECT count(*) FROM "{NAME}"').fetchone()  # noqa: S608  a name of ours
    assert found == (len(org.store.rows(NAME)),)


def test_the_project_has_what_the_page_recommends() -> None:
    """The setting of the command is that of meltano.yml's target, with its value."""
    (command,) = (
        shlex.split(block.text)
        for block in BLOCKS
        if block.language == SHELL and "config set" in block.text
    )
    *_, target, name, value = command
    project = yaml.safe_load((processes.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (loader,) = (each for each in project["plugins"]["loaders"] if each["name"] == target)
    values = {each["name"]: each.get("value") for each in loader["settings"]}
    assert values[name] is json.loads(value)
    assert "use_copy" not in values
