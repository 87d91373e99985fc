"""OAuth 2.0 JWT bearer end to end: what the org is sent, and what the user is told."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from threading import Barrier
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jwt
import pytest

from tap_versionforge_salesforce.salesforce.http.call import Call
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org.answers.oauth import GRANT_TYPE
from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org.conditions import faults, outages
from tests.local_org.conditions.settings import PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE
from tests.support import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.journal import Entry
    from tests.support.harness import OrgClock, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
TOKEN = "/services/oauth2/token"  # noqa: S105  a path
SINCE = {"start_date": "1990-01-01"}


def sign_ins(org: LocalOrg) -> list[Entry]:
    return org.journal.calls(TOKEN)


def form_of(entry: Entry) -> dict[str, str]:
    return dict(parse_qsl(entry.body, keep_blank_values=True))


def claims_of(org: LocalOrg, entry: Entry) -> dict[str, Any]:
    """Verify the signature with the key that the org knows, and return the claims."""
    found: dict[str, Any] = jwt.decode(
        form_of(entry)["assertion"],
        org.identity.public_key,
        algorithms=["RS256"],
        options={"verify_aud": False, "verify_exp": False},
    )
    return found


def bearers(org: LocalOrg) -> set[str]:
    return {e.headers["Authorization"] for e in org.journal.calls() if "Authorization" in e.headers}


def closed_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What is sent


def test_assertion_is_what_salesforce_documents(org: LocalOrg, tap: TapRunner) -> None:
    """RS256 over iss, sub, aud and an integer exp at most 180 seconds ahead; nothing else."""
    org.clock.freeze(NOW)
    tap.discover(objects=["Account"])
    (entry,) = sign_ins(org)
    assert set(form_of(entry)) == {"grant_type", "assertion"}
    assert form_of(entry)["grant_type"] == GRANT_TYPE
    assert jwt.get_unverified_header(form_of(entry)["assertion"])["alg"] == "RS256"
    claims = claims_of(org, entry)
    expiry = claims.pop("exp")
    assert claims == {"iss": org.client_id, "sub": org.username, "aud": PRODUCTION_AUDIENCE}
    assert isinstance(expiry, int)
    assert 60 <= expiry - NOW.timestamp() <= 180


def test_assertion_goes_to_my_domain_as_a_form(org: LocalOrg, tap: TapRunner) -> None:
    """The token endpoint of instance_url gets a form, and no Authorization of any kind."""
    tap.discover(objects=["Account"])
    (entry,) = sign_ins(org)
    assert (entry.method, entry.path) == ("POST", TOKEN)
    assert entry.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "Authorization" not in entry.headers


def test_netrc_adds_no_password(
    org: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ~/.netrc entry for the host is never sent: neither at sign-in nor in place of the token."""
    netrc = tap.file("netrc", "machine 127.0.0.1 login somebody password canary\n")
    monkeypatch.setenv("NETRC", netrc)
    tap.discover(objects=["Account"])
    assert all(bearer.startswith("Bearer ") for bearer in bearers(org))


def test_token_is_used_at_instance_url_only(org: LocalOrg, tap: TapRunner) -> None:
    """The instance_url of the token's answer moves nothing: the run stays on the user's host."""
    org.settings.token_instance_url = f"http://127.0.0.1:{closed_port()}"
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log


