"""What the log says, as JSON fields: for who has the SDK's structured logging switched on."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.support import processes
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
TAKEN = {"event", "level", "name", "plugin_logger", "plugin_exception", "self", "method_name"}
# As Meltano and the SDK's documentation have it, but for the logger: handlers may hang anywhere.
LOGGING = """
version: 1
disable_existing_loggers: false
formatters:
  structured:
    (): singer_sdk.logging.StructuredFormatter
handlers:
  console:
    class: logging.StreamHandler
    formatter: structured
    stream: ext://sys.stderr
root:
  handlers: []
loggers:
  tap-versionforge-salesforce:
    level: INFO
    handlers: [console]
    propagate: false
"""


def test_each_line_has_its_figures_as_fields(org: LocalOrg, tap: TapRunner) -> None:
    """Stream, API, rows, calls and the rest, at the top of what a program reads."""
    org.store.insert("Account", [{}] * 2_100, stamp=LAST_WEEK)
    config = tap.config(objects=["Account"], username=org.config()["username"])
    path = tap.file("logging.yaml", LOGGING)
    environment = processes.environment(SINGER_SDK_LOG_CONFIG=path)
    with started(tap, "--config", config, env=environment) as process:
        _, stderr = finished(process)
    assert process.returncode == 0, stderr
    lines = [json.loads(line) for line in stderr.splitlines()]
    # What Meltano calls structlog with has names of its own.
    assert not [line for line in lines if TAKEN & line["extra"].keys()]
    told = {line["extra"].get("event_name"): line for line in lines}
    assert told["api_chosen"]["stream_name"] == "Account"
    assert extra(told, "api_chosen", "api") == ["Bulk API 2.0"]
    (job_id, address) = extra(told, "job_created", "job_id", "job_address")
    assert job_id in address
    figures = ("stream", "api", "rows", "calls")
    assert extra(told, "partition_ended", *figures) == ["Account", "Bulk API 2.0", 2_100, 5]
    assert extra(told, "stream_told", *figures, "jobs", "status") == [
        *("Account", "Bulk", 2_100, 5),
        *(1, "ok"),
    ]
    assert extra(told, "run_told", "rows", "jobs", "status") == [2_100, 1, "ok"]


def extra(told: dict[str, dict[str, Any]], event: str, *names: str) -> list[Any]:
    return [told[event]["extra"][name] for name in names]


def test_secrets_stay_hidden_wherever_a_handler_hangs(org: LocalOrg, tap: TapRunner) -> None:
    """A refusal that repeats a token is logged without it."""
    token = "00D000000000001!AQ.abcdef"  # noqa: S105  of nobody
    config = tap.config(objects=["Account"], api_mode=token)
    del org
    environment = processes.environment(SINGER_SDK_LOG_CONFIG=tap.file("logging.yaml", LOGGING))
    with started(tap, "--config", config, env=environment) as process:
        _, stderr = finished(process)
    assert process.returncode == 2
    assert "[hidden]" in stderr
    assert token not in stderr
