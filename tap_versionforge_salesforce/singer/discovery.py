"""Describe → streams: which objects there are to read, and why one is not among them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.error_lines import line_of
from tap_versionforge_salesforce.errors import (
    OddAnswerError,
    RefusedError,
    SettingsError,
    TapError,
    UnavailableError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.salesforce.client import describe_call
from tap_versionforge_salesforce.salesforce.describes import (
    Described,
    describe_many,
    described_in,
)
from tap_versionforge_salesforce.salesforce.objects.describe import SObject
from tap_versionforge_salesforce.salesforce.objects.unreadable import why_unreadable
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import ObjectDescribed, StreamEnded

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.objects.describe_cache import KnownObject
    from tap_versionforge_salesforce.singer.run import Run

_GLOB = frozenset("*?")
_NOT_FOUND = 404
_OF_BEFORE = Described(None, is_new=False)


@dataclass(frozen=True, slots=True)
class Discovered:
    """What the setting ``objects`` names.

    Attributes:
        sobjects: What can be read.
        unreadable: Why nobody can read what a pattern names besides, by the objects' names.
    """

    sobjects: Sequence[SObject]
    unreadable: Mapping[str, str]


def discover(run: Run, logger: logging.Logger) -> Discovered:
    """Return the objects that the setting ``objects`` names.

    What only a pattern names is left out where it can't be read for good. What is there, but can't
    be described at the moment, is noted as a failure of the run.

    Raises:
        SettingsError: An object that the user named does not exist, or can't be read.
    """
    are_default = run.settings.objects_are_default
    listed = _listed(run)
    wanted = _wanted(run.settings.objects, listed)
    unreadable = {
        name: reason
        for name, reason in listed.items()
        if reason is not None and wanted.get(name) is False
    }
    _check_patterns(run.settings.objects, listed, unreadable)
    wanted = {name: is_named for name, is_named in wanted.items() if name not in unreadable}
    found, failed, left_out = [], dict[str, RefusedError](), set[str]()
    for name, sobject in _described(run, list(wanted), wanted.__getitem__):
        if isinstance(sobject, SObject):
            found.append(sobject)
        elif not wanted[name] and _is_for_good(sobject):
            left_out.add(name)
            logger.info("%s It is left out: only a pattern in objects names it.", sobject.message)
        elif not isinstance(sobject, RefusedError):
            note_failure(run, name, sobject, logger)
        elif are_default and sobject.status == _NOT_FOUND:
            logger.info("The org has no %s, or the user may not see it: it is skipped.", name)
        else:
            failed[name] = sobject
    if failed:
        raise _undescribed(run, failed)
    for pattern in filter(_is_pattern, run.settings.objects):
        _tell_if_in_vain(pattern, [*wanted, *unreadable], {*left_out, *unreadable}, logger)
    return Discovered(_told(found, logger), unreadable)


def describe_selected(
    run: Run, names: Sequence[str], logger: logging.Logger, *, may_be_old: bool = False
) -> list[SObject]:
    """Return the objects that a catalog selects, by the names that it has for them.

    One that can't be described is noted as a failure of the run, never left out in silence.

    Args:
        run: The run.
        names: What is selected.
        logger: Where people are told of it.
        may_be_old: What an earlier run knows will do; what has changed since is asked for later.
    """
    found = []
    described = _remembered(run, names) if may_be_old else []
    for name, sobject in described or _described(run, names, lambda _: True):
        if isinstance(sobject, SObject):
            found.append(replace(sobject, name=name))
        elif isinstance(sobject, UnknownObjectError):
            told = f"{sobject.message} And soql_streams has no stream called {name}."
            note_failure(run, name, sobject.reworded(told), logger)
        else:
            note_failure(run, name, sobject, logger)
    return _told(found, logger)


def describe_one(run: Run, name: str, *, may_be_old: bool) -> SObject:
    """Return an object to which a query leads.

    Args:
        run: The run.
        name: In whatever case.
        may_be_old: As for `describe_selected`.

    Raises:
        TapError: It can't be described.
    """
    found = _remembered(run, [name]) if may_be_old else []
    ((_, answer),) = found or list(_described(run, [name], lambda _: True))
    if isinstance(answer, TapError):
        raise answer
    return answer


def names_in_org(run: Run) -> list[str]:
    """Return the names of all objects; none where Salesforce does not list them."""
    try:
        listed = run.client.describe_global(as_advice=True)
    except (RefusedError, UnavailableError):
        # What may have been meant is only advice.
        return []
    return [str(entry["name"]) for entry in listed]


def _described(
    run: Run, names: Sequence[str], matters: Callable[[str], bool]
) -> Iterator[tuple[str, SObject | TapError]]:
    """Yield each object as its describe comes, which is large, or why it can't be read."""
    cache = run.describes
    many = describe_many(run.client, names, partial(_known, run), matters)
    for count, (name, answer) in enumerate(many, start=1):
        run.org.events.tell(ObjectDescribed(count, len(names)))
        sobject = _read(name, answer)
        if isinstance(sobject, SObject):
            sobject = _with_meaning(run, sobject, answer)
            if isinstance(answer, Described) and answer.is_new and answer.last_modified:
                cache.put(sobject, answer.last_modified)
            yield name, sobject.problem or sobject
        else:
            yield name, sobject


