"""Names, certificates and proxies: what stands between the tap and a host that is fine."""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.settings.definitions import SETTINGS
from tests.local_org import LocalOrg
from tests.local_org.conditions import faults
from tests.support import certificates
from tests.support import proxy as proxies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Network
    from tests.support.harness import OrgClock, Run, TapRunner
    from tests.support.proxy import Proxy

SIGN_IN_TRIES = 4
CANARY = "proxy-canary"


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.fixture(scope="module")
def running(tls: ssl.SSLContext) -> Iterator[LocalOrg]:
    with LocalOrg(tls=tls) as org:
        yield org


@pytest.fixture
def secure(running: LocalOrg, tls: ssl.SSLContext, tmp_path: Path) -> Iterator[LocalOrg]:
    """An org behind https, with a certificate of a private authority, and five accounts."""
    running.reset()
    certificates.install(tls, tmp_path)
    running.settings.page_rows = running.settings.bulk_page_rows = 2
    running.store.seed("Account", 5, hurt=False)
    yield running
    assert running.crashes == []


@pytest.fixture
def bundle(tap: TapRunner) -> str:
    return tap.file("authority.pem", certificates.authority())


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy that the environment names."""
    with proxies.running() as made:
        monkeypatch.setenv("HTTPS_PROXY", made.url())
        yield made


def read(tap: TapRunner, org: LocalOrg, **settings: object) -> Run:
    return tap.sync(**{**org.config(objects=["Account"]), **settings})


def assert_whole(run: Run, org: LocalOrg) -> None:
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(str(r["Id"]) for r in org.store.rows("Account"))


def assert_told(run: Run, code: str, *words: str) -> None:
    """Exit code 5, nothing on stdout, and a last line with this code and these words."""
    assert run.exit_code == 5, run.log
    assert run.stdout == ""
    assert "Traceback" not in run.log
    last = run.log.splitlines()[-1]
    assert last.endswith(f"[{code}]"), last
    assert [word for word in words if word not in last] == [], last


# Names


def test_a_name_that_is_unknown(tap: TapRunner, clock: OrgClock) -> None:
    """DNS: told within a minute, with the setting to look at."""
    run = tap.sync(objects=["Account"], instance_url="https://gone.my.salesforce.com")
    assert_told(run, "host-unreachable", "gone.my.salesforce.com", "not known", "instance_url")
    assert len(clock.slept) == SIGN_IN_TRIES - 1
    assert sum(clock.slept) <= 60


def test_a_name_that_is_unknown_for_a_while(
    org: LocalOrg, tap: TapRunner, network: Network
) -> None:
    """A resolver that fails at times costs only time."""
    org.store.seed("Account", 5, hurt=False)
    network.failing_lookups = 2
    run = read(tap, org, instance_url=org.url.replace("127.0.0.1", "localhost"))
    assert_whole(run, org)
    assert run.log.count("can't be reached (") == 2


def test_a_host_that_is_silent(tap: TapRunner, network: Network) -> None:
    """A connection that comes to nothing is no answer that takes its time."""
    network.silent.add("127.0.0.9")
    run = tap.sync(objects=["Account"], instance_url="http://127.0.0.9:9")
    assert_told(run, "host-unreachable", "127.0.0.9", "instance_url")


# Certificates


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_private_authority_can_be_given(
    secure: LocalOrg, tap: TapRunner, bundle: str, api_mode: str
) -> None:
    """ca_bundle is all that an org behind such a certificate needs."""
    assert_whole(read(tap, secure, ca_bundle=bundle, api_mode=api_mode), secure)


def test_an_unknown_authority_is_not_trusted(
    secure: LocalOrg, tap: TapRunner, clock: OrgClock
) -> None:
    """Told at once with the cause and the way out; nothing was sent, not even an assertion."""
    assert_told(read(tap, secure), "tls-failed", secure.url, "unable to get local", "ca_bundle")
    assert secure.journal.entries == []
    assert clock.slept == []


def test_a_certificate_of_another_host_is_not_trusted(
    secure: LocalOrg, tap: TapRunner, tls: ssl.SSLContext, tmp_path: Path, bundle: str
) -> None:
    """Also where its authority is trusted."""
    certificates.install(tls, tmp_path, "other.my.salesforce.com")
    run = read(tap, secure, ca_bundle=bundle)
    assert_told(run, "tls-failed", "127.0.0.1", "mismatch", "instance_url")
    assert secure.journal.entries == []


def test_a_certificate_that_has_expired_is_not_trusted(
    secure: LocalOrg, tap: TapRunner, tls: ssl.SSLContext, tmp_path: Path, bundle: str
) -> None:
    """The cause is told: it is the other side that has to act."""
    certificates.install(tls, tmp_path, not_after=certificates.PAST)
    assert_told(read(tap, secure, ca_bundle=bundle), "tls-failed", "certificate has expired")
    assert secure.journal.entries == []


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_may_name_the_authority(
    secure: LocalOrg,
    tap: TapRunner,
    bundle: str,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """As for other Python programs."""
    monkeypatch.setenv(variable, bundle)
    assert_whole(read(tap, secure), secure)


def test_the_setting_goes_before_the_environment(
    secure: LocalOrg, tap: TapRunner, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle that the machine has for others does not take ca_bundle's place."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().cafile or "")
    assert_whole(read(tap, secure, ca_bundle=bundle), secure)


SWITCHES = [
    *({setting.name: not setting.default} for setting in SETTINGS if setting.kind == "boolean"),
    *({name: False} for name in ("verify", "verify_ssl", "ssl_verify", "verify_certificates")),
    *({"ca_bundle": value} for value in ("", "  ", "false", "0", False, None)),
    {"insecure": True},
]
VARIABLES = {
    "REQUESTS_CA_BUNDLE": ["", "0", "false"],
    "CURL_CA_BUNDLE": ["", "0", "false"],
    "PYTHONHTTPSVERIFY": ["0"],
    "SSL_CERT_FILE": [""],
    "TAP_VERSIONFORGE_SALESFORCE_VERIFY": ["false"],
}


@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_no_setting_switches_verification_off(
    secure: LocalOrg, tap: TapRunner, switch: dict[str, object]
) -> None:
    """Whatever is set, a certificate that nobody vouches for ends the run."""
    run = read(tap, secure, **switch)
    assert run.exit_code in (2, 5), run.log
    assert secure.journal.entries == []


@pytest.mark.parametrize(
    ("variable", "value"), [(name, value) for name, values in VARIABLES.items() for value in values]
)
def test_no_variable_switches_verification_off(
    secure: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Not even those that once did so for other programs."""
    monkeypatch.setenv(variable, value)
    run = read(tap, secure)
    assert run.exit_code in (2, 5), run.log
    assert "Traceback" not in run.log
    assert secure.journal.entries == []


