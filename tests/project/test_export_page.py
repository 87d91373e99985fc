"""The commands and examples of the page about `export` run, and leave what the page shows."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.project.test_python_examples import config_of, examples
from tests.support import processes
from tests.walkthrough.blocks import OUTPUT, SHELL, blocks

if TYPE_CHECKING:
    import pytest

    from tests.local_org import LocalOrg

DOCUMENT = processes.ROOT / "docs" / "how-to" / "export.md"
# What is not on every machine.
_ELSEWHERE = ("pip ", "duckdb ")


def test_the_page(
    org: LocalOrg,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From top to bottom."""
    for name in ("Account", "Opportunity"):
        org.store.seed(name, 20)
    config_of(org, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{processes.TAP.parent}{os.pathsep}{os.environ['PATH']}")
    found = list(blocks(DOCUMENT.read_text(encoding="utf-8")))
    for block in found:
        lines = block.text.splitlines() if block.language == SHELL else []
        for line in lines:
            if not line.startswith(_ELSEWHERE):
                processes.run(["bash", "-euc", line], cwd=tmp_path, env=dict(os.environ))
    (shown,) = [block.text.splitlines() for block in found if block.language == OUTPUT]
    written = {re.sub(r"\d+", "#", str(path)) for path in Path("rows").rglob("*.parquet")}
    assert written == {re.sub(r"\d+", "#", path) for path in shown}
    assert Path("sales.duckdb").is_file()
    names: dict[str, object] = {}
    for code, _ in examples(DOCUMENT):
        exec(compile(code, DOCUMENT.name, "exec"), names)  # noqa: S102  the project's own
    assert "b'label': b'Amount'" in capsys.readouterr().out