def _known(run: Run, name: str) -> KnownObject | None:
    """Return an object as an earlier run has described it, where that is all that is wanted."""
    known = run.describes.get(name)
    if known is None or (run.keeps_meaning and not known.sobject.meaning):
        return None
    return known


def _with_meaning(run: Run, sobject: SObject, answer: Described | TapError) -> SObject:
    if not run.keeps_meaning:
        return replace(sobject, meaning=b"") if sobject.meaning else sobject
    if sobject.meaning or not isinstance(answer, Described):
        return sobject
    return replace(sobject, meaning=answer.meaning)


def _remembered(run: Run, names: Sequence[str]) -> list[tuple[str, SObject | TapError]]:
    """Return each object as an earlier run has described it; nothing where that lacks one.

    Whether it is still so is asked beside the first queries: that costs no call.
    """
    if not run.settings.composite_queries:
        return []
    found = {name: _known(run, name) for name in names}
    known = {name: each for name, each in found.items() if each is not None}
    if len(known) < len(found):
        return []
    for name, each in known.items():
        call = describe_call(name, each.last_modified)
        run.composites.ask_beside(call, partial(_take_news, run, name))
    objects = {name: _with_meaning(run, each.sobject, _OF_BEFORE) for name, each in known.items()}
    return [(name, each.problem or each) for name, each in objects.items()]


def _take_news(run: Run, name: str, part: Response | None) -> None:
    """Keep for the next run what has changed about an object since an earlier one."""
    answer = None if part is None else described_in(part, name)
    if not isinstance(answer, Described):
        run.describes.forget(name)
    elif answer.sobject is not None:
        if answer.last_modified:
            run.describes.put(_with_meaning(run, answer.sobject, answer), answer.last_modified)
        else:
            run.describes.forget(name)
        news = f"{name} is described in another way than before, which the next run goes by."
        run.org.events.tell(Remark(name, news))


def _read(name: str, answer: Described | TapError) -> SObject | TapError:
    if isinstance(answer, UnavailableError) and not isinstance(answer, OddAnswerError):
        return answer.reworded(f"{name} can't be described: {answer.message}")
    if isinstance(answer, TapError):
        return answer
    return answer.sobject or OddAnswerError(f"the describe of {name}")


def _is_for_good(error: TapError) -> bool:
    """Tell whether an object is as it is; other trouble may have passed by the next run."""
    return isinstance(error, (RefusedError, OddAnswerError))


def note_failure(run: Run, name: str, error: TapError, logger: logging.Logger) -> None:
    """Keep for the end of the run that a stream can't be described.

    Args:
        run: The run.
        name: The stream's.
        error: Why.
        logger: Where people are told of it.
    """
    run.fail_stream(name, error)
    run.org.events.tell(StreamEnded(name, error=error.code))
    logger.error("%s", line_of(error))


