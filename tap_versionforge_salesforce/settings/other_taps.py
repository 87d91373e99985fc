"""What the settings of other taps for Salesforce mean here, and which of them nothing does.

Those of MeltanoLabs' and of singer-io's tap-salesforce, as their READMEs have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.auth.hosts import (
    PRODUCTION_AUDIENCE,
    SANDBOX_AUDIENCE,
    audience_problem,
    checked_instance_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of no org: who signs in there is sent on to it.
_SIGN_IN_DOMAINS = {"login": PRODUCTION_AUDIENCE, "test": SANDBOX_AUDIENCE}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0", "")
# Where nothing is missing behind it.
_ENDS_OF_HOSTS = (".com", ".mil", ".cn")
_MY_DOMAIN = "Setup > My Domain shows the URL; put it into instance_url"
_UNDERSTOOD = ("domain", "is_sandbox", "lookback_window", "streams_to_discover")
#: What has no place here, and what takes it.
IN_PLACE = {
    "api_type": "api_mode; left out, the API is picked for each extraction",
    "auth": "client_id, username and private_key or private_key_path",
    "max_workers": "max_parallel_jobs and parallel_downloads",
    "quota_percent_per_run": "max_api_calls, the most calls that a run may make",
    "quota_percent_total": "quota_reserve, the calls that are left to others",
    "password": "private_key or private_key_path: nobody signs in with a password",
    "security_token": "private_key or private_key_path: nobody signs in with a password",
    "select_fields_by_default": "the catalog, or Meltano's select",
    "state_message_threshold": "nothing: STATE stands behind each page",
}


def is_of_another_tap(config: Mapping[str, object]) -> bool:
    """Tell whether a config has settings that only other taps know.

    Args:
        config: As it was given.
    """
    return not config.keys().isdisjoint({*IN_PLACE, *_UNDERSTOOD})


def taken_over(config: Mapping[str, object]) -> dict[str, object]:
    """Return a config without what another tap says of the host, as far as it says the same.

    Args:
        config: Aliases resolved. ``domain`` is what stands in front of ``.salesforce.com``, or
            the URL that it is of, and ``is_sandbox`` whether users sign in at
            test.salesforce.com.

    Raises:
        SettingsError: It contradicts ``instance_url``, or names no org.
    """
    found = dict(config)
    domain, is_sandbox = found.pop("domain", None), found.pop("is_sandbox", None)
    if isinstance(domain, str) and domain.strip():
        _take_domain(found, _domain_of(domain.strip().lower()))
    if is_sandbox is not None:
        _check_sandbox(found, str(is_sandbox).strip().lower())
    return found


def _domain_of(text: str) -> str:
    """Return what stands in front of ``.salesforce.com``, of a URL, too."""
    host = text.partition("://")[2] or text
    return host.partition("/")[0].removesuffix(".salesforce.com")


def _take_domain(config: dict[str, object], domain: str) -> None:
    given = _instance_url(config)
    if (audience := _SIGN_IN_DOMAINS.get(domain)) is not None:
        if given is None:
            raise wrong_setting(
                "domain", f"is {domain}, which serves no org's data", f"{_MY_DOMAIN}."
            )
        _check_audience(given, audience, "domain", domain)
        return
    # What is the host of something else is told as it was written.
    host = domain if domain.endswith(_ENDS_OF_HOSTS) else f"{domain}.salesforce.com"
    url = checked_instance_url(host, "domain")
    if given is None:
        config["instance_url"] = url
    elif given != url and given.startswith("https://"):
        raise SettingsError(
            f"The settings instance_url and domain name different hosts: {given} and {url}.",
            hint="Keep instance_url and remove domain.",
        )


def _check_sandbox(config: dict[str, object], text: str) -> None:
    if text not in (*_YES, *_NO):
        raise wrong_setting("is_sandbox", "must be true or false", "It can be left out, too.")
    given = _instance_url(config)
    if given is not None and text:
        audience = SANDBOX_AUDIENCE if text in _YES else PRODUCTION_AUDIENCE
        _check_audience(given, audience, "is_sandbox", text)


def _check_audience(url: str, audience: str, name: str, value: str) -> None:
    if problem := audience_problem(url, audience):
        raise wrong_setting(
            name,
            f"is {value}, but {problem}",
            f"{_MY_DOMAIN}, and leave {name} out: what it says is known from there.",
        )


def _instance_url(config: Mapping[str, object]) -> str | None:
    given = config.get("instance_url")
    if not isinstance(given, str) or not given.strip():
        return None
    try:
        return checked_instance_url(given.strip())
    except SettingsError:
        # It is told when all settings are looked at.
        return None
