"""A sign-in with the app's secret, as tests give it to the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path
NO_KEY: dict[str, Any] = {"username": None, "private_key": None}


def secret_of(org: LocalOrg) -> dict[str, Any]:
    """Return what takes the place of a key in a config."""
    return {**NO_KEY, "client_secret": org.identity.client_secret}


def with_token_file(org: LocalOrg, path: Path, text: str = "{}\n") -> dict[str, Any]:
    """Write the refresh token into a file, and return what takes the place of a key in a config.

    Args:
        org: The org.
        path: Of the file.
        text: What is in it, with the token in the place of the braces.
    """
    path.write_text(text.format(org.oauth.by_secret.refresh_token), encoding="utf-8")
    path.chmod(0o600)
    return {**secret_of(org), "refresh_token_path": str(path)}


def forms(org: LocalOrg) -> list[dict[str, str]]:
    """Return what was posted to the token endpoint."""
    return [dict(parse_qsl(entry.body)) for entry in org.journal.calls(TOKEN_PATH)]
