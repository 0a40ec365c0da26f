"""Lint: reads notebooks and applies every rule; a file that cannot be read is one finding."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from securenet_obs.authoring import anatomy, declarations, hygiene, needs, outputs
from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import Page, read_page
from securenet_obs.errors import NotebookError, NotebookNotFoundError
from securenet_obs.runner.notebook.catalog import is_hidden, list_files

Rule = Callable[[Page], Iterator[Finding]]

RULES_OF_ANY: tuple[Rule, ...] = (
    anatomy.find_missing_title,
    anatomy.find_unexplained_code,
    anatomy.find_long_cells,
    anatomy.find_invalid_syntax,
    anatomy.find_definitions,
    anatomy.find_private_imports,
    hygiene.find_shell_escapes,
    hygiene.find_absolute_paths,
    hygiene.find_secrets,
)
"""The rules that need no declarations: they are applied to a notebook without valid ones, too."""

RULES: tuple[Rule, ...] = (
    *RULES_OF_ANY,
    anatomy.find_missing_verdict,
    anatomy.find_cut_tables,
    declarations.find_untyped_parameters,
    declarations.find_undeclared_checks,
    declarations.find_missing_parts,
    needs.find_undeclared_needs,
    outputs.find_cut_outputs,
    outputs.find_unreal_outputs,
    outputs.find_stale_outputs,
    outputs.find_other_checks,
)
"""Every rule; the first line of its docstring is the rule."""


def find_files(root: Path, paths: Iterable[Path]) -> list[Path]:
    """Return the notebooks at some paths, files or folders; without paths those of a project.

    Raises:
        NotebookNotFoundError: a path does not exist.
    """
    named = list(paths)
    if not named:
        return list_files(root)
    for path in named:
        if not path.exists():
            raise NotebookNotFoundError(f"{path}: no such notebook or folder.")
    found = [_files_below(path) if path.is_dir() else [path] for path in named]
    return list(dict.fromkeys(path for paths in found for path in paths))


def _files_below(folder: Path) -> list[Path]:
    """Return the notebooks below a folder, without Jupyter's checkpoints and other hidden files."""
    files = folder.glob("**/*.ipynb")
    return sorted(path for path in files if not is_hidden(path.relative_to(folder)))


def lint_file(path: Path) -> list[Finding]:
    """Return every finding of a notebook, in the order of the rules."""
    try:
        return _apply(RULES, read_page(path))
    except NotebookError as error:
        reason = str(error).removeprefix(f"{path}: ")
        unreadable = Finding(str(path), "readable", reason)
    try:
        return [unreadable, *_apply(RULES_OF_ANY, read_page(path, plain=True))]
    except NotebookError:
        return [unreadable]


def _apply(rules: Iterable[Rule], page: Page) -> list[Finding]:
    return [finding for rule in rules for finding in rule(page)]


def lint_files(paths: Iterable[Path]) -> list[Finding]:
    """Return every finding of some notebooks."""
    return [finding for path in paths for finding in lint_file(path)]
