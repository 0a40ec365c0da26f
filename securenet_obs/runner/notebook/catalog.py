"""Finds notebooks by path, name or number; reads a file as `Notebook`, or as `Broken`."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from securenet_obs.errors import NotebookError, NotebookNotFoundError
from securenet_obs.runner.notebook.metadata import Declared
from securenet_obs.runner.notebook.notebook_file import read_json
from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.foreign import read_foreign_schema
from securenet_obs.runner.notebook.parameters.json_values import secrets_in
from securenet_obs.runner.notebook.parameters.schema import Schema
from securenet_obs.runner.notebook.repair import repaired
from securenet_obs.suggestions import did_you_mean, nearest

PARAMETERS = "parameters"
"""Tag of the cell that sets a notebook's parameters to their defaults."""

INJECTED = "injected-parameters"
"""Tag of the cell that sets given parameters, whether papermill or this runner added it."""

FOLDERS = ("notebooks", "runbooks")
"""The folders below the project root that hold notebooks."""


@dataclass(frozen=True)
class Notebook:
    """A notebook file as read: title, metadata, parameters, and document (nbformat 4, as JSON)."""

    path: Path
    title: str
    purpose: str
    declared: Declared
    schema: Schema
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def described(self) -> dict[str, Any]:
        """Return the notebook's entry in `list --json`."""
        return {
            "name": self.name,
            "path": str(self.path),
            "title": self.title,
            "purpose": self.purpose,
            **self.declared.model_dump(),
            "parameters": [row.described() for row in self.schema.parameters],
        }


def read_notebook(path: Path, *, plain: bool = False) -> Notebook:
    """Read a notebook file.

    Args:
        path: path of the file.
        plain: treat it as a foreign notebook, which needs neither our metadata nor checks.

    Raises:
        NotebookNotFoundError: the file does not exist.
        NotebookError: the notebook cannot be run as it is, or its metadata is invalid.
    """
    document = _read_document(path)
    cells = document["cells"]
    try:
        declared = Declared(kind="plain") if plain else _declared(document)
        schema = _schema(cells, plain)
    except ValidationError as error:
        problems = "; ".join(f"{_where(row['loc'])}: {row['msg']}" for row in error.errors())
        raise NotebookError(
            f"{path}: metadata `securenet`: {problems} (a foreign notebook runs with --plain)"
        ) from None
    except NotebookError as error:
        raise NotebookError(f"{path}: {error}") from error
    title, purpose = _heading(cells)
    return Notebook(path, title or path.stem, purpose, declared, schema, document)


def _read_document(path: Path) -> dict[str, Any]:
    """Return the file as a valid notebook document, with sources joined and outputs dropped."""
    document = read_json(path)
    try:
        return repaired(document)
    except NotebookError as error:
        raise NotebookError(f"{path}: not a notebook that can be run: {error}") from error


def _declared(document: dict[str, Any]) -> Declared:
    """Return the declarations of a notebook; only the command line may choose the kind `plain`."""
    block = document["metadata"].get("securenet", {})
    if not isinstance(block, dict):
        raise NotebookError("metadata `securenet`: an object is required")
    declared = Declared.model_validate(block)
    if declared.kind == "plain":
        raise NotebookError("metadata `securenet`: kind: Input should be 'validation' or 'runbook'")
    return declared


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location))


def _schema(cells: list[dict[str, Any]], plain: bool) -> Schema:
    """Return the schema of the `parameters` cell, or of papermill's cell in a foreign notebook."""
    for tag in (PARAMETERS, INJECTED) if plain else (PARAMETERS,):
        for cell in cells:
            if cell["cell_type"] == "code" and tag in (cell["metadata"].get("tags") or []):
                source = str(cell["source"])
                return read_foreign_schema(source) if plain else read_schema(source)
    return Schema(has_cell=False)


