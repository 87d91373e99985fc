"""Nothing secret leaves the process, whichever way it fails and however much it logs."""

from __future__ import annotations

import io
import json
import logging
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import pytest
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.salesforce.auth.access_token import AccessToken
from tap_versionforge_salesforce.salesforce.client import SalesforceClient
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.salesforce.support.redaction import (
    RedactingFilter,
    redact,
    remember_secrets,
)
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org.answers import errors
from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org.conditions import faults, outages
from tests.local_org.exchange import Answer, json_answer
from tests.support import keys
from tests.support.secret_sign_in import secret_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import TapRunner

TOKEN = "POST /services/oauth2/token"  # noqa: S105  a path
ALL = "/services/data/*"


@pytest.fixture(autouse=True)
def _everything_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LOGLEVEL", "DEBUG")
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def settings(org: LocalOrg) -> dict[str, Any]:
    """Return settings that sign in with every kind of secret there is."""
    return {
        "private_key": keys.encrypted(org.private_key_pem),
        "private_key_passphrase": keys.PASSPHRASE,
        "objects": ["Account"],
    }


def secrets(org: LocalOrg, settings: dict[str, Any]) -> list[str]:
    """Return all that must not be shown: what was given, and what went over the wire."""
    given = [org.client_id, settings.get("private_key_passphrase", "")]
    for key in (settings["private_key"], org.private_key_pem):
        # A base64 of a PEM is one line; of a PEM itself each line of the body is a secret.
        given += [line for line in key.splitlines() if len(line) > 30 and "KEY-----" not in line]
    wired = []
    for entry in org.journal.calls():
        wired.append(entry.headers.get("Authorization", "").partition(" ")[2])
        wired.append(dict(parse_qsl(entry.body)).get("assertion", ""))
    return [secret for secret in (*given, *wired) if secret]


def assert_hidden(shown: str, org: LocalOrg, settings: dict[str, Any]) -> None:
    assert [secret for secret in secrets(org, settings) if secret in shown] == []


