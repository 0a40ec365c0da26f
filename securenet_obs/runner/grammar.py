"""Keeps a second-long import out of every process that reads or runs notebooks.

nbformat imports jsonschema, which imports `rfc3987_syntax` if it is installed; that builds a
grammar of internationalised addresses at import (1.1 of the 1.5 s that papermill takes), for a
format that no notebook schema uses. jsonschema does without it when it is not there.
"""

import sys


def do_without() -> None:
    """Make `rfc3987_syntax` unavailable to what is imported from here on."""
    if "rfc3987_syntax" not in sys.modules:
        # None is Python's own mark for a module that must not be found.
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
