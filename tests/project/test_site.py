"""The documents build into a site that needs nothing from elsewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT_URL = "https://docs.example/tap/"
# What a browser loads by itself; links that a reader follows are theirs.
LOADED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=[\"']?(https?:)?//[^>]*>")
IN_A_STYLE = re.compile(r"url\([\"']?https?:|@import")


def build(folder: Path, *, config: Path = processes.ROOT / "mkdocs.yml") -> None:
    """Build the site as `make site` does, at the address that a release has.

    Never with `--quiet`: what is not said does not count as a warning then.
    """
    processes.run(
        [
            *(Path(sys.executable).with_name("mkdocs"), "build", "--strict"),
            *("--config-file", config, "--site-dir", folder),
        ],
        cwd=processes.ROOT,
        env=processes.environment(PACKAGE_DOCUMENTATION_URL=ROOT_URL, NO_MKDOCS_2_WARNING="1"),
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


def texts(site: Path, ending: str) -> Iterator[tuple[str, str]]:
    for path in site.rglob(f"*.{ending}"):
        yield path.relative_to(site).as_posix(), path.read_text(encoding="utf-8")


def test_every_document_is_a_page(site: Path) -> None:
    """It is built without a warning: each link and each heading that is linked to exists."""
    documents = processes.ROOT / "docs"
    pages = {
        path.relative_to(documents).with_suffix("") / "index.html"
        for path in documents.rglob("*.md")
        if path.name != "index.md"
    }
    assert len(pages) > 20
    assert {page for page in pages if not (site / page).is_file()} == set()


def test_a_wrong_heading_is_an_error(tmp_path: Path) -> None:
    """The check of links can fail."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[there](#nowhere)\n", encoding="utf-8")
    own = (processes.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    config.write_text(own.partition("\nnav:")[0], encoding="utf-8")
    (tmp_path / "docs" / "site.css").touch()

    with pytest.raises(processes.ProgramFailedError, match="nowhere"):
        build(tmp_path / "site", config=config)


def test_errors_find_their_page(site: Path) -> None:
    """What errors print, the root and troubleshooting/, is where the page is."""
    page = (site / "troubleshooting" / "index.html").read_text(encoding="utf-8")
    assert f'<link rel="canonical" href="{ROOT_URL}troubleshooting/">' in page


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """It can be read without a network, and nobody else learns who reads it."""
    pages = [
        (name, found.group())
        for name, text in texts(site, "html")
        for found in LOADED.finditer(text)
        if 'rel="canonical"' not in found.group()
        if 'rel="prev"' not in found.group()
        if 'rel="next"' not in found.group()
    ]
    assert pages == []
    # The theme's own script asks the forge about a repository that a page names.
    assert [n for n, text in texts(site, "html") if 'data-md-component="source"' in text] == []
    assert [name for name, text in texts(site, "css") if IN_A_STYLE.search(text)] == []
    assert [
        name for name, text in texts(site, "svg") if "@import" in text or "<image" in text
    ] == []


def test_it_is_published_as_it_is_tested() -> None:
    """The workflow of a release builds it by `make site`, at the address that errors print."""
    workflow = (processes.ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8")
    makefile = (processes.ROOT / "Makefile").read_text(encoding="utf-8")
    assert "make site PYTHON=python" in workflow
    assert "PACKAGE_DOCUMENTATION_URL" in workflow
    assert "mkdocs build --strict" in makefile
