"""Saving evidence files: atomically, and masked in every field that can hold a text."""

import json
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.evidence.saving import save, save_notebook

CANARY = "hunter2-hunter2"
OUTPUTS: list[dict[str, Any]] = [
    {"output_type": "stream", "name": "stdout", "text": f"a {CANARY}"},
    {"output_type": "error", "ename": CANARY, "evalue": CANARY, "traceback": [f"x {CANARY}"]},
    {"output_type": "display_data", "metadata": {CANARY: 1}, "data": {"text/plain": CANARY}},
]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """The new file replaces the old one, leaves no temporary file, and is readable by others."""
    path = tmp_path / "a.txt"
    path.write_text("old and longer")
    save(path, f"new {CANARY}", Masker([CANARY]))
    assert CANARY not in path.read_text()
    assert path.read_text().startswith("new ")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_keeps_the_earlier_file(tmp_path: Path) -> None:
    """The error names the file, and no temporary file remains."""
    (tmp_path / "a" / "in the way").mkdir(parents=True)
    with pytest.raises(EvidenceError, match=r"/a: cannot be written"):
        save(tmp_path / "a", "text", Masker())
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_notebook_is_masked_in_every_part(tmp_path: Path) -> None:
    """Sources, outputs, metadata and attachments are masked, their names included."""
    code = {"cell_type": "code", "metadata": {"tags": [CANARY]}, "source": f"t = {CANARY!r}"}
    attachments = {f"{CANARY}.txt": {"text/plain": CANARY}}
    prose = {"cell_type": "markdown", "metadata": {}, "source": CANARY, "attachments": attachments}
    notebook = {
        "cells": [{**code, "outputs": OUTPUTS, "execution_count": 1}, prose],
        "metadata": {CANARY: CANARY}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    save_notebook(tmp_path / "n.ipynb", notebook, Masker([CANARY]))
    text = (tmp_path / "n.ipynb").read_text()
    assert CANARY not in text
    assert len(json.loads(text)["cells"][0]["outputs"]) == 3
