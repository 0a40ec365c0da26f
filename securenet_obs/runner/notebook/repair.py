"""Converts notebook JSON to valid nbformat 4.5 without outputs; refuses defects, naming the place.

Only defects that do not affect the behaviour of cells are repaired: JupyterLab and papermill ignore
them, too, or fail on them by accident. Everything else is refused: a cell that is dropped or read
differently would give a verdict about another notebook. Saved outputs are dropped, as every run
produces its own.
"""

import json
import re
import warnings
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from securenet_obs.errors import NotebookError
from securenet_obs.redaction import redact_text
from securenet_obs.runner.notebook import import_guard
from securenet_obs.runner.notebook.language import foreign_language, kernel_names

MAJOR, MINOR = 4, 5
MAX_DEPTH = 100
"""Levels of nesting above which metadata is refused: copying it would exhaust the stack."""

RESERVED_IDS = ("injected-parameters", "securenet-banner", "first-failing-cell")
"""Ids of the cells that a run adds; another cell with such an id gets a new one."""

_CODE = frozenset({"cell_type", "id", "metadata", "source"})
_KEYS = {"code": _CODE, "markdown": _CODE | {"attachments"}, "raw": _CODE | {"attachments"}}
_RENEWED = ("language_info", "papermill", "widgets")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def repaired(document: Any) -> dict[str, Any]:
    """Return a valid copy of a notebook document, with sources joined and outputs dropped.

    Raises:
        NotebookError: only a guess could repair it; the message starts with the place.
    """
    if not isinstance(document, dict):
        raise NotebookError(f"not a document of format {MAJOR}: it is {_kind(document)}")
    document = _of_format_4(document)
    metadata = _object(document.get("metadata") or {}, "metadata")
    if problem := foreign_language(metadata):
        raise NotebookError(problem)
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise NotebookError(f"cells: a list is required, not {_kind(cells)}")
    cells = [_cell(cell, f"cells[{index}]") for index, cell in enumerate(cells)]
    _name(cells)
    made = {"cells": cells, "metadata": _without_kernel_details(metadata)}
    return _valid(_clean({**made, "nbformat": MAJOR, "nbformat_minor": MINOR}, 0))


def _kind(value: Any) -> str:
    """Return the name of a value's JSON type."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    return "nothing" if value is None else names.get(type(value), "a number")


def _shown(value: Any) -> str:
    """Return a refused value for a message: a scalar itself, for anything else its type."""
    if value is None or isinstance(value, dict | list):
        return _kind(value)
    return redact_text(repr(value)[:40])


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotebookError(f"{place}: an object is required, not {_kind(value)}")
    return value


def _import_nbformat() -> ModuleType:
    """Return nbformat, an extra: commands that read no notebook do without it, as in the image."""
    import_guard.block_slow_imports()
    import nbformat

    return nbformat


def _of_format_4(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document in format 4; nbformat converts older ones, as it does for JupyterLab."""
    major = document.get("nbformat")
    if type(major) not in (int, float) or major not in (1, 2, 3, MAJOR):
        raise NotebookError(
            f"nbformat: {_shown(major)} is not a notebook format; the current one is {MAJOR}"
        )
    return document if major == MAJOR else _converted(document)


def _converted(document: dict[str, Any]) -> dict[str, Any]:
    for language in _languages_of_cells(document):
        if problem := foreign_language({"kernelspec": {"language": language}}):
            raise NotebookError(problem.replace("metadata.kernelspec", "cells", 1))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = json.dumps(document)
            return dict(_import_nbformat().reads(text, as_version=MAJOR))
    except Exception as error:
        # The converter validates nothing: an unexpected value may raise any error.
        raise NotebookError(
            f"nbformat {document['nbformat']}: cannot be converted to format 4 "
            f"({type(error).__name__}); open it in JupyterLab and save it"
        ) from error


def _languages_of_cells(document: Mapping[str, Any]) -> Iterable[Any]:
    """Yield the language of each cell of a document of format 2 or 3."""
    for sheet in document.get("worksheets") or []:
        for cell in (sheet.get("cells") if isinstance(sheet, dict) else None) or []:
            if isinstance(cell, dict):
                yield cell.get("language")


