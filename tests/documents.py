"""The parts of the documents that come from the code: `python -m tests.documents` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from tap_versionforge_salesforce.settings_list import SETTINGS, Setting
from tap_versionforge_salesforce.sign_in_errors import PROBLEMS, UNKNOWN

ROOT = Path(__file__).resolve().parents[1]


def settings_table() -> str:
    """Return the settings as a Markdown table."""
    rows = [
        f"| `{setting.name}` | {_default(setting)} | {_cell(setting.description)} |"
        for setting in SETTINGS
    ]
    return "\n".join(["| Setting | Default | Meaning |", "| --- | --- | --- |", *rows])


def sign_in_table() -> str:
    """Return every refusal of the token endpoint as a Markdown table."""
    rows = [
        f"| `{problem.code}` | {_said(problem.error, problem.description)} | "
        f"{_cell(problem.cause)} | {_cell(problem.fix)} |"
        for problem in (*PROBLEMS, UNKNOWN)
    ]
    head = ["| Code | Salesforce says | Cause | What to do |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])


PARTS = {
    ("README.md", "settings"): settings_table,
    ("docs/troubleshooting.md", "sign-in"): sign_in_table,
}


def with_part(text: str, name: str, part: str) -> str:
    """Return the document with the text between its two markers replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert pattern.search(text), f"the document has no markers <!-- {name} -->"
    return pattern.sub(lambda match: f"{match[1]}\n{part}\n\n{match[2]}", text)


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if isinstance(setting.default, tuple):
        return ", ".join(f"`{name}`" for name in setting.default)
    if setting.name.startswith("private_key") and setting.name != "private_key_passphrase":
        return "one of the two"
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    return "none" if setting.default is None else f"`{setting.default}`"


def _said(error: str, description: str) -> str:
    if not error:
        return "anything else"
    pattern = _cell(description.replace("'?", "'").replace(".*", " … "))
    return f"`{error}`: {pattern}" if description else f"`{error}`"


def _cell(text: str) -> str:
    return text.replace("|", " or ").replace("*", r"\*")


def main() -> None:
    """Write every part into its document."""
    for (name, part), make in PARTS.items():
        path = ROOT / name
        path.write_text(with_part(path.read_text(encoding="utf-8"), part, make()), encoding="utf-8")


if __name__ == "__main__":
    main()
