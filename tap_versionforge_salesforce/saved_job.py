"""A Bulk API 2.0 query job as the Singer state keeps it, so that the next run can go on with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = ("id", "api_version", "query_sha256")


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
            none. With another bookmark beside it, the job is not this state's any more.
        upper_bound: The window's end, and so the bookmark once all rows are emitted.
        version: Of the rows of a stream that is read whole; None for others.
        id_lower: The first Id of a job that reads a part by Id; None for no lower end. The rows
            of the window before that have been emitted.
        id_upper: The first Id behind that part; None for no upper end.
        goes_on: The window begins at the bookmark, without a look-back.
    """

    id: str
    api_version: str
    query_sha256: str
    locator: str | None
    rows_emitted: int
    lower_bound: datetime | None
    upper_bound: datetime
    version: int | None = None
    id_lower: str | None = None
    id_upper: str | None = None
    goes_on: bool = False

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values.

        No key is ever left out: Meltano merges states key by key, and what is left out would be
        that of an earlier job.
        """
        return {
            name: format_instant(value) if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_state(cls, value: object) -> JobCheckpoint | None:
        """Return the job that a state holds; None for what is none."""
        if not isinstance(value, dict):
            return None
        try:
            return cls._read(value)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    @classmethod
    def _read(cls, value: Mapping[str, Any]) -> JobCheckpoint:
        lower, version = value["lower_bound"], value["version"]
        if not all(value[name] and isinstance(value[name], str) for name in _TEXTS):
            message = "an id, a version or a digest is no text"
            raise ValueError(message)
        return cls(
            **{name: value[name] for name in _TEXTS},
            locator=_text_or_none(value["locator"]),
            rows_emitted=int(value["rows_emitted"]),
            lower_bound=None if lower is None else parse_instant(lower),
            upper_bound=parse_instant(value["upper_bound"]),
            version=None if version is None else int(version),
            id_lower=_text_or_none(value["id_lower"]),
            id_upper=_text_or_none(value["id_upper"]),
            goes_on=value["goes_on"] is True,
        )


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