def test_assertion_follows_no_redirect(org: LocalOrg, tap: TapRunner) -> None:
    """A redirect of the token endpoint is told and never followed."""
    moved = faults.answer(307, headers={"Location": f"{org.url}/elsewhere"})
    org.faults.add(f"POST {TOKEN}", moved)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 2
    assert f"redirects POST {TOKEN} to {org.url}/elsewhere" in run.log
    assert [entry.path for entry in org.journal.calls()] == [TOKEN]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda pem: {"private_key": pem}, id="PKCS#8"),
        pytest.param(lambda pem: {"private_key": keys.pkcs1(pem)}, id="PKCS#1"),
        pytest.param(lambda pem: {"private_key": pem.replace("\n", "\\n")}, id="literal line ends"),
        pytest.param(lambda pem: {"private_key": keys.in_base64(pem)}, id="base64"),
        pytest.param(
            lambda pem: {
                "private_key": keys.encrypted(pem),
                "private_key_passphrase": keys.PASSPHRASE,
            },
            id="encrypted",
        ),
        pytest.param(
            lambda pem: {
                "private_key": keys.encrypted_pkcs1(pem),
                "private_key_passphrase": keys.PASSPHRASE,
            },
            id="encrypted PKCS#1",
        ),
        pytest.param(lambda pem: {"private_key": keys.certificate(pem) + pem}, id="after its cert"),
    ],
)
def test_key_signs_in_every_form(
    org: LocalOrg, tap: TapRunner, form: Callable[[str], dict[str, str]]
) -> None:
    """The org accepts the signature, in whichever form the key was handed over."""
    tap.discover(objects=["Account"], **form(org.private_key_pem))
    assert [entry.status for entry in sign_ins(org)] == [200]


def test_key_signs_from_a_file(org: LocalOrg, tap: TapRunner) -> None:
    """private_key_path names a PEM file."""
    config = org.config(private_key_path=tap.file("key.pem", org.private_key_pem))
    del config["private_key"]
    run = tap.command("--config", tap.file("config.json", config), "--discover")
    assert run.exit_code == 0, run.log


# The audience


def audiences(org: LocalOrg) -> list[str]:
    return [claims_of(org, entry)["aud"] for entry in sign_ins(org)]


def test_derived_audience_is_swapped_once_and_said(org: LocalOrg, tap: TapRunner) -> None:
    """A sandbox behind a host that does not look like one: the other audience, and a hint."""
    org.settings.sandbox = True
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert audiences(org) == [PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE]
    assert run.log.count(f"Set jwt_audience to {SANDBOX_AUDIENCE}") == 1


def test_swapped_audience_is_kept_for_renewals(org: LocalOrg, tap: TapRunner) -> None:
    """The refused audience is not tried a second time in the run."""
    org.settings.sandbox = True
    org.faults.add("GET /query*", faults.before(org.expire_tokens))
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert audiences(org) == [PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE, SANDBOX_AUDIENCE]


@pytest.mark.parametrize("name", ["jwt_audience", "login_url"])
def test_given_audience_is_never_swapped(org: LocalOrg, tap: TapRunner, name: str) -> None:
    """What the user wrote is what is sent; a refusal ends the run."""
    org.settings.sandbox = True
    run = tap.sync(objects=["Account"], **{name: PRODUCTION_AUDIENCE})
    assert run.exit_code == 3
    assert audiences(org) == [PRODUCTION_AUDIENCE]
    assert "[audience-invalid]" in run.log
    assert "was derived" not in run.log


@pytest.mark.parametrize("given", [True, False], ids=["given", "derived"])
def test_a_derived_audience_is_named_where_it_may_be_the_cause(
    org: LocalOrg, tap: TapRunner, *, given: bool
) -> None:
    """Salesforce does not say that the user is one of the other login host's."""
    org.settings.token_error = ("invalid_grant", "authentication failure")
    audience = {"jwt_audience": PRODUCTION_AUDIENCE} if given else {}
    run = tap.sync(objects=["Account"], **audience)
    assert run.exit_code == 3
    told = f"The audience {PRODUCTION_AUDIENCE} was derived from instance_url; jwt_audience"
    assert (told in run.log) is not given


def test_given_audience_is_sent_as_it_is(org: LocalOrg, tap: TapRunner) -> None:
    """A My Domain or community URL as audience works where the org accepts it."""
    org.settings.audiences = {"https://acme.my.site.com/customers"}
    tap.discover(objects=["Account"], jwt_audience="https://acme.my.site.com/customers/")
    assert audiences(org) == ["https://acme.my.site.com/customers"]


def test_both_audiences_refused(org: LocalOrg, tap: TapRunner) -> None:
    """Two tries, and the message names the audience that the tap derived."""
    org.settings.audiences = set()
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 3
    assert audiences(org) == [PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE]
    assert f"with audience {PRODUCTION_AUDIENCE}" in run.log


