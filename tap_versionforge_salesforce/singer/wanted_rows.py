"""What ``filters`` and ``replication_keys`` say of an object: which rows are read, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, UnknownObjectError
from tap_versionforge_salesforce.settings.values import filter_of

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.singer.run import Run


def check_filter(run: Run, sobject: SObject) -> None:
    """See that the object has the fields by which its rows are filtered; nothing where none are.

    Args:
        run: The run.
        sobject: The object.

    Raises:
        SettingsError: It lacks one, or can't be filtered by it.
    """
    text = run.settings.filter(sobject.name)
    if not text:
        return
    # Not at the top: who has no filter does not wait for a grammar.
    from tap_versionforge_salesforce.salesforce.soql.checking import check_paths  # noqa: PLC0415
    from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition  # noqa: PLC0415

    def describe_of(name: str) -> SObject | None:
        try:
            return run.org.describe(name)
        except UnknownObjectError:
            return None

    what = filter_of(sobject.name)
    check_paths(parsed_condition(text, what), sobject, describe_of, what)


def condition_of(run: Run, sobject: SObject) -> str:
    """Return the condition that the rows of an object have to meet, in brackets; or nothing."""
    text = run.settings.filter(sobject.name)
    return f"({text})" if text else ""


def key_of(run: Run, sobject: SObject) -> str | None:
    """Return the field by which an object is read incrementally; None where it has none.

    Args:
        run: The run.
        sobject: The object.
    """
    wanted = run.settings.wanted_key(sobject.name)
    return sobject.replication_key if wanted is None else sobject.stamp(wanted) or wanted


def check_key(run: Run, sobject: SObject) -> None:
    """See that an object can be read by the key that the user wants.

    Args:
        run: The run.
        sobject: The object.

    Raises:
        SettingsError: It can't.
    """
    wanted = run.settings.wanted_key(sobject.name)
    if wanted is None or sobject.stamp(wanted) is not None:
        return
    raise SettingsError(
        f"The setting replication_keys has {wanted} for {sobject.name}, which can't be read "
        "incrementally by it.",
        hint=f"Its date-times that can be filtered and sorted by are: "
        f"{', '.join(sobject.stamps) or 'none'}.",
    )
