"""Detects notebooks in other languages than Python by metadata; reads the names of the kernel."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PYTHON = re.compile(r"i?python[\d.]*|py", re.IGNORECASE)

_STATED = (("kernelspec", "language"), ("language_info", "name"), ("jupytext", "main_language"))
"""Metadata fields that state the language: two of Jupyter, one of jupytext."""


def foreign_language(metadata: Mapping[str, Any]) -> str:
    """Return a sentence that names the language if it is not Python, else an empty string.

    Without a stated language, the kernel's name decides: `ir` is not Python, `python3` is. An
    ambiguous name is refused, because Python might run another language's code.
    """
    stated = list(_languages(metadata))
    for place, language in stated:
        if not _PYTHON.fullmatch(language):
            return f"metadata.{place} is {language[:40]!r}; only Python notebooks can be run"
    name, display_name = kernel_names(metadata)
    if stated or not name or "py" in f"{name} {display_name}".lower():
        return ""
    return (
        f"metadata.kernelspec.name is {name[:40]!r} and no language is stated; only Python "
        'notebooks can be run (for one: "kernelspec": {"name": "python3", "language": "python"})'
    )


def _languages(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for block, key in _STATED:
        inner = metadata.get(block)
        language = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(language, str) and language.strip():
            yield f"{block}.{key}", language.strip()


def kernel_names(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kernel's name and display name; empty if missing or not a text."""
    spec = metadata.get("kernelspec")
    if isinstance(spec, str):
        return spec, ""
    if not isinstance(spec, Mapping):
        return "", ""
    names = (spec.get("name"), spec.get("display_name"))
    name, display_name = (text if isinstance(text, str) else "" for text in names)
    return name, display_name