@pytest.mark.parametrize("content", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_bundle_without_certificates_is_a_wrong_setting(
    secure: LocalOrg, tap: TapRunner, content: str
) -> None:
    """Exit code 2 names the setting and the file; nothing is sent."""
    path = tap.file("empty.pem", content)
    run = read(tap, secure, ca_bundle=path)
    assert run.exit_code == 2, run.log
    last = run.log.splitlines()[-1]
    assert f"ca_bundle names a file without certificates that can be read: {path}" in last


# Connections that break


@pytest.mark.parametrize("trouble", [faults.cut(0.5), faults.reset(0.5), faults.reset()])
@pytest.mark.parametrize(
    ("api_mode", "match"), [("rest", "GET /query/*"), ("bulk", "*/results")], ids=["rest", "bulk"]
)
def test_https_that_breaks_is_asked_again(
    secure: LocalOrg,
    tap: TapRunner,
    bundle: str,
    *,
    trouble: faults.Action,
    api_mode: str,
    match: str,
) -> None:
    """What breaks inside TLS has other errors than what breaks outside, and the same end."""
    fault = secure.faults.add(match, trouble)
    assert_whole(read(tap, secure, ca_bundle=bundle, api_mode=api_mode), secure)
    assert fault.fired == 1


def test_a_handshake_that_breaks_is_tried_again(
    secure: LocalOrg, tap: TapRunner, bundle: str, proxy: Proxy
) -> None:
    """Load balancers hang up at times; that is no certificate to distrust."""
    proxy.refusals = ["200 Connection established", "200 Connection established"]
    assert_whole(read(tap, secure, ca_bundle=bundle), secure)
    assert len(proxy.asked) > 2


def test_handshakes_that_always_break(
    secure: LocalOrg, tap: TapRunner, bundle: str, proxy: Proxy
) -> None:
    """The last cause is told."""
    proxy.refusals = ["200 Connection established"] * SIGN_IN_TRIES
    run = read(tap, secure, ca_bundle=bundle)
    assert_told(run, "tls-failed", "EOF", "proxy")
    assert len(proxy.asked) == SIGN_IN_TRIES


# Proxies


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_proxy_sees_tunnels_only(
    secure: LocalOrg, tap: TapRunner, bundle: str, proxy: Proxy, api_mode: str
) -> None:
    """HTTPS_PROXY is used for every connection, and learns the host and nothing else."""
    assert_whole(read(tap, secure, ca_bundle=bundle, api_mode=api_mode), secure)
    host = secure.url.removeprefix("https://")
    assert {line.rpartition(" ")[0] for line in proxy.asked} == {f"CONNECT {host}"}


def test_http_proxy_is_for_plain_hosts(
    org: LocalOrg, tap: TapRunner, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loopback org may be behind one, too."""
    org.store.seed("Account", 5, hurt=False)
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    assert_whole(read(tap, org), org)
    assert proxy.asked[0].startswith(f"POST {org.url}/services/oauth2/token ")


@pytest.mark.parametrize("refusal", ["502 Bad Gateway", "503 Service Unavailable"])
def test_a_proxy_that_refuses_for_a_while(
    secure: LocalOrg, tap: TapRunner, bundle: str, proxy: Proxy, refusal: str
) -> None:
    """It costs only time."""
    proxy.refusals = [refusal, refusal]
    assert_whole(read(tap, secure, ca_bundle=bundle), secure)


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses(
    secure: LocalOrg, tap: TapRunner, bundle: str, proxy: Proxy, refusal: str
) -> None:
    """Exit code 5 with its own words."""
    proxy.refusals = [refusal] * SIGN_IN_TRIES
    run = read(tap, secure, ca_bundle=bundle)
    assert_told(run, "proxy-failed", refusal, "HTTPS_PROXY")
    assert secure.journal.entries == []


def test_a_proxy_that_is_not_there(
    secure: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5 points to the environment, not to the org."""
    with proxies.running() as gone:
        monkeypatch.setenv("HTTPS_PROXY", gone.url())
    assert_told(read(tap, secure), "proxy-failed", "refused", "HTTPS_PROXY", "NO_PROXY")


def test_a_proxy_that_is_silent(
    secure: LocalOrg, tap: TapRunner, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is not there."""
    network.silent.add("127.0.0.9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.9:3128")
    assert_told(read(tap, secure), "proxy-failed", "HTTPS_PROXY")


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_passes_it_by(
    secure: LocalOrg,
    tap: TapRunner,
    bundle: str,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Hosts that it names are reached directly."""
    monkeypatch.setenv(name, "example.com,127.0.0.1")
    assert_whole(read(tap, secure, ca_bundle=bundle), secure)
    assert proxy.asked == []


@pytest.mark.parametrize("known", [True, False], ids=["accepted", "refused"])
def test_a_proxys_password_is_never_shown(
    secure: LocalOrg,
    tap: TapRunner,
    bundle: str,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    known: bool,
) -> None:
    """It is sent to the proxy, and stands in no line of the log, whatever its level."""
    caplog.set_level(logging.DEBUG)
    proxy.password = f"me@work:{CANARY}" if known else "me@work:another"
    monkeypatch.setenv("HTTPS_PROXY", proxy.url(f"me%40work:{CANARY}@"))
    run = read(tap, secure, ca_bundle=bundle)
    if known:
        assert_whole(run, secure)
    else:
        assert_told(run, "proxy-failed", "407")
    assert CANARY not in run.stdout + run.log + caplog.text


@pytest.mark.parametrize(
    "url",
    [
        f"http://me:{CANARY}@127.0.0.1:port",
        f"http://me:{CANARY}@",
        f"http://{CANARY}:a/b@127.0.0.1:80",
        f"http://me:[{CANARY}@127.0.0.1:80",
        f"ftp://me:{CANARY}@127.0.0.1:80",
        f"socks5://me:{CANARY}@127.0.0.1:1080",
    ],
)
def test_a_proxy_that_is_no_url(
    secure: LocalOrg,
    tap: TapRunner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    clock: OrgClock,
    *,
    url: str,
) -> None:
    """Told at once, with the form that it should have and without its password."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTPS_PROXY", url)
    run = read(tap, secure)
    assert_told(run, "proxy-failed", "HTTPS_PROXY", "http://host:port")
    assert clock.slept == []
    assert CANARY not in run.stdout + run.log + caplog.text
