"""What the org itself has, asked without the tap."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_SECONDS = 60


class Witness:
    """Reads the org by the plainest means there are: one query, page after page.

    Args:
        settings: The settings that the tap signs in with.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._url = settings["instance_url"]
        self._session = requests.Session()
        # Loopback is never behind a proxy.
        self._session.trust_env = False
        claims = {
            "iss": settings["client_id"],
            "sub": settings["username"],
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 120,
        }
        key = Path(settings["private_key_path"]).read_text(encoding="utf-8")
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, key, algorithm="RS256"),
        }
        answer = self._session.post(
            f"{self._url}/services/oauth2/token", data=form, timeout=_TIMEOUT_SECONDS
        )
        answer.raise_for_status()
        token = answer.json()["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def rows(self, name: str) -> dict[str, str]:
        """Return the SystemModstamp of every row, deleted ones too, by Id."""
        query = f"SELECT Id, SystemModstamp FROM {name}"  # noqa: S608  a name of our own
        page = self._get("/services/data/v68.0/queryAll", q=query)
        found = list(page["records"])
        while not page["done"]:
            page = self._get(page["nextRecordsUrl"])
            found += page["records"]
        # Salesforce writes +0000 for the Z of everybody else.
        return {row["Id"]: row["SystemModstamp"].replace("+0000", "Z") for row in found}

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401  JSON
        answer = self._session.get(
            f"{self._url}{path}", params=parameters, timeout=_TIMEOUT_SECONDS
        )
        answer.raise_for_status()
        return answer.json()