def test_other_refusals_swap_no_audience(org: LocalOrg, tap: TapRunner) -> None:
    """Only "audience is invalid" is worth a second assertion."""
    org.settings.user_approved = False
    assert tap.sync(objects=["Account"]).exit_code == 3
    assert audiences(org) == [PRODUCTION_AUDIENCE]


# One token, renewed once


def test_one_token_serves_the_whole_run(org: LocalOrg, tap: TapRunner) -> None:
    """Discovery and all nine streams, by both APIs, share one sign-in."""
    org.store.seed("Account", 3, hurt=False)
    org.store.seed("Opportunity", 2_100, hurt=False)
    run = tap.sync()
    assert run.exit_code == 0, run.log
    assert len(run.messages_of("SCHEMA")) == 9
    assert {api for api, _ in org.journal.soql()} == {"rest", "bulk"}
    assert len(sign_ins(org)) == len(bearers(org)) == 1


@pytest.mark.parametrize(
    ("request_that_meets_it", "settings"),
    [
        pytest.param("POST /composite", {}, id="describe"),
        pytest.param("GET /limits", {}, id="limits"),
        pytest.param("GET /queryAll", SINCE, id="first REST page"),
        pytest.param("GET /query/*", SINCE, id="next REST page"),
        pytest.param("POST /jobs/query", {"api_mode": "bulk"}, id="Bulk job"),
        pytest.param("GET /jobs/query/*", {"api_mode": "bulk"}, id="Bulk job's state"),
        pytest.param("*/results", {"api_mode": "bulk"}, id="Bulk result page"),
    ],
)
def test_dead_token_is_renewed_and_the_request_replayed(
    org: LocalOrg, tap: TapRunner, request_that_meets_it: str, settings: dict[str, object]
) -> None:
    """A session that ends in mid-run costs one sign-in, and no row is lost or doubled."""
    org.settings.page_rows = org.settings.bulk_page_rows = 4
    rows = org.store.seed("Account", 10, hurt=False)
    org.faults.add(request_that_meets_it, faults.before(org.expire_tokens))
    run = tap.sync(objects=["Account"], **settings)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    entries = org.journal.calls()
    (struck,) = [n for n, entry in enumerate(entries) if entry.status == 401]
    refused, renewal, replayed = entries[struck : struck + 3]
    assert renewal.path == TOKEN
    assert (replayed.call.target, replayed.body) == (refused.call.target, refused.body)
    assert replayed.status == 200
    assert len(sign_ins(org)) == len(bearers(org)) == 2


def test_renewal_signs_a_new_assertion(org: LocalOrg, tap: TapRunner) -> None:
    """An hour later, the first assertion has long expired."""
    org.clock.freeze(NOW)

    def an_hour_later() -> None:
        org.expire_tokens()
        org.clock.advance(3600)

    org.faults.add("GET /limits", faults.before(an_hour_later))
    assert tap.sync(objects=["Account"]).exit_code == 0
    first, second = (claims_of(org, entry)["exp"] for entry in sign_ins(org))
    assert second - first == 3600


def test_token_that_salesforce_hands_out_again_is_fine(org: LocalOrg, tap: TapRunner) -> None:
    """A second sign-in may give the very same token, where the session was alive after all."""
    org.settings.same_token_while_alive = True
    org.faults.add("GET /limits", outages.session_expired())
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert (len(sign_ins(org)), len(bearers(org))) == (2, 1)


