"""What is built, and the numbers that are written down in more than one place."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from tap_versionforge_salesforce import __version__
from tests.support import processes
from tests.support.packages import built

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

# pytest brings tomli where Python has no parser of its own.
tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

DISTRIBUTION = "tap-versionforge-salesforce"
DOCUMENTS = sorted(
    path.relative_to(processes.ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md")
    for path in processes.ROOT.glob(pattern)
)
WORKFLOWS = sorted(
    path.relative_to(processes.ROOT).as_posix()
    for path in processes.ROOT.glob(".github/workflows/*.yml")
)


def text_of(name: str) -> str:
    return (processes.ROOT / name).read_text(encoding="utf-8")


def found_in(name: str, pattern: str) -> str:
    match = re.search(pattern, text_of(name), re.MULTILINE)
    assert match, f"{name} has nothing that matches {pattern}"
    return match[1]


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    parsed: dict[str, Any] = tomllib.loads(text_of("pyproject.toml"))
    return parsed


@pytest.fixture(scope="module")
def pythons(pyproject: dict[str, Any]) -> list[str]:
    prefix = "Programming Language :: Python :: "
    classifiers = pyproject["project"]["classifiers"]
    versions = [c.removeprefix(prefix) for c in classifiers if c.startswith(prefix + "3.")]
    return sorted(versions, key=lambda version: int(version.split(".")[1]))


def test_the_oldest_python_is_the_required_one(
    pyproject: dict[str, Any], pythons: list[str]
) -> None:
    """Installers refuse exactly what is not tested below the oldest Python."""
    assert pyproject["project"]["requires-python"] == f">={pythons[0]}"
    assert pyproject["tool"]["mypy"]["python_version"] == pythons[0]
    assert pyproject["tool"]["ruff"]["target-version"] == f"py{pythons[0].replace('.', '')}"


def test_every_promised_python_is_tested(pythons: list[str]) -> None:
    """The Makefile, .ci/run and the workflow test the Pythons that the classifiers name."""
    workflow = yaml.safe_load(text_of(".github/workflows/test.yml"))

    assert found_in("Makefile", r"^PYTHONS := (.+)$").split() == pythons
    assert found_in(".ci/run", r'^pythons="(.+)"$').split() == pythons
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python-version"] == pythons


def test_the_changelog_begins_with_the_version(pyproject: dict[str, Any]) -> None:
    """Nobody can release a version that the changelog does not describe."""
    version = pyproject["project"]["version"]

    assert found_in("CHANGELOG.md", r"^## \[(.+?)\]") == version
    assert __version__ == version
    assert importlib.metadata.version(DISTRIBUTION) == version


def test_the_hooks_have_the_versions_of_the_lock(pyproject: dict[str, Any]) -> None:
    """pre-commit finds what `make lint` finds."""
    hooks = {
        repository["repo"].rsplit("/", 1)[1]: repository["rev"].removeprefix("v")
        for repository in yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    }

    for tool in ("ruff", "zizmor"):
        assert f"{tool}=={hooks[f'{tool}-pre-commit']}" in pyproject["dependency-groups"]["lint"]
    assert hooks["uv-pre-commit"] == found_in("Makefile", r"^UV_VERSION := (.+)$")


def test_the_lock_proves_what_it_installs() -> None:
    """Each file has the hash of what was looked at, and comes from the public registry."""
    packages = tomllib.loads(text_of("uv.lock"))["package"]
    foreign = [package for package in packages if package["source"] != {"editable": "."}]
    files = [f for p in foreign for f in (*p.get("wheels", []), *filter(None, [p.get("sdist")]))]

    assert {package["source"]["registry"] for package in foreign} == {"https://pypi.org/simple"}
    assert [file["url"] for file in files if not file["hash"].startswith("sha256:")] == []
    assert {urlsplit(file["url"]).netloc for file in files} == {"files.pythonhosted.org"}


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_take_actions_by_their_hash(workflow: str) -> None:
    """A tag of somebody else's repository can be moved; a commit can't."""
    used = re.findall(r"^\s*-? *uses: (\S+)", text_of(workflow), re.MULTILINE)

    assert used != []
    assert [action for action in used if not re.search(r"@[0-9a-f]{40}$", action)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_start_without_permissions(workflow: str) -> None:
    """A job has the rights that it names, and no workflow hands its token to the checkout."""
    parsed = yaml.safe_load(text_of(workflow))
    steps = [step for job in parsed["jobs"].values() for step in job["steps"]]
    checkouts = [step for step in steps if "actions/checkout@" in step.get("uses", "")]

    assert parsed["permissions"] == {}
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


def test_the_audit_runs_by_itself() -> None:
    """Advisories are looked for on a schedule as well as at each push."""
    parsed = yaml.safe_load(text_of(".github/workflows/audit.yml"))

    # YAML takes the word `on` for true.
    assert {"schedule", "push", "pull_request"} <= set(parsed[True])
    assert [s["run"] for s in parsed["jobs"]["audit"]["steps"] if "run" in s] == [
        "make audit PYTHON=python"
    ]


def test_the_tested_target_is_the_one_that_meltano_installs() -> None:
    """What was loaded into PostgreSQL by the tests is what a user of meltano.yml gets."""
    tested = found_in("Makefile", r"^TARGET_POSTGRES_VERSION := (.+)$")

    assert f"pip_url: meltanolabs-target-postgres=={tested}\n" in text_of("meltano.yml")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_commands_that_exist(document: str) -> None:
    """Each `make …` in a document is a target with a line in the list that `make` prints."""
    listed = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text_of(document), re.MULTILINE))

    assert named - listed == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_link_to_files_that_exist(document: str) -> None:
    """A link into the repository leads somewhere."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", text_of(document))

    folder = (processes.ROOT / document).parent
    assert [link for link in links if not (folder / link).exists()] == []


