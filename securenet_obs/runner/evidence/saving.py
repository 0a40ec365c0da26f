"""Writes files into an evidence folder, atomically and with secrets masked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.runner.evidence.masking import Masker


def save(path: Path, text: str, masker: Masker, *, last: bool = True) -> None:
    """Write a text file atomically; a reader sees the old version or the new one, never half.

    The known secret values are masked once more, in the whole text: harmless parts may have
    become a secret when they were joined.

    Args:
        path: path of the file.
        text: its whole content.
        masker: masks the content.
        last: whether to wait until the file is on the disk; an intermediate version need not be.

    Raises:
        EvidenceError: the file cannot be written; the old version stays.
    """
    data = masker.exact(text).encode("utf-8", "replace")
    try:
        replace_file(path, data, mode=0o644, to_disk=last)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be written: {error.strerror}") from error


def save_notebook(
    path: Path, notebook: Mapping[str, Any], masker: Masker, *, last: bool = True
) -> None:
    """Write a notebook with its sources, outputs and metadata masked.

    Raises:
        EvidenceError: the file cannot be written.
    """
    document = {
        "cells": [_cell(cell, masker) for cell in notebook["cells"]],
        "metadata": masker.value(notebook["metadata"]),
        "nbformat": notebook["nbformat"],
        "nbformat_minor": notebook["nbformat_minor"],
    }
    save(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n", masker, last=last)


def _cell(cell: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    masked = dict(cell)
    # A secret may have been given as an ordinary parameter value.
    given = "injected-parameters" in (cell["metadata"].get("tags") or [])
    masked["source"] = (masker.text if given else masker.source)(cell["source"])
    masked["metadata"] = masker.value(cell["metadata"])
    if "outputs" in cell:
        masked["outputs"] = [_output(output, masker) for output in cell["outputs"]]
    if "attachments" in cell:
        masked["attachments"] = {
            masker.exact(name): masker.bundle(data) for name, data in cell["attachments"].items()
        }
    return masked


def _output(output: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    masked = dict(output)
    for part in ("text", "evalue", "ename", "traceback"):
        if part in output:
            masked[part] = masker.value(output[part])
    if "data" in output:
        masked["data"] = masker.bundle(output["data"])
    if "metadata" in output:
        masked["metadata"] = masker.value(output["metadata"])
    return masked
