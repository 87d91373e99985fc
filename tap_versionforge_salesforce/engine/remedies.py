"""What may help against an error, in the words of the engine's arguments and settings."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.arguments import called
from tap_versionforge_salesforce.errors import Remedy, TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = {
    Remedy.FIELD: "Leave the field out of {fields}.",
    Remedy.FEWER_COLUMNS: "Name the columns that are wanted in {fields}.",
    Remedy.FEWER_ROWS: "{where}, {since} and {until} leave fewer rows.",
    Remedy.WHOLE: "Leave out {since} and {until}.",
    Remedy.OBJECT: "Leave the object out.",
    Remedy.REST: "api_mode rest reads by REST.",
    Remedy.BULK: "api_mode bulk reads by Bulk API 2.0.",
    Remedy.EITHER_API: "api_mode auto reads by REST what Bulk API 2.0 does not serve.",
    Remedy.MORE_TIME: "job_timeout_seconds allows more time.",
}
_ARGUMENTS = ("fields", "where", "since", "until")


@contextmanager
def remedies_named() -> Iterator[None]:
    """Have the errors of the block say what helps, in words that can be followed.

    Raises:
        TapError: That of the block.
    """
    try:
        yield
    except TapError as error:
        names = {argument: called(argument) for argument in _ARGUMENTS}
        error.advise(" ".join(_WORDS[remedy].format(**names) for remedy in error.remedies))
        raise
