"""Which hosts a run may talk to."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.hosts import (
    PRODUCTION_AUDIENCE,
    SANDBOX_AUDIENCE,
    checked_audience,
    checked_instance_url,
    derived_audience,
)
from tests.support.values import some_examples

ORG = "https://x.my.salesforce.com"


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        pytest.param("https://x.my.salesforce.com", ORG, id="My Domain"),
        pytest.param("https://x.my.salesforce.com/", ORG, id="trailing slash"),
        pytest.param("x.my.salesforce.com", ORG, id="no scheme"),
        pytest.param("https://X.My.Salesforce.COM", ORG, id="uppercase"),
        pytest.param("HTTPS://x.my.salesforce.com", ORG, id="uppercase scheme"),
        pytest.param("https://x.my.salesforce.com/lightning/page/home", ORG, id="path"),
        pytest.param("https://x.my.salesforce.com?a=b#c", ORG, id="query and fragment"),
        pytest.param("https://x.my.salesforce.com:443", ORG, id="the usual port"),
        pytest.param(
            "https://x--uat.sandbox.my.salesforce.com",
            "https://x--uat.sandbox.my.salesforce.com",
            id="sandbox",
        ),
        pytest.param(
            "https://x-dev-ed.develop.my.salesforce.com",
            "https://x-dev-ed.develop.my.salesforce.com",
            id="developer edition",
        ),
        pytest.param("https://na1.salesforce.com", "https://na1.salesforce.com", id="instance"),
        pytest.param(
            "https://x.my.salesforce.mil", "https://x.my.salesforce.mil", id="Government Cloud"
        ),
        pytest.param(
            "https://x.my.sfcrmproducts.cn", "https://x.my.sfcrmproducts.cn", id="on Alibaba Cloud"
        ),
        pytest.param("http://localhost:8080", "http://localhost:8080", id="localhost"),
        pytest.param("http://LOCALHOST:8080/", "http://localhost:8080", id="LOCALHOST"),
        pytest.param("http://127.0.0.1", "http://127.0.0.1", id="127.0.0.1"),
        pytest.param("http://127.9.8.7:80/x", "http://127.9.8.7:80", id="127 anything"),
        pytest.param("http://[::1]:8080", "http://[::1]:8080", id="IPv6 loopback"),
        pytest.param("https://localhost:8443", "https://localhost:8443", id="https on loopback"),
    ],
)
def test_hosts_of_salesforce_and_loopback_are_taken(given_url: str, used: str) -> None:
    """Scheme and host are kept and the rest of what people paste is dropped."""
    assert checked_instance_url(given_url) == used


@pytest.mark.parametrize(
    ("given_url", "told"),
    [
        pytest.param("https://salesforce.com.evil.example", "salesforce.com.evil.example", id="x."),
        pytest.param("https://evilsalesforce.com", "'evilsalesforce.com'", id="no dot before"),
        pytest.param("https://salesforce.com", "'salesforce.com'", id="the bare domain"),
        pytest.param("https://x.my.salesforce.co", "x.my.salesforce.co", id="other ending"),
        pytest.param("https://x.my.salesforce.com@evil.example", "'evil.example'", id="userinfo"),
        pytest.param("https://evil.example#.my.salesforce.com", "'evil.example'", id="fragment"),
        pytest.param("https://evil.example?.my.salesforce.com", "'evil.example'", id="query"),
        pytest.param("https://evil.example/.my.salesforce.com", "'evil.example'", id="path"),
        pytest.param(
            "https://evil.example\\.my.salesforce.com", "no Salesforce host", id="backslash"
        ),
        pytest.param(
            "https://evil.example%2f.my.salesforce.com", "no Salesforce host", id="percent"
        ),
        pytest.param("https://evil.example .my.salesforce.com", "no Salesforce host", id="blank"),
        pytest.param("https://.salesforce.com", "no Salesforce host", id="empty label"),
        pytest.param("https://\u0445.my.salesforce.com", "no Salesforce host", id="Cyrillic"),
        pytest.param("https://x.my.salesforce.com.", "no Salesforce host", id="trailing dot"),
        pytest.param("https://evil.example", "'evil.example'", id="elsewhere"),
        pytest.param("http://localhost.evil.example", "evil.example", id="localhost elsewhere"),
        pytest.param("http://127.0.0.1.evil.example", "evil.example", id="127.0.0.1 elsewhere"),
        pytest.param("http://0.0.0.0", "'0.0.0.0'", id="all addresses"),
        pytest.param("http://10.0.0.1", "'10.0.0.1'", id="private network"),
        pytest.param("http://169.254.169.254", "'169.254.169.254'", id="cloud metadata"),
        pytest.param("http://2130706433", "'2130706433'", id="loopback as a number"),
        pytest.param("https://evil.example\\@x.my.salesforce.com", "plain https", id="backslash @"),
        pytest.param("https://user@x.my.salesforce.com", "plain https", id="user"),
        pytest.param("http://x.my.salesforce.com", "plain https", id="http"),
        pytest.param("ftp://x.my.salesforce.com", "plain https", id="ftp"),
        pytest.param("https://x.my.salesforce.com:8443", "plain https", id="other port"),
        pytest.param("http://evil.example\\@localhost", "a host and a port", id="backslash @ lo"),
        pytest.param("http://user:pw@127.0.0.1", "a host and a port", id="user on loopback"),
        pytest.param("ftp://localhost", "http or https", id="ftp on loopback"),
        pytest.param("https://login.salesforce.com", "login.salesforce.com", id="login"),
        pytest.param("https://test.salesforce.com", "serves no org's data", id="test"),
        pytest.param("https://www.salesforce.com", "serves no org's data", id="www"),
        pytest.param("https://[::1", "is no URL", id="bracket"),
        pytest.param("https://x.my.salesforce.com:port", "is no URL", id="port of letters"),
        pytest.param("https://x.my.salesforce.com:99999", "is no URL", id="port too large"),
        pytest.param("http://localhost:99999", "is no URL", id="port too large on loopback"),
        pytest.param("https://x.my.salesforce.com\u2100", "is no URL", id="a/c in one character"),
        pytest.param("https://", "names no host", id="nothing behind the scheme"),
        pytest.param("//x.my.salesforce.com", "names no host", id="two slashes"),
    ],
)
def test_other_hosts_are_refused(given_url: str, told: str) -> None:
    """Nothing else is taken, and the one sentence names the setting, the trouble and the way."""
    with pytest.raises(SettingsError) as caught:
        checked_instance_url(given_url)
    assert caught.value.message.startswith("The setting instance_url ")
    assert told in caught.value.message
    assert "https://" in caught.value.hint or "http://" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("page", "api"),
    [
        pytest.param(
            "https://x.lightning.force.com/lightning/o/Account/list",
            "https://x.my.salesforce.com",
            id="Lightning",
        ),
        pytest.param(
            "https://x--uat.sandbox.lightning.force.com",
            "https://x--uat.sandbox.my.salesforce.com",
            id="Lightning of a sandbox",
        ),
        pytest.param(
            "https://x.develop.my.salesforce-setup.com/lightning/setup/SetupOneHome/home",
            "https://x.develop.my.salesforce.com",
            id="Setup",
        ),
        pytest.param(
            "https://x.lightning.crmforce.mil", "https://x.my.salesforce.mil", id="Government Cloud"
        ),
    ],
)
def test_pages_that_people_paste_are_told_with_the_right_url(page: str, api: str) -> None:
    """The address of a page is refused, and the API's address stands in the hint."""
    with pytest.raises(SettingsError, match="address of a page") as caught:
        checked_instance_url(page)
    assert caught.value.hint.endswith(api)
    assert checked_instance_url(api) == api


