"""Ranges that are to be read again: ``Opportunity:2024-03-01..2024-04-01``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import wrong_setting
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_FORM = re.compile(r"\s*([A-Za-z]\w*)\s*:\s*(\S.*?)\s*\.\.\s*(\S.*?)\s*", re.ASCII)
#: How it is written.
EXAMPLE = "Opportunity:2024-03-01..2024-04-01"
_HINT = f"Write it as {EXAMPLE}, a day or an instant on either side; the end is not included."


@dataclass(frozen=True, slots=True)
class Backfill:
    """A range of an object's rows, by the date-time that it is read by.

    Attributes:
        sobject: The object's API name, as it was written.
        since: First instant that is wanted.
        until: First one that no longer is.
    """

    sobject: str
    since: datetime
    until: datetime

    @property
    def text(self) -> str:
        """Return the range as messages have it."""
        return f"{format_instant(self.since)}..{format_instant(self.until)}"

    def meets(self, other: Backfill) -> bool:
        """Tell whether both are of one object, and overlap or touch."""
        is_one = self.sobject.lower() == other.sobject.lower()
        return is_one and self.since <= other.until and other.since <= self.until


def parsed_backfills(texts: Iterable[str]) -> tuple[Backfill, ...]:
    """Return the ranges that texts mean.

    Those of one object that overlap or touch are one, in the place of the first of them: no row
    is read twice.

    Args:
        texts: As in `EXAMPLE`.

    Raises:
        SettingsError: One means none, or ends before it begins.
    """
    found: list[Backfill] = []
    for each in map(_parsed, texts):
        met = [place for place, other in enumerate(found) if each.meets(other)]
        place, ranges = (met or [len(found)])[0], [*(found[place] for place in met), each]
        union = Backfill(
            ranges[0].sobject,
            min(other.since for other in ranges),
            max(other.until for other in ranges),
        )
        found = [other for other in found if other not in ranges]
        found.insert(place, union)
    return tuple(found)


def _parsed(text: str) -> Backfill:
    match = _FORM.fullmatch(text)
    if match is None:
        raise wrong_setting("backfill", f"holds {text!r}, which is no range of an object", _HINT)
    try:
        found = Backfill(match[1], parse_instant(match[2]), parse_instant(match[3]))
    except ValueError as error:
        raise wrong_setting("backfill", f"holds {text!r}: {error}", _HINT) from None
    if found.since >= found.until:
        raise wrong_setting(
            "backfill",
            f"holds {text!r}, which ends before it begins"
            if found.since > found.until
            else f"holds {text!r}, which is empty",
            _HINT,
        )
    return found
