"""What Salesforce's refusals mean, however they come: as an answer, or as why a Bulk job failed."""

from __future__ import annotations

import re

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
_OTHER_API = (
    "Bulk API 2.0 can't serve {}: deselect that field in the catalog, or set api_mode to auto, "
    "which reads such an object by REST."
)
_FEWER_COLUMNS = "Select fewer columns in the catalog, formula fields first: they make it so."
_NO_FILTER = (
    "Set replication_method to FULL_TABLE for this stream in the catalog: it is then read whole, "
    "without the filter that Salesforce refuses."
)
_OWN_FILTER = (
    "Salesforce serves this object only to queries with a filter that the tap does not send: leave "
    "it out of objects, or deselect it in the catalog."
)
_GONE = (
    "A field or the object may have gone since the run began: run again, for each run describes "
    "its objects at its start and leaves out what is gone. Setup > Field Accessibility shows what "
    "the user may see."
)
# By what errorCode and message say; the first that fits.
_ADVICE = {
    r"serialize value for '?(\w+)'?": _OTHER_API,
    r"^query_too_complicated\b": _FEWER_COLUMNS,
    r"\brequires a filter\b|\ba filter on a reified column\b": _OWN_FILTER,
    r"\b(?:can ?not|can't) be (?:filtered|sorted)\b|\bgaps within the composite key\b": _NO_FILTER,
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


def is_missing_permission(error_code: str, reason: str) -> bool:
    """Tell whether Salesforce names a permission of the user as the reason."""
    return error_code.startswith(_ACCESS_CODES) or "permission" in reason.lower()


def known_advice(error_code: str, reason: str) -> str:
    """Return what to do about a refusal whose cause its words name; empty for any other."""
    for words, advice in _ADVICE.items():
        if match := re.search(words, f"{error_code}: {reason}", re.IGNORECASE):
            return advice.format(*match.groups())
    if is_not_for_bulk(error_code, reason):
        return "api_mode auto reads by REST what Bulk API 2.0 does not serve."
    return ""


def _plain(code: str) -> str:
    return code.replace("_", "").upper()
