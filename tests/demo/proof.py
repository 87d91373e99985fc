"""What the org itself has, asked without the tap, and how it differs from what was loaded."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TIMEOUT_SECONDS = 60
_WHOLE = frozenset({"int", "long"})
_NUMBERS = frozenset({"currency", "double", "percent", *_WHOLE})
_NOT_READ = frozenset({"base64"})
# Digits of the longest amount, and how many of them are cents.
LONGEST_AMOUNT, CENTS = 18, 2
# Numbers with all their digits; NaN and Infinity, which no target can hold, are nothing.
read_json = partial(json.loads, parse_float=Decimal, parse_constant=lambda _: None)
Row = dict[str, Any]


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

    def fields(self, name: str) -> dict[str, str]:
        """Return the type of each field that can be read."""
        described = self._get(f"/services/data/v68.0/sobjects/{name}/describe")["fields"]
        return {each["name"]: each["type"] for each in described if each["type"] not in _NOT_READ}

    def rows(self, name: str, types: Mapping[str, str]) -> Iterator[Row]:
        """Yield every row, deleted ones too, with the values that are to be loaded."""
        query = f"SELECT {', '.join(types)} FROM {name}"  # noqa: S608  names of our own
        page = self._get("/services/data/v68.0/queryAll", q=query)
        while True:
            for row in page["records"]:
                yield {each: _meant(types[each], row[each]) for each in types}
            if page["done"]:
                return
            page = self._get(page["nextRecordsUrl"])

    def sum_of(self, name: str, field: str) -> Decimal:
        """Return the sum of a field over the rows that are not in the recycle bin."""
        types = {field: "currency", "IsDeleted": "boolean"}
        rows = (row for row in self.rows(name, types) if not row["IsDeleted"])
        return sum((row[field] or Decimal(0) for row in rows), Decimal(0))

    def _get(self, path: str, **parameters: str) -> Any:  # noqa: ANN401  JSON
        answer = self._session.get(
            f"{self._url}{path}", params=parameters, timeout=_TIMEOUT_SECONDS
        )
        answer.raise_for_status()
        return read_json(answer.content)


def _meant(kind: str, value: object) -> object:
    """Return what a value that the org serves is to be in the target: docs/fidelity.md."""
    if isinstance(value, dict):
        members = {name: _meant("string", member) for name, member in value.items()}
        return members if any(member is not None for member in members.values()) else None
    if kind in _NUMBERS:
        return _number(value, is_whole=kind in _WHOLE)
    if kind == "datetime" and isinstance(value, str):
        # Salesforce writes +0000 for the Z of everybody else.
        return value.replace("+0000", "Z")
    return (value.replace("\0", "") or None) if isinstance(value, str) else value


def _number(value: object, *, is_whole: bool) -> int | Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return value if not is_whole or value == int(value) else None


@dataclass
class Comparison:
    """How the rows of one object compare.

    Attributes:
        name: Of the object.
        rows: In the org, as far as it has come.
        loaded: In the target.
        values: That were compared.
        wrong: The Id and the field of each value that is not the same, or the Id of a row that is
            missing or too many.
        amount: Where the first number of 18 digits stands, and how it is written in the org and in
            the target.
    """

    name: str
    rows: int = 0
    loaded: int = 0
    values: int = 0
    wrong: list[str] = field(default_factory=list)
    amount: tuple[str, str, str] | None = None

    def run(self, witness: Witness, loaded: Mapping[str, bytes]) -> None:
        """Compare every value of every row.

        Args:
            witness: Knows the org.
            loaded: The newest line of each row in the target, by Id.
        """
        types = witness.fields(self.name)
        self.loaded = len(loaded)
        unknown = set(loaded)
        for row in witness.rows(self.name, types):
            self.rows += 1
            unknown.discard(row["Id"])
            if line := loaded.get(row["Id"]):
                self._compare(row, read_json(line), types)
            else:
                self.wrong.append(row["Id"])
        self.wrong += sorted(unknown)

    def _compare(self, there: Row, here: Row, types: Mapping[str, str]) -> None:
        self.values += len(there)
        if there != here:
            gone = object()
            self.wrong += [
                f"{there['Id']}.{name}"
                for name in sorted(there.keys() | here.keys())
                if there.get(name, gone) != here.get(name, gone)
            ]
        for name, kind in types.items():
            value = there[name]
            if self.amount is None and kind == "currency" and is_long_amount(value):
                self.amount = (f"{there['Id']}.{name}", str(value), str(here.get(name)))


def is_long_amount(value: object) -> bool:
    """Tell whether a number has more digits than a float can hold."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    return len(digits) == LONGEST_AMOUNT and exponent == -CENTS
