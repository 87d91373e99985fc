"""The fields that SOQL names, held against the describes: there, spelled so, filterable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import spelled_as
from tap_versionforge_salesforce.salesforce.soql.comparing import check_values
from tap_versionforge_salesforce.salesforce.soql.conditions import Condition
from tap_versionforge_salesforce.salesforce.support.wording import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.soql.conditions import FieldUse

    #: Returns an object by its name; None where the org has none, or the user may not see it.
    DescribeOf: TypeAlias = Callable[[str], SObject | None]

# "Understanding Relationship Query Limitations" of the SOQL guide.
MOST_PARENTS = 5

# What a query can name of whatever a reference to several objects points to; the describe of the
# object Name, which stands for all of them, can't be relied on to be there.
_OF_ANY = {
    **dict.fromkeys(
        (
            *("Alias", "Email", "FirstName", "Id", "LastName", "MiddleName", "Name"),
            *("NameOrAlias", "Phone", "ProfileId", "Suffix", "Title", "Type", "UserRoleId"),
            "Username",
        ),
        Kind.TEXT,
    ),
    "IsActive": Kind.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A field that SOQL names.

    Attributes:
        names: The relationships on the way, then the field, as the describes spell them.
        column: The field.
        sobject: The name of the object that has it.
        is_of_known_type: The object is known for certain, and the type to the tap.
    """

    names: tuple[str, ...]
    column: Column
    sobject: str
    is_of_known_type: bool = True


def check_paths(condition: Condition, sobject: SObject, describe_of: DescribeOf, what: str) -> None:
    """Refuse a condition that names a field which the object lacks or can't be filtered by so.

    Args:
        condition: The condition.
        sobject: The object whose rows it is about.
        describe_of: Asked for objects only to which relationships and semi-joins lead.
        what: Where the condition was written, as for `parsed_condition`.

    Raises:
        SettingsError: It does.
    """
    for use in condition.paths:
        field = found(use.names, sobject, describe_of, what)
        _check_use(use, field, what)
        check_values(use, field, what)
    for select in condition.sub_selects:
        other = describe_of(select.sobject)
        if other is None:
            raise unknown_object(select.sobject, what)
        found(select.path.names, other, describe_of, what)
        if select.where is not None:
            inner = Condition(select.where.soql, select.where)
            check_paths(inner, other, describe_of, what)


def unknown_object(name: str, what: str) -> SettingsError:
    """Return the error of an object that the org lacks or the user may not see."""
    return SettingsError(
        f"{what} names the object {name}, which the org does not have or the user may not see.",
        hint="Setup > Object Manager has the API names (those of custom objects end in __c).",
        code="unknown-field",
    )


def _check_use(use: FieldUse, field: Found, what: str) -> None:
    column = field.column
    name = ".".join(use.names)
    if use.function == "DISTANCE":
        return
    if column.is_compound:
        parts = ", ".join(part.name for _, part in column.parts[:3])
        raise _not_filterable(
            f"{what} filters by {name}, which is made of several fields.",
            f"Filter by one of them, such as {parts}, or by its DISTANCE.",
        )
    if not column.is_filterable:
        raise _not_filterable(
            f"{what} filters by {name}, by which {field.sobject} can't be filtered.",
            "Filter by another field: long texts, encrypted fields and some formulas can't "
            "be filtered by.",
        )


def _not_filterable(message: str, hint: str) -> SettingsError:
    return SettingsError(message, hint=hint, code="field-not-filterable")


def found(names: tuple[str, ...], sobject: SObject, describe_of: DescribeOf, what: str) -> Found:
    """Return the field that a path leads to.

    Args:
        names: The relationships on the way, then the field, in whatever case.
        sobject: Where the way begins.
        describe_of: As for `check_paths`.
        what: As for `check_paths`.

    Raises:
        SettingsError: It leads to none.
    """
    if (
        len(names) > 1
        and names[0].lower() == sobject.name.lower()
        and spelled_as(names[0], sobject.relationships) is None
    ):
        # SOQL lets the object's own name stand before a field.
        names = names[1:]
    if len(names) - 1 > MOST_PARENTS:
        raise SettingsError(
            f"{what} names {'.'.join(names)}, which is more than {MOST_PARENTS} parents away.",
            hint="Salesforce goes no further; filter by a nearer field.",
            code="unknown-field",
        )
    return _walk(names, sobject, describe_of, what)


def _walk(names: tuple[str, ...], sobject: SObject, describe_of: DescribeOf, what: str) -> Found:
    spelled: tuple[str, ...] = ()
    # Where a reference leads to several objects, any of them may have what comes next; they are
    # asked for one after the other, until one has.
    candidates: Iterable[SObject] = [sobject]
    targets: tuple[str, ...] = (sobject.name,)
    for name in names[:-1]:
        seen = []
        for each in candidates:
            seen.append(each)
            relationship = spelled_as(name, each.relationships)
            if relationship is not None:
                targets = each.relationships[relationship]
                break
        else:
            raise _no_relationship(names, name, seen, targets, what)
        spelled = (*spelled, relationship)
        candidates = _described(targets, describe_of)
    return _field(names, spelled, candidates, targets, what)


def _described(targets: tuple[str, ...], describe_of: DescribeOf) -> Iterator[SObject]:
    for target in targets:
        sobject = describe_of(target)
        if sobject is not None:
            yield sobject


def _field(
    names: tuple[str, ...],
    before: tuple[str, ...],
    candidates: Iterable[SObject],
    targets: tuple[str, ...],
    what: str,
) -> Found:
    name = names[-1]
    of_any = spelled_as(name, _OF_ANY) if len(targets) > 1 else None
    if of_any is not None:
        any_column = Column(of_any, _OF_ANY[of_any], is_filterable=True)
        return Found((*before, of_any), any_column, targets[0], is_of_known_type=False)
    seen = []
    for sobject in candidates:
        seen.append(sobject)
        column = sobject.columns_by_spelling([name]).get(name)
        if column is not None:
            is_known = len(targets) == 1 and column.name not in sobject.unknown_types
            return Found((*before, column.name), column, sobject.name, is_known)
    known = [column.name for sobject in seen for column in sobject.columns]
    raise _unknown(names, "field", name, known, targets, what)


def _no_relationship(
    names: tuple[str, ...],
    name: str,
    seen: list[SObject],
    targets: tuple[str, ...],
    what: str,
) -> SettingsError:
    known = [relationship for sobject in seen for relationship in sobject.relationships]
    return _unknown(names, "relationship", name, known, targets, what)


def _unknown(
    names: tuple[str, ...],
    thing: str,
    name: str,
    known: Collection[str],
    targets: tuple[str, ...],
    what: str,
) -> SettingsError:
    if not known:
        return unknown_object(targets[0], what)
    near = closest(name, known)
    path = "" if len(names) == 1 else f" in {'.'.join(names)}"
    owner = " or ".join(targets[:3])
    return SettingsError(
        f"{what} names the {thing} {name}{path}, which {owner} does not have or the user may not "
        "see.",
        hint=(f"Did you mean {near}? " if near else "")
        + (
            "A field of a parent is written Account.Name, or Custom__r.Name for Custom__c."
            if thing == "relationship"
            else "Setup > Object Manager has the API names; Setup > Field Accessibility shows "
            "what the user may see."
        ),
        code="unknown-field",
    )
