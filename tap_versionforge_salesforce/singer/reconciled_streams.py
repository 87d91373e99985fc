"""Whether the streams of a run can be reconciled as the settings, the catalog and the maps say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean
from tap_versionforge_salesforce.singer.events import DELETIONS
from tap_versionforge_salesforce.singer.named_objects import idle_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column


def check_deletions(*, is_selected: bool, is_read: bool, maps: Collection[str]) -> None:
    """See that it can be told what is gone, where a stream is to tell that.

    Args:
        is_selected: The catalog selects it.
        is_read: No stream map removes it.
        maps: The names in ``stream_maps``.

    Raises:
        SettingsError: It can't, and nobody has said that it need not.
    """
    if is_selected and not is_read and DELETIONS not in maps:
        raise SettingsError(
            f"Streams are to be reconciled, and __else__ in stream_maps removes {DELETIONS}, "
            "which tells the rows that are gone.",
            hint=f"Give {DELETIONS} an entry of its own in stream_maps: {{}} lets it come, and "
            "null removes it.",
        )
    if not is_selected:
        raise SettingsError(
            f"Streams are to be reconciled, and the catalog does not select {DELETIONS}, which "
            "tells the rows that are gone.",
            hint=f"Select {DELETIONS}.* (make a new catalog with --discover where it is not in "
            "it), or set deletions to tombstones. Where nobody is to be told, give "
            f'{DELETIONS} null in stream_maps (in Meltano "__NULL__").',
            code="invalid-catalog",
        )


def idle_fields(
    named: Mapping[str, Sequence[str]], streams: Mapping[str, Sequence[Column]]
) -> Iterator[str]:
    """Yield a warning for what of ``reconcile_fields`` changes nothing.

    Args:
        named: The setting.
        streams: The columns that are read of each stream.
    """
    by_name = {stream.lower(): stream for stream in streams}
    for name, fields in named.items():
        stream = by_name.get(name.lower())
        if stream is None:
            yield from idle_names("reconcile_fields", [name], streams)
            continue
        read = {part.name for column in streams[stream] for part in column.queried}
        folded = {each.lower() for each in read}
        idle = [each for each in fields if each.removeprefix("-").lower() not in folded]
        if idle:
            listed = ", ".join(each + did_you_mean(each.removeprefix("-"), read) for each in idle)
            yield (
                f"The setting reconcile_fields names of {stream} what is not read of it, and "
                f"changes nothing: {listed}."
            )
