"""The sign-in of a run, sent before the SDK is loaded: Salesforce answers meanwhile.

Loading the SDK and polars takes as long as a far org takes to answer twice. So a run whose settings
are right asks for its token first; whatever is not right here is left to the run, which comes to it
again and tells it.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from tap_versionforge_salesforce import __version__
from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.salesforce.auth.client_credentials import ClientCredentials
from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
from tap_versionforge_salesforce.salesforce.auth.private_key import file_mode_warning
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.settings.connecting import check_paths, org_of
from tap_versionforge_salesforce.settings.definitions import SETTINGS, Settings
from tap_versionforge_salesforce.settings.json_files import config_file
from tap_versionforge_salesforce.settings.naming import resolve_aliases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.settings.sign_in import AnySignIn

TAP = "tap-versionforge-salesforce"
USER_AGENT = f"{TAP}/{__version__}"
_NAMES = frozenset(setting.name for setting in SETTINGS)
_WITH_FILE = ("--config", "--catalog", "--state")
_ALONE = ("--discover", "--quiet")
_ENVIRONMENT = "ENV"


class _Begun:
    """The org that is being signed in to, until a run takes it."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.org: Org | None = None


_begun = _Begun()


def sign_in_early(arguments: Sequence[str]) -> None:
    """Send the sign-in of the run that a command line asks for, and wait for nothing.

    Not where the run might send nothing at all: anything in the command line or the settings is
    wrong, or only the SDK can tell. What is in the catalog or the state is not looked at: of a
    broken one the run is told behind a sign-in that nobody uses.

    Args:
        arguments: The command line's, without the program's name.
    """
    path = _config_path(arguments)
    # Where nobody can be written to, nothing is read either.
    if path is None or sys.stdout is None:
        return
    try:
        given = config_file(path)
        settings = Settings.from_config(given)
        named = {name for name, value in resolve_aliases(given).items() if value not in (None, "")}
        if not named <= _NAMES or not _can_be_early(settings.sign_in):
            return
        check_paths(settings)
        logger = logging.getLogger(TAP)
        org = org_of(settings, user_agent=USER_AGENT, clock=Clock(), logger=logger)
        org.sign_in_ahead()
    except (TapError, OSError, ValueError):
        return
    _begun.settings, _begun.org = settings, org


def early_org(settings: Settings) -> Org | None:
    """Return the org whose sign-in has been sent with the same settings, once; None for none."""
    org = _begun.org if _begun.settings == settings else None
    _begun.settings = _begun.org = None
    return org


def _can_be_early(sign_in: AnySignIn) -> bool:
    """Tell whether a sign-in may be sent in vain, and has nothing to say: no log is there yet."""
    # A refresh token may be good for one time, which is the run's.
    if isinstance(sign_in, ClientCredentials):
        return not sign_in.unused
    return isinstance(sign_in, Credentials) and not file_mode_warning(sign_in)


def _config_path(arguments: Sequence[str]) -> str | None:
    """Return the one config file of a command line that reads or discovers; None for any other.

    Whatever is spelled in another way than this is the command line's to understand.
    """
    files = dict[str, str]()
    left = iter(arguments)
    for argument in left:
        name, has_value, value = argument.partition("=")
        if argument in _ALONE:
            continue
        if name not in _WITH_FILE or name in files:
            return None
        files[name] = value if has_value else next(left, "")
    # Settings of the environment, though there be a file of that name.
    if files.get("--config") == _ENVIRONMENT:
        return None
    # What is no file can be read but once.
    return files.get("--config") if all(map(os.path.isfile, files.values())) else None
