"""An org for Python: its objects, and their rows as DataFrames."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, NoReturn

from typing_extensions import override

from tap_versionforge_salesforce.engine.event_log import EventLog
from tap_versionforge_salesforce.engine.given import (
    named_settings,
    names_of,
    settings_at,
    settings_in,
    text_of,
)
from tap_versionforge_salesforce.engine.objects import described, objects_of
from tap_versionforge_salesforce.engine.plan import plan_of
from tap_versionforge_salesforce.engine.reader import Reader
from tap_versionforge_salesforce.engine.selection import (
    Wanted,
    instant_of,
    selection_of,
    selection_of_select,
)
from tap_versionforge_salesforce.errors import (
    SettingsError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.salesforce.org import Org as SalesforceOrg
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.settings.connecting import org_of, query_options_of
from tap_versionforge_salesforce.settings.definitions import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from os import PathLike

    from typing_extensions import Self

    from tap_versionforge_salesforce.engine.objects import ListedObject
    from tap_versionforge_salesforce.engine.plan import Plan
    from tap_versionforge_salesforce.engine.reading import Reading
    from tap_versionforge_salesforce.engine.rows import Rows
    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject

_LOGGER = logging.getLogger("tap_versionforge_salesforce")
_USER_AGENT = "tap-versionforge-salesforce"


class Org:
    """A Salesforce org, used with ``with``, or ended by `close`; nothing is sent before it has to.

    Args:
        settings: Those of the tap, by their names, but one: `include_deleted` is false where it is
            not given, for rows in the recycle bin would be counted in every sum.

    Raises:
        SettingsError: One is missing, unknown, of the wrong kind, or contradicts another.
    """

    #: Tests put another one here.
    clock: ClassVar[Clock] = Clock()

    def __init__(self, **settings: object) -> None:
        self._settings = _checked(named_settings(settings))
        #: What it stands on.
        self.salesforce = org_of(
            self._settings, user_agent=_USER_AGENT, clock=self.clock, logger=_LOGGER
        )
        self.salesforce.events.listen(EventLog(_LOGGER).take)
        self._options = query_options_of(self._settings)
        self._reader = Reader(
            self.salesforce, self._options, self._settings.quota_warning_threshold
        )
        self._describes: dict[str, SObject] = {}

    @classmethod
    def from_config(cls, path: str | PathLike[str], **settings: object) -> Self:
        """Return the org of a config file of the tap.

        Args:
            path: Of the JSON file.
            settings: What is to be otherwise.

        Raises:
            SettingsError: It can't be read, or as for `Org`. What is no setting of the engine,
                such as `stream_maps`, is passed over.
        """
        return cls.from_tap_config(settings_at(path), **settings)

    @classmethod
    def from_tap_config(cls, config: Mapping[str, object], **settings: object) -> Self:
        """Return the org of settings of the tap, some of which may be for the tap alone.

        Args:
            config: The settings, by name.
            settings: What is to be otherwise.

        Raises:
            SettingsError: As for `from_config`.
        """
        return cls(**{**settings_in(config), **settings})

    @override
    def __repr__(self) -> str:
        """Return where it is, and nothing that is secret."""
        return f"Org({self.salesforce.url!r})"

    @override
    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a session and its threads belong to one process.

        Raises:
            SettingsError: Always.
        """
        raise SettingsError(
            "An Org can't be handed to another process.",
            hint="Hand over its settings, or the path of its config file, and make one there.",
            code="invalid-argument",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is read, and remove jobs from the org whose rows nobody wants any more."""
        self._reader.close()

    # What there is

    def objects(self) -> list[ListedObject]:
        """Return the objects that can be read, with about how many rows, the usual ones first.

        Raises:
            TapError: The list can't be had.
        """
        with self._reader.asking():
            return objects_of(self.salesforce)

    def describe(self, name: str) -> SObject:
        """Return an object with its columns.

        Args:
            name: Its API name, in whatever case.

        Raises:
            UnknownObjectError: The org has no such object, or the user may not see it.
        """
        text_of(name, "The name of the object")
        with self._reader.asking():
            return self._kept(name, described)

    # Its rows

    def read(
        self,
        name: str,
        *,
        fields: Sequence[str] | None = None,
        where: str = "",
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        text_fields: Sequence[str] = (),
    ) -> Rows:
        """Return the rows of an object, of which nothing is read before they are iterated over.

        Args:
            name: The object's API name.
            fields: API names; None for all but compound ones, whose parts are there.
            where: A condition in SOQL, such as ``IsWon = true AND Amount > 1000``.
            since: First instant of SystemModstamp (or what the object has instead) that is wanted.
            until: First one that no longer is.
            text_fields: Fields whose values come as text, also what their types can't hold.

        Raises:
            SettingsError: An argument can't be used.
            RefusedError: The object can't be read.
        """
        return self._reader.rows(
            self.selection(
                name, fields=fields, where=where, since=since, until=until, text_fields=text_fields
            )
        )

    def query(self, soql: str) -> Rows:
        """Return the rows of a query of one's own, as `read` does.

        A parent's field is a column ``Account.Name``; of groups, which come by REST, a column has
        its alias, or ``expr0``, ``expr1`` and so on. What is too large for one Bulk job can't be
        read in parts here.

        Args:
            soql: A SELECT.

        Raises:
            SettingsError: It is none, or names what the org lacks.
        """
        with self._reader.asking():
            selection = selection_of_select(
                text_of(soql, "The query"),
                self._described,
                include_deleted=self._settings.include_deleted,
            )
        return self._reader.rows(selection)

    def plan(
        self,
        name: str,
        *,
        fields: Sequence[str] | None = None,
        where: str = "",
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
    ) -> Plan:
        """Return what it would take to read an object; one or two calls, and no row is read.

        Args:
            name: As for `read`, and so the others.
            fields: Of it.
            where: Of it.
            since: Of it.
            until: Of it.

        Raises:
            TapError: As `read`, or Salesforce can't be asked.
        """
        selection = self.selection(name, fields=fields, where=where, since=since, until=until)
        with self._reader.asking():
            return plan_of(self.salesforce, selection.query, self._options)

    def selection(
        self,
        name: str,
        *,
        fields: Sequence[str] | None = None,
        where: str = "",
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        text_fields: Sequence[str] = (),
    ) -> Selection:
        """Return what `read` would read, for `reading`.

        Args:
            name: As for `read`, and so the others.
            fields: Of it.
            where: Of it.
            since: Of it.
            until: Of it.
            text_fields: Of it.

        Raises:
            TapError: As `read`.
        """
        wanted = Wanted(
            fields=None if fields is None else names_of(fields, "fields"),
            where=text_of(where, "where"),
            since=instant_of(since, "since"),
            until=instant_of(until, "until"),
            text_fields=names_of(text_fields, "text_fields"),
            include_deleted=self._settings.include_deleted,
        )
        with self._reader.asking():
            return selection_of(self.describe(name), wanted, self._described)

    def _described(self, name: str) -> SObject | None:
        try:
            with self._reader.asking():
                return self._kept(name, SalesforceOrg.describe)
        except UnknownObjectError:
            return None

    def _kept(self, name: str, describe: Callable[[SalesforceOrg, str], SObject]) -> SObject:
        if name.lower() not in self._describes:
            self._describes[name.lower()] = describe(self.salesforce, name)
        return self._describes[name.lower()]

    @property
    def max_parallel_jobs(self) -> int:
        """Return the setting of that name: how many Bulk jobs may be in the org at once."""
        return self._settings.max_parallel_jobs

    def reading(self, selection: Selection) -> Reading:
        """Return what reads a selection for who may go on with it later.

        Args:
            selection: What is read.
        """
        return self._reader.reading(selection)


def _checked(given: dict[str, object]) -> Settings:
    try:
        return Settings.from_config({"include_deleted": False, **given})
    except SettingsError as error:
        if error.code != "missing-setting":
            raise
        # The environment is read where a command line says so.
        hint = "Give it to Org by its name, or in the file that Org.from_config reads."
        raise error.reworded(error.message, hint=hint) from None
