"""Options of a subcommand that may stand before its name as well, as Meltano puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from singer_sdk.plugin_base import _ConfigInput

from tap_versionforge_salesforce.settings.backfills import EXAMPLE
from tap_versionforge_salesforce.settings.naming import resolve_aliases, unknown_settings
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Sequence

config_option = click.option(
    "--config",
    multiple=True,
    default=(),
    callback=TapVersionForgeSalesforce.cb_config,
    help="Configuration file location or 'ENV' to use environment variables.",
)

#: Of the run, and of what is said about it beforehand.
BACKFILL_OPTION = "--backfill"
BACKFILL_WORDS: dict[str, Any] = {
    "multiple": True,
    "metavar": "OBJECT:FROM..TO",
    "help": f"Read a range again, and nothing else, such as {EXAMPLE}; more than once. It takes "
    "the place of the setting backfill. No bookmark moves.",
}


def merged_config(
    context: click.Context, config: _ConfigInput, ranges: Sequence[str] = ()
) -> _ConfigInput:
    """Return the config given before a subcommand with that given behind it, which counts more.

    Args:
        context: Of the subcommand.
        config: Behind it.
        ranges: Of ``--backfill`` behind it.

    Raises:
        SettingsError: A variable can't be read.
    """
    above = context.parent.params if context.parent else {}
    over = above.get("config")
    if isinstance(over, _ConfigInput):
        parse_env = over.parse_env or config.parse_env
        config = _ConfigInput(config={**over.config, **config.config}, parse_env=parse_env)
    return with_ranges(config, ranges or above.get("backfill") or ())


def option_above(context: click.Context, name: str, given: str | None) -> str | None:
    """Return what an option is given as: behind a subcommand, or else before it.

    Args:
        context: Of the subcommand.
        name: Of the option, without its dashes.
        given: Behind the subcommand.
    """
    if given is not None or context.parent is None:
        return given
    above = context.parent.params.get(name)
    return None if above is None else str(above)


def with_ranges(config: _ConfigInput, ranges: Sequence[str]) -> _ConfigInput:
    """Return the config with the ranges of ``--backfill``, where there are any.

    They count more than what the setting is anywhere, the environment included.

    Args:
        config: As the command line has it.
        ranges: As they were written.

    Raises:
        SettingsError: A variable can't be read.
    """
    if not ranges:
        return config
    return _ConfigInput(config={**with_variables(config).config, "backfill": list(ranges)})


def with_variables(config: _ConfigInput) -> _ConfigInput:
    """Return the config with the settings of the environment in it, where it names that.

    Args:
        config: As the command line has it.

    Raises:
        SettingsError: A variable can't be read.
    """
    if not config.parse_env:
        return config
    variables = TapVersionForgeSalesforce._env_var_config  # noqa: SLF001  the SDK has no other way
    return _ConfigInput(config={**config.config, **variables})


def settings_in(config: _ConfigInput) -> dict[str, object]:
    """Return the settings that a config has, with those of the environment where it names it.

    What is none is warned of.

    Args:
        config: Of `merged_config`.

    Raises:
        SettingsError: A variable can't be read.
    """
    tap = TapVersionForgeSalesforce
    given = with_variables(config).config
    tap.append_builtin_config(tap.config_jsonschema)
    for warning in unknown_settings(resolve_aliases(given), tap.config_jsonschema["properties"]):
        tap.logger.warning("%s", warning)
    return given
