"""What a line of the log says, as fields: for the SDK's structured logging, which writes JSON.

`SINGER_SDK_LOG_CONFIG` names a YAML file for `logging.config.dictConfig`. A handler with the
formatter `singer_sdk.logging.StructuredFormatter` has these fields as `extra` of each line. Meltano
does that by itself, and hands them to structlog as keyword arguments: one named `event` or `level`
would end its run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

#: Lines of these events say what a live display shows all the time.
DISPLAYED = frozenset(
    {
        *("api_chosen", "job_created", "read_progress", "partition_ended"),
        *("stream_told", "run_report", "sdk"),
    }
)


def fields(event: str, stream: str | None = None, **values: object) -> dict[str, Any]:
    """Return what a line is logged with as ``extra``.

    Args:
        event: What has happened.
        stream: Whose stream; None where it is the run's. The SDK has it as ``stream_name``, beside
            the line's own fields.
        values: What there is to say, by the name of the field.
    """
    return {"event_name": event, "stream": stream, "stream_name": stream, **values}


def is_displayed(record: logging.LogRecord) -> bool:
    """Tell whether a live display shows what a line says."""
    return getattr(record, "event_name", None) in DISPLAYED or record.name == "singer_sdk.metrics"
