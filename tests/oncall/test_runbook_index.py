"""The index of the runbooks of another project than this one."""

import json
from pathlib import Path

import pytest

from securenet_obs.errors import NotebookError
from securenet_obs.oncall.runbook_index import build_index

PROJECT = Path(__file__).parents[2]


def write_runbook(root: Path, **declared: object) -> None:
    document = json.loads((PROJECT / "runbooks" / "worker_is_gone.ipynb").read_text())
    document["metadata"]["securenet"].update(declared)
    (root / "runbooks").mkdir()
    (root / "runbooks" / "our_own.ipynb").write_text(json.dumps(document))


def test_a_new_runbook_is_indexed_by_its_metadata_alone(tmp_path: Path) -> None:
    """Patterns, fallback patterns and symptoms; a validation is not part of it."""
    write_runbook(tmp_path, patterns=["our own"], fallback_patterns=["other"], symptoms=["it is"])
    (entry,) = build_index(tmp_path).entries.values()
    assert (entry.name, entry.patterns, entry.symptoms) == ("our_own", ("our own",), ("it is",))
    assert entry.fallback_patterns == ("other",)


def test_a_pattern_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    write_runbook(tmp_path, patterns=["(ab)+cdef"])
    with pytest.raises(NotebookError, match=r"patterns: our_own: '\(ab\)\+cdef' repeats a group"):
        build_index(tmp_path)
