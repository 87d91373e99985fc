"""`--help`: options in groups, in colour on a terminal that has it, in 80 columns elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from typing_extensions import override

from tap_versionforge_salesforce.cli.terminals import is_rich

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    OptionGroups = Mapping[str, Sequence[str]]

_OTHERS = "Options"


class GroupedHelp(click.Command):
    """A command whose options are shown in groups.

    Args:
        groups: The title of each group, and its options by their longest names; an option that is
            in none is shown behind them.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  as click.Command has them
        groups: OptionGroups | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **options)
        self._groups = groups or {}

    @override
    def get_help(self, ctx: click.Context) -> str:
        """Return the help, with escape sequences only for a terminal that shows them."""
        if not is_rich():
            return super().get_help(ctx)
        # Not at the top: rich takes a while to load, and only a terminal needs it.
        from tap_versionforge_salesforce.cli.rich_help import rich_help  # noqa: PLC0415

        titles = {title: [each.opts[-1] for each in found] for title, found in self.grouped(ctx)}
        return rich_help(self, ctx, titles)

    @override
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group, and behind them the commands."""
        for title, found in self.grouped(ctx):
            records = [each.get_help_record(ctx) for each in found]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record is not None])
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def grouped(self, ctx: click.Context) -> Iterator[tuple[str, list[click.Parameter]]]:
        """Yield the title of each group with its options."""
        left = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        for title, names in self._groups.items():
            found = [each for name in names for each in left if name in each.opts]
            left = [each for each in left if each not in found]
            if found:
                yield title, list(found)
        if left:
            yield _OTHERS, list(left)
