"""An answer of another form than it should have ends in one sentence, at every endpoint."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_org.conditions import faults
from tests.support.broken import SHAPES, places

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import Run, TapRunner

REST: dict[str, object] = {"api_mode": "rest"}
BULK: dict[str, object] = {"api_mode": "bulk", "job_timeout_seconds": 60, "bulk_page_rows": 3}
NAMED: dict[str, object] = {"objects": ["Acc*", "Account"]}
CHECK = "check"
TOLD = re.compile(r"\[[a-z-]+\]$")


def is_poll(call: Call) -> bool:
    return call.method == "GET" and re.search(r"/jobs/query/\w+$", call.path) is not None


#: By what is asked: the request, and a run that comes by.
ENDPOINTS: dict[str, tuple[faults.Match, dict[str, object] | str]] = {
    "token": ("POST /services/oauth2/token", REST),
    "versions": ("/services/data", REST),
    "versions, check": ("/services/data", CHECK),
    "identity": ("/services/oauth2/userinfo", CHECK),
    "limits": ("/limits", REST),
    "limits, check": ("/limits", CHECK),
    "permissions": (faults.querying("UserPermissionAccess"), CHECK),
    "list of jobs": ("GET /jobs/query", CHECK),
    "recordCount": ("/limits/recordCount", {}),
    "global describe": ("/sobjects", NAMED),
    "describe": ("/sobjects/*/describe", REST),
    "composite": ("/composite", REST),
    "query": ("/queryAll", REST),
    "query, check": ("/queryAll", CHECK),
    "next page": ("/query/*", REST),
    "create": ("POST /jobs/query", BULK),
    "poll": (is_poll, BULK),
    "resultPages": ("*/resultPages", BULK),
}


def run_past(org: LocalOrg, tap: TapRunner, endpoint: str, action: faults.Action) -> Run:
    """Run what asks an endpoint, which answers in this way each time."""
    match, how = ENDPOINTS[endpoint]
    org.reset()
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    org.store.seed("Account", 7, hurt=False)
    if endpoint == "describe":
        org.faults.add("/composite", faults.answer(400, [{"errorCode": "NO", "message": ""}]))
    fault = org.faults.add(match, action, times=None)
    if isinstance(how, str):
        run = tap.command(how, "--config", tap.config(objects=["Account"]))
    else:
        given_settings = {"objects": ["Account"], **how}
        run = tap.command("--config", tap.config(**given_settings))
    assert fault.fired or run.exit_code
    return run


def assert_ends_well(run: Run) -> None:
    """One of the documented exit codes, and where that is none, one sentence with what to do."""
    assert "Traceback" not in run.log, run.log
    assert run.exit_code in (0, 2, 3, 4, 5, 6, 7), run.log
    if run.exit_code and "FAIL" not in run.stdout:
        told = [line for line in run.log.splitlines() if "ERROR" in line]
        assert told
        assert TOLD.search(told[-1])


def with_shape(at: int, shape: object) -> faults.Action:
    """Return the org's answer with another value in one of its places; the first is the whole."""

    def changed(body: bytes) -> bytes:
        made = [json.loads(body)]
        holder, key = (found := list(places(made)))[at % len(found)]
        holder[key] = copy.deepcopy(shape)
        return json.dumps(made[0]).encode()

    return faults.replace_body(changed)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    endpoint=st.sampled_from(sorted(ENDPOINTS)),
    at=st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 2_000)),
    shape=st.sampled_from(SHAPES),
)
def test_any_shape_at_any_endpoint(
    org: LocalOrg,
    tap: TapRunner,
    endpoint: str,
    at: int,
    shape: Any,  # noqa: ANN401  JSON
) -> None:
    """Well-formed JSON of another form is told as such, wherever it comes."""
    assert_ends_well(run_past(org, tap, endpoint, with_shape(at, shape)))