def _heading(cells: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the first heading and, on one line, the first paragraph of the first markdown cell."""
    first = next((str(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"), "")
    lines = first.splitlines()
    title = next((line.lstrip("#").strip() for line in lines if line.startswith("#")), "")
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return title, " ".join(text.strip().split("\n\n")[0].split())


@dataclass(frozen=True)
class Broken:
    """A notebook file below a project root that cannot be read; the reason contains its path."""

    path: Path
    reason: str

    def described(self) -> dict[str, Any]:
        """Return the file's entry in `list --json`."""
        return {"name": self.path.stem, "path": str(self.path), "error": self.reason}


def is_hidden(path: Path) -> bool:
    """Return whether a path below a folder is that of a hidden file, or in a hidden folder."""
    return any(part.startswith(".") for part in path.parts)


def list_files(root: Path) -> list[Path]:
    """Return the notebook files below a project root, validations first, sorted by name.

    Hidden ones are left out: JupyterLab writes one for a moment while it saves a notebook.
    """
    return [path for folder in FOLDERS for path in sorted((root / folder).glob("[!.]*.ipynb"))]


def read_all(root: Path) -> tuple[list[Notebook], list[Broken]]:
    """Return the notebooks below a project root in the order of `find_all`, and the broken ones."""
    notebooks, broken = [], []
    for path in list_files(root):
        try:
            notebooks.append(read_notebook(path))
        except NotebookError as error:
            broken.append(Broken(path, str(error)))
    return notebooks, broken


def find_secret_names(root: Path) -> Iterator[str]:
    """Yield the secrets to which a project's notebooks refer; broken notebooks are skipped."""
    for path in list_files(root):
        with suppress(NotebookError):
            yield from (
                secret.name for secret in secrets_in(read_notebook(path).schema.effective({}))
            )


def none_below(root: Path, what: str) -> str:
    """Return the message for an empty search, with the folders searched and the remedy."""
    folders = " and ".join(str(root.resolve() / name) for name in FOLDERS)
    return f"There are no {what} in {folders}; name another project folder with --root."


def find_all(root: Path) -> list[Notebook]:
    """Return the notebooks below a project root, validations first, sorted by name.

    Raises:
        NotebookError: some notebooks are broken; the message names each.
    """
    notebooks, broken = read_all(root)
    if broken:
        raise NotebookError("\n".join(row.reason for row in broken))
    return notebooks


def find(root: Path, name: str, *, plain: bool = False) -> Notebook:
    """Return one notebook by its path, name, number or a unique prefix of its name.

    Raises:
        NotebookNotFoundError: no notebook matches (the message suggests the nearest), or several
            match (the message lists them).
        NotebookError: the notebook is broken.
    """
    paths = list_files(root)
    if name.endswith(".ipynb") or plain:
        return _read_path(Path(name), paths, plain=plain)
    exact = [path for path in paths if path.stem == name]
    numbered = [path for path in paths if path.stem.partition("_")[0] == name]
    beginning = [path for path in paths if name and path.stem.startswith(name)]
    matching = exact or numbered or beginning
    if len(matching) > 1:
        candidates = ", ".join(str(path.relative_to(root)) for path in matching)
        raise NotebookNotFoundError(f"{name}: ambiguous; it is the beginning of {candidates}.")
    if not matching:
        known = [path.stem for path in paths]
        hint = did_you_mean(Path(name).name, known) or f" There is {', '.join(known) or 'none'}."
        raise NotebookNotFoundError(f"{name!r}: no such notebook below {root.resolve()}.{hint}")
    return read_notebook(matching[0])


def _read_path(path: Path, known: list[Path], *, plain: bool) -> Notebook:
    """Return the notebook at a path; if missing, suggest one from its folder or the catalog.

    Raises:
        NotebookNotFoundError: the file does not exist.
        NotebookError: the notebook is broken.
    """
    try:
        return read_notebook(path, plain=plain)
    except NotebookNotFoundError as error:
        beside = [*path.parent.glob("[!.]*.ipynb"), *known]
        paths = {other.stem: str(other) for other in reversed(beside)}
        near = [paths[stem] for stem in nearest(path.stem, paths)]
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise NotebookNotFoundError(f"{error}{hint}") from None
