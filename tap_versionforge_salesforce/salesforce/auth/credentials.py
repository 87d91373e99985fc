"""Who signs in, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.auth.jwt_bearer import JwtBearer
from tap_versionforge_salesforce.salesforce.auth.private_key import (
    file_mode_warning,
    load_private_key,
)

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.salesforce.support.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a JWT bearer sign-in needs.

    Attributes:
        instance_url: Scheme and host of the org's My Domain, without a trailing slash.
        client_id: Consumer key of the app.
        username: Of the pre-authorised user.
        audience: Authorization server that the assertion is for.
        is_audience_derived: Nobody has named it: it follows from the host, and another one is
            tried where Salesforce does not accept it.
        private_key: RSA key whose certificate is in the app: PEM, or base64 of PEM or DER.
        private_key_path: Its file, where it is not given as text.
        private_key_passphrase: Of an encrypted key.
    """

    instance_url: str
    client_id: str = field(repr=False)
    username: str
    audience: str
    is_audience_derived: bool = False
    private_key: str | None = field(default=None, repr=False)
    private_key_path: str | None = None
    private_key_passphrase: str | None = field(default=None, repr=False)

    def grant(self, *, clock: Clock, logger: logging.Logger) -> JwtBearer:
        """Return the grant; the key is read and checked here.

        Args:
            clock: For the expiry of assertions.
            logger: Where it is told what others may read, and which audience is right.

        Raises:
            SettingsError: The key can't be used.
        """
        key = load_private_key(self)
        if warning := file_mode_warning(self):
            logger.warning("%s", warning)
        return JwtBearer(credentials=self, key=key, clock=clock, logger=logger)
