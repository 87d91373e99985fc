"""The streams of one run: which are read, and whether what the user has named fits them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from tap_versionforge_salesforce.errors import wrong_setting
from tap_versionforge_salesforce.salesforce.support.wording import counted, did_you_mean
from tap_versionforge_salesforce.singer.discovery import names_in_org
from tap_versionforge_salesforce.singer.events import DELETIONS, OWN_STREAMS
from tap_versionforge_salesforce.singer.named_objects import (
    check_objects,
    idle_names,
    of_settings,
)
from tap_versionforge_salesforce.singer.reconciled_streams import check_deletions, idle_fields
from tap_versionforge_salesforce.singer.stream_map_names import StreamMapNames, misnamed

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from singer_sdk.helpers.types import TapState
    from singer_sdk.singerlib import Catalog

    from tap_versionforge_salesforce.singer.deletions_stream import DeletionsStream
    from tap_versionforge_salesforce.singer.describe_streams import DescribeStream
    from tap_versionforge_salesforce.singer.frame_stream import FrameStream
    from tap_versionforge_salesforce.singer.quota_forecast import StreamForecast
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream
    from tap_versionforge_salesforce.singer.sync.stream_sync import StreamSync


class RunStreams:
    """The streams of one run.

    Args:
        streams: All that there are, by name. Those that are not wanted are taken out.
        run: What they share.
        state: The run's. Bookmarks are renamed in it.
        catalog: What the user has handed in; None where it is discovered.
        stream_maps: The setting.
        logger: Where is told what changes nothing.
    """

    def __init__(
        self,
        streams: dict[str, FrameStream],
        *,
        run: Run,
        state: TapState,
        catalog: Catalog | None,
        stream_maps: Mapping[str, Any] | None,
        logger: logging.Logger,
    ) -> None:
        self._streams = streams
        self._run = run
        self._state = state
        self._catalog = catalog
        self._maps = stream_maps
        self._logger = logger

    def selected(self) -> list[SObjectStream]:
        """Return those of objects and queries that are selected."""
        return [stream for stream in self.of_sobjects() if stream.selected]

    def read_names(self) -> list[str]:
        """Return the names of the streams that have a turn, in their order."""
        return [
            each.name
            for each in self._streams.values()
            if each.name != DELETIONS and each.selected and each.is_read
        ]

    def of_sobjects(self) -> list[SObjectStream]:
        """Return those of objects and queries."""
        streams = (stream for name, stream in self._streams.items() if name not in OWN_STREAMS)
        return cast("list[SObjectStream]", list(streams))

    def read(self) -> list[SObjectStream]:
        """Return those of objects and queries that are selected and not removed by a map."""
        return [stream for stream in self.selected() if stream.is_read]

    def syncs(self) -> list[StreamSync]:
        """Return what reads them in their turns; nothing where only ranges are read again."""
        return [] if self._run.settings.backfills else [each.stream_sync for each in self.read()]

    def forecasts(self) -> list[StreamForecast]:
        """Return what each of them will take of the org's quota."""
        return [forecast for stream in self.read() for forecast in stream.forecasts()]

    def check(self) -> None:
        """Look at the catalog and state of every selected stream before any row is read.

        Raises:
            SettingsError: One of them can't be used.
        """
        self._spell_bookmarks()
        self._check_names()
        self._select_backfills()
        if self._run.settings.has_deletions_stream and not self._run.settings.backfills:
            deletions = self._streams.get(DELETIONS)
            check_deletions(
                is_selected=deletions is not None,
                is_read=deletions is not None and deletions.is_read,
                maps=self._maps or {},
            )
        for stream in self.selected():
            stream.check()

    def _select_backfills(self) -> None:
        """Leave nothing but the streams of which ranges are read again, where some are.

        The others are let go, and not deselected: the SDK would have a line for each.

        Raises:
            SettingsError: One is of a stream that is not read.
        """
        read = [stream.name for stream in self.selected()]
        for each in self._run.settings.backfills:
            if each.sobject.lower() not in map(str.lower, read):
                raise wrong_setting(
                    "backfill",
                    f"has a range of {each.sobject}, which this run does not read"
                    f"{did_you_mean(each.sobject, [*self._streams])}",
                    "Name it in objects, or select it in the catalog.",
                )
        if not self._run.settings.backfills:
            return
        others = [stream.name for stream in self.of_sobjects() if not stream.ranges]
        for name in others:
            del self._streams[name]
        if others:
            self._logger.info(
                "Only ranges are read again, of %s; left alone: %s.",
                ", ".join(self._streams),
                counted(len(others), "stream"),
            )

    def _check_names(self) -> None:
        """See that what the settings, the stream maps and the state name is there.

        Raises:
            SettingsError: One names an object, a stream or a field that does not exist.
        """
        self.check_objects()
        maps, read = self._maps, dict[str, set[str]]()
        selected = self.selected()
        for stream in selected:
            read[stream.name] = stream.known_fields if maps else set()
            stream.let_go()
        named = self._run.settings.reconcile_fields or {}
        bookmarked = list(read)
        objects = {each.name: each.selected_columns for each in selected if each.may_be_reconciled}
        for name in OWN_STREAMS & self._streams.keys():
            read[name] = cast("DeletionsStream | DescribeStream", self._streams[name]).known_fields
        catalog = self._catalog or self._streams
        names = StreamMapNames(
            maps,
            fields=read,
            unread={*catalog, *self._streams} - read.keys(),
            org=self._names_in_org,
        )
        for warning in (
            *(
                warning
                for setting, of_objects in of_settings(self._run.settings)
                for warning in idle_names(setting, of_objects, objects)
            ),
            *idle_fields(named, objects),
            *names.warnings(),
            *misnamed(self._state.get("bookmarks", {}), bookmarked),
        ):
            self._logger.warning("%s", warning)

    def check_objects(self) -> None:
        """See that what settings name of objects is there.

        Raises:
            SettingsError: It is not.
        """
        names = [each.name for each in self.of_sobjects() if each.may_be_reconciled]
        # What the catalog has was there once, and what is there no more fails alone.
        names += [*(self._catalog or ()), *self._run.failures]
        check_objects(self._run.settings, names, partial(names_in_org, self._run))

    def _names_in_org(self) -> list[str]:
        return [str(entry["name"]) for entry in self._run.client.describe_global()]

    def _spell_bookmarks(self) -> None:
        """Let a bookmark be that of the stream whose name differs in upper and lower case only."""
        bookmarks, own = self._state.get("bookmarks", {}), {n.lower(): n for n in self._streams}
        for name in [name for name in bookmarks if name not in self._streams]:
            if own.get(name.lower(), name) not in bookmarks:
                bookmarks[own[name.lower()]] = bookmarks.pop(name)
