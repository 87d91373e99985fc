"""What in the documents comes from the code: `python -m tests.support.documents` writes it."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import PROBLEMS, UNKNOWN
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import BY_SECRET
from tap_versionforge_salesforce.salesforce.frames.typed import TYPES
from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.objects.describe import (
    KIND_BY_TYPE,
    sobject_from_describe,
)
from tap_versionforge_salesforce.singer.json_schema import record_schema
from tests.support import reference, scaling
from tests.support.fidelity import AMOUNTS_AS_TEXTS, GROUPS, NUL, UNKNOWN_TYPE
from tests.support.reference import cell
from tests.support.scaling import Assumptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import SignInProblem
    from tap_versionforge_salesforce.settings.declaring import Setting
    from tests.support.fidelity import Case

ROOT = Path(__file__).resolve().parents[2]
# They are no refusals for good.
_RETRIED_CODES = ("sign-in-retry", "sign-in-busy")
_SHOWN_CHARACTERS = 90
_TAP = "tap-versionforge-salesforce"
_PLUGIN_HEAD = f"""\
# The tap for a Meltano project of your own: meltano add --from-ref meltano-plugin.yml {_TAP}
# Made from meltano.yml by `make docs`, in the form that MeltanoHub has it in (its file
# _data/meltano/extractors/{_TAP}/versionforge.yml, which has `repo` besides).
"""
# What MeltanoHub knows of a plugin beside what a project does. Quality is for the Hub to judge.
_HUB = {
    "description": "Customer-relationship management & customer success platform",
    "domain_url": "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/"
    "intro_what_is_rest_api.htm",
    "keywords": ["api", "meltano_sdk"],
    "label": "Salesforce",
    "logo_url": "/assets/logos/extractors/salesforce.png",
    "maintenance_status": "beta",
    "pip_url": _TAP,
    "quality": "unknown",
}
_UNSEEN = {"\0": "NUL", "\t": "TAB", "\n": "LF", "\r": "CR"}


def sign_in_headings() -> str:
    """Return a heading for each code of a refused sign-in, with what the page has under each."""
    by_code: dict[str, list[SignInProblem]] = {}
    for problem in (*PROBLEMS, UNKNOWN):
        by_code.setdefault(problem.code, []).append(problem)
    return "\n\n".join(_sign_in_heading(code, found) for code, found in by_code.items())


def _sign_in_heading(code: str, problems: Sequence[SignInProblem]) -> str:
    said = "\n>\n".join(
        dict.fromkeys(f"> {_said(each.error, each.description)}" for each in problems)
    )
    # Of several refusals with one code, the first has the whole advice.
    why, fix = problems[0].cause, problems[0].fix
    later = " It has been retried, and the exit code is 5." if code in _RETRIED_CODES else ""
    heading = f"### `{code}`\n\n{said}\n\n**Why:** {why}{later}\n\n**What to do:** {fix}"
    other = next((each for each in problems if each.flows == BY_SECRET != problems[0].flows), None)
    return heading if other is None else f"{heading}\n\nWith `client_secret`: {other.fix}"


def types_table() -> str:
    """Return what each field type of a describe becomes, as a Markdown table."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, kind in KIND_BY_TYPE.items():
        names.setdefault((_type_in_catalog(name), _type_of(kind)), []).append(f"`{name}`")
    unknown = (_type_in_catalog(UNKNOWN_TYPE), _type_of(Kind.TEXT))
    names[unknown].append("any other, with a warning")
    rows = [
        f"| {', '.join(sorted(found))} | {schema} | {typed} |"
        for (schema, typed), found in names.items()
    ]
    head = "| Type in the describe | Type in the catalog | Type without Singer |"
    return "\n".join([head, "| --- | --- | --- |", *rows])


def _type_of(kind: Kind) -> str:
    """Return what the engine makes of a kind, as polars calls it."""
    if kind is Kind.COMPOUND:
        return "struct of its parts"
    return f"`{TYPES[kind]}`" if kind in TYPES else "none"


def fidelity_table(group: str) -> str:
    """Return the cases of a group as a Markdown table."""
    head = ["| Type | Value | REST serves | Bulk serves | The record holds | The log says |"]
    head.append("| --- | --- | --- | --- | --- | --- |")
    return "\n".join([*head, *map(_fidelity_row, GROUPS[group])])


def amounts_as_texts() -> str:
    """Return the stream map that keeps the digits of an amount, as a config has it."""
    return f"```json\n{json.dumps({'stream_maps': AMOUNTS_AS_TEXTS}, indent=2)}\n```"


def layout_table() -> str:
    """Return every room and module of the package, each in its own words."""
    package = ROOT / "tap_versionforge_salesforce"
    rows = []
    for path in sorted(package.rglob("*.py"), key=lambda path: (path.parent != package, str(path))):
        name = path.relative_to(package).as_posix()
        room = name.removesuffix("/__init__.py")
        where = f"`{name}`" if room == name else f"**`{room}/`**"
        said = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        rows.append(f"| {where} | {cell(said)} |")
    return "\n".join(["| Room, module | What it is |", "| --- | --- |", *rows])


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


PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("docs/architecture.md", "layout"): layout_table,
    ("docs/reference/settings.md", "settings"): partial(reference.settings_by_group, _default),
    ("docs/reference/settings.md", "sdk-settings"): reference.settings_of_the_sdk,
    ("docs/reference/commands.md", "commands"): reference.commands,
    ("README.md", "exit-codes"): reference.exit_codes,
    ("docs/reference/exit-codes.md", "exit-codes"): reference.exit_codes,
    ("docs/reference/exit-codes.md", "codes"): reference.codes,
    ("docs/reference/state.md", "job"): reference.job_in_the_state,
    ("docs/reference/state.md", "job-keys"): reference.job_attributes,
    ("docs/reference/run-report.md", "report"): reference.report_tables,
    ("docs/troubleshooting.md", "sign-in"): sign_in_headings,
    ("docs/fidelity.md", "types"): types_table,
    **{("docs/fidelity.md", group): partial(fidelity_table, group) for group in GROUPS},
    ("docs/fidelity.md", "amounts-as-texts"): amounts_as_texts,
    ("docs/scaling.md", "scaling-assumptions"): partial(scaling.assumptions, Assumptions()),
    ("docs/scaling.md", "scaling-extracts"): partial(scaling.table, Assumptions()),
    ("docs/scaling.md", "scaling-limits"): partial(scaling.limits, Assumptions()),
}


def meltano_plugin() -> str:
    """Return the tap's entry of meltano.yml as a definition that other projects can add.

    Sorted and without braces, as MeltanoHub's yamllint wants it.
    """
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (entry,) = project["plugins"]["extractors"]
    prefix = "Programming Language :: Python :: 3."
    classifiers = importlib.metadata.metadata(_TAP).get_all("Classifier") or []
    pythons = [f"3.{c.removeprefix(prefix)}" for c in classifiers if c.startswith(prefix)]
    definition = entry | _HUB | {"supported_python_versions": pythons}
    return _PLUGIN_HEAD + yaml.safe_dump(definition, allow_unicode=True, width=100)


FILES: dict[str, Callable[[], str]] = {"meltano-plugin.yml": meltano_plugin}


def with_part(text: str, name: str, part: str) -> str:
    """Return the document with the text between its two markers replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert pattern.search(text), f"the document has no markers <!-- {name} -->"
    return pattern.sub(lambda match: f"{match[1]}\n{part}\n\n{match[2]}", text)


def part_of(text: str, name: str) -> str:
    """Return what stands between two markers of a document."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].strip()


def _said(error: str, description: str) -> str:
    if not error:
        return "Salesforce said anything else"
    words = description.replace("'?", "'").replace(".*", " … ").replace("|", " or ")
    return f"Salesforce said {error}: {words}" if description else f"Salesforce said {error}"


def _type_in_catalog(name: str) -> str:
    fields: list[dict[str, Any]] = [{"name": "Place__c", "type": name}]
    if name in {"address", "location"}:  # without a part it would be nothing
        part = {"name": "Place__Latitude__s", "type": "double", "compoundFieldName": "Place__c"}
        fields.append(part)
    sobject = sobject_from_describe({"name": "Thing__c", "fields": fields})
    if sobject.columns[0].kind.value == "unsupported":
        return "none: it can't be read"
    schema = record_schema(sobject)["properties"]["Place__c"]
    form = f", `format: {schema['format']}`" if "format" in schema else ""
    default = ", not selected unless you do" if sobject.columns[0].parts else ""
    return f"`{schema['type'][0]}`{form}{default}"


def _fidelity_row(case: Case) -> str:
    record = "nothing" if case.record is None else _code(case.record)
    if case.record_by_bulk is not None:
        record += f", by Bulk {_code(case.record_by_bulk)}"
    cells = (case.type, case.what, _served(case.rest), _quoted(case.bulk), record, _told(case))
    return f"| {' | '.join(cells)} |"


def _told(case: Case) -> str:
    if case.told is None:
        return ""
    return f"{'count' if case.told == NUL else 'warning'}: {case.told}"


def _quoted(served: str | Mapping[str, str] | None) -> str:
    """Return what Bulk serves, as it stands in the file."""
    if served is None:
        return "can't"
    if isinstance(served, str):
        return _code('"' + served.replace('"', '""') + '"')
    return ", ".join(f"{part} {_quoted(value)}" for part, value in served.items())


def _served(served: str | Mapping[str, str]) -> str:
    if isinstance(served, str):
        return _code(served)
    return ", ".join(f"{part} {_code(value)}" for part, value in served.items())


def _code(text: str) -> str:
    """Return a value as Markdown code: what can't be seen by its name, what is long by its size."""
    size = ""
    if len(text) > _SHOWN_CHARACTERS:
        size = f" ({len(text.strip(chr(34))):,} characters)"
        text = f"{text[: _SHOWN_CHARACTERS // 4]}…"
    seen = "".join(c if c.isprintable() else f"⟨{_UNSEEN.get(c, f'U+{ord(c):04X}')}⟩" for c in text)
    fence = "``" if "`" in seen else "`"
    return f"{fence}{seen}{fence}{size}".replace("|", r"\|")


def main() -> None:
    """Write every part into its document, and the files that are made as a whole."""
    for (name, part), make in PARTS.items():
        path = ROOT / name
        path.write_text(with_part(path.read_text(encoding="utf-8"), part, make()), encoding="utf-8")
    for name, make in FILES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
