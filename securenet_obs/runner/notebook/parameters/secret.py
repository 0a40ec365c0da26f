"""A notebook's reference to a secret; the value is read on request, from a variable or a file."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.errors import SettingsError

MOUNTED = Path("/run/secrets")
"""Folder where container platforms mount secrets, one file each, named after the secret."""

_REFERENCE = re.compile(r"secret:([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True)
class Secret:
    """A reference such as `secret:SENTRY_AUTH_TOKEN`; printing it shows the reference only.

    Raises:
        ValueError: the text is not a reference. The message omits it, as it may be the value.
    """

    reference: str

    def __post_init__(self) -> None:
        """Refuse a text that is not a reference."""
        if not _REFERENCE.fullmatch(self.reference):
            raise ValueError("takes a reference such as secret:NAME, never a value")

    def __str__(self) -> str:
        """Return the reference."""
        return self.reference

    @property
    def name(self) -> str:
        """Name of the environment variable, or of the mounted file."""
        return self.reference.partition(":")[2]

    def get_secret_value(self) -> str:
        """Read the value: variable NAME, else the file that NAME_FILE names, else a mounted file.

        Raises:
            SettingsError: the secret is not set, or its file cannot be read.
        """
        if value := os.environ.get(self.name):
            return value
        path = Path(os.environ.get(f"{self.name}_FILE") or MOUNTED / self.name)
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{self.reference}: the variable {self.name} is not set and {path} cannot be read."
            ) from error