def test_second_refusal_in_a_row_ends_the_run(org: LocalOrg, tap: TapRunner) -> None:
    """A new token that is refused as well is no reason for a third."""
    org.faults.add("GET /query*", outages.session_expired(), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 3
    assert len(sign_ins(org)) == 2
    assert len(org.journal.calls("/queryAll")) == 2
    assert run.log.rstrip().endswith("[session-refused]")
    assert "Traceback" not in run.log


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(outages.session_not_for_rest(), id="not valid for use with the REST API"),
        pytest.param(outages.app_not_attached(), id="not attached to Agent"),
    ],
)
@pytest.mark.parametrize("path", ["POST /composite", "GET /limits", "GET /query*", "POST /jobs/*"])
def test_refusals_that_no_token_cures_renew_nothing(
    org: LocalOrg, tap: TapRunner, refused: faults.Action, path: str
) -> None:
    """Signing in again would go on for ever: one sign-in, exit code 3, a page in Setup."""
    org.faults.add(path, refused, times=None)
    mode = "bulk" if "jobs" in path else "rest"
    run = tap.sync(objects=["Account"], api_mode=mode)
    assert run.exit_code == 3, run.log
    assert len(sign_ins(org)) == 1
    assert len([entry for entry in org.journal.calls() if entry.status == 401]) == 1
    assert "INVALID_SESSION_ID" in run.log
    assert "Setup" in run.log


@pytest.mark.usefixtures("clock")
def test_threads_renew_once(org: LocalOrg) -> None:
    """Several threads that find the same token dead sign in once between them."""
    made = TapVersionForgeSalesforce(config=org.config(), setup_mapper=False)
    session = made.run.client.session
    limits = Call(path="/services/data/v68.0/limits")
    session.call(limits)
    org.expire_tokens()
    threads = 8
    together = Barrier(threads)
    # Each thread has sent its request with the dead token before any of them is answered.
    org.faults.add("GET /limits", faults.before(together.wait), times=threads)
    with ThreadPoolExecutor(threads) as pool:
        replies = list(pool.map(session.call, [limits] * threads))
    assert [reply.status for reply in replies] == [200] * threads
    assert len([entry for entry in org.journal.calls() if entry.status == 401]) == threads
    assert len(sign_ins(org)) == 2


# What the user is told

TOLD = {
    "not approved": "user-not-approved",
    "audience": "audience-invalid",
    "assertion": "invalid-assertion",
    "assertion type": "invalid-assertion",
    "expired": "assertion-expired",
    "authentication failure": "authentication-failure",
    "ip restricted": "ip-or-hours-restricted",
    "expired token": "approval-withdrawn",
    "user locked": "user-locked",
    "client id": "invalid-client-id",
    "client": "invalid-client",
    "app access": "app-access-denied",
    "app not found": "app-not-found",
    "inactive user": "inactive-user",
    "inactive org": "inactive-org",
    "too many logins": "too-many-sign-ins",
    "login rate": "too-many-sign-ins",
    "grant type": "grant-type-off",
    "no assertion": "sign-in-request-refused",
    "no grant type": "sign-in-request-refused",
    "method": "sign-in-request-refused",
    "must be installed": "app-not-installed",
    # Of other ways to sign in.
    "no run as user": "invalid-grant",
    "other domain": "invalid-grant",
    "flow off": "invalid-grant",
}
OTHER_WORDS = {
    ("invalid_grant", "authentication failure - Invalid Password"): "authentication-failure",
    ("invalid_grant", "invalid user credentials"): "authentication-failure",
    ("invalid_grant", "IP restricted or invalid login hours"): "ip-or-hours-restricted",
    ("invalid_grant", "something new"): "invalid-grant",
    ("invalid_client", "invalid client"): "invalid-client",
    ("OAUTH_EC_APP_NOT_FOUND", "External client app is not installed"): "app-not-found",
    ("invalid_scope", "the requested scope is not allowed"): "invalid-scope",
    ("unauthorized_client", "invalid client"): "unauthorized-client",
    ("an_error_of_tomorrow", "nobody knows yet"): "sign-in-failed",
}


