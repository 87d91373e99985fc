"""The examples for Python in the documents run, and print what the documents show."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.support import processes
from tests.walkthrough.comparing import agree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg

README = processes.ROOT / "README.md"
DOCUMENT = processes.ROOT / "docs" / "how-to" / "python.md"
_EXAMPLE = re.compile(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)


def examples(path: Path) -> list[tuple[str, str]]:
    """Return each example of a document, and what is shown below it."""
    return _EXAMPLE.findall(path.read_text(encoding="utf-8"))


def config_of(org: LocalOrg, folder: Path) -> None:
    key = folder / "key.pem"
    key.write_text(org.private_key_pem, encoding="utf-8")
    key.chmod(0o600)
    config = org.config(private_key_path=str(key))
    del config["private_key"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture
def folder(org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the reader, with a config of an org that has some rows."""
    for name in ("Account", "Contact", "Opportunity"):
        org.store.seed(name, 20)
    config_of(org, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, as in a notebook, with what is shown below each."""
    found = examples(DOCUMENT)
    assert len(found) >= 7
    assert (folder / "config.json").exists()
    names: dict[str, object] = {}
    for code, shown in found:
        exec(compile(code, DOCUMENT.name, "exec"), names)  # noqa: S102  the project's own
        seen = capsys.readouterr().out
        assert agree(shown, seen), f"--- shown\n{shown}\n--- seen\n{seen}"


def test_the_readme(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its example prints the columns that it asks for."""
    assert (folder / "config.json").exists()
    code = next(code for code, _ in examples(README) if "Org.from_config" in code)
    exec(compile(code, README.name, "exec"), {})  # noqa: S102  the project's own
    assert "['Name', 'Amount']" in capsys.readouterr().out
