"""Which way to sign in the settings mean: a key, an app's secret, a refresh token, a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.access_token import AccessToken
from tap_versionforge_salesforce.salesforce.auth.client_credentials import ClientCredentials
from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
from tap_versionforge_salesforce.salesforce.auth.refresh_token import RefreshToken
from tap_versionforge_salesforce.settings.checking import is_blank, missing_setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_versionforge_salesforce.settings.declaring import Setting
    from tap_versionforge_salesforce.settings.definitions import Settings

#: Whoever signs in.
AnySignIn = AccessToken | ClientCredentials | Credentials | RefreshToken
_KEY = ("private_key", "private_key_path")
#: Either of them belongs to client_secret.
REFRESH = ("refresh_token", "refresh_token_path")
_BY_SECRET = ("client_secret", *REFRESH)
#: Each is a sign-in with the secret of the app, or a part of one.
SECRET = frozenset(_BY_SECRET)
#: Each alone, or with what belongs to it, is a way to sign in.
WAYS = SECRET | {*_KEY, "access_token"}
#: All that has to do with it.
OF_SIGN_IN = WAYS | {"client_id", "username", "private_key_passphrase", "certificate_path"}


def check_sign_in(
    given: Mapping[str, object], told: Mapping[str, object], settings: Iterable[Setting]
) -> None:
    """See that there is one way to sign in, and only one.

    Args:
        given: By name, without what was left empty.
        told: By name, as it was given.
        settings: All that there are.

    Raises:
        SettingsError: There is none, or there are two.
    """
    by_name = {setting.name: setting for setting in settings}
    if "access_token" in given:
        _refuse_both(given, ("access_token",), ("client_id", *_KEY, *_BY_SECRET))
        return
    _refuse_both(given, _KEY, _BY_SECRET)
    _refuse_both(given, ("refresh_token",), ("refresh_token_path",), "Keep one of them.")
    _refuse_token_without_secret(given, told)
    needed = ("client_id",) if "client_secret" in given else ("client_id", "username")
    for name in needed:
        if name not in given:
            raise _or_secret(missing_setting(by_name[name], told.get(name)), told)
    if "client_secret" not in given:
        _check_key_source(given, told)


def _or_secret(error: SettingsError, told: Mapping[str, object]) -> SettingsError:
    """Return what is missing of a sign-in with a key, where a secret may have been meant."""
    if not is_blank(told.get("client_secret")):
        return error
    return error.reworded(
        f"{error.message.removesuffix('.')}, and client_secret is there and empty.",
        hint="To sign in with the app's secret, see where client_secret comes from: a variable "
        f"may not be set. To sign in with a key, leave client_secret out. {error.hint}",
    )


def _refuse_both(
    given: Mapping[str, object],
    names: Iterable[str],
    others: Iterable[str],
    hint: str = "Keep one of the two ways to sign in.",
) -> None:
    name = next((name for name in names if name in given), None)
    other = next((name for name in others if name in given), None)
    if name and other:
        message = f"The settings {name} and {other} are both given."
        raise SettingsError(message, hint=hint)


def _refuse_token_without_secret(given: Mapping[str, object], told: Mapping[str, object]) -> None:
    name = next((name for name in REFRESH if name in given), None)
    if name and "client_secret" not in given:
        state = "empty" if is_blank(told.get("client_secret")) else "not"
        raise SettingsError(
            f"The setting {name} is given, and client_secret is {state}.",
            hint="Give the Consumer Secret of the app that the refresh token was made by: Setup > "
            "External Client App Manager > the app > Consumer Key and Secret.",
            code="missing-setting",
        )


def _check_key_source(given: Mapping[str, object], told: Mapping[str, object]) -> None:
    _refuse_both(given, ("private_key",), ("private_key_path",), "Keep one of them.")
    if not any(name in given for name in _KEY):
        message = "Neither the setting private_key nor private_key_path is given."
        error = SettingsError(
            message,
            hint="Give the RSA key whose certificate is in the app: as PEM text in private_key, "
            "or as the path of a PEM file in private_key_path.",
            code="missing-setting",
        )
        raise _or_secret(error, told)


def sign_in_of(settings: Settings) -> AnySignIn:
    """Return who signs in, and how.

    Args:
        settings: Checked ones.
    """
    url = settings.instance_url
    if settings.access_token is not None:
        return AccessToken(instance_url=url, value=settings.access_token)
    if settings.client_secret is None:
        return settings.credentials
    client_id, secret = settings.client_id or "", settings.client_secret
    unused = tuple(_unused(settings))
    if settings.refresh_token is None and settings.refresh_token_path is None:
        return ClientCredentials(
            instance_url=url, client_id=client_id, client_secret=secret, unused=unused
        )
    return RefreshToken(
        instance_url=url,
        client_id=client_id,
        client_secret=secret,
        unused=unused,
        value=settings.refresh_token,
        path=settings.refresh_token_path,
    )


def _unused(settings: Settings) -> Iterable[str]:
    """Yield what is given, and belongs to a sign-in with a key."""
    for name in ("username", "private_key_passphrase", "certificate_path"):
        if getattr(settings, name) is not None:
            yield name
    if not settings.jwt_audience_derived:
        yield "jwt_audience"
