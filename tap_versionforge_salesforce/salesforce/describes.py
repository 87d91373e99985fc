"""Describes asked for, one or many, and what each tells of its object, as they come."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    OddAnswerError,
    RefusedError,
    TapError,
    UnavailableError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.salesforce.client import describe_call
from tap_versionforge_salesforce.salesforce.http.composite import MOST_PARTS, refusal_of
from tap_versionforge_salesforce.salesforce.http.retry import (
    COMPOSITE_BUDGET,
    DESCRIBE_BUDGET,
    GLANCE_BUDGET,
    HASTY_BUDGET,
)
from tap_versionforge_salesforce.salesforce.objects.describe import (
    sobject_from_describe,
    sobject_from_json,
)
from tap_versionforge_salesforce.salesforce.objects.meaning import (
    meaning_from_describe,
    meaning_from_json,
)
from tap_versionforge_salesforce.salesforce.support.background import ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.client import SalesforceClient
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.http.retry import Budget
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.describe_cache import KnownObject

_NOT_MODIFIED = 304
# Composite requests that may fail before describes are asked for one by one.
_MOST_LOST_COMPOSITES = 2
# Behind so many objects in a row whose describes fail, each further one is asked for once.
_MANY_LOST_DESCRIBES = 4
# Requests on their way at once: Salesforce takes a second or more for 25 describes.
_TOGETHER = 2


@dataclass(frozen=True, slots=True)
class Described:
    """One object's describe.

    Attributes:
        sobject: What it tells; None where it is as before, and who asks knows how that was.
        last_modified: Since when it is as it is, as Salesforce spells it; None where nobody tells.
        is_new: It was not known before.
        reply: The answer, where it tells anything.
    """

    sobject: SObject | None
    last_modified: str | None = None
    is_new: bool = True
    reply: Response | None = None

    @property
    def meaning(self) -> bytes:
        """Return what it says to people, packed; what was known before says nothing here."""
        if self.reply is None:
            return b""
        # What it holds of half characters has to be mended first.
        return meaning_from_json(self.reply.body) or meaning_from_describe(self.reply.json())


def _nothing_known(_: str) -> None:
    """Return None: no describe is known."""


def _all_matter(_: str) -> bool:
    """Return True: nothing can be done without any of them."""
    return True


def describe(client: SalesforceClient, name: str) -> SObject:
    """Return one object, as its describe tells it.

    Args:
        client: The org's endpoints.
        name: The object's API name.

    Raises:
        UnavailableError: The answer is none.
        UnknownObjectError: The org has no such object, or the user may not see it.
    """
    return _sobject_in(_answer(client, name, DESCRIBE_BUDGET), name)


def describe_many(
    client: SalesforceClient,
    names: Sequence[str],
    known: Callable[[str], KnownObject | None] = _nothing_known,
    matters: Callable[[str], bool] = _all_matter,
) -> Iterator[tuple[str, Described | TapError]]:
    """Yield the describe of each object, or why there is none, in the order of the names.

    Asks in composite requests of up to 25, each of which counts as one API call; one by one where
    composite is refused or fails. The next two requests are on their way while an answer is used,
    and no more than that: the answers can be large.

    Args:
        client: The org's endpoints.
        names: The objects' API names.
        known: Returns what is known of an object, which is asked for only if it has changed
            since; None where nothing is.
        matters: Tells whether an object is tried for long; another only for a few seconds.

    Raises:
        UnavailableError: Salesforce can't be reached at all.
    """
    # That it can't be reached, or signs nobody in, is told as that.
    client.ensure_api_version()
    lost = 0
    for name, told in _told_together(client, names, known):
        answer = told or _described_alone(client, name, _budget(lost, is_wanted=matters(name)))
        if isinstance(answer, UnavailableError):
            lost += 1
            if not client.is_reachable():
                raise answer
        else:
            lost = 0
        yield name, answer


def described_in(part: Response, name: str) -> Described | TapError | None:
    """Return what a part of a composite request tells of an object.

    Args:
        part: The answer to its `describe_call`.
        name: The object's API name.

    Returns:
        The describe, or why there is none; None where it is to be asked for again.
    """
    modified = part.headers.get("Last-Modified")
    if part.status == _NOT_MODIFIED:
        return Described(None, modified)
    if part.ok:
        try:
            return Described(_sobject_in(part, name), modified, reply=part)
        except OddAnswerError:
            return None
    refused = refusal_of(part, name)
    return None if refused is None else _undescribed(name, refused)


def _told_together(
    client: SalesforceClient, names: Sequence[str], known: Callable[[str], KnownObject | None]
) -> Iterator[tuple[str, Described | TapError | None]]:
    """Yield what composite requests tell of each object; None where it is to be asked alone."""
    asked = [names[start : start + MOST_PARTS] for start in range(0, len(names), MOST_PARTS)]
    together = _Together(client, known)
    with closing(ahead(asked, together.ask, workers=_TOGETHER, steps=_TOGETHER)) as answers:
        for some in asked:
            with client.session.waiting(lambda: "the describes of objects"):
                parts = next(answers)
            for at, name in enumerate(some):
                answer = parts[at] if parts else None
                yield name, None if answer is None else _told(name, *answer)
                if parts:
                    parts[at] = None


def _told(name: str, part: Response, known: KnownObject | None) -> Described | TapError | None:
    told = described_in(part, name)
    if not isinstance(told, Described) or told.sobject is not None:
        return told
    if known is None:
        # Nobody has asked whether it has changed.
        asked = f"the describe of {name}"
        return OddAnswerError(asked)
    # It was looked up before it was asked for: by now it may be lost.
    return replace(told, sobject=known.sobject, is_new=False)


# A part of a composite request, and what was known of its object when that was sent.
_Answer = tuple["Response", "KnownObject | None"]


class _Together:
    """Asks for describes together, until that has failed too often."""

    def __init__(
        self, client: SalesforceClient, known: Callable[[str], KnownObject | None]
    ) -> None:
        self._client = client
        self._known = known
        self._lost = 0
        self._are_answered = False
        self._first = threading.Lock()

    def ask(self, names: Sequence[str]) -> list[_Answer | None]:
        """Return the answers of one composite request; none where there is none to be had."""
        if self._are_answered:
            return self._asked(names)
        # Where they are refused, one is enough to know it.
        with self._first:
            return self._asked(names)

    def _asked(self, names: Sequence[str]) -> list[_Answer | None]:
        # What fails beside another one that does is not one more.
        lost = self._lost
        if lost >= _MOST_LOST_COMPOSITES:
            return []
        known = [self._known(name) for name in names]
        calls = [
            describe_call(name, None if each is None else each.last_modified)
            for name, each in zip(names, known, strict=True)
        ]
        try:
            parts = self._client.together(calls)
        except RefusedError as error:
            self._lost = _MOST_LOST_COMPOSITES
            self._client.logger.info(
                "Composite requests are refused (%s); describing one by one.",
                error.error_code or error.status,
            )
        except UnavailableError as error:
            self._lost = lost + 1
            self._client.logger.info("%s Describing one by one.", error.message)
        else:
            self._lost, self._are_answered = 0, True
            return [
                None if part is None else (part, each)
                for part, each in zip(parts, known, strict=True)
            ]
        return []


def _budget(lost: int, *, is_wanted: bool) -> Budget:
    """Return how long a describe is tried for; the more were lost in a row, the less."""
    if lost >= _MANY_LOST_DESCRIBES:
        return HASTY_BUDGET
    if not is_wanted:
        return GLANCE_BUDGET
    return DESCRIBE_BUDGET.at_most(COMPOSITE_BUDGET) if lost else DESCRIBE_BUDGET


def _described_alone(client: SalesforceClient, name: str, budget: Budget) -> Described | TapError:
    """Return the describe, or why there is none."""
    try:
        reply = _answer(client, name, budget)
        modified = reply.headers.get("Last-Modified")
        return Described(_sobject_in(reply, name), modified, reply=reply)
    except (RefusedError, UnavailableError) as error:
        return error


def _answer(client: SalesforceClient, name: str, budget: Budget) -> Response:
    try:
        return client.describe(name, budget=budget)
    except RefusedError as error:
        raise _undescribed(name, error) from None


def _sobject_in(reply: Response, name: str) -> SObject:
    """Return the object that a describe tells of.

    Raises:
        OddAnswerError: It is no describe of that object.
    """
    try:
        try:
            sobject = sobject_from_json(reply.body)
        except OddAnswerError:
            # What it holds of half characters has to be mended first.
            sobject = sobject_from_describe(reply.json())
    except OddAnswerError:
        sobject = None
    if sobject is None or sobject.name.lower() != name.lower():
        asked = f"the describe of {name}"
        raise OddAnswerError(asked)
    return sobject


def _undescribed(name: str, error: RefusedError) -> UnknownObjectError:
    said = " ".join(f"{error.error_code}: {error.reason}".split())
    return UnknownObjectError(
        f"{name} can't be described: HTTP {error.status} ({said}).",
        hint="Check the API name in Setup > Object Manager, and that the user may read the "
        "object (Setup > Permission Sets > Object Settings).",
        status=error.status,
        error_code=error.error_code,
        reason=error.reason,
    )
