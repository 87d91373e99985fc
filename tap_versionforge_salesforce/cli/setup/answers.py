"""What `setup` wants to know, and which answers can't be taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.auth.access_token import AccessToken
from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
from tap_versionforge_salesforce.salesforce.auth.private_key import load_private_key
from tap_versionforge_salesforce.salesforce.support.wording import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_versionforge_salesforce.salesforce.auth.private_key import PrivateKey

# The consumer secret stands beside the consumer key, and is not needed at all.
_SECRET = re.compile(r"[0-9A-F]{64}")
_CONSUMER_KEY = re.compile(r"[A-Za-z0-9._-]+")
ENCRYPTED = "private-key-encrypted"
_WILDCARDS = ("*", "?")


def check_client_id(text: str) -> None:
    """See that a text can be a consumer key.

    Raises:
        SettingsError: It is empty, has blanks, or is what stands beside the key.
    """
    if _SECRET.fullmatch(text):
        raise wrong_setting(
            "client_id",
            "looks like the consumer secret",
            "Copy the consumer key, which begins with 3MVG; the secret is not needed.",
        )
    if not _CONSUMER_KEY.fullmatch(text):
        raise wrong_setting(
            "client_id",
            "is no consumer key",
            "It has letters, digits, '.' and '_' only, and begins with 3MVG.",
        )


def check_username(text: str) -> None:
    """See that a text can be a username.

    Raises:
        SettingsError: It has not the form of an e-mail address.
    """
    name, at, domain = text.partition("@")
    if not (name and at and "." in domain) or any(char.isspace() for char in text):
        raise wrong_setting(
            "username",
            "is no username",
            "It has the form of an e-mail address; Setup > Users shows it.",
        )


def check_access_token(text: str) -> None:
    """See that a text can be an access token.

    Raises:
        SettingsError: It can't be sent as one.
    """
    if not text:
        message = "The access token is empty."
        raise SettingsError(message, hint="`sf org auth show-access-token` shows one.")
    AccessToken(instance_url="", value=text).checked_value()


def is_encrypted(path: str) -> bool:
    """Tell whether a file holds a key that needs a passphrase.

    Raises:
        SettingsError: It holds no key that can be used.
    """
    try:
        checked_key(path, None)
    except SettingsError as error:
        if error.code != ENCRYPTED:
            raise
        return True
    return False


def checked_key(path: str, passphrase: str | None) -> PrivateKey:
    """Return the private key in a file.

    Raises:
        SettingsError: It holds none that can be used, or not with that passphrase.
    """
    return load_private_key(
        Credentials(
            instance_url="",
            client_id="",
            username="",
            audience="",
            private_key_path=path,
            private_key_passphrase=passphrase,
        )
    )


def check_objects(names: Iterable[str], known: Collection[str]) -> None:
    """See that an org has the objects that are named.

    Args:
        names: API names, or patterns of them.
        known: All that the org has.

    Raises:
        SettingsError: It lacks one.
    """
    by_lower = {name.lower() for name in known}
    for name in names:
        if name.lower() not in by_lower and not any(char in name for char in _WILDCARDS):
            near = closest(name, known)
            raise SettingsError(
                f"The setting objects names {name}, which the org lacks or its user may not see.",
                hint=f"Did you mean {near}?"
                if near
                else "Setup > Object Manager shows the API names.",
                code="unknown-object",
            )
