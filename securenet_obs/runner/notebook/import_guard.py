"""Blocks the slow import of `rfc3987_syntax` (by jsonschema) in the calling process.

nbformat imports jsonschema, which imports `rfc3987_syntax` if it is installed. At import, that
builds a grammar of internationalised addresses (1.1 of the 1.5 s that papermill takes), for a
format that no notebook schema uses. jsonschema works without it.
"""

import sys


def block_slow_imports() -> None:
    """Make `rfc3987_syntax` unavailable to all later imports."""
    if "rfc3987_syntax" not in sys.modules:
        # Python raises ModuleNotFoundError for a module that is None in `sys.modules`.
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
