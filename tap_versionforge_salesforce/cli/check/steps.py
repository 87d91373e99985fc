"""What `check` finds out: steps, each with what was found, what to do about it, and its facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.error_lines import address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_versionforge_salesforce.errors import TapError


class Status(enum.Enum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    FAIL = "fail"
    #: It could not be looked at, or need not be: nothing is wrong with it as far as one knows.
    SKIPPED = "skipped"


class Group(enum.Enum):
    """Where a step belongs, as people read it."""

    SETTINGS = "Settings and key"
    SIGN_IN = "Sign-in"
    ORG = "Org and limits"
    PERMISSIONS = "Permissions"
    OBJECTS = "Objects"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look has found where nothing keeps an extraction from going on.

    Attributes:
        found: What was found.
        status: How that is.
        hint: What to do about it; empty where nothing has to be done.
        facts: The same as JSON values, for machines.
    """

    found: str
    status: Status = Status.OK
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the report.

    Attributes:
        group: Where it belongs.
        name: What was looked at.
        finding: What was found, or what is wrong.
        code: The error's stable name; empty where there is none.
    """

    group: Group
    name: str
    finding: Finding
    code: str = ""

    @property
    def status(self) -> Status:
        """Return how it is."""
        return self.finding.status

    @property
    def advice(self) -> str:
        """Return what to do, and where the documents say more; empty where nothing has to be."""
        if not self.code:
            return self.finding.hint
        return f"{self.finding.hint} See {address_of(self.code)} [{self.code}]"

    def content(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "group": self.group.value,
            "name": self.name,
            "status": self.status.value,
            "found": self.finding.found,
            "hint": self.finding.hint,
            "code": self.code,
            "address": address_of(self.code) if self.code else "",
        }


def failed(group: Group, name: str, error: TapError) -> Step:
    """Return the step of a look that ended with an error."""
    return Step(group, name, Finding(error.message, Status.FAIL, error.hint), error.code)
