"""Which hosts a run may talk to, and what people paste instead of them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from tap_versionforge_salesforce.errors import wrong_setting

PRODUCTION_AUDIENCE = "https://login.salesforce.com"
SANDBOX_AUDIENCE = "https://test.salesforce.com"

_USE_MY_DOMAIN = (
    "Use the My Domain URL, such as https://yourorg.my.salesforce.com. Setup > My Domain shows it."
)
# Whoever receives an assertion can replay it for three minutes, so nothing is sent elsewhere.
_SALESFORCE_DOMAINS = ("salesforce.com", "salesforce.mil", "sfcrmproducts.cn")
# Libraries disagree on where a host with any other character in it ends.
_HOST = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z]+")
_SANDBOX_HOST = re.compile(r"\.(?:sandbox|scratch|cs\d+)\.")


def checked_instance_url(text: str, setting: str = "instance_url") -> str:
    """Return scheme and host of the org's My Domain.

    Args:
        text: As it was given.
        setting: By which one.

    Raises:
        SettingsError: It is no My Domain URL of Salesforce and no loopback host.
    """
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host, port = url.hostname or "", url.port
    except ValueError:  # unbalanced brackets, a port that is no number, look-alikes of / and @
        raise wrong_setting(setting, "is no URL", _USE_MY_DOMAIN) from None
    if _is_loopback(host):
        address = f"[{host}]" if ":" in host else host
        address = address if port is None else f"{address}:{port}"
        if url.scheme not in ("http", "https") or "@" in url.netloc:
            problem = "must be http or https, a host and a port"
            raise wrong_setting(setting, problem, f"Use http://{address}")
        return f"{url.scheme}://{address}"
    if suggestion := _my_domain_of(host):
        raise wrong_setting(
            setting,
            f"is the address of a page ({host}), not of the API",
            f"Use the My Domain URL: https://{suggestion}",
        )
    if not _is_salesforces(host):
        problem = f"names {host!r}, which is no Salesforce host" if host else "names no host"
        raise wrong_setting(setting, problem, _USE_MY_DOMAIN)
    if host in ("login.salesforce.com", "test.salesforce.com", "www.salesforce.com"):
        raise wrong_setting(
            setting,
            f"is {host}, which serves no org's data",
            "Use the org's My Domain URL, such as https://yourorg.my.salesforce.com; "
            "the sign-in host goes into jwt_audience.",
        )
    if url.scheme != "https" or "@" in url.netloc or port not in (None, 443):
        raise wrong_setting(setting, "must be plain https", f"Use https://{host}")
    return f"https://{host}"


def _is_salesforces(host: str) -> bool:
    domains = tuple(f".{domain}" for domain in _SALESFORCE_DOMAINS)
    return host.endswith(domains) and _HOST.fullmatch(host) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _my_domain_of(host: str) -> str | None:
    for page, api in (
        (".lightning.force.com", ".my.salesforce.com"),
        (".my.salesforce-setup.com", ".my.salesforce.com"),
        (".lightning.crmforce.mil", ".my.salesforce.mil"),
    ):
        if host.endswith(page):
            return host.removesuffix(page) + api
    return None


def checked_audience(text: str) -> str:
    """Return the authorization server, without a trailing slash.

    Raises:
        SettingsError: It is no URL.
    """
    try:
        url = urlsplit(text)
        is_url = url.scheme in ("https", "http") and bool(url.hostname)
    except ValueError:
        is_url = False
    if not is_url:
        raise wrong_setting(
            "jwt_audience",
            f"can't be {text!r}",
            f"It is a URL: {PRODUCTION_AUDIENCE}, {SANDBOX_AUDIENCE}, or leave it out.",
        )
    return text.rstrip("/")


def audience_problem(instance_url: str, audience: str) -> str | None:
    """Return how an audience does not fit the org's host; None where it does, or nobody can tell.

    Args:
        instance_url: As `checked_instance_url` returns it.
        audience: As `checked_audience` returns it: a My Domain URL may stand there, too.
    """
    host = urlsplit(instance_url).hostname or ""
    expected = derived_audience(instance_url)
    known = (PRODUCTION_AUDIENCE, SANDBOX_AUDIENCE)
    if _is_loopback(host) or audience == expected or audience not in known:
        return None
    kind = "a sandbox or scratch org" if expected == SANDBOX_AUDIENCE else "no sandbox"
    return f"{host} is the host of {kind}, which signs in at {expected}"


def derived_audience(instance_url: str) -> str:
    """Return the authorization server that an org of this host belongs to.

    Sandboxes have ``--`` in their first label, scratch orgs ``.scratch.``; both sign in at
    test.salesforce.com, every other org (``.develop.``, ``.trailblaze.`` too) at login.
    """
    host = urlsplit(instance_url).hostname or ""
    first_label = host.partition(".")[0]
    if "--" in first_label or _SANDBOX_HOST.search(host):
        return SANDBOX_AUDIENCE
    return PRODUCTION_AUDIENCE