def test_the_command_is_installed() -> None:
    """The entry point can be loaded and called."""
    (command,) = importlib.metadata.entry_points(group="console_scripts", name=DISTRIBUTION)

    assert callable(command.load())


def metadata_of(wheel: Path) -> Message:
    """Return what the index shows of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return message_from_string(archive.read(name).decode())


def test_the_wheel_holds_the_package_and_nothing_else(
    pyproject: dict[str, Any], tmp_path: Path
) -> None:
    """Types and licence are shipped; tests, which would land beside other packages, are not."""
    names = zipfile.ZipFile(built(tmp_path, "wheel")).namelist()
    metadata = f"tap_versionforge_salesforce-{pyproject['project']['version']}.dist-info"

    assert "tap_versionforge_salesforce/py.typed" in names
    assert f"{metadata}/licenses/LICENSE" in names
    assert {name.split("/")[0] for name in names} == {"tap_versionforge_salesforce", metadata}


@pytest.mark.skipif(not (processes.ROOT / ".git").exists(), reason="there is no git repository")
def test_the_sdist_holds_the_repository_and_nothing_else(tmp_path: Path) -> None:
    """Whoever has it can read every document that is linked to, and run every test."""
    with tarfile.open(built(tmp_path, "sdist")) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    tracked = processes.run(["git", "ls-files", "-z"], cwd=processes.ROOT).stdout

    assert names == {*tracked.rstrip("\0").split("\0"), "PKG-INFO"}


def test_a_release_links_to_its_repository(pyproject: dict[str, Any], tmp_path: Path) -> None:
    """On the index every link of the README is whole, and leads to the files of that version."""
    place = "https://forge.example/versionforge/tap"
    shown = metadata_of(built(tmp_path, "wheel", PACKAGE_REPOSITORY_URL=place))
    files = f"{place}/blob/v{pyproject['project']['version']}"
    links = re.findall(r"\]\(([^)]+)\)", text_of("README.md"))
    relative = [link for link in links if not link.startswith(("https://", "#"))]
    pictures = [link for link in relative if link.endswith(".svg")]
    at = {
        link: files.replace("/blob/", "/raw/") if link in pictures else files for link in relative
    }

    assert set(pictures) < set(relative)
    assert [link for link in relative if f"]({at[link]}/{link})" not in shown.get_payload()] == []
    assert shown.get_all("Project-URL") == [
        f"Repository, {place}",
        f"Documentation, {files}/README.md",
        f"Changelog, {files}/CHANGELOG.md",
        f"Issues, {place}/issues",
    ]


@pytest.mark.parametrize("given", ["https://docs.example/tap", "https://docs.example/tap/"])
def test_the_documentation_is_the_root_of_a_site(tmp_path: Path, given: str) -> None:
    """What is behind it, such as troubleshooting/#clock-skew, can be put to its end."""
    shown = metadata_of(built(tmp_path, "wheel", PACKAGE_DOCUMENTATION_URL=given))

    assert shown.get_all("Project-URL") == ["Documentation, https://docs.example/tap/"]


