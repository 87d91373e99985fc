"""What `check` can tell before anything is sent: settings, audience, key, certificate, secret."""

from __future__ import annotations

import logging
import os
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check.steps import Finding, Status
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.app_secret import AppSecret
from tap_versionforge_salesforce.salesforce.auth.certificate import certificate_end
from tap_versionforge_salesforce.salesforce.auth.hosts import audience_problem
from tap_versionforge_salesforce.salesforce.auth.private_key import fingerprint, load_private_key
from tap_versionforge_salesforce.salesforce.auth.refresh_token import RefreshToken
from tap_versionforge_salesforce.salesforce.auth.token_file import TokenFile
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.run import Run

_LOGGER = logging.getLogger(__name__)
# Of a certificate's life: enough to make the next one and upload it.
_FEW_DAYS = 30


def looks(run: Run) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Yield the name of each step, and the look for it."""
    if run.settings.access_token is not None:
        yield "access token", _look_at_access_token
        return
    sign_in = run.settings.sign_in
    if isinstance(sign_in, AppSecret):
        yield "client secret", partial(look_at_secret, sign_in)
        if isinstance(sign_in, RefreshToken):
            yield "refresh token", partial(look_at_refresh_token, run, sign_in)
        return
    yield "audience", partial(look_at_audience, run.settings)
    yield "key", partial(look_at_key, run.settings)
    if run.settings.certificate_path is not None:
        yield "certificate", partial(look_at_certificate, run)


def _look_at_access_token() -> Finding:
    # Whether it is good shows in the first request that is made with it.
    return Finding(
        "in place of a key; it is never renewed",
        Status.WARNING,
        "For more than a try sign in with a key: tap-versionforge-salesforce setup helps.",
    )


def look_at_secret(sign_in: AppSecret) -> Finding:
    """See that the secret can be one, and say who signs in by it."""
    sign_in.check()
    is_token = isinstance(sign_in, RefreshToken)
    who = "whoever has approved the app" if is_token else "the user whom its policies name (Run As)"
    found = f"given; the app signs in as {who}"
    facts = {"flow": "refresh_token" if is_token else "client_credentials"}
    if not sign_in.unused:
        return Finding(found, facts=facts)
    unused = " and ".join(sign_in.unused)
    return Finding(f"{found}, without {unused}", Status.WARNING, f"Leave out {unused}.", facts)


def look_at_refresh_token(run: Run, sign_in: RefreshToken) -> Finding:
    """See where the refresh token is, and whether the next one can be kept there.

    Raises:
        SettingsError: It is a file that can't be written. A run goes on, for the app may not
            rotate; here nothing would be won by a token that is lost.
    """
    kept = sign_in.kept(clock=run.org.clock, logger=_LOGGER)
    kept.value()
    if not isinstance(kept, TokenFile):
        return Finding(
            "given as a text: where the app rotates refresh tokens, it is good for one sign-in",
            Status.WARNING,
            "Put it into a file, and name that in refresh_token_path.",
            {"refresh_token_can_be_written": False},
        )
    mode, can_be_written = stat.S_IMODE(Path(kept.path).stat().st_mode), kept.can_be_written()
    rights = f"mode {mode:04o}, " if os.name == "posix" else ""
    if not can_be_written:
        raise SettingsError(
            f"The refresh token is in {kept.path} ({rights}can not be written): where the app "
            "rotates refresh tokens, check would use it up, and the next one would be lost. "
            "Nothing has been sent.",
            hint="Put it into a file in a folder that can be written. Where Enable Refresh Token "
            "Rotation is off in the app, runs do with the file as it is; for check give the token "
            "itself in refresh_token then.",
            code="refresh-token-not-kept",
        )
    found = f"in {kept.path} ({rights}can be written)"
    facts = {"refresh_token_can_be_written": True}
    if warnings := list(kept.warnings()):
        return Finding(found, Status.WARNING, " ".join(warnings), facts)
    return Finding(found, facts=facts)


def look_at_audience(settings: Settings) -> Finding:
    """Hold the audience against the host: another one is refused without a word of the reason."""
    audience, problem = settings.jwt_audience, None
    if not settings.jwt_audience_derived:
        problem = audience_problem(settings.instance_url, audience)
    facts = {"audience": audience, "audience_fits_host": problem is None}
    if problem is not None:
        return Finding(
            f"{audience}, but {problem}",
            Status.WARNING,
            "Leave jwt_audience out, which concludes it from instance_url.",
            facts,
        )
    how = "as instance_url has it" if settings.jwt_audience_derived else "as jwt_audience says"
    return Finding(f"{audience}, {how}", facts=facts)


def look_at_key(settings: Settings) -> Finding:
    """Read the key that signs."""
    key = load_private_key(settings.credentials)
    digest = fingerprint(key)
    return Finding(
        f"RSA, {key.key_size} bits, SHA-256 of the public key {digest}",
        facts={"key_bits": key.key_size, "public_key_sha256": digest},
    )


def look_at_certificate(run: Run) -> Finding:
    """See whose the certificate is, and when it ends."""
    settings, now = run.settings, run.org.clock.now()
    assert settings.certificate_path is not None  # noqa: S101  it is given
    key = load_private_key(settings.credentials)
    end = certificate_end(settings.certificate_path, key, now=now)
    days = (end - now).days
    found = f"of this key, good until {end:%Y-%m-%d}: {counted(days, 'day')}"
    facts = {"certificate_days": days, "certificate_ends": end.isoformat()}
    if days >= _FEW_DAYS:
        return Finding(found, facts=facts)
    hint = "Make the next one with tap-versionforge-salesforce keygen --renew."
    return Finding(found, Status.WARNING, hint, facts)