def _told(sobjects: list[SObject], logger: logging.Logger) -> list[SObject]:
    for sobject in sobjects:
        for field, field_type in sobject.unknown_types.items():
            logger.warning(
                "%s.%s has the type %s, which the tap does not know: it is read as text.",
                sobject.name,
                field,
                field_type,
            )
        if not sobject.has_ids:
            logger.info(
                "The rows of %s have no Id of their own: %s, and it is read whole each time.",
                sobject.name,
                f"its key is {' and '.join(sobject.keys)}" if sobject.keys else "it has no key",
            )
    return sobjects


def _listed(run: Run) -> dict[str, str | None]:
    """Return the objects that a pattern may match, and why one of them can't be read."""
    if not any(map(_is_pattern, run.settings.objects)):
        return {}
    return {
        str(entry["name"]): why_unreadable(entry)
        for entry in run.client.describe_global()
        if not entry.get("deprecatedAndHidden")
    }


def _wanted(wanted: Sequence[str], listed: Collection[str]) -> dict[str, bool]:
    """Return the names of the objects wanted, each once, and whether the user wrote the name."""
    named = {name.lower(): name for name in reversed(wanted) if not _is_pattern(name)}
    spelled = named | {name.lower(): name for name in listed}
    found: dict[str, bool] = {}
    for each in wanted:
        matching = _matching(each, listed) if _is_pattern(each) else [each]
        for name in matching:
            found[spelled[name.lower()]] = name.lower() in named
    return found


def _is_pattern(name: str) -> bool:
    return bool(_GLOB & set(name))


def _matching(pattern: str, listed: Collection[str]) -> list[str]:
    matching = [name for name in listed if fnmatchcase(name.lower(), pattern.lower())]
    if not matching:
        message = f"The setting objects holds {pattern}, which matches no object of the org."
        raise SettingsError(
            message,
            hint="`*` matches every object that can be queried.",
            code="unknown-object",
        )
    return matching


def _check_patterns(
    wanted: Sequence[str], listed: Collection[str], unreadable: Mapping[str, str]
) -> None:
    """See that each pattern matches something that may be read.

    Raises:
        SettingsError: One does not.
    """
    for pattern in filter(_is_pattern, wanted):
        reasons = [unreadable.get(name) for name in _matching(pattern, listed)]
        if None not in reasons:
            raise SettingsError(
                f"The setting objects holds {pattern}, which matches only objects that can't be "
                f"read: {counted(len(reasons), 'object')}. {reasons[0]}.",
                hint="Take the pattern out of objects.",
                code="unknown-object",
            )


def _tell_if_in_vain(
    pattern: str, names: Collection[str], left_out: set[str], logger: logging.Logger
) -> None:
    if left_out.issuperset(_matching(pattern, names)):
        logger.warning(
            "The setting objects holds %s, and no object that it matches can be read.", pattern
        )


def _undescribed(run: Run, failed: Mapping[str, RefusedError]) -> SettingsError:
    missing = [name for name, error in failed.items() if error.status == _NOT_FOUND]
    if not missing:
        reasons = "; ".join(error.message for error in failed.values())
        return SettingsError(
            f"The setting objects names what can't be read: {reasons}",
            hint="Setup > Permission Sets > Object Settings: give the user Read on the object, "
            "or remove it from objects.",
            code="object-not-described",
        )
    return SettingsError(
        f"The setting objects names {', '.join(missing)}, which the org does not have or the "
        "user may not see.",
        hint=_suggestions(missing, names_in_org(run))
        + "Setup > Object Manager shows the API names (custom objects end in __c); Setup > "
        "Permission Sets > Object Settings gives the user access.",
        code="unknown-object",
    )


def _suggestions(missing: Sequence[str], listed: Sequence[str]) -> str:
    by_lower_case = {name.lower(): name for name in listed}
    found = []
    for name in missing:
        # What is listed and still can't be described is no slip of the pen.
        close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
        if close and name.lower() not in by_lower_case:
            found.append(f"{by_lower_case[close[0]]} for {name}")
    return f"Did you mean {', '.join(found)}? " if found else ""
