"""`setup` from its first question to the file that it writes."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.setup import answers, destination
from tap_versionforge_salesforce.cli.setup.connection import objects_beside_none
from tap_versionforge_salesforce.cli.setup.first_look import first_look, stays_with_the_token
from tap_versionforge_salesforce.cli.setup.questions import Option, problem_with
from tap_versionforge_salesforce.cli.setup.sign_in import choose_sign_in, signed_in
from tap_versionforge_salesforce.cli.setup.talk import option
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS

if TYPE_CHECKING:
    from tap_versionforge_salesforce.cli.setup.talk import Talk
    from tap_versionforge_salesforce.salesforce.org import Org

_TAP = "tap-versionforge-salesforce"
_DEFAULT_OUTPUT = "config.json"
# What a sign-in with a key needs besides the org's URL, in the order in which it is asked for.
_OF_KEY = ("private_key_path", "client_id", "username")
# Taken as they were given, and never asked for.
_AS_GIVEN = ("jwt_audience", "ca_bundle")


def run(talk: Talk) -> None:
    """Ask, try, write, and say what comes next.

    Raises:
        TapError: An answer is missing or can't be taken, or Salesforce refuses.
    """
    _check_that_all_is_there(talk)
    output = talk.given["output"] or ("" if talk.questions else _DEFAULT_OUTPUT)
    if output:
        _check_output(talk, output)
    talk.config |= {name: talk.given[name] for name in _AS_GIVEN if talk.given[name]}
    if bundle := talk.config.get("ca_bundle"):
        # In a config, a relative path counts from the config's folder.
        talk.config["ca_bundle"] = bundle if bundle[0] == "~" else str(Path(bundle).absolute())
    token = first_look(talk)
    if token is not None and stays_with_the_token(talk):
        talk.config |= token
    else:
        if token is not None:
            talk.config["instance_url"] = token["instance_url"]
        choose_sign_in(talk)
    with signed_in(talk) as org:
        if objects := _chosen_objects(talk, org):
            talk.config["objects"] = objects
    talk.head("The settings")
    output = output or _asked_output(talk)
    _write(talk, output)
    talk.say("Next:")
    talk.show(_next_command(output))


def command_to_go_on(talk: Talk) -> str:
    """Return the command that asks only for what is not known yet."""
    # The consumer key is nothing for a history of commands.
    known = {name: talk.given[name] for name in (*_AS_GIVEN, "app", "objects", "output")}
    known |= {name: talk.config.get(name) for name in ("instance_url", *_OF_KEY)}
    del known["client_id"]
    words = [[option(name), str(value)] for name, value in known.items() if value]
    return shlex.join([_TAP, "setup", *(word for pair in words for word in pair)])


def _write(talk: Talk, output: str) -> None:
    if output == destination.MELTANO:
        talk.say(f"Meltano takes some seconds for each of {len(talk.config)} settings.")
        destination.write_to_meltano(talk.config, talk.written)
        talk.say("Set in Meltano.")
        return
    kept_as = destination.write(output, talk.config)
    talk.say(f"Written: {output}")
    if kept_as is not None:
        talk.say(f"What was there before is in {kept_as}.")


def _check_that_all_is_there(talk: Talk) -> None:
    if talk.questions is not None:
        return
    given = talk.given
    has_token = given["sf"] is not None or bool(given["access_token"])
    needs_key = not has_token or any(given[name] for name in _OF_KEY)
    needed = [] if given["sf"] is not None else ["instance_url"]
    missing = [
        option(name) for name in (*needed, *(_OF_KEY if needs_key else ())) if not given[name]
    ]
    if missing:
        raise SettingsError(
            f"Nobody is asked here, and what setup needs is not given: {', '.join(missing)}.",
            hint="Give every answer as an option (--help lists them), or run it on a terminal, "
            "without --yes.",
            code="missing-answer",
        )


def _chosen_objects(talk: Talk, org: Org) -> list[str]:
    """Return what is to be extracted; empty for the default objects."""
    if talk.given["objects"] is None and talk.questions is None:
        return []
    if talk.given["objects"] is not None:
        names = [name.strip() for name in talk.given["objects"].split(",") if name.strip()]
        listed = org.client.describe_global()
        answers.check_objects(names, [str(entry["name"]) for entry in listed])
        return names
    found = objects_beside_none(org)
    talk.head("The objects")
    options = [
        Option(
            each.name,
            f"{each.name:<36} {'' if each.rows is None else f'{each.rows:,}':>14}",
            each.name in DEFAULT_OBJECTS,
        )
        for each in found
        if each.name in DEFAULT_OBJECTS or each.rows != 0
    ]
    while not (chosen := talk.asked.some_of("Which objects, with about so many rows?", options)):
        talk.say("At least one is needed.")
    return chosen


def _asked_output(talk: Talk) -> str:
    ways = {_DEFAULT_OUTPUT: f"{_DEFAULT_OUTPUT}, here", ".env": ".env, here"}
    meltano = {destination.MELTANO: "The Meltano project in this folder"}
    # Where there is one, it is what is meant.
    ways = meltano | ways if os.path.exists("meltano.yml") else ways  # noqa: PTH110  a plain name
    ways["other"] = "Another file"
    while True:
        way = talk.asked.one_of("Where do the settings go?", ways)
        if way == "other":
            way = talk.asked.text("Its name", check=destination.check_output)
        if problem := problem_with(destination.check_output, way):
            talk.say(problem)
        elif not destination.is_there(way) or talk.asked.agrees(_change_question(way)):
            return way


def _check_output(talk: Talk, output: str) -> None:
    destination.check_output(output)
    if not destination.is_there(output) or talk.given["yes"]:
        return
    if talk.questions is None:
        raise SettingsError(
            f"{output} is there already.",
            hint="--yes puts these settings into it and keeps the others; or give another "
            "--output.",
            code="output-not-usable",
        )
    if not talk.questions.agrees(_change_question(output)):
        message = f"{output} is there already, and stays as it is."
        raise SettingsError(message, hint="Give another --output.", code="output-not-usable")


def _change_question(output: str) -> str:
    return f"{output} is there: change its sign-in and objects, and keep its other settings?"


def _next_command(output: str) -> str:
    if output == destination.MELTANO:
        return f"meltano config test {_TAP}"
    return f"{_TAP} check {destination.options_of(output)}"