@pytest.mark.parametrize(
    "given_url",
    [
        pytest.param("https://tap:hunter2@evil.example", id="elsewhere"),
        pytest.param("https://tap:hunter2@x.my.salesforce.com", id="Salesforce"),
        pytest.param("https://tap:hunter2@x.lightning.force.com", id="Lightning"),
        pytest.param("http://tap:hunter2@localhost", id="loopback"),
        pytest.param("https://tap:hunter2@", id="no host"),
        pytest.param("https://tap:hunter2@[", id="no URL"),
        pytest.param("tap:hunter2@evil.example", id="no scheme"),
    ],
)
def test_passwords_in_urls_are_not_repeated(given_url: str) -> None:
    """Whatever is wrong with a URL, a password in it is in no message."""
    with pytest.raises(SettingsError) as caught:
        checked_instance_url(given_url)
    assert "hunter2" not in caught.value.message + caught.value.hint


PIECES = (
    "https://",
    "http://",
    "x.my.salesforce.com",
    ".my.salesforce.com",
    ".salesforce.mil",
    "evil.example",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "@",
    "\\",
    "/",
    "//",
    "?",
    "#",
    ":",
    ":443",
    ":80",
    ".",
    "%2f",
    "%40",
    " ",
    "\t",
    "\n",
    "\x00",
    "\u3002",
    "\uff0f",
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
@some_examples
def test_requests_go_nowhere_else(text: str) -> None:
    """Whatever is accepted, the library that sends sees a host of Salesforce or loopback."""
    try:
        used = checked_instance_url(text)
    except SettingsError:
        return
    sent_to = (parse_url(used + "/services/oauth2/token").host or "").strip("[]")
    assert sent_to == urlsplit(used).hostname
    if sent_to in ("localhost", "127.0.0.1", "::1"):
        return
    assert used == f"https://{sent_to}"
    assert sent_to.endswith((".salesforce.com", ".salesforce.mil", ".sfcrmproducts.cn"))


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        pytest.param("x.my.salesforce.com", PRODUCTION_AUDIENCE, id="production"),
        pytest.param("x--uat.sandbox.my.salesforce.com", SANDBOX_AUDIENCE, id="sandbox"),
        pytest.param("x--uat.my.salesforce.com", SANDBOX_AUDIENCE, id="-- alone"),
        pytest.param("x.sandbox.my.salesforce.com", SANDBOX_AUDIENCE, id=".sandbox. alone"),
        pytest.param("x.scratch.my.salesforce.com", SANDBOX_AUDIENCE, id="scratch org"),
        pytest.param("x--uat.cs12.my.salesforce.com", SANDBOX_AUDIENCE, id="sandbox instance"),
        pytest.param("x.cs12.my.salesforce.com", SANDBOX_AUDIENCE, id=".csNN. alone"),
        pytest.param("x.cs.my.salesforce.com", PRODUCTION_AUDIENCE, id=".cs. without a number"),
        pytest.param("x.develop.my.salesforce.com", PRODUCTION_AUDIENCE, id="developer edition"),
        pytest.param("x.trailblaze.my.salesforce.com", PRODUCTION_AUDIENCE, id="Trailhead"),
        pytest.param("x.demo.my.salesforce.com", PRODUCTION_AUDIENCE, id="demo"),
        pytest.param("x.patch.my.salesforce.com", PRODUCTION_AUDIENCE, id="patch"),
        pytest.param("x.free.my.salesforce.com", PRODUCTION_AUDIENCE, id="free"),
        pytest.param("sandbox.my.salesforce.com", PRODUCTION_AUDIENCE, id="a company's own name"),
        pytest.param("a-b.my.salesforce.com", PRODUCTION_AUDIENCE, id="one dash"),
        pytest.param("x--uat.my.salesforce.mil", SANDBOX_AUDIENCE, id="Government Cloud"),
    ],
)
def test_audience_follows_from_the_host(host: str, audience: str) -> None:
    """Sandboxes and scratch orgs sign in at test, every other org at login."""
    assert derived_audience(f"https://{host}") == audience


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        pytest.param("https://login.salesforce.com", PRODUCTION_AUDIENCE, id="login"),
        pytest.param("https://test.salesforce.com/", SANDBOX_AUDIENCE, id="trailing slash"),
        pytest.param(
            "https://site.force.com/customers", "https://site.force.com/customers", id="site"
        ),
        pytest.param("http://localhost:8080", "http://localhost:8080", id="loopback"),
    ],
)
def test_audience_is_any_url(text: str, audience: str) -> None:
    """What the user names is used as it is, without a trailing slash."""
    assert checked_audience(text) == audience


@pytest.mark.parametrize("text", ["login.salesforce.com", "https://", "https://[::1", "ftp://a.b"])
def test_audience_that_is_no_url_is_refused(text: str) -> None:
    """The message names the setting and the two usual values."""
    with pytest.raises(SettingsError, match="The setting jwt_audience can't be") as caught:
        checked_audience(text)
    assert PRODUCTION_AUDIENCE in caught.value.hint
    assert SANDBOX_AUDIENCE in caught.value.hint