def test_every_token_error_of_the_org_is_tried() -> None:
    """The table below misses none that the org can answer; what passes has its own tests."""
    assert set(TOLD) == set(TOKEN_ERRORS) - {"retry", "busy"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *(pytest.param(TOKEN_ERRORS[reason], code, id=reason) for reason, code in TOLD.items()),
        *(pytest.param(error, code, id=": ".join(error)) for error, code in OTHER_WORDS.items()),
    ],
)
def test_refusal_names_cause_fix_and_page(
    org: LocalOrg, tap: TapRunner, error: tuple[str, str], code: str
) -> None:
    """Exit code 3 and one line: what Salesforce said, what it means, and where in Setup to go."""
    org.settings.token_error = error
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 3
    assert run.stdout == ""
    assert "Traceback" not in run.log
    (told,) = [line for line in run.log.splitlines() if "ERROR" in line]
    assert told.endswith(f"[{code}]")
    assert f"(Salesforce said {error[0]}: {error[1]})" in told
    assert org.username in told
    assert org.url in told
    assert "Setup" in told
    assert "[hidden]" not in told
    assert {entry.path for entry in org.journal.calls()} == {TOKEN}


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        pytest.param({"user_approved": False}, "user-not-approved", id="user not approved"),
        pytest.param({"user_active": False}, "inactive-user", id="user inactive"),
        pytest.param({"app_installed": False}, "app-not-found", id="app not installed"),
    ],
)
def test_org_that_is_not_set_up(
    org: LocalOrg, tap: TapRunner, switch: dict[str, bool], code: str
) -> None:
    """What an administrator forgot is what the message names."""
    for name, value in switch.items():
        setattr(org.settings, name, value)
    run = tap.sync(objects=["Account"])
    assert (run.exit_code, run.log.rstrip()[-len(code) - 1 : -1]) == (3, code)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        pytest.param({"username": "somebody@else.example"}, "user-not-approved", id="username"),
        pytest.param({"client_id": "3MVG9.Another"}, "invalid-client-id", id="client_id"),
    ],
)
def test_credentials_of_another_org(tap: TapRunner, settings: dict[str, object], code: str) -> None:
    """A username or consumer key that the org does not know is told as that."""
    run = tap.sync(objects=["Account"], **settings)
    assert (run.exit_code, run.log.rstrip()[-len(code) - 1 : -1]) == (3, code)


def test_key_of_another_certificate(tap: TapRunner) -> None:
    """A signature that the org can't verify is told with the way to compare keys."""
    run = tap.sync(objects=["Account"], private_key=keys.other())
    assert run.exit_code == 3
    assert "fingerprint" in run.log
    assert run.log.rstrip().endswith("[invalid-assertion]")


def test_retry_your_request_is_retried(org: LocalOrg, tap: TapRunner) -> None:
    """Salesforce asks for another try and gets one."""
    org.settings.token_error, org.settings.token_error_times = TOKEN_ERRORS["retry"], 1
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert [entry.status for entry in sign_ins(org)] == [400, 200]


