"""What `check` can tell before anything is sent: settings, audience, key and certificate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check.steps import Finding, Status
from tap_versionforge_salesforce.salesforce.auth.certificate import certificate_end
from tap_versionforge_salesforce.salesforce.auth.hosts import audience_problem
from tap_versionforge_salesforce.salesforce.auth.private_key import fingerprint, load_private_key
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.run import Run

# Of a certificate's life: enough to make the next one and upload it.
_FEW_DAYS = 30


def looks(run: Run) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Yield the name of each step, and the look for it."""
    if run.settings.access_token is not None:
        yield "access token", _look_at_access_token
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
