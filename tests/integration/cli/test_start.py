"""The start of the executable: what is loaded when, and a sign-in that is sent meanwhile."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults
from tests.support import processes
from tests.support.real_process import finished, started
from tests.support.secret_sign_in import secret_of

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

TOKEN = "*/token"  # noqa: S105  a path
# The SDK and what only it needs, what reads rows, what shows something, what waits.
LOADED_BEHIND_THE_SIGN_IN = {
    *("singer_sdk", "jsonschema", "joblib", "numpy", "fsspec", "asyncio", "click", "dotenv"),
    *("polars", "pyarrow", "lark", "xxhash", "rich", "questionary", "duckdb"),
    "backoff",
}
# Prints what is loaded when the request has been handed over.
SIGN_IN = """
import sys
from tap_versionforge_salesforce.early_sign_in import _begun, sign_in_early
sign_in_early(sys.argv[1:])
print(_begun.org is not None, *sys.modules)
"""
VERSION = """
import sys
from tap_versionforge_salesforce.__main__ import main
sys.argv[1:] = ["--version"]
main()
sys.exit("singer_sdk" in sys.modules)
"""
# What a run that reads rows has no use for.
NEVER_LOADED = {
    *("singer_sdk.target_base", "singer_sdk.sinks", "singer_sdk.streams.rest", "joblib", "numpy"),
    *("tap_versionforge_salesforce.cli.check", "tap_versionforge_salesforce.cli.setup"),
    *("lark", "rich", "questionary", "pyarrow", "duckdb"),
}
PUT_OFF = """
import sys
from tap_versionforge_salesforce import late_imports
if len(sys.argv) > 1:
    late_imports._LOOKED_THROUGH["singer-sdk"] = (sys.argv[1], ("singer_sdk",))
late_imports.put_off_packages()
import singer_sdk.tap_base
from singer_sdk import metrics
before = "joblib" in sys.modules
import singer_sdk.target_base
from singer_sdk import Target, streams
assert Target is singer_sdk.target_base.Target
assert singer_sdk.RESTStream is streams.RESTStream
assert "Target" in singer_sdk.__all__
try:
    singer_sdk.nothing
except AttributeError as error:
    print(before, error)
"""

# A package whose `__init__` takes a moment, asked for by several threads.
THREADS = """
import importlib, pathlib, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
from tap_versionforge_salesforce import late_imports
with tempfile.TemporaryDirectory() as folder:
    package = pathlib.Path(folder, "slow_package")
    package.mkdir()
    package.joinpath("__init__.py").write_text("import time; time.sleep(0.2); here = 'there'")
    sys.path.insert(0, folder)
    late_imports.put_off("slow_package")
    import slow_package
    barrier = threading.Barrier(4)
    def ask(_):
        barrier.wait()
        return slow_package.here
    with ThreadPoolExecutor(4) as threads:
        print(*threads.map(ask, range(4)))
