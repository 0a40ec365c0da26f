"""Reader of uv.lock and poetry.lock."""

import pytest

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.inventory.toml_locks import read_toml_lock
from securenet_obs.errors import InventoryError

UV = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "Jinja2"
version = "3.1.2"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "fork"
version = "1.0"
source = { git = "https://example.org/fork?rev=1#abc" }

[[package]]
name = "own"
version = "0.1"
source = { editable = "." }

[[package]]
version = "1"

[[package]]
name = "dynamic"
source = { registry = "https://pypi.org/simple" }
"""

POETRY = """\
[[package]]
name = "requests"
version = "2.30.0"
optional = false
files = [{file = "requests-2.30.0.tar.gz", hash = "sha256:aa"}]

[package.dependencies]
idna = ">=2.5"

[[package]]
name = "near"
version = "1.0"

[package.source]
type = "directory"
url = "../near"

[metadata]
lock-version = "2.0"
"""


def test_uv_lock_is_read() -> None:
    """Registry and git packages are judged by version; local and nameless ones have the reason."""
    entries = list(read_toml_lock(UV, "uv.lock"))
    rows = [
        (row.name, row.version, row.place, row.unjudged)
        for row in entries
        if isinstance(row, Component)
    ]
    assert rows == [
        ("Jinja2", "3.1.2", "uv.lock:4", ""),
        ("fork", "1.0", "uv.lock:9", ""),
        ("own", "0.1", "uv.lock:14", "it is a local package (editable)"),
        ("dynamic", "", "uv.lock:22", "it has no version"),
    ]
    assert [row for row in entries if isinstance(row, Problem)] == [
        Problem("uv.lock:19", "the package has no name")
    ]


def test_poetry_lock_is_read() -> None:
    """The source of a package may be in a table of its own."""
    entries = list(read_toml_lock(POETRY, "poetry.lock"))
    rows = [(row.name, row.version, row.unjudged) for row in entries if isinstance(row, Component)]
    assert rows == [
        ("requests", "2.30.0", ""),
        ("near", "1.0", "it is a local package (directory)"),
    ]


@pytest.mark.parametrize("text", ["[[package", "package = 7"])
def test_another_file_is_refused(text: str) -> None:
    """A file that is not such a lock has an error that names it."""
    with pytest.raises(InventoryError, match=r"uv\.lock"):
        list(read_toml_lock(text, "uv.lock"))
