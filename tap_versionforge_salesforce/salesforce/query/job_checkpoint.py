"""A Bulk API 2.0 query job as it is kept, so that another run can go on with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec

from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
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
        lower_bound: From which the query's window was made; None where there was none. With
            another one beside it, the job is of no use any more.
        partition: What it reads. The rows of the window before that have been emitted.
        version: Of the rows of an object that is read whole each time; None for others.
        covered_until: Up to here all changes were committed when the job was created; None where
            nobody has told. No bookmark passes it.
    """

    id: str
    api_version: str
    query_sha256: str
    locator: str | None
    rows_emitted: int
    lower_bound: datetime | None
    partition: Partition
    version: int | None = None
    covered_until: datetime | None = None

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values.

        No key is ever left out: Meltano merges states key by key, and what is left out would be
        that of an earlier job.
        """
        lower, until = self.lower_bound, self.covered_until
        return {
            "id": self.id,
            "api_version": self.api_version,
            "query_sha256": self.query_sha256,
            "locator": self.locator,
            "rows_emitted": self.rows_emitted,
            "lower_bound": None if lower is None else format_instant(lower),
            "upper_bound": format_instant(self.partition.upper),
            "version": self.version,
            "id_lower": self.partition.ids.lower,
            "id_upper": self.partition.ids.upper,
            "goes_on": self.partition.skips_lookback,
            "covered_until": None if until is None else format_instant(until),
        }

    @classmethod
    def from_state(cls, value: object) -> JobCheckpoint | None:
        """Return the job that a state holds; None for what is none."""
        try:
            kept = msgspec.convert(value, _KeptJob)
            part = msgspec.convert(value, _KeptPartition)
        except msgspec.ValidationError:
            return None
        return cls(
            id=kept.id,
            api_version=kept.api_version,
            query_sha256=kept.query_sha256,
            locator=kept.locator,
            rows_emitted=kept.rows_emitted,
            lower_bound=kept.lower_bound,
            partition=Partition(
                part.upper_bound,
                IdRange(part.id_lower, part.id_upper),
                skips_lookback=part.goes_on,
            ),
            version=kept.version,
            covered_until=kept.covered_until,
        )


class _KeptJob(msgspec.Struct):
    """The job in a state, whose keys have no defaults: what lacks one is not of this tap.

    But for what came later: the version before knew nothing of it.
    """

    id: _Text
    api_version: _Text
    query_sha256: _Text
    locator: str | None
    rows_emitted: int
    lower_bound: _Instant | None
    version: int | None
    covered_until: _Instant | None = None


class _KeptPartition(msgspec.Struct):
    """The partition of the job, beside it and under the names of the first version."""

    upper_bound: _Instant
    id_lower: str | None
    id_upper: str | None
    goes_on: bool
