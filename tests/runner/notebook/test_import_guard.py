"""Import guard: nbformat loads without a slow import, a second faster, and still validates."""

import subprocess
import sys

CODE = """
import sys
from securenet_obs.runner.notebook import import_guard
import_guard.block_slow_imports()
import nbformat
print("lark" in sys.modules)
nbformat.validate(nbformat.v4.new_notebook())
try:
    nbformat.validate({"nbformat": 4, "nbformat_minor": 5, "metadata": 1, "cells": []})
except nbformat.ValidationError:
    print("refused")
"""


def test_nbformat_is_imported_without_the_grammar_and_still_validates() -> None:
    """The parser library is not imported, and only an invalid notebook is refused."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "refused"]