def echo(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Answer as a chatty proxy would: with the request in the error."""
    request = f"{call.target} {dict(call.headers.items())} {call.text}"
    if call.path.endswith("/token"):
        return json_answer({"error": "invalid_grant", "error_description": request}, 400)
    return json_answer([{"errorCode": "CHATTY", "message": request}], 400)


def echo_page(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Answer as a chatty proxy would, in HTML."""
    request = f"<html>{call.target} {dict(call.headers.items())} {call.text}</html>"
    return faults.answer(502, request)(call, _real)


def echo_redirect(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Redirect to where the request is in the address."""
    token = call.headers.get("Authorization", "")
    return faults.answer(302, headers={"Location": f"/x?{call.text}&{token}"})(call, _real)


def echo_headers(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Answer with the request in each header that a message may show, as headers spell it."""
    request = quote(f"{call.text} {call.headers.get('Authorization', '')}")
    headers = dict.fromkeys(
        ("Content-Type", "Retry-After", "Sforce-Limit-Info", "Date", "WWW-Authenticate"), request
    )
    return faults.answer(503, b"<html>busy</html>", headers=headers, reason=request)(call, _real)


def echo_encoded_redirect(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Redirect to a page for signing in that is told where the request wanted to go."""
    asked = quote(f"{call.text}&token={call.headers.get('Authorization', '')}", safe="")
    return faults.answer(302, headers={"Location": f"/login?back={asked}"})(call, _real)


def echo_parts(call: Call, _real: Callable[[], Answer]) -> Answer:
    """Refuse each part of a composite request, with the header that came with it."""
    error = [{"errorCode": "CHATTY", "message": f"{dict(call.headers.items())}\n" * 50}]
    asked = json.loads(call.text)["compositeRequest"]
    parts = [{"body": error, "httpStatusCode": 400, "referenceId": p["referenceId"]} for p in asked]
    return json_answer({"compositeResponse": parts})


def echo_job(call: Call, _real: Callable[[], Answer]) -> Answer:
    """A job that has failed, for a reason with the header of who asks."""
    reason = f"{dict(call.headers.items())}\n" * 50
    return json_answer({"id": "750000000000001AAA", "state": "Failed", "errorMessage": reason})


AT_SIGN_IN = [
    *(
        pytest.param(faults.answer(400, {"error": e, "error_description": d}), id=f"{e}: {d}")
        for e, d in TOKEN_ERRORS.values()
    ),
    pytest.param(outages.not_json(), id="page"),
    pytest.param(outages.maintenance_page(), id="503"),
    pytest.param(faults.answer(404, "<html>no</html>"), id="404"),
    pytest.param(faults.reset(), id="reset"),
    # The token arrives, in half an answer.
    pytest.param(faults.cut(0.7), id="cut"),
    pytest.param(echo, id="request in the error"),
    pytest.param(echo_page, id="request in a page"),
    pytest.param(echo_redirect, id="request in a redirect"),
    pytest.param(echo_encoded_redirect, id="request in a redirect, encoded"),
    pytest.param(echo_headers, id="request in headers"),
]
AFTERWARDS = [
    pytest.param(outages.session_expired(), id="401"),
    pytest.param(outages.session_not_for_rest(), id="401 for good"),
    pytest.param(outages.api_disabled_for_user(), id="403"),
    pytest.param(outages.daily_limit(), id="daily limit"),
    pytest.param(outages.salesforce(errors.malformed_query("unexpected token")), id="400"),
    pytest.param(outages.unknown_exception(), id="500"),
    pytest.param(outages.maintenance_page(), id="503"),
    pytest.param(outages.not_json(), id="page"),
    pytest.param(faults.answer(200, b'{"a": '), id="no JSON"),
    pytest.param(faults.answer(200, [1]), id="other JSON"),
    pytest.param(faults.reset(), id="reset"),
    pytest.param(faults.cut(0.5), id="cut"),
    pytest.param(echo, id="request in the error"),
    pytest.param(echo_page, id="request in a page"),
    pytest.param(echo_redirect, id="request in a redirect"),
    pytest.param(echo_encoded_redirect, id="request in a redirect, encoded"),
    pytest.param(echo_headers, id="request in headers"),
]


def assert_run_is_silent(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    *command: str,
) -> None:
    run = tap.command("--config", tap.config(**settings), *command)
    assert run.exit_code != 0
    assert_hidden(run.stdout + run.log + caplog.text, org, settings)
    for record in caplog.records:
        assert_hidden(f"{record.__dict__}", org, settings)


@pytest.mark.parametrize("trouble", AT_SIGN_IN)
def test_failed_sign_in_shows_no_secret(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    trouble: faults.Action,
) -> None:
    """Neither stdout, stderr nor a log record has the key, the assertion or the consumer key."""
    org.faults.add(TOKEN, trouble, times=None)
    assert_run_is_silent(org, tap, caplog, settings)
    assert {record.levelname for record in caplog.records} >= {"DEBUG", "ERROR"}


@pytest.mark.parametrize("trouble", AFTERWARDS)
@pytest.mark.parametrize("path", [ALL, "/queryAll"], ids=["all", "query"])
def test_failed_request_shows_no_token(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    *,
    trouble: faults.Action,
    path: str,
) -> None:
    """Whatever Salesforce or a proxy answers, the access token is not repeated."""
    org.faults.add(path, trouble, times=None)
    assert_run_is_silent(org, tap, caplog, {**settings, "api_mode": "rest"})


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        pytest.param("/composite", echo_parts, id="part of a composite"),
        pytest.param("/jobs/query/*", echo_job, id="failed job"),
    ],
)
def test_reason_inside_of_an_answer_shows_no_token(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    *,
    path: str,
    trouble: faults.Action,
) -> None:
    """What is said in the midst of a success is as suspicious, and as long, as an error."""
    org.faults.add(path, trouble, times=None)
    assert_run_is_silent(org, tap, caplog, {**settings, "api_mode": "bulk"})
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert max(map(len, told)) < 2_500


@pytest.mark.parametrize("trouble", [echo, echo_page, echo_redirect])
@pytest.mark.parametrize("path", [TOKEN, ALL], ids=["sign-in", "afterwards"])
@pytest.mark.parametrize("command", ["check", "check --json", "--discover", "--test"])
def test_every_command_is_silent(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
    *,
    trouble: faults.Action,
    path: str,
    command: str,
) -> None:
    """What `check` prints on stdout goes through the same sieve as the log."""
    org.faults.add(path, trouble, times=None)
    assert_run_is_silent(org, tap, caplog, settings, *command.split())


@pytest.mark.parametrize("json_option", [(), ("--json",)], ids=["lines", "json"])
def test_check_hides_a_token_of_any_shape(
    org: LocalOrg, tap: TapRunner, settings: dict[str, Any], json_option: tuple[str, ...]
) -> None:
    """A token that looks like nothing known is hidden, in what `check` found as well."""
    opaque = "opaque-canary-0123456789"
    answered = faults.answer(200, {"access_token": opaque, "scope": f"api {opaque}"})
    org.faults.add(TOKEN, answered, times=None)
    run = tap.command("check", "--config", tap.config(**settings), *json_option)
    assert run.exit_code == 3
    assert "signed in, scopes: api [hidden]" in run.stdout
    assert opaque not in run.stdout + run.log


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda pem: {"private_key": pem[:400] + pem[500:]}, id="hole in it"),
        pytest.param(lambda pem: {"private_key": pem[:-60]}, id="no end"),
        pytest.param(lambda pem: {"private_key": pem[40:]}, id="no beginning"),
        pytest.param(lambda pem: {"private_key": keys.in_base64(pem[:900])}, id="half of base64"),
        pytest.param(lambda pem: {"private_key": f"x{keys.in_base64(pem)}"}, id="no base64"),
        pytest.param(lambda pem: {"private_key": keys.encrypted(pem)}, id="no passphrase"),
        pytest.param(
            lambda pem: {
                "private_key": keys.encrypted(pem),
                "private_key_passphrase": keys.PASSPHRASE + "!",
            },
            id="wrong passphrase",
        ),
        pytest.param(lambda pem: {"private_key": pem, "private_key_path": pem}, id="both"),
        pytest.param(lambda _: {"private_key": keys.short()}, id="too short"),
        pytest.param(lambda _: {"private_key": keys.elliptic()}, id="EC"),
    ],
)
@pytest.mark.parametrize("command", [(), ("check",)], ids=["sync", "check"])
def test_bad_key_is_not_repeated(
    org: LocalOrg,
    tap: TapRunner,
    caplog: pytest.LogCaptureFixture,
    *,
    change: Callable[[str], dict[str, str]],
    command: tuple[str, ...],
) -> None:
    """A key that can't be used is told without any part of it, nor of its passphrase."""
    settings = {"objects": ["Account"], **change(org.private_key_pem)}
    assert_run_is_silent(org, tap, caplog, settings, *command)


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        pytest.param(TOKEN, echo, id="sign-in"),
        pytest.param(TOKEN, echo_page, id="sign-in, page"),
        pytest.param(TOKEN, faults.reset(), id="sign-in, reset"),
        pytest.param(TOKEN, echo_redirect, id="sign-in, redirect"),
        pytest.param(ALL, echo, id="error"),
        pytest.param(ALL, echo_page, id="page"),
        pytest.param(ALL, echo_redirect, id="redirect"),
        pytest.param(ALL, echo_encoded_redirect, id="redirect, encoded"),
        pytest.param(ALL, echo_headers, id="headers"),
        pytest.param(ALL, faults.cut(0.5), id="cut"),
        pytest.param(ALL, outages.session_expired(), id="401"),
    ],
)
def test_exceptions_carry_no_secret(
    org: LocalOrg,
    tap: TapRunner,
    settings: dict[str, Any],
    *,
    path: str,
    trouble: faults.Action,
) -> None:
    """The error, its arguments and its chain are safe for whoever catches and prints them."""
    assert tap.clock is TapVersionForgeSalesforce.clock
    org.faults.add(path, trouble, times=None)
    made = TapVersionForgeSalesforce(config=org.config(**settings), setup_mapper=False)
    with pytest.raises(TapError) as caught:
        made.run.client.limits()
    error = caught.value
    shown = [repr(error), str(error), repr(error.args), repr(vars(error))]
    shown += traceback.format_exception(type(error), error, error.__traceback__)
    shown.append(repr(made.settings))
    shown.append(repr(made.run.org.authenticator))
    assert_hidden("\n".join(shown), org, settings)


@pytest.mark.parametrize("trouble", [echo, echo_page, echo_redirect, echo_headers])
@pytest.mark.parametrize("token", [{}, {"refresh_token": ""}], ids=["secret", "refresh token"])
def test_a_secret_that_is_sent_back_is_hidden(
    org: LocalOrg, tap: TapRunner, *, trouble: faults.Action, token: dict[str, str]
) -> None:
    """Of an app's secret and a refresh token, each run is searched for by itself."""
    org.faults.add(TOKEN, trouble, times=None)
    given = dict.fromkeys(token, org.oauth.by_secret.refresh_token)
    run = tap.sync(objects=["Account"], **secret_of(org), **given)
    assert run.exit_code in (2, 3, 5), run.log
    assert org.identity.client_secret in org.journal.calls()[0].body


def test_token_and_settings_hide_what_they_hold(
    org: LocalOrg, tap: TapRunner, settings: dict[str, Any]
) -> None:
    """A debugger or a crash report that prints them shows no secret."""
    assert tap.clock is TapVersionForgeSalesforce.clock
    made = TapVersionForgeSalesforce(config=org.config(**settings), setup_mapper=False)
    token = made.run.client.session.token()
    made.run.client.limits()
    assert_hidden(f"{token!r} {made.settings!r} {made.run.client.session!r}", org, settings)


@pytest.mark.parametrize("in_json", [False, True], ids=["console", "structured"])
def test_crash_shows_no_secret(
    org: LocalOrg,
    tap: TapRunner,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    *,
    in_json: bool,
) -> None:
    """A defect's traceback is shown, but for secrets: also in Meltano's structured log."""

    def crash(client: SalesforceClient) -> dict[str, object]:
        token = client.session.token().value
        raise ValueError(f"{token} {settings['private_key']} {org.client_id} {keys.PASSPHRASE}")

    monkeypatch.setattr(SalesforceClient, "limits", crash)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(StructuredFormatter() if in_json else ConsoleFormatter())
    logging.getLogger().addHandler(handler)
    run = tap.command("--config", tap.config(**settings))
    assert run.exit_code == 1
    assert "Please report it" in run.log
    for shown in (run.stdout + run.log, written.getvalue()):
        assert_hidden(shown, org, settings)
        assert "ValueError" in shown


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), StructuredFormatter()], ids=["c", "s"])
def test_secrets_in_chained_exceptions_are_hidden(formatter: logging.Formatter) -> None:
    """A cause that quotes a secret is hidden like the exception itself."""
    remember_secrets("canary-of-the-cause")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.integration.redaction")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        try:
            raise KeyError("canary-of-the-cause")  # noqa: TRY301  as anything might
        except KeyError as cause:
            raise ValueError("harmless") from cause
    except ValueError:
        logger.exception("failed")
    logger.removeHandler(handler)
    assert "canary-of-the-cause" not in written.getvalue()
    assert "harmless" in written.getvalue()


