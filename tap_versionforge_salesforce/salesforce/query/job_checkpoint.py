"""A Bulk API 2.0 query job as it is kept, so that another run can go on with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Annotated, Any

import msgspec

from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Instant = Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """A job whose rows have not all been emitted yet.

    Attributes:
        id: The job's.
        api_version: Results are to be had with this version only.
        query_sha256: Of the operation and the query.
        locator: Where the next page to be emitted starts; None for the first one.
        rows_emitted: Of the pages before that.
        lower_bound: The bookmark from which the query's window was made; None where there was
            none. With another one beside it, the job is no use any more.
        upper_bound: The window's end, and so the bookmark once all rows are emitted.
        version: Of the rows of a stream that is read whole; None for others.
        id_lower: The first Id of a job that reads a part by Id; None for no lower end. The rows
            of the window before that have been emitted.
        id_upper: The first Id behind that part; None for no upper end.
        skips_lookback: Its window begins at ``lower_bound``, without a look-back.
    """

    id: _Text
    api_version: _Text
    query_sha256: _Text
    locator: str | None
    rows_emitted: int
    lower_bound: _Instant | None
    upper_bound: _Instant
    version: int | None = None
    id_lower: str | None = None
    id_upper: str | None = None
    skips_lookback: bool = False

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values.

        No key is ever left out: Meltano merges states key by key, and what is left out would be
        that of an earlier job.
        """
        return {
            _SPELLED.get(name, name): format_instant(value)
            if isinstance(value, datetime)
            else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_state(cls, value: object) -> JobCheckpoint | None:
        """Return the job that a state holds; None for what is none."""
        # No key has a default there: what lacks one is of another version, or nobody's.
        if not isinstance(value, dict) or not value.keys() >= _KEYS:
            return None
        try:
            return msgspec.convert({_READ.get(name, name): value[name] for name in _KEYS}, cls)
        except msgspec.ValidationError:
            return None


# Where a state spells an attribute in another way: as the first versions did.
_SPELLED = {"skips_lookback": "goes_on"}
_READ = {spelled: name for name, spelled in _SPELLED.items()}
_KEYS = frozenset(_SPELLED.get(field.name, field.name) for field in fields(JobCheckpoint))
