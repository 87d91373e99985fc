"""What may help against an error, in the words of this tap's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import Remedy

if TYPE_CHECKING:
    from tap_versionforge_salesforce.errors import TapError

_SETTINGS = {
    Remedy.FIELD: "Deselect the field in the catalog.",
    Remedy.FEWER_COLUMNS: "Deselect columns in the catalog.",
    Remedy.FEWER_ROWS: "A later start_date reads fewer rows.",
    Remedy.WHOLE: "Set replication_method to FULL_TABLE for this stream in the catalog.",
    Remedy.OBJECT: "Take it out of objects, or deselect it in the catalog.",
    Remedy.REST: "api_mode rest reads by REST.",
    Remedy.BULK: "api_mode bulk reads by Bulk API 2.0.",
    Remedy.EITHER_API: "api_mode auto reads by REST what Bulk API 2.0 does not serve.",
    Remedy.MORE_TIME: "job_timeout_seconds allows more time.",
}


def name_settings(error: TapError) -> None:
    """Add to an error's hint with which settings it can be followed."""
    error.advise(" ".join(_SETTINGS[remedy] for remedy in error.remedies))
