"""What Salesforce's refusals mean, however they come: as an answer, or as why a Bulk job failed."""

from __future__ import annotations

import re
from typing import NamedTuple

from tap_versionforge_salesforce.errors import Remedy

# A job tells why it failed as "InvalidBatch : Failed to process query: INVALID_FIELD: ...", and the
# first of its words is Bulk API's own.
_CODE = re.compile(r"\b([A-Z][A-Z_]{4,})\s*:")
_BULK_CODE = re.compile(r"([A-Z][A-Za-z]+) : ")
_ANY_FAILURE = "InvalidBatch"

# These come with errorCodes that mean other things as well, so the text has to tell.
_NOT_FOR_BULK = re.compile(
    r"(\bnot|n't) (supported|available|allowed|enabled) (in|by|for|with) (the )?bulk"
    r"|\bbulk (api|query|v2)\b[^.]{0,40}(\bnot|n't) support"
    r"|\b(cannot|can not|can't) serialize value",
    re.IGNORECASE,
)


class Advice(NamedTuple):
    """What to do about a refusal.

    Attributes:
        hint: In general.
        remedies: For which each front end has its own settings.
    """

    hint: str
    remedies: tuple[Remedy, ...] = ()


#: Of a query that has no room in a URL.
QUERY_TOO_LONG = Advice(
    "Bulk API 2.0 takes longer queries; fewer columns make it shorter.",
    (Remedy.BULK, Remedy.FEWER_COLUMNS),
)
_OTHER_API = Advice(
    "Bulk API 2.0 can't serve {}: leave that field out, or let REST serve the object.",
    (Remedy.FIELD, Remedy.EITHER_API),
)
_FEWER_COLUMNS = Advice(
    "Select fewer columns, formula fields first: they make it so.", (Remedy.FEWER_COLUMNS,)
)
_WANTS_FILTER = r"\brequires a filter\b|\ba filter on a reified column\b"
_NO_FILTER = Advice(
    "Read the object whole, without the filter that Salesforce refuses.", (Remedy.WHOLE,)
)
_OWN_FILTER = Advice(
    "Salesforce serves this object only to queries with a filter of its own: leave it out.",
    (Remedy.OBJECT,),
)
_GONE = Advice(
    "A field or the object may have gone since the run began: run again, for each run describes "
    "its objects at its start and leaves out what is gone. Setup > Field Accessibility shows what "
    "the user may see."
)
_NOT_BY_BULK = Advice("REST reads what Bulk API 2.0 does not serve.", (Remedy.EITHER_API,))
_NOT_QUERYABLE = Advice("No query of this object is answered.", (Remedy.OBJECT,))
# By what errorCode and message say; the first that fits.
_ADVICE: dict[str, Advice] = {
    r"serialize value for '?(\w+)'?": _OTHER_API,
    r"^query_too_complicated\b": _FEWER_COLUMNS,
    _WANTS_FILTER: _OWN_FILTER,
    r"\b(?:can ?not|can't) be (?:filtered|sorted)\b|\bgaps within the composite key\b": _NO_FILTER,
    r"\bdoes not support query\b": _NOT_QUERYABLE,
    r"\bno such column\b|\bsobject type '\w+' is not supported\b": _GONE,
}
_NOT_THERE_YET = re.compile(
    r"\bnot (yet )?(been )?(available|ready|complete|finished|processed)\b", re.IGNORECASE
)
_ACCESS_CODES = ("INSUFFICIENT_ACCESS", "INSUFFICIENT_PERMISSION")


def error_in_words(reason: str) -> tuple[str, str]:
    """Return the errorCode in a job's errorMessage, empty where it has none, and all of its words.

    Args:
        reason: The errorMessage, on one line.
    """
    if match := _CODE.search(reason):
        return match[1], reason
    match = _BULK_CODE.match(reason)
    return match[1] if match and match[1] != _ANY_FAILURE else "", reason


def is_code(error_code: str, *known: str) -> bool:
    """Tell whether an errorCode is one of these, as either generation of the APIs spells it."""
    return _plain(error_code) in map(_plain, known)


def is_not_for_bulk(error_code: str, reason: str) -> bool:
    """Tell whether Bulk API 2.0 can't serve an object or a query that REST may serve."""
    return is_code(error_code, "INVALIDENTITY") or _NOT_FOR_BULK.search(reason) is not None


def are_not_there_yet(status: int, error_code: str, reason: str) -> bool:
    """Tell whether the results of a job that is complete may only be late."""
    return status == 404 or error_code == "NOT_FOUND" or bool(_NOT_THERE_YET.search(reason))  # noqa: PLR2004


def wants_filter(reason: str) -> bool:
    """Tell whether Salesforce answers only queries of the object that have a filter of its own."""
    return re.search(_WANTS_FILTER, reason, re.IGNORECASE) is not None


def is_missing_permission(error_code: str, reason: str) -> bool:
    """Tell whether Salesforce names a permission of the user as the reason."""
    return error_code.startswith(_ACCESS_CODES) or "permission" in reason.lower()


def known_advice(error_code: str, reason: str) -> Advice | None:
    """Return what to do about a refusal whose cause its words name; None for any other."""
    for words, (advice, remedies) in _ADVICE.items():
        if match := re.search(words, f"{error_code}: {reason}", re.IGNORECASE):
            return Advice(advice.format(*match.groups()), remedies)
    return _NOT_BY_BULK if is_not_for_bulk(error_code, reason) else None


def _plain(code: str) -> str:
    return code.replace("_", "").upper()
