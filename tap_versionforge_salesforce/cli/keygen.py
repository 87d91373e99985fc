"""`keygen`: a private key, and the certificate that is uploaded to Salesforce."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import click

from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.auth.key_pair import KEY_BITS, KeyPair, make_key_pair
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

# It becomes the name of files, and the common name of the certificate, which X.509 ends there.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_DAYS = 7_300
#: Of a pair, where nobody names another one.
DEFAULT_NAME, DEFAULT_DAYS = "salesforce-tap", 365
_KEY_SUFFIX, _CERTIFICATE_SUFFIX = ".key", ".crt"
_SECRET_MODE, _PUBLIC_MODE = 0o600, 0o644


def _checked_name(_: click.Context, __: click.Parameter, name: str) -> str:
    if _NAME.fullmatch(name) is None:
        message = (
            "it names files and the certificate, so it may have letters, digits, '.', '_' and "
            "'-', begins with a letter or digit, and has 64 characters at the most."
        )
        raise click.BadParameter(message)
    return name


@click.command(
    cls=GroupedHelp,
    short_help="Make a private key and its certificate, or the next pair.",
    groups={
        "The pair": ("--name", "--days", "--bits"),
        "Where it goes": ("--directory", "--renew"),
        "Help": ("--help",),
    },
)
@click.option(
    "--name",
    default=DEFAULT_NAME,
    show_default=True,
    callback=_checked_name,
    help="Of the two files, and in the certificate.",
)
@click.option(
    "--days",
    default=DEFAULT_DAYS,
    show_default=True,
    type=click.IntRange(1, _MOST_DAYS),
    help="How long the certificate is good.",
)
@click.option(
    "--bits",
    default=str(KEY_BITS[0]),
    show_default=True,
    type=click.Choice([str(bits) for bits in KEY_BITS]),
    help="Of the key.",
)
@click.option(
    "--directory",
    default=".",
    type=click.Path(path_type=Path),
    help="Where the files go; made where it is missing.  [default: here]",
)
@click.option(
    "--renew",
    is_flag=True,
    help="Make a new pair beside the old one of that name, with today's date in its names.",
)
def keygen(*, name: str, days: int, bits: str, directory: Path, renew: bool) -> None:
    """Make a private key, and the certificate that is uploaded to Salesforce.

    Nothing that is there already is overwritten, and nothing is sent.

    Example: tap-versionforge-salesforce keygen --directory .secrets
    """
    directory = _of_home(directory)
    key, certificate, pair = new_key_pair(
        directory, name, days=days, bits=int(bits), is_renewal=renew
    )
    old = key_file(directory, name)
    click.echo(f"Private key      {key} (RSA, {bits} bits; only its owner can read it)")
    click.echo(f"Certificate      {certificate} (good until {pair.expires_at:%Y-%m-%d})")
    click.echo(f"Public key       SHA-256 {pair.fingerprint}")
    click.echo("")
    for number, step in enumerate(_steps(key, certificate, old if renew else None), 1):
        click.echo(f"{number}. {step}")


def _of_home(directory: Path) -> Path:
    try:
        return directory.expanduser()
    except RuntimeError:  # the home of nobody
        return directory


def key_file(directory: Path, name: str) -> Path:
    """Return where the key of a name is."""
    return directory / f"{name}{_KEY_SUFFIX}"


def new_key_pair(
    directory: Path, name: str, *, days: int, bits: int, is_renewal: bool = False
) -> tuple[Path, Path, KeyPair]:
    """Make a pair, and return its two files, the key's first, and what is in them.

    Args:
        directory: Made where it is missing.
        name: Of the files, and in the certificate.
        days: How long the certificate is good.
        bits: Of the key.
        is_renewal: The names have today's date, too.

    Raises:
        SettingsError: One of the files is there already, or can't be written.
    """
    now = TapVersionForgeSalesforce.clock.now()
    key = key_file(directory, f"{name}-{now:%Y-%m-%d}" if is_renewal else name)
    certificate = certificate_file(key)
    for path in (key, certificate):
        _see_that_it_is_free(path, is_renewal=is_renewal)
    pair = make_key_pair(name=name, days=days, bits=bits, now=now)
    _write(key, certificate, pair)
    return key, certificate, pair


def certificate_file(key: Path) -> Path:
    """Return where the certificate is that was made with a key."""
    return key.with_name(f"{key.name.removesuffix(_KEY_SUFFIX)}{_CERTIFICATE_SUFFIX}")


def _steps(key: Path, certificate: Path, old: Path | None) -> list[str]:
    # A relative one would count from the folder of the config.
    setting = f"private_key_path: {key.absolute()}"
    look = "Look whether all is well: tap-versionforge-salesforce check --config config.json"
    if old is None:
        return [
            f"Upload {certificate} to the app in Salesforce: Setup > External Client App Manager.",
            f"Set {setting}; the key itself goes nowhere else.",
            look,
        ]
    return [
        "Wait for the running extraction to end: the old key will sign in no more.",
        f"Upload {certificate} to the app in Salesforce, in place of the old one.",
        f"Set {setting}",
        f"{look} (a new certificate can take ten minutes)",
        f"Remove {old} and its certificate.",
    ]


def _see_that_it_is_free(path: Path, *, is_renewal: bool) -> None:
    # Also a link that leads nowhere: whatever it is, it is somebody's.
    if os.path.lexists(path):
        instead = "--name" if is_renewal else "--name, or --renew for a new pair beside it"
        raise SettingsError(
            f"{path} is there already, and no key is ever overwritten.",
            hint=f"Give another {instead}, or another --directory.",
            code="key-exists",
        )


def _write(key: Path, certificate: Path, pair: KeyPair) -> None:
    written: list[Path] = []
    try:
        key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content, mode in (
            (key, pair.key, _SECRET_MODE),
            (certificate, pair.certificate, _PUBLIC_MODE),
        ):
            # Made with that mode, and only if it is not there: never readable for a moment.
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            written.append(path)
            with os.fdopen(opened, "wb") as file:
                file.write(content)
    except BaseException as error:
        # Half a pair is none.
        for path in written:
            with suppress(OSError):
                path.unlink()
        if not isinstance(error, OSError):
            raise
        raise SettingsError(
            f"The key and its certificate can't be written into {key.parent} ({error.strerror}).",
            hint="Give a folder in --directory that can be written, with room in it.",
            code="key-not-written",
        ) from None