def test_a_release_with_a_site_links_to_both(tmp_path: Path) -> None:
    """The site is the documentation; all else is in the repository."""
    places = {
        "PACKAGE_REPOSITORY_URL": "https://forge.example/tap",
        "PACKAGE_DOCUMENTATION_URL": "https://docs.example/tap/",
    }
    links = metadata_of(built(tmp_path, "wheel", **places)).get_all("Project-URL") or []

    assert "Documentation, https://docs.example/tap/" in links
    assert {link.partition(",")[0] for link in links} == {
        *("Repository", "Documentation", "Changelog", "Issues"),
    }


def test_what_others_build_names_no_repository(tmp_path: Path) -> None:
    """A clone may be anybody's: nothing is invented, and the README is as it is."""
    shown = metadata_of(built(tmp_path, "wheel"))

    assert shown.get_all("Project-URL") is None
    assert shown.get_payload() == text_of("README.md")


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text_of(".github/workflows/build.yml"))
    return parsed


def test_the_release_says_where_it_comes_from(release: dict[str, Any]) -> None:
    """The workflow that publishes gives the places that the package's page links to."""
    site = "https://${{ github.repository_owner }}.github.io/${{ github.event.repository.name }}/"

    assert release["jobs"]["build"]["env"] == {
        "PACKAGE_REPOSITORY_URL": "${{ github.server_url }}/${{ github.repository }}",
        "PACKAGE_DOCUMENTATION_URL": site,
    }


def test_a_release_is_signed_by_the_workflow_and_by_nobody_else(release: dict[str, Any]) -> None:
    """No job has a secret; what may ask for an identity runs no code of the repository."""
    jobs = release["jobs"]
    trusted = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    actions = {
        step["uses"].partition("@")[0]
        for name in trusted
        for step in jobs[name]["steps"]
        if "uses" in step
    }

    assert "secrets." not in text_of(".github/workflows/build.yml")
    assert trusted == {"attest", "publish"}
    assert [step for name in trusted for step in jobs[name]["steps"] if "run" in step] == []
    assert actions == {
        "actions/download-artifact",
        "actions/attest",
        "pypa/gh-action-pypi-publish",
    }
    assert set(jobs["publish"]["needs"]) >= {"attest"}


@pytest.mark.parametrize("status", [0, 7])
def test_an_installation_is_not_silent(tmp_path: Path, status: int) -> None:
    """Make says that it goes on, as long as the installer does and no longer."""
    go_on, uv = tmp_path / "go-on", tmp_path / "bin" / "uv"
    os.mkfifo(go_on)
    uv.parent.mkdir()
    uv.write_text(f'#!/bin/sh\nread word <"{go_on}"\nexit {status}\n', encoding="utf-8")
    uv.chmod(0o755)
    (tmp_path / f"uv-{found_in('Makefile', r'^UV_VERSION := (.+)$')}").touch()
    environment = str(tmp_path / ".venv")

    make = processes.start(
        [
            *("make", "--no-print-directory", "sync"),
            *("BEAT_SECONDS=0.1", f"PYTHON={sys.executable}"),
            *(f"TOOLS={tmp_path}", f"VENV={environment}"),
        ],
        cwd=processes.ROOT,
        # This may be a test that make runs.
        env=processes.environment(MAKEFLAGS="", MAKELEVEL=""),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with make:
        assert make.stdout is not None
        assert b"Installing" in make.stdout.readline()
        assert b"still at it" in make.stdout.readline()
        go_on.write_text("go\n", encoding="utf-8")
        rest = make.stdout.read()
    assert bool(make.returncode) == bool(status)
    assert rest.count(b"\n") == rest.count(b"... still at it\n")
