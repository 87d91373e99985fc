"""How `setup` asks: with menus on a terminal that has them, in plain lines on any other."""

from __future__ import annotations

import os
import signal
import sys
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import click

from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.singer.terminal import is_dumb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import questionary

    #: Raises a TapError where an answer can't be taken.
    Check = Callable[[str], object]


class Option(NamedTuple):
    """One of several that can be chosen together.

    Attributes:
        value: What is returned.
        label: What is shown.
        is_chosen: From the beginning.
    """

    value: str
    label: str
    is_chosen: bool


class Questions(Protocol):
    """Whoever can ask a person; Ctrl-C at any question raises KeyboardInterrupt or Abort."""

    def text(self, question: str, *, check: Check, default: str = "") -> str:
        """Ask for a text that `check` takes; blanks around it are taken off."""

    def secret(self, question: str, *, check: Check) -> str:
        """Ask for a text that is not shown."""

    def one_of(self, question: str, choices: Mapping[str, str]) -> str:
        """Ask for one of some values, each with its label; the first is chosen at first."""

    def some_of(self, question: str, options: Sequence[Option]) -> list[str]:
        """Ask for some of many values."""

    def agrees(self, question: str) -> bool:
        """Ask for yes or no."""


@contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal at stdin as it was, also on SIGTERM: a menu takes its echo.

    What raises there, in a callback of a menu's event loop, does not always end it.
    """
    before = termios.tcgetattr(sys.stdin)

    def restore() -> None:
        with suppress(termios.error):  # it is gone
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)

    def end(number: int, _frame: object) -> None:
        restore()
        os._exit(128 + number)

    handler = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        restore()


def questions_on_terminal() -> Questions:
    """Return how to ask on this terminal."""
    return Lines() if is_dumb() else Menus()


def problem_with(check: Check, answer: str) -> str:
    """Return what is wrong with an answer, and what to do; empty where nothing is."""
    try:
        check(answer.strip())
    except TapError as error:
        return f"{error.message} {error.hint}"
    return ""


def _answer(asked: questionary.Question) -> Any:  # noqa: ANN401  as the question's kind has it
    with _terminal_kept():
        return asked.unsafe_ask()


class Menus:
    """Asks with questionary: arrow keys, and letters that search."""

    def text(self, question: str, *, check: Check, default: str = "") -> str:
        """As `Questions` has it."""
        import questionary  # noqa: PLC0415  it takes its time

        def ask(before: str) -> str:
            return str(_answer(questionary.text(question, default=before)))

        return _checked(ask, check, default)

    def secret(self, question: str, *, check: Check) -> str:
        """As `Questions` has it."""
        import questionary  # noqa: PLC0415

        return _checked(lambda _: str(_answer(questionary.password(question))), check)

    def one_of(self, question: str, choices: Mapping[str, str]) -> str:
        """As `Questions` has it."""
        import questionary  # noqa: PLC0415

        shown = [questionary.Choice(label, value) for value, label in choices.items()]
        return str(_answer(questionary.select(question, choices=shown)))

    def some_of(self, question: str, options: Sequence[Option]) -> list[str]:
        """As `Questions` has it."""
        import questionary  # noqa: PLC0415

        shown = [
            questionary.Choice(option.label, option.value, checked=option.is_chosen)
            for option in options
        ]
        asked = questionary.checkbox(
            question,
            choices=shown,
            instruction="(space chooses, letters search, Enter ends)",
            use_search_filter=True,
            use_jk_keys=False,
        )
        return [str(value) for value in _answer(asked)]

    def agrees(self, question: str) -> bool:
        """As `Questions` has it."""
        import questionary  # noqa: PLC0415

        return bool(_answer(questionary.confirm(question)))


class Lines:
    """Asks line by line, with numbers for what can be chosen."""

    def text(self, question: str, *, check: Check, default: str = "") -> str:
        """As `Questions` has it."""

        def ask(before: str) -> str:
            return str(click.prompt(question, default=before, show_default=bool(before)))

        return _checked(ask, check, default)

    def secret(self, question: str, *, check: Check) -> str:
        """As `Questions` has it."""

        def ask(_: str) -> str:
            return str(click.prompt(question, default="", show_default=False, hide_input=True))

        return _checked(ask, check)

    def one_of(self, question: str, choices: Mapping[str, str]) -> str:
        """As `Questions` has it."""
        click.echo(question)
        for number, label in enumerate(choices.values(), 1):
            click.echo(f"  {number}. {label}")
        number = click.prompt("Number", type=click.IntRange(1, len(choices)), default=1)
        return list(choices)[number - 1]

    def some_of(self, question: str, options: Sequence[Option]) -> list[str]:
        """As `Questions` has it."""
        click.echo(question)
        for number, option in enumerate(options, 1):
            click.echo(f"  {number}. {option.label}")
        chosen = [str(number) for number, o in enumerate(options, 1) if o.is_chosen]
        while True:
            answer = click.prompt("Numbers, with blanks between", default=" ".join(chosen))
            words = answer.replace(",", " ").split()
            if words and all(w.isdecimal() and 0 < int(w) <= len(options) for w in words):
                return [options[int(word) - 1].value for word in dict.fromkeys(words)]
            click.echo(f"Give numbers from 1 to {len(options)}.")

    def agrees(self, question: str) -> bool:
        """As `Questions` has it."""
        return click.confirm(question, default=True)


def _checked(ask: Callable[[str], str], check: Check, default: str = "") -> str:
    """Ask until the answer can be taken.

    Args:
        ask: Takes what stands there at first.
        check: As `Check`.
        default: What stands there at first. Never a wrong answer: the right one is pasted.
    """
    while True:
        answer = ask(default).strip()
        problem = problem_with(check, answer)
        if not problem:
            return answer
        # A line of its own: what a menu shows below the answer ends at the edge.
        click.echo(problem)