def test_about_shows_no_value(org: LocalOrg, tap: TapRunner, settings: dict[str, Any]) -> None:
    """--about describes settings; it prints none of their values."""
    run = tap.command("--config", tap.config(**settings), "--about", "--format=json")
    assert run.exit_code == 0, run.log
    assert json.loads(run.stdout)["name"] == "tap-versionforge-salesforce"
    assert_hidden(run.stdout + run.log, org, settings)


def test_json_stays_json_whatever_is_secret(org: LocalOrg, tap: TapRunner) -> None:
    """A passphrase may look like a number of the report, which is none of it."""
    given = {"private_key": org.private_key_pem, "private_key_passphrase": "2048"}
    remember_secrets("2048")
    run = tap.command("check", "--json", "--config", tap.config(objects=["Account"], **given))
    report = json.loads(run.stdout)
    assert report["facts"]["key_bits"] == 2048
    (key,) = [step["found"] for step in report["steps"] if step["name"] == "key"]
    assert key.startswith("RSA, [hidden] bits")


@pytest.mark.parametrize("spelled", ["{}", "Bearer {}\n"])
def test_an_access_token_is_hidden_as_it_was_pasted(spelled: str) -> None:
    """A shell leaves a backslash in it, which no pattern of a token has."""
    pasted = r"00D000000000001\!AQ.canary-of-a-shell"
    AccessToken(instance_url="https://acme.my.salesforce.com", value=spelled.format(pasted)).grant(
        clock=Clock(), logger=logging.getLogger()
    )
    for shown in (pasted, pasted.replace("\\", "")):
        assert redact(f"It is {shown}.") == "It is [hidden]."
