"""Where `setup` puts the settings: a JSON file, a file of variables, or a Meltano project."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.setup.programs import check_meltano, set_in_meltano
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.settings.naming import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

#: In the place of a file's name.
MELTANO = "meltano"
# Two ways to sign in contradict each other, and a key is given once.
_OF_SIGN_IN = frozenset(
    {
        *("client_id", "username", "private_key", "private_key_path", "private_key_passphrase"),
        *("certificate_path", "access_token"),
    }
)


def check_output(name: str) -> None:
    """See that an output can be written.

    Raises:
        SettingsError: It is none, or in a folder that is not there; or Meltano is not.
    """
    path = Path(name)
    if name == MELTANO:
        check_meltano()
        return
    if path.suffix != ".json" and not _is_variables(path):
        raise SettingsError(
            f"--output can't be {name!r}.",
            hint="It is a file that ends in .json, a file named .env, or the word meltano.",
        )
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise SettingsError(
            f"--output names no file in a folder that is there: {name}.",
            hint="Make the folder, or name another file.",
        )
    if path.exists():
        _before(path)


def write(output: str, config: Mapping[str, object]) -> None:
    """Write the settings, only for their owner to read; what else the file has stays.

    Args:
        output: As `check_output` takes it.
        config: By setting; the whole sign-in of before gives way to what it has of that.

    Raises:
        SettingsError: It can't be written, or Meltano refuses.
    """
    if output == MELTANO:
        for name, value in config.items():
            set_in_meltano(name, value if isinstance(value, str) else json.dumps(value))
        return
    path = Path(output)
    if _is_variables(path):
        _replace(path, _variables(_before(path), config))
    else:
        before = json.loads(_before(path) or "{}")
        kept = {name: value for name, value in before.items() if name not in _OF_SIGN_IN}
        _replace(path, f"{json.dumps(kept | dict(config), indent=2)}\n")


def is_there(output: str) -> bool:
    """Tell whether an output is a file that exists."""
    return output != MELTANO and Path(output).exists()


def options_of(output: str) -> str:
    """Return the options with which the tap reads what was written there."""
    return "--config=ENV" if _is_variables(Path(output)) else f"--config {output}"


def _is_variables(path: Path) -> bool:
    return path.name == ".env" or path.suffix == ".env"


def _before(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
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
    kept = [line for line in before.splitlines() if line.partition("=")[0].strip() not in names]
    made = [f"{VARIABLE_PREFIX}{name.upper()}={_quoted(value)}" for name, value in config.items()]
    return "\n".join([*kept, *made, ""])


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    # As python-dotenv reads it: nothing is special between these but themselves and a backslash.
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "\\'"))


def _replace(path: Path, text: str) -> None:
    """Put a file in place of another as a whole; mkstemp makes it readable by its owner only."""
    temporary = ""
    try:
        # Where a link leads, not the link itself.
        target = path.resolve()
        opened, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{path.name}.")
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(target)
    except OSError as error:
        raise _not_usable(path, error.strerror or "it can't be written") from None
    finally:
        with suppress(OSError):
            if temporary:
                Path(temporary).unlink()


def _not_usable(path: Path, problem: str) -> SettingsError:
    return SettingsError(
        f"The file {path} can't be used ({problem}); it is as it was.",
        hint="Give another --output, or mend it.",
        code="output-not-usable",
    )
