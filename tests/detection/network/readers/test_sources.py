"""Sources of logs."""

import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.detection.network.readers.sources import read_source

PROGRAM = """
from securenet_obs.detection.network.readers.sources import read_source
print([entry.item for entry in read_source("-")])
"""


def test_standard_input_is_read() -> None:
    """A dash is standard input, also a pipe."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=b"1\n2\n", capture_output=True)
    assert done.stdout == b"[1, 2]\n"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """The system's error names the file."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(read_source(str(tmp_path / "nowhere")))
