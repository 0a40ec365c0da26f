"""Waivers: decisions to accept something until the end of a day, with a reason; read from TOML."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from securenet_obs.errors import WaiverError


@dataclass(frozen=True, slots=True)
class WaiverEntry:
    """One decision to accept something.

    Attributes:
        subject: the accepted thing, by its id.
        scope: restricts the subject, such as to one package; empty for none.
        reason: reason of the decision.
        expires_on: last day, in UTC.
    """

    subject: str
    scope: str
    reason: str
    expires_on: date

    def has_expired(self, today: date) -> bool:
        """Return whether the last day has passed."""
        return self.expires_on < today


def read_waiver_file(path: Path, *, scope: str = "") -> list[WaiverEntry]:
    """Read tables `[[waiver]]` with `id`, `reason`, `expires`, and perhaps a field for the scope.

    Args:
        path: path of the TOML file.
        scope: name of the field for the scope; no such field is accepted if it is empty.

    Raises:
        WaiverError: the file cannot be read, is not TOML, or a waiver lacks a field; the message
            names it.
    """
    try:
        rows = tomllib.loads(path.read_text()).get("waiver", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WaiverError(f"{path.name} is not valid TOML: {error}") from None
    except OSError as error:
        raise WaiverError(f"{path}: cannot be read: {error.strerror}") from None
    if not isinstance(rows, list):
        raise WaiverError(f"{path.name}: `waiver` is not a list of tables ([[waiver]])")
    return [_read_entry(row, f"{path.name}: waiver {n}", scope) for n, row in enumerate(rows, 1)]


def _read_entry(row: Any, place: str, scope: str) -> WaiverEntry:
    match row:
        case {"id": str(subject), "reason": str(reason), "expires": date() as expires} if reason:
            restricted = row.get(scope, "") if scope else ""
            unknown = row.keys() - {"id", "reason", "expires", scope}
            if not unknown and isinstance(restricted, str):
                return WaiverEntry(subject, restricted, reason, expires)
    more = f', and may have {scope} = "…"' if scope else ""
    raise WaiverError(f'{place} needs id = "…", reason = "…" and expires = 2026-12-31{more}')