"""


def test_the_sign_in_waits_for_nothing_that_it_does_not_need(tap: TapRunner) -> None:
    """It is on its way before the SDK, polars and whatever else takes its time is loaded."""
    command = [sys.executable, "-c", SIGN_IN, "--config", tap.config()]
    is_begun, *loaded = processes.run(command).stdout.split()
    assert is_begun == "True"
    assert LOADED_BEHIND_THE_SIGN_IN & set(loaded) == set()


def test_the_version_is_told_without_the_sdk() -> None:
    """In the words in which the SDK tells it."""
    of_the_sdk = processes.run([processes.TAP, "--quiet", "--version"]).stdout
    assert processes.run([sys.executable, "-c", VERSION]).stdout == of_the_sdk
    assert processes.run([processes.TAP, "--version"]).stdout == of_the_sdk


def test_a_run_loads_what_it_uses(org: LocalOrg, tap: TapRunner) -> None:
    """Of the SDK and of the tap, at no time anything that only others need."""
    org.store.seed("Account", 3)
    config = tap.config(objects=["Account"])
    command = [sys.executable, "-X", "importtime", str(processes.TAP), "--config", config]
    log = processes.run(command).stderr
    loaded = set(re.findall(r"\| +([\w.]+)\n", log))
    assert {"singer_sdk.tap_base", "polars"} <= loaded
    assert NEVER_LOADED & loaded == set()


@pytest.mark.parametrize(
    ("version", "is_loaded"),
    [pytest.param([], False, id="known"), pytest.param(["0.53."], True, id="another")],
)
def test_what_is_put_off_of_the_sdk_is_there(version: list[str], *, is_loaded: bool) -> None:
    """Whoever asks for it has the SDK as it is; another version of it loads as ever."""
    told = processes.run([sys.executable, "-c", PUT_OFF, *version]).stdout
    assert told == f"{is_loaded} module 'singer_sdk' has no attribute 'nothing'\n"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([], id="sync"),
        pytest.param(["--discover"], id="discover"),
        pytest.param(["--test"], id="another command line"),
    ],
)
def test_a_run_signs_in_once(org: LocalOrg, tap: TapRunner, command: list[str]) -> None:
    """Whoever needs the token takes that of the sign-in which was sent first."""
    org.store.seed("Account", 3)
    with started(tap, "--config", tap.config(objects=["Account"]), *command) as process:
        stdout, stderr = finished(process)
    assert process.returncode == 0, stderr
    assert '"Account"' in stdout
    assert len(org.journal.calls(TOKEN)) == 1


def test_an_app_that_signs_in_with_its_secret(org: LocalOrg, tap: TapRunner) -> None:
    """It is sent first as well, once."""
    org.store.seed("Account", 3)
    config = tap.config(objects=["Account"], **secret_of(org))
    begun, *_ = processes.run([sys.executable, "-c", SIGN_IN, "--config", config]).stdout.split()
    assert begun == "True"
    with started(tap, "--config", config) as process:
        stdout, stderr = finished(process)
    assert process.returncode == 0, stderr
    assert '"Account"' in stdout


def test_a_passing_trouble_of_the_sign_in(org: LocalOrg, tap: TapRunner) -> None:
    """Is tried again and told like that of any request."""
    org.store.seed("Account", 3)
    org.faults.add(TOKEN, faults.answer(503, "busy"), times=1)
    with started(tap, "--config", tap.config(objects=["Account"])) as process:
        _, stderr = finished(process)
    assert process.returncode == 0, stderr
    assert len(org.journal.calls(TOKEN)) == 2
    assert stderr.count("Trying again in") == 1


def test_a_refused_sign_in(org: LocalOrg, tap: TapRunner) -> None:
    """Is one error with its exit code, and not asked for again."""
    with started(tap, "--config", tap.config(username="nobody@example.com")) as process:
        _, stderr = finished(process)
    assert process.returncode == 3
    assert stderr.count("| ERROR") == 1
    assert len(org.journal.calls(TOKEN)) == 1


def test_a_proxy_that_is_none(org: LocalOrg, tap: TapRunner) -> None:
    """Is told as ever: what is found to be wrong before the run has a log is left to the run."""
    environment = processes.environment(http_proxy="http://:0", no_proxy="")
    with started(tap, "--config", tap.config(), env=environment) as process:
        _, stderr = finished(process)
    assert process.returncode == 5
    assert stderr.count("| ERROR") == 1
    assert "Traceback" not in stderr
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        pytest.param({"bulk_threshold": -1}, [], id="wrong setting"),
        pytest.param({"report_path": "/nowhere/report.json"}, [], id="no folder"),
        pytest.param({"private_key_path": "nowhere.pem"}, [], id="no key"),
        pytest.param({"stream_maps": "x"}, [], id="setting of the SDK"),
        pytest.param({}, ["--frobnicate"], id="unknown option"),
        pytest.param({}, ["--catalog", "nowhere.json"], id="no catalog"),
        pytest.param({}, ["--state", "x" * 5000], id="no name of a file"),
        pytest.param({}, ["--about"], id="about"),
        pytest.param({}, ["--help"], id="help"),
        pytest.param({}, ["--version"], id="version"),
    ],
)
def test_what_needs_no_sign_in_sends_none(
    org: LocalOrg, tap: TapRunner, settings: dict[str, object], arguments: list[str]
) -> None:
    """Everything that can be told beforehand is, whatever is sent early."""
    with started(tap, "--config", tap.config(**settings), *arguments) as process:
        finished(process)
    assert org.journal.calls() == []


@pytest.mark.parametrize("setting", ["spool_dir", "report_path", "ca_bundle"])
def test_a_path_that_nobody_can_look_at(tap: TapRunner, setting: str) -> None:
    """Is told as any other that leads nowhere."""
    path = f"/{'a' * 300}/b"
    with started(tap, "--config", tap.config(**{setting: path})) as process:
        stdout, stderr = finished(process)
    assert (process.returncode, stdout) == (2, "")
    assert f"The setting {setting} names" in stderr
    assert "Traceback" not in stderr


def test_a_file_with_the_name_of_the_environment(org: LocalOrg, tap: TapRunner) -> None:
    """Is none that anybody reads: ENV stands for the settings in environment variables."""
    config = Path(tap.config())
    config.rename(config.with_name("ENV"))
    command = [sys.executable, "-c", SIGN_IN, "--config", "ENV", "--discover"]
    begun, *_ = processes.run(command, cwd=config.parent).stdout.split()
    assert begun == "False"
    assert org.journal.calls(TOKEN) == []


def test_threads_that_ask_for_the_same_package() -> None:
    """Each waits until all of it is there."""
    told = processes.run([sys.executable, "-c", THREADS]).stdout
    assert told == "there there there there\n"
