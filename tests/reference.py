"""Renders README's reference from the code; `python -m tests.reference` writes it (make reference).

Sources: the command line, the settings, the exit codes, the model of run.json, the JUnit writer.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from pydantic import BaseModel

from securenet_obs.cli import cli
from securenet_obs.runner.notebook.needs import NEEDS
from securenet_obs.runner.record.run_json import CheckFields, ChecksFields, RunFields, RunJson
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings

README = Path(__file__).parent.parent / "README.md"
HEADING = "## Reference\n"

MEANINGS = {
    0: "All runs passed, or were skipped while another one passed.",
    1: "A check failed, or a command found what it looks for.",
    2: "Usage, parameters or settings cannot be used.",
    3: "Error; also if every run was skipped.",
    4: "A run or a cell took longer than its deadline.",
    5: "The kernel died.",
    6: "A part of the target refuses or is unreachable.",
    130: "Interrupted.",
}
"""Meaning of each exit code; a test compares the codes with those of the verdicts."""

JUNIT = {
    "`testsuite`": "A notebook: its name, `tests`, `failures`, `errors`, `skipped`, `time`.",
    "`testsuite/properties`": "Verdict, reason, attempts, page, parameters, target, evidence.",
    "`testcase`": "A check, and first the verdict of the notebook: `classname` is the notebook.",
    "`failure`": "A check that failed, and why: expected, observed, cell, page, links.",
    "`error`": "A run that broke off: its verdict is the `type`.",
    "`skipped`": "A check that the target cannot serve, or that was not reached.",
    "`flakyFailure`": "An earlier attempt, if a retry passed.",
    "`rerunFailure`": "An earlier attempt, if no retry passed.",
}
"""Elements of junit.xml; a test compares them with the code that writes them."""


def commands(group: click.Group = cli, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every leaf command with its words, sorted."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def render() -> str:
    """Return the section, from its heading to the end of the file."""
    return "\n".join(
        [
            f"{HEADING}\nWritten by `make reference` from the code; a test compares them.\n",
            *_section("Commands", ("command", "purpose"), _command_rows()),
            "Every command has `--help` with an example. Exit codes:\n",
            *_table(("code", "verdicts", "meaning"), _exit_code_rows()),
            *_section("Variables", ("variable", "default", "purpose"), _variable_rows()),
            *_section("Needs", ("need", "kind", "the target must set"), _need_rows()),
            *_section("run.json", ("field", "meaning"), _run_json_rows()),
            *_section("junit.xml", ("element", "meaning"), JUNIT.items()),
        ]
    )


def _section(title: str, heading: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    return [f"### {title}\n", *_table(heading, rows)]


def _table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [f"| {' | '.join(heading)} |"]
    lines += ["|".join(["", *("---" for _ in heading), ""])]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return [*lines, ""]


def _command_rows() -> Iterator[tuple[str, str]]:
    for words, command in commands():
        yield f"`securenet-obs {words}`", command.get_short_help_str(limit=200)


def _exit_code_rows() -> Iterator[tuple[str, str, str]]:
    for code, meaning in MEANINGS.items():
        names = ", ".join(verdict.value for verdict in Verdict if verdict.exit_code == code)
        yield f"{code}", names, meaning


def _variable_rows() -> Iterator[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        default = getattr(field.default, "get_secret_value", lambda value=field.default: value)()
        shown = f"`{default}`" if default != "" else ""
        yield f"`{name.upper()}`", shown, str(field.description)


def _need_rows() -> Iterator[tuple[str, str, str]]:
    for name, need in NEEDS.items():
        always = [f"`{variable}`" for variable in need.variables]
        special = [
            f"for {backend} {', '.join(f'`{variable}`' for variable in variables)}"
            for backend, variables in need.by_backend.items()
        ]
        yield f"`{name}`", need.kind, "; ".join([", ".join(always), *special])


def _run_json_rows() -> Iterator[tuple[str, str]]:
    models: tuple[tuple[str, type[BaseModel]], ...] = (
        ("", RunJson),
        ("runs[].", RunFields),
        ("runs[].checks.", ChecksFields),
        ("runs[].checks.rows[].", CheckFields),
    )
    for prefix, model in models:
        for name, field in model.model_fields.items():
            yield f"`{prefix}{name}`", str(field.description)


def main() -> None:
    """Write the section into README."""
    text = README.read_text()
    README.write_text(text[: text.index(HEADING)] + render())


if __name__ == "__main__":
    main()
