"""Where `setup` puts the settings: a JSON file, a file of variables, or a Meltano project."""

from __future__ import annotations

import io
import itertools
import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

from tap_versionforge_salesforce.cli.setup.programs import (
    set_in_meltano,
    settings_in_meltano,
    unset_in_meltano,
)
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.replacement import replace_file
from tap_versionforge_salesforce.settings.definitions import Settings
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

#: In the place of a file's name.
MELTANO = "meltano"
_VARIABLES = ".env"
# Two ways to sign in contradict each other, a key is given once, and what was tried was tried
# without what a file has of these.
_OF_SIGN_IN = (
    *("client_id", "username", "private_key", "private_key_path", "private_key_passphrase"),
    *("certificate_path", "client_secret", "refresh_token", "refresh_token_path"),
    *("access_token", "jwt_audience", "ca_bundle"),
)


def check_output(name: str) -> None:
    """See that an output can be written.

    Raises:
        SettingsError: It is none, or in a folder that can't be written; or Meltano is not there.
    """
    if name == MELTANO:
        settings_in_meltano()
        return
    path = Path(name).expanduser()
    if path.suffix != ".json" and not _is_variables(path):
        raise SettingsError(
            f"--output can't be {name!r}.",
            hint="It is a file that ends in .json; .env in the folder where the tap is started, "
            "for it reads no other one; or the word meltano.",
        )
    folder = path.absolute().parent
    if path.is_dir() or not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise SettingsError(
            f"--output names no file in a folder that can be written: {name}.",
            hint="Make the folder, or name another file.",
        )
    if path.exists():
        _before(path)


def write_to_meltano(config: Mapping[str, object], written: list[str]) -> None:
    """Set the settings in the Meltano project of this folder.

    Args:
        config: By setting; what is there of another way to sign in is taken out.
        written: Is added to, setting by setting.

    Raises:
        SettingsError: Meltano refuses; the message says what has been set before.
    """
    there = settings_in_meltano()
    if old := [name for name in _OF_SIGN_IN if there.get(name) and name not in config]:
        unset_in_meltano(old)
    for name, value in config.items():
        try:
            set_in_meltano(name, value if isinstance(value, str) else json.dumps(value))
        except SettingsError as error:
            if not written:
                raise
            done = f"Set by now: {', '.join(written)}."
            raise error.reworded(f"{error.message} {done}") from None
        written.append(name)


def write(output: str, config: Mapping[str, object]) -> Path | None:
    """Write the settings, only for their owner to read; what else the file has stays.

    Args:
        output: As `check_output` takes it, and not Meltano's.
        config: By setting; the whole sign-in of before gives way to what it has of that.

    Returns:
        Where the file of before is kept, if there was one.

    Raises:
        SettingsError: It can't be written, or its other settings can't be used.
    """
    path = Path(output).expanduser()
    before = _before(path)
    if _is_variables(path):
        text = _variables(before, config)
    else:
        there = json.loads(before or "{}")
        kept = {name: value for name, value in there.items() if name not in _OF_SIGN_IN}
        whole = kept | dict(config)
        # With what else is there, which the sign-in has been tried without.
        try:
            Settings.from_config(whole)
        except SettingsError as error:
            message = (
                f"{path} stays as it was, for what else is in it can't be used: {error.message}"
            )
            raise error.reworded(message) from None
        text = f"{json.dumps(whole, indent=2)}\n"
    kept_as = _keep(path, before) if before else None
    _replace(path, text)
    return kept_as


def is_there(output: str) -> bool:
    """Tell whether an output is a file that exists."""
    return output != MELTANO and Path(output).expanduser().exists()


def options_of(output: str) -> str:
    """Return the options with which the tap reads what was written there."""
    is_env = _is_variables(Path(output).expanduser())
    return "--config=ENV" if is_env else f"--config {shlex.quote(output)}"


def _is_variables(path: Path) -> bool:
    return path.absolute() == Path.cwd() / _VARIABLES


def _before(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise _not_usable(path, getattr(error, "strerror", None) or "no UTF-8") from None
    if not _is_variables(path):
        try:
            is_object = isinstance(json.loads(text or "{}"), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise _not_usable(path, "no JSON object")
    return text


def _variables(before: str, config: Mapping[str, object]) -> str:
    names = {f"{VARIABLE_PREFIX}{name.upper()}" for name in {*config, *_OF_SIGN_IN}}
    # A value can have several lines, and `export` can stand before its name.
    bindings = parse_stream(io.StringIO(before))
    kept = "".join(each.original.string for each in bindings if each.key not in names)
    end = "" if not kept or kept.endswith("\n") else "\n"
    made = [f"{VARIABLE_PREFIX}{name.upper()}={_quoted(value)}\n" for name, value in config.items()]
    return "".join([kept, end, *made])


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if "${" in text:
        raise SettingsError(
            "A value with ${ in it can't stand in an .env file, where another text is put in its "
            "place.",
            hint="Give --output a file that ends in .json.",
            code="output-not-usable",
        )
    # Between these, nothing else is special to python-dotenv but themselves and a backslash.
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "\\'"))


def _keep(path: Path, text: str) -> Path:
    """Put the file of before beside it: what it had of a sign-in may be the only copy."""
    for number in itertools.count(1):
        kept_as = path.with_name(f"{path.name}.{number}.bak")
        try:
            opened = os.open(kept_as, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise _not_usable(kept_as, error.strerror or "it can't be written") from None
        try:
            with os.fdopen(opened, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            kept_as.unlink()
            raise _not_usable(kept_as, error.strerror or "it can't be written") from None
        return kept_as
    raise AssertionError  # pragma: no cover  numbers do not end


def _replace(path: Path, text: str) -> None:
    """Put a file in place of another as a whole, readable by its owner only."""
    try:
        replace_file(path, text.encode())
    except (OSError, ValueError) as error:  # the latter of a text that is no UTF-8
        reason = getattr(error, "strerror", None) or "it can't be written"
        raise _not_usable(path, reason) from None


def _not_usable(path: Path, problem: str) -> SettingsError:
    return SettingsError(
        f"The file {path} can't be used ({problem}); it is as it was.",
        hint="Give another --output, or mend it.",
        code="output-not-usable",
    )
