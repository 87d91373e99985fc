"""What the steps of `setup` share: what was given, whom to ask, and how something is said."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tap_versionforge_salesforce.salesforce.support.redaction import printable, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_versionforge_salesforce.cli.setup.questions import Check, Questions


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)


@dataclass
class Talk:
    """One setup.

    Attributes:
        given: Answers that the command line has, by their names; None for those it has not.
        questions: Whom to ask for the others; None where nobody is there.
        console: Where something is said.
        config: What is going to be written, as far as it is known.
        written: Settings that have been set by now, where that is done one by one.
    """

    given: Mapping[str, Any] = field(repr=False)
    questions: Questions | None
    console: Console = field(default_factory=_console)
    config: dict[str, Any] = field(default_factory=dict, repr=False)
    written: list[str] = field(default_factory=list)

    def show(self, command: str) -> None:
        """Show a command in one line, however long it is, so that it can be copied."""
        self.console.print(f"  {printable(redact(command))}", soft_wrap=True)

    def wipe(self) -> None:
        """Take away a line that is written over again and again."""
        if self.shows_changes:
            self.console.print(" " * (self.console.width - 1), end="\r")

    @property
    def shows_changes(self) -> bool:
        """Tell whether a line can be written over."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def say(self, text: str, *, lead: str = "") -> None:
        """Say a sentence, wrapped between words; an address or a path in it stays whole.

        Args:
            text: The sentence.
            lead: Stands before it, and as blanks before its other lines.
        """
        wrapped = textwrap.wrap(
            printable(redact(text)),
            self.console.width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in wrapped:
            self.console.print(line, soft_wrap=True)

    def head(self, text: str) -> None:
        """Begin a part, for whoever is there."""
        if self.questions is not None:
            self.console.print()
            self.console.print(text, style="bold", soft_wrap=True)

    @property
    def asked(self) -> Questions:
        """Return whom to ask, where it is known that somebody is there."""
        assert self.questions is not None  # noqa: S101  without anybody, all is given
        return self.questions

    def answer(self, name: str, question: str, check: Check) -> str:
        """Return what was given for a name, or what is answered to the question.

        Args:
            name: Of the option.
            question: For whoever is there.
            check: Raises where the answer can't be taken.

        Raises:
            SettingsError: What was given can't be taken.
        """
        value = self.given[name]
        if value is None:
            return self.asked.text(question, check=check)
        check(value)
        return str(value)


def option(name: str) -> str:
    """Return how an option is written."""
    return f"--{name.replace('_', '-')}"
