"""Which fields a sweep reads: those whose values change while the row's stamp stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# By object, in lower case: what moves with the date, and is no formula by its describe.
# "Contract", "ServiceContract" and "ContractLineItem" in the Object Reference: their status is set
# from dates. The others count days.
_MOVED_BY_DATE = {
    "contract": frozenset({"Status"}),
    "servicecontract": frozenset({"Status"}),
    "contractlineitem": frozenset({"Status"}),
    "opportunity": frozenset({"AgeInDays", "LastActivityInDays"}),
}


def swept_fields(
    sobject: str, columns: Iterable[Column], *, stamp: str | None, named: Sequence[str] = ()
) -> tuple[Column, ...]:
    """Return the columns that no stamp tells of, sorted by name.

    Args:
        sobject: The object's API name.
        columns: What is read of it.
        stamp: The field that moves with a row and is compared anyway.
        named: Further fields of these, by API name, or with a leading ``-`` fields to leave out.
            Upper and lower case do not matter.
    """
    by_date = _MOVED_BY_DATE.get(sobject.lower(), frozenset())
    wanted = {name.lower() for name in named}
    # It moves with what another stamp, such as LastModifiedDate, says nothing of.
    wanted |= {"systemmodstamp"} - {str(stamp).lower()}
    found = {
        part.name: part
        for column in columns
        for part in column.queried
        if part.is_calculated or part.name in by_date or part.name.lower() in wanted
    }
    left_out = {name[1:] for name in wanted if name.startswith("-")}
    return tuple(found[name] for name in sorted(found) if name.lower() not in left_out)