def test_retry_your_request_for_ever(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """After a few tries, told in seconds: exit code 5."""
    org.settings.token_error = TOKEN_ERRORS["retry"]
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 5
    assert 2 <= len(sign_ins(org)) <= 5
    assert len(clock.slept) == len(sign_ins(org)) - 1
    assert sum(clock.slept) <= 60
    assert "unknown_error: retry your request" in run.log
    assert run.log.rstrip().endswith("[sign-in-retry]")
    assert "Traceback" not in run.log


@pytest.mark.parametrize("command", ["sync", "--discover", "--test", "check"])
def test_host_that_nobody_answers_at(org: LocalOrg, tap: TapRunner, command: str) -> None:
    """Exit code 5 after a few tries, with the host's name, whichever command asks first."""
    address = f"http://127.0.0.1:{closed_port()}"
    arguments = [] if command == "sync" else [command]
    run = tap.command("--config", tap.config(instance_url=address), *arguments)
    assert run.exit_code == 5
    assert f"{address} can't be reached" in run.log + run.stdout
    assert "Check instance_url" in run.log + run.stdout
    assert "Traceback" not in run.log
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("trouble", "exit_code", "code"),
    [
        pytest.param(outages.not_json(), 3, "not-salesforce", id="200 with a page"),
        pytest.param(faults.answer(200), 3, "not-salesforce", id="200 with nothing"),
        pytest.param(faults.answer(200, [1]), 3, "not-salesforce", id="200 with a list"),
        pytest.param(faults.answer(400, "<html>no</html>"), 3, "not-salesforce", id="400"),
        pytest.param(faults.answer(403, "<html>no</html>"), 3, "not-salesforce", id="403"),
        pytest.param(faults.answer(404, "<html>no</html>"), 3, "not-salesforce", id="404"),
        pytest.param(outages.session_expired(), 3, "not-salesforce", id="401 of another resource"),
        pytest.param(outages.maintenance_page(), 5, "salesforce-busy", id="503"),
        pytest.param(faults.answer(200, {}), 3, "sign-in-failed", id="no token"),
        pytest.param(
            faults.answer(200, {"access_token": ""}), 3, "sign-in-failed", id="empty token"
        ),
        pytest.param(
            faults.answer(200, {"access_token": "a\r\nb"}), 3, "sign-in-failed", id="odd token"
        ),
        pytest.param(faults.reset(), 5, "host-unreachable", id="reset"),
        pytest.param(faults.cut(0.5), 5, "broken-answer", id="cut"),
    ],
)
def test_token_endpoint_that_is_none(
    org: LocalOrg, tap: TapRunner, trouble: faults.Action, exit_code: int, code: str
) -> None:
    """A page instead of JSON, half an answer, or none: told as what it is, and never for ever."""
    org.faults.add(f"POST {TOKEN}", trouble, times=None)
    run = tap.sync(objects=["Account"])
    assert (run.exit_code, run.log.rstrip()[-len(code) - 1 : -1]) == (exit_code, code)
    assert "Traceback" not in run.log
    assert run.stdout == ""
    assert {entry.path for entry in org.journal.calls()} == {TOKEN}
    assert len(sign_ins(org)) <= 5


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(outages.not_json(), id="page"),
        pytest.param(outages.maintenance_page(), id="503"),
        pytest.param(outages.too_many_requests(retry_after=3), id="429"),
        pytest.param(faults.reset(), id="reset"),
        pytest.param(faults.cut(0.5), id="cut"),
    ],
)
def test_passing_trouble_at_sign_in(org: LocalOrg, tap: TapRunner, trouble: faults.Action) -> None:
    """One bad answer is passed over with a second assertion."""
    org.faults.add(f"POST {TOKEN}", trouble)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert len(sign_ins(org)) == 2


# Clocks


@pytest.mark.parametrize("command", [(), ("check",)], ids=["sync", "check"])
@pytest.mark.parametrize(
    ("ahead", "told"),
    [
        (-59, None),
        (120, None),
        (-121, "121 seconds behind Salesforce's"),
        (-200, "200 seconds behind Salesforce's"),
        (-7 * 3600, "25200 seconds behind Salesforce's"),
        (121, "121 seconds ahead of Salesforce's"),
        (86_400, "86400 seconds ahead of Salesforce's"),
    ],
)
def test_wrong_clock_is_told(
    org: LocalOrg,
    tap: TapRunner,
    clock: OrgClock,
    *,
    command: tuple[str, ...],
    ahead: int,
    told: str | None,
) -> None:
    """More than two minutes off, and refused: the clock is named, by the server's Date."""
    org.clock.freeze(NOW)
    clock.ahead_seconds = ahead
    run = tap.command("--config", tap.config(objects=["Account"]), *command)
    if told is None:
        # Still within the life of the assertion: nothing to complain about.
        assert run.exit_code == 0, run.log
    else:
        assert run.exit_code == 3
        assert f"This machine's clock is {told}" in run.log + run.stdout
        assert "Set the clock (NTP)" in run.log + run.stdout
        assert len(sign_ins(org)) == 1


@pytest.mark.parametrize("ahead", [-119, 119])
def test_clock_within_two_minutes_is_not_blamed(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, ahead: int
) -> None:
    """A refusal then has the cause that Salesforce names."""
    org.clock.freeze(NOW)
    clock.ahead_seconds = ahead
    org.settings.token_error = TOKEN_ERRORS["not approved"]
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 3
    assert "[user-not-approved]" in run.log
