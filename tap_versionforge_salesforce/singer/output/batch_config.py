"""The setting batch_config: where files of rows go, and how they are written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs
from singer_sdk.helpers._batch import BatchConfig

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

# By format: the compression it has where none is named.
_COMPRESSIONS = {"jsonl": "gzip", "parquet": "none"}
_KEYS = ("encoding", "storage", "batch_size")
_STORAGE_KEYS = ("root", "prefix", "params")
_WHOLE_PAGES = sys.maxsize
_MAPPING_SETTINGS = ("stream_maps", "flattening_enabled")


def batch_config_of(config: Mapping[str, Any]) -> BatchConfig | None:
    """Return where files go and how they are written; None where RECORD messages are wanted.

    Args:
        config: The tap's settings, valid by the SDK's schema for them.

    Raises:
        SettingsError: The files can't be written so, or another setting wants to see records.
    """
    raw = config.get("batch_config")
    if not raw:
        return None
    for name in _MAPPING_SETTINGS:
        if config.get(name):
            raise SettingsError(
                f"The settings batch_config and {name} can't be used together: rows that go into "
                "files are not mapped.",
                hint=f"Remove one of them; without batch_config, {name} works.",
            )
    storage, size = raw.get("storage") or {}, raw.get("batch_size")
    if not storage.get("root"):
        raise wrong_setting(
            "batch_config.storage.root", "is missing", "It is a folder's URL, as file:///data."
        )
    if size is not None and (not isinstance(size, int) or size < 1):
        raise wrong_setting("batch_config.batch_size", "is no number above 0", "10000 is usual.")
    encoding = raw.get("encoding") or {}
    form = encoding.get("format") or "jsonl"
    compression = encoding.get("compression") or _COMPRESSIONS[form]
    _check_names("batch_config", raw, _KEYS)
    _check_names("batch_config.storage", storage, _STORAGE_KEYS)
    given = {
        "encoding": {"format": form, "compression": compression},
        # None is a setting that was left out.
        "storage": {name: value for name, value in storage.items() if value is not None},
        # The SDK's own default would split the pages of a Bulk job.
        "batch_size": size or _WHOLE_PAGES,
    }
    files = BatchConfig.from_dict(given)
    try:
        place(files)
    except Exception as error:  # noqa: BLE001  each kind of storage has errors of its own
        raise unusable(files, error) from None
    return files


def _check_names(setting: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in sorted(given.keys() - known):
        raise wrong_setting(f"{setting}.{name}", "is unknown", f"There are {', '.join(known)}.")


def place(files: BatchConfig) -> tuple[Any, str]:
    """Return the fsspec filesystem and the folder in it."""
    # Not the SDK's own way there, which works for local folders only.
    filesystem, folder = url_to_fs(files.storage.root, **files.storage.params)
    return filesystem, str(folder).rstrip("/")


def unusable(files: BatchConfig, error: Exception) -> SettingsError:
    """Return the error of files that can't be written where they should go."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return wrong_setting(
        "batch_config.storage",
        f"can't be used: no file can be written below {files.storage.root} ({reason})",
        "The folder has to be writable; a bucket needs its fsspec package beside the tap, such as "
        "s3fs or gcsfs, and its credentials in params or the environment.",
    )
