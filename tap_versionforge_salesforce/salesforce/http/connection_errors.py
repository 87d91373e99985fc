"""What stands between this machine and the org: name, proxy, certificate; and why nothing came."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests import exceptions
from requests.utils import get_environ_proxies, select_proxy

from tap_versionforge_salesforce.errors import (
    RequestTimeoutError,
    SettingsError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

# Read by requests where it is given no bundle, in this order.
_CA_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_LONGEST_CAUSE = 200


def check_ca_bundle(given: str | None, environment: Mapping[str, str] = os.environ) -> None:
    """See that the certificates to trust can be read: requests fails on others in many ways.

    Args:
        given: The setting ca_bundle.
        environment: Names a bundle where the setting does not.

    Raises:
        SettingsError: There is no such file, or it holds no certificate.
    """
    found = {"The setting ca_bundle": given} | {
        f"The environment variable {name}": environment.get(name) for name in _CA_BUNDLE_VARIABLES
    }
    named = next(((name, path) for name, path in found.items() if path), None)
    if named is None:
        return
    name, path = named
    try:
        is_there, is_folder = Path(path).exists(), Path(path).is_dir()
    except OSError:  # behind a folder that is closed to the user, or too long
        is_there = is_folder = False
    if not is_there:
        raise SettingsError(
            f"{name} names no file that can be read: {path}.", hint="Check the path."
        )
    if is_folder:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        raise SettingsError(
            f"{name} names a file without certificates that can be read: {path}.",
            hint="It is a PEM file: one or more blocks from BEGIN CERTIFICATE to END CERTIFICATE.",
        ) from None


def check_proxy(host: str) -> None:
    """See that the URL of a proxy can be taken apart: requests fails on others in many ways.

    Args:
        host: Whom the proxy of the environment variables would lead to.

    Raises:
        UnavailableError: It has no host, or what stands for the port is none.
    """
    url = select_proxy(host, get_environ_proxies(host))
    if url is None:
        return
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise _unusable_proxy()


def is_retryable(error: Exception) -> bool:
    """Tell whether another try may bring an answer where one brought this error."""
    is_for_good = isinstance(error, (exceptions.InvalidSchema, exceptions.InvalidURL))
    return not (is_for_good or _is_certificate_error(error))


def was_sent(error: Exception) -> bool:
    """Tell whether a request may have reached its host before what became of it."""
    if isinstance(error, (exceptions.ConnectTimeout, exceptions.ProxyError)):
        return False
    return not isinstance(_innermost(error), (ConnectionRefusedError, socket.gaierror))


def connection_error(
    error: Exception, *, host: str, asked: str, timeout_seconds: float
) -> UnavailableError:
    """Return what an error of requests or urllib3 becomes.

    Args:
        error: Instead of an answer.
        host: Scheme and host of instance_url.
        asked: Method and path of the request.
        timeout_seconds: How long an answer was waited for.
    """
    if isinstance(error, (exceptions.InvalidSchema, exceptions.InvalidURL)):
        return _unusable_proxy()
    if _is_timeout(error):
        return RequestTimeoutError(
            f"{host} did not answer {asked} within {timeout_seconds:.0f} seconds.",
            hint="Run again later; request_timeout_seconds allows more time.",
        )
    if _is_certificate_error(error):
        return UnavailableError(
            f"The TLS connection to {host} can't be trusted ({_cause(error)}).",
            hint="Behind a proxy with a private certificate authority, set ca_bundle to its PEM "
            "file; otherwise check instance_url.",
            code="tls-failed",
        )
    look_at = "instance_url, the network and the proxy settings"
    if isinstance(error, exceptions.SSLError):
        trouble, code = "broke off the TLS connection", "tls-failed"
    elif isinstance(error, exceptions.ProxyError):
        trouble, code = "can't be reached through the proxy", "proxy-failed"
        look_at = "HTTPS_PROXY, with the user and password in it, and NO_PROXY"
    elif _is_handshake(error):
        trouble, code = "can't be reached", "host-unreachable"
        look_at += ": what is at this address and port may speak no TLS"
    elif isinstance(error, exceptions.ConnectionError):
        trouble, code = "can't be reached", "host-unreachable"
    else:
        trouble, code = "broke off its answer", "broken-answer"
    return UnavailableError(
        f"{host} {trouble} ({_cause(error)}).",
        hint=f"Check {look_at}, then run again.",
        code=code,
    )


def _unusable_proxy() -> UnavailableError:
    # The URL is not shown: there may be a password in it.
    return UnavailableError(
        "The environment variables name a proxy with a URL that can't be used.",
        hint="HTTPS_PROXY has the form http://host:port, with user:password@ in front of the "
        "host where the proxy wants them; reserved characters in them are written as %40 for @.",
        code="proxy-failed",
    )


def _is_timeout(error: Exception) -> bool:
    # A connection that does not come about is no answer that takes its time: so a handshake, in
    # which a server that speaks no TLS waits for more.
    if isinstance(error, (exceptions.ConnectTimeout, exceptions.ProxyError)):
        return False
    if _is_handshake(error):
        return False
    return isinstance(error, exceptions.ReadTimeout) or "timed out" in str(error)


def _is_handshake(error: Exception) -> bool:
    return "handshake" in f"{error} {_innermost(error)}"


def _is_certificate_error(error: Exception) -> bool:
    # Any other error of TLS is a connection that broke, as those without it do.
    return isinstance(_innermost(error), ssl.SSLCertVerificationError)


def _cause(error: Exception) -> str:
    cause = _innermost(error)
    return one_line(cause, longest=_LONGEST_CAUSE) or type(cause).__name__


def _innermost(error: BaseException) -> BaseException:
    # The innermost reason is the one that means something; the outer ones quote whole URLs.
    seen = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
    return seen
