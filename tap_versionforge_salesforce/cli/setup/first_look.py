"""A look at the org before there is an app, with a session that somebody has already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.cli.setup import answers, programs
from tap_versionforge_salesforce.cli.setup.connection import connected, objects_beside_none, one_row
from tap_versionforge_salesforce.error_lines import line_of
from tap_versionforge_salesforce.errors import RefusedError, TapError
from tap_versionforge_salesforce.salesforce.auth.hosts import checked_instance_url
from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS

if TYPE_CHECKING:
    from tap_versionforge_salesforce.cli.setup.talk import Talk
    from tap_versionforge_salesforce.salesforce.org import Org

URL_QUESTION = "My Domain URL, such as https://yourorg.my.salesforce.com"
_NAME_WIDTH, _ROWS_WIDTH = 30, 12


def first_look(talk: Talk) -> dict[str, Any] | None:
    """Show what the org has, if there is a token; return the settings that sign in with it.

    Raises:
        TapError: The token, or where it comes from, can't be used.
    """
    while (found := _token_at_hand(talk)) is not None:
        url, token = found
        sign_in = {"instance_url": url, "access_token": token}
        talk.head(f"A first look at {url}")
        try:
            with connected(talk.config | sign_in) as org:
                _show(talk, org)
        except TapError as error:
            if talk.questions is None or talk.given["access_token"] or talk.given["sf"]:
                raise
            talk.say(line_of(error))
            continue
        return sign_in
    return None


def stays_with_the_token(talk: Talk) -> bool:
    """Tell whether the token is to be written, in place of a sign-in of the tap's own."""
    if talk.questions is None:
        return not talk.given["client_id"]
    if talk.given["client_id"]:
        return False
    ways = {
        "app": "With a key and an app of its own, for runs without a person",
        "token": "With this token, for a try today; it is never renewed",
    }
    return talk.questions.one_of("How should the tap sign in?", ways) == "token"


def _token_at_hand(talk: Talk) -> tuple[str, str] | None:
    alias, token, url = (talk.given[name] for name in ("sf", "access_token", "instance_url"))
    if alias is None and not token and talk.questions is not None and not talk.given["client_id"]:
        way = _way(talk)
        if way == "sf":
            alias = talk.asked.text("Alias or username (empty: the CLI's default)", check=str)
        elif way == "token":
            url = talk.answer("instance_url", URL_QUESTION, checked_instance_url)
            token = talk.asked.secret("Access token", check=answers.check_access_token)
    if alias is not None:
        talk.say("Asking the sf CLI; it can take some seconds.")
        shown = programs.sf_org(alias)
        return checked_instance_url(url or shown.instance_url), shown.access_token
    if not token:
        return None
    answers.check_access_token(token)
    return checked_instance_url(url or talk.answer("instance_url", URL_QUESTION, _url)), token


def _url(text: str) -> None:
    checked_instance_url(text)


def _way(talk: Talk) -> str:
    ways = {"app": "Set up the sign-in right away"}
    if programs.has_sf():
        ways["sf"] = "Look around first, with an org that the sf CLI is signed in to"
    ways["token"] = "Look around first, with an access token"  # noqa: S105  words
    return talk.asked.one_of("How do you want to begin?", ways)


def _show(talk: Talk, org: Org) -> None:
    objects = objects_beside_none(org)
    talk.say(f"The user sees {len(objects):,} objects. Rows, as Salesforce estimates them:")
    for each in objects[: len(DEFAULT_OBJECTS)]:
        rows = "not told" if each.rows is None else f"{each.rows:,}"
        talk.say(f"{each.name:<{_NAME_WIDTH}} {rows:>{_ROWS_WIDTH}}", lead="  ")
    if talk.questions is None:
        # What is printed may be kept, and a row is somebody's data.
        return
    some = next((each for each in objects if each.rows or each.rows is None), None)
    if some is None:
        return
    try:
        row = one_row(org, some.name)
    except RefusedError as error:
        talk.say(f"{some.name} can't be read: {error.message}")
        return
    talk.say(f"One row of {some.name}:" if row else f"The user sees no row of {some.name}.")
    for name, value in row.items():
        talk.say(f"{name:<{_NAME_WIDTH}} {value}", lead="  ")