def _cell(cell: Any, place: str) -> dict[str, Any]:
    cell = _object(cell, place)
    kind = cell.get("cell_type")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise NotebookError(
            f"{place}.cell_type: code, markdown or raw is required, not {_shown(kind)}"
        )
    made = {key: value for key, value in cell.items() if key in _KEYS[kind]}
    if not made.get("attachments"):
        made.pop("attachments", None)
    made["source"] = _source(cell.get("source"), f"{place}.source")
    made["metadata"] = _cell_metadata(cell.get("metadata") or {}, f"{place}.metadata")
    if kind == "code":
        _refuse_surrogates(made["source"], f"{place}.source")
        made |= {"outputs": [], "execution_count": None}
    return made


def _source(source: Any, place: str) -> str:
    if isinstance(source, str):
        return source
    if not isinstance(source, list):
        raise NotebookError(f"{place}: a text or a list of lines is required, not {_kind(source)}")
    for index, line in enumerate(source):
        if not isinstance(line, str):
            raise NotebookError(f"{place}[{index}]: a text is required, not {_kind(line)}")
    return "".join(source)


def _refuse_surrogates(source: str, place: str) -> None:
    if found := _SURROGATE.search(source):
        line = source.count("\n", 0, found.start()) + 1
        raise NotebookError(
            f"{place}, line {line}: U+{ord(found[0]):04X} is half a character; Python refuses it"
        )


def _cell_metadata(metadata: Any, place: str) -> dict[str, Any]:
    """Return a cell's metadata with tags as a list of texts, without the keys that a run writes."""
    made = dict(_object(metadata, place))
    for name in ("papermill", "securenet"):
        made.pop(name, None)
    if "tags" in made:
        made["tags"] = _tags(made["tags"], f"{place}.tags")
    return made


def _tags(tags: Any, place: str) -> list[str]:
    """Return the tags; a single text is split at commas, as papermill searches it for each tag."""
    if tags is None:
        return []
    if isinstance(tags, str):
        tags = tags.split(",")
    if not isinstance(tags, list):
        raise NotebookError(f"{place}: a list of texts is required, not {_kind(tags)}")
    texts = [tag.strip() for tag in tags if isinstance(tag, str) and "," not in tag]
    return list(dict.fromkeys(filter(None, texts)))


def _name(cells: list[dict[str, Any]]) -> None:
    """Assign a new id to each cell with a missing, invalid, duplicate or reserved one."""
    taken = set(RESERVED_IDS)
    unnamed = []
    for index, cell in enumerate(cells):
        name = cell.get("id")
        if not isinstance(name, str) or not _ID.fullmatch(name) or name in taken:
            unnamed.append((index, cell))
        else:
            taken.add(name)
    for index, cell in unnamed:
        candidates = (f"cell-{index}{'x' * times}" for times in range(len(cells) + 1))
        cell["id"] = next(name for name in candidates if name not in taken)
        taken.add(cell["id"])


def _without_kernel_details(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata with a complete kernelspec, without the keys that a kernel rewrites."""
    made = {key: value for key, value in metadata.items() if key not in _RENEWED}
    if "kernelspec" in made:
        name, display_name = kernel_names(metadata)
        name = name or "python3"
        made["kernelspec"] = {
            "name": name,
            "display_name": display_name or name,
            "language": "python",
        }
    return made


def _clean(value: Any, depth: int) -> Any:
    """Return a copy with lone surrogates replaced.

    Raises:
        NotebookError: the value is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise NotebookError(f"its JSON is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        pairs = value.items()
        return {_SURROGATE.sub("\ufffd", key): _clean(part, depth + 1) for key, part in pairs}
    if isinstance(value, list):
        return [_clean(part, depth + 1) for part in value]
    return value


def _valid(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document, without invalid metadata, if nbformat's schema accepts it.

    Raises:
        NotebookError: the schema does not accept the rest.
    """
    nbformat = _import_nbformat()
    try:
        nbformat.validate(document)
    except nbformat.ValidationError:
        _, document = nbformat.validator.normalize(document, strip_invalid_metadata=True)
    else:
        return document
    try:
        nbformat.validate(document)
    except nbformat.ValidationError as error:
        place = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.relative_path
        )
        reason = redact_text(str(error.message).partition("\n")[0])[:200]
        raise NotebookError(f"{place.lstrip('.') or 'the file'}: {reason}") from None
    return document
