"""Drafts of new notebooks: writes one that runs and passes lint; lists the parts left to write."""

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.lint import lint_file
from securenet_obs.errors import NotebookError

Kind = Literal["validation", "runbook"]

FOLDERS: dict[Kind, str] = {"validation": "notebooks", "runbook": "runbooks"}
"""Kind of a notebook -> its folder below a project root."""

_NAME = re.compile(r"(?:\d\d_)?[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_NUMBERED = re.compile(r"(\d\d)_")


@dataclass(frozen=True)
class Draft:
    """A notebook that was just written.

    Attributes:
        path: its file.
        name: its name, with the number of a validation.
        findings: the parts that are still to be written.
    """

    path: Path
    name: str
    findings: tuple[Finding, ...]


def write_draft(kind: Kind, name: str, root: Path) -> Draft:
    """Write a draft below a project root; a validation gets the next number.

    Args:
        kind: validation or runbook.
        name: the claim of a validation or the symptom of a runbook, such as `results_expire`.
        root: folder that holds, or is to hold, notebooks/ and runbooks/.

    Raises:
        NotebookError: the name cannot be used, or is taken.
    """
    if not _NAME.fullmatch(name):
        raise NotebookError(
            f"{name!r} is not a name of a notebook: lower-case words with underscores, "
            "as in `results_expire`"
        )
    folder = root / FOLDERS[kind]
    full_name = _number(name, folder) if kind == "validation" else name
    path = folder / f"{full_name}.ipynb"
    title = re.sub(r"^\d\d_", "", full_name).replace("_", " ").capitalize()
    document = _fill(kind, full_name, title)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(document)
    except FileExistsError:
        raise NotebookError(f"{path}: exists already; choose another name") from None
    return Draft(path, full_name, tuple(lint_file(path)))


def _number(name: str, folder: Path) -> str:
    """Return the name with a number: the given one, else the one after the highest."""
    taken = {path.stem[3:]: path.stem for path in folder.glob("[0-9][0-9]_*.ipynb")}
    if _NUMBERED.match(name):
        return name
    if name in taken:
        raise NotebookError(f"{folder / taken[name]}.ipynb: exists already; choose another name")
    highest = max((int(stem[:2]) for stem in taken.values()), default=0)
    return f"{highest + 1:02d}_{name}"


def _fill(kind: Kind, name: str, title: str) -> str:
    """Return the template of a kind with its name and its title."""
    text = (
        files("securenet_obs.authoring").joinpath("templates", f"{kind}.ipynb").read_text("utf-8")
    )
    document = json.loads(text)
    for cell in document["cells"]:
        source = "".join(cell["source"]).replace("TITLE", title).replace('"NAME"', f'"{name}"')
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
