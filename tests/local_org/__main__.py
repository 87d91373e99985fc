"""The local org for people: `python -m tests.local_org`.

Fills an org with rows, writes configs that sign in to it, says what to do next, and serves
until Ctrl-C. While it runs, `POST /local-org/change` changes rows and `GET /local-org/journal`
counts calls; both exist only here, no Salesforce org has them.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_org import LocalOrg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Beside the Python that runs this: the environment need not be active.
_TAP = str(Path(sys.executable).with_name("tap-versionforge-salesforce"))
# Prints the states among the lines of a run.
_STATES = r"""sed -n 's/^{"type":"STATE","value":\(.*\)}$/\1/p'"""
# Below a folder that git ignores: the config and the key are secrets, and so are an org's rows.
DIRECTORY = Path(".secrets") / "local-org"
# Of the opportunities; parents come first, so that children find them.
_SHARES = {
    "User": 0.01,
    "Account": 0.2,
    "Contact": 0.4,
    "Opportunity": 1.0,
    "Contract": 0.1,
    "OpportunityLineItem": 1.0,
    "QuoteLineItem": 0.5,
    "OrderItem": 0.5,
    "ContractLineItem": 0.2,
}
_SHARE_OF_OTHERS = 0.02


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the org until it is told to stop."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if other := _running(options.directory):
        parser.error(
            f"another local org runs at {other} with the config in {options.directory}: stop it, "
            "or name another --directory"
        )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    org = LocalOrg(port=options.port)
    org.settings.latency_ms = options.latency_ms
    org.settings.rotate_refresh_tokens = options.rotate_refresh_tokens
    rows = seed(org, options.rows)
    with org:
        try:
            config = write_config(org, options.directory)
        except OSError as error:
            parser.error(
                f"the config can't be written into {options.directory} ({error.strerror}): name "
                "another --directory"
            )
        _say(_greeting(org, config, rows))
        stop.wait()
    _say("The local org has stopped.")
    return 0


def seed(org: LocalOrg, rows: int) -> int:
    """Fill every object: Opportunity with `rows` rows, the others with their share of it."""
    others = [name for name in org.store.sobjects if name not in _SHARES]
    shares = {**_SHARES, **dict.fromkeys(others, _SHARE_OF_OTHERS)}
    return sum(
        len(org.store.seed(name, max(1, round(rows * share)))) for name, share in shares.items()
    )


def write_config(org: LocalOrg, directory: Path) -> Path:
    """Write `config.json` and its key, and those of other sign-ins, readable by their owner only.

    Returns:
        The first, beside which the others are.
    """
    # Whole paths, so that config and commands work from any folder.
    directory = directory.resolve()
    # The mode is that of the last folder only, and none of a folder that is there.
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)
    key, token = directory / "private_key.pem", directory / "refresh_token"
    _write_secret(key, org.private_key_pem)
    _write_secret(token, f"{org.oauth.by_secret.refresh_token}\n")
    content = org.config()
    username = content.pop("username")
    del content["private_key"]
    secret = {"client_secret": org.identity.client_secret}
    for name, sign_in in (
        ("config.json", {"username": username, "private_key_path": str(key)}),
        ("client-secret.json", secret),
        ("refresh-token.json", {**secret, "refresh_token_path": str(token)}),
    ):
        _write_secret(directory / name, json.dumps(content | sign_in, indent=2) + "\n")
    return directory / "config.json"


def _running(directory: Path) -> str:
    """Return the URL of the org whose config is in a folder, empty where none is running."""
    try:
        url = str(json.loads((directory / "config.json").read_text("utf-8"))["instance_url"])
        host, _, port = url.rpartition("/")[2].partition(":")
        socket.create_connection((host, int(port)), timeout=1).close()
    except (OSError, ValueError, KeyError):
        return ""
    return url


def _between(least: float, most: float, kind: type[float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            message = f"{text} is not between {least:,} and {most:,}"
            raise argparse.ArgumentTypeError(message)
        return value

    return number


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _greeting(org: LocalOrg, config: Path, rows: int) -> str:
    tap = f"{shlex.quote(_TAP)} --config {shlex.quote(str(config))}"
    catalog, everything, state, news = (
        shlex.quote(str(config.with_name(name)))
        for name in ("catalog.json", "everything.jsonl", "state.json", "news.jsonl")
    )
    return f"""\
A Salesforce org of your own runs at {org.url} and has {rows:,} rows.

Try, in another terminal, in any folder:
  {tap} check
  {tap} --discover > {catalog}
  {tap} --catalog {catalog} > {everything}

Change some rows:
  curl -d '{{"object": "Opportunity", "update": 40, "insert": 3, "delete": 2}}' \\
    {org.url}/local-org/change
With "hard_delete": 2 rows go for good, which a reconciliation finds (docs/reconciliation.md).

Keep the last state of the first run, as a target would, and see what the next one picks up:
  {_STATES} {everything} | tail -n 1 > {state}
  {tap} --catalog {catalog} --state {state} > {news}

client-secret.json and refresh-token.json beside that config sign in without a certificate.

See how many calls it took:
  curl {org.url}/local-org/journal

Ctrl-C stops it."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.local_org", description="A Salesforce org on this machine."
    )
    port, rows = _between(0, 65_535, int), _between(1, 10_000_000, int)
    parser.add_argument(
        "--port", type=port, default=0, help="port to listen on; 0 picks a free one"
    )
    parser.add_argument("--rows", type=rows, default=25_000, help="opportunities to make")
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="where the config goes")
    parser.add_argument(
        "--latency-ms",
        type=_between(0, 600_000, float),
        default=0.0,
        help="delay of every answer, in milliseconds",
    )
    parser.add_argument(
        "--rotate-refresh-tokens",
        action="store_true",
        help="let each refresh token be good once",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
