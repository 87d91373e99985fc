"""`setup`: from nothing to a config that works, asked step by step, or with every answer given."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click

from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX

_APPS = ("external", "connected", "ready")
_LONGEST_WAIT_MINUTES = 60


def _secret(name: str) -> dict[str, Any]:
    # Where no list of processes and no history of commands shows it.
    return {"envvar": f"{VARIABLE_PREFIX}{name.upper()}"}


@click.command(
    cls=GroupedHelp,
    groups={
        "A first look, before there is an app": ("--sf", "--access-token"),
        "Sign-in": (
            *("--instance-url", "--private-key-path", "--private-key-passphrase", "--app"),
            *("--client-id", "--username", "--jwt-audience", "--ca-bundle", "--wait-minutes"),
        ),
        "What is written": ("--objects", "--output"),
        "Here": ("--yes", "--help"),
    },
)
@click.option("--sf", metavar="ALIAS", help="Look first at this org of the sf CLI; '' for its own.")
@click.option(
    "--access-token", **_secret("access_token"), help="Look first at the org with this session. *"
)
@click.option("--instance-url", help="My Domain URL of the org.")
@click.option("--private-key-path", help="Key to sign with; asked for or made otherwise.")
@click.option(
    "--private-key-passphrase", **_secret("private_key_passphrase"), help="Of an encrypted key. *"
)
@click.option("--app", type=click.Choice(_APPS), help="Which app the steps in Salesforce are for.")
@click.option("--client-id", help="Consumer key of the app.")
@click.option("--username", help="Username of the integration user.")
@click.option("--jwt-audience", help="Where it can't be concluded from the URL.")
@click.option("--ca-bundle", type=click.Path(), help="PEM file of a private authority.")
@click.option("--objects", metavar="NAMES", help="API names with commas between them.")
@click.option("--output", help="A .json file, an .env file, or meltano.  [default: config.json]")
@click.option(
    "--wait-minutes",
    type=click.IntRange(0, _LONGEST_WAIT_MINUTES),
    help="How long to try while Salesforce does not know the app yet.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: all is given, and a file may be changed.")
@click.pass_context
def setup(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401  as click hands them over
    """Set up the sign-in, step by step.

    Makes or takes a key, says what to click in Salesforce, signs in, helps where that fails, and
    writes the settings. Without a terminal every answer has to be an option.

    * Better in the environment than on the command line, as
    TAP_VERSIONFORGE_SALESFORCE_ACCESS_TOKEN and
    TAP_VERSIONFORGE_SALESFORCE_PRIVATE_KEY_PASSPHRASE.

    Example: tap-versionforge-salesforce setup
    """
    # Not at the top: no other command needs them.
    from tap_versionforge_salesforce.cli.setup.guide import command_to_go_on, run  # noqa: PLC0415
    from tap_versionforge_salesforce.cli.setup.questions import (  # noqa: PLC0415
        questions_on_terminal,
    )
    from tap_versionforge_salesforce.cli.setup.talk import Talk  # noqa: PLC0415

    # Either is None where the process was started without it.
    ends = (sys.stdin, sys.stdout)
    is_asking = not given["yes"] and all(end is not None and end.isatty() for end in ends)
    talk = Talk(given, questions_on_terminal() if is_asking else None)
    if is_asking:
        # Between two questions, too, so that it can be said how to go on.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(talk)
    except (KeyboardInterrupt, EOFError, click.Abort):
        done = f"set in Meltano: {', '.join(talk.written)}" if talk.written else ""
        talk.console.print()
        talk.say(f"Stopped; {done or 'no settings have been written'}. To go on:")
        talk.show(command_to_go_on(talk))
        context.exit(128 + signal.SIGINT)
    except TapError:
        if is_asking:
            talk.say("To go on from here:")
            talk.show(command_to_go_on(talk))
        raise
