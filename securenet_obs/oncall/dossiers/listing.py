"""The folder of dossiers: one self-contained HTML page each, with its facts in the page's head."""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from securenet_obs.processes.atomic_file import create_file, replace_file

MAX_DOSSIERS = 200
"""Number of dossiers that are kept, the newest ones."""

_META = "securenet-dossier"
_HEAD_BYTES = 16 * 1024
_FACTS = re.compile(rf'<meta name="{_META}" content="([^"]*)">')


@dataclass(frozen=True)
class Dossier:
    """The facts of one dossier.

    Attributes:
        name: the page's file name without suffix; it begins with the time.
        at: time at which it was written, ISO 8601 in UTC.
        alert: the alert's title.
        source: `sentry` or `alertmanager`.
        runbooks: the runbooks that match best; several are a tie, none is no match.
        outcome: `looking` until the looks have ended, then `row applies`, `no row applies`,
            `ambiguous`, `no runbook` or `look failed`.
        next_command: the command for the engineer.
        seconds: from the alert's arrival to this state of the page.
    """

    name: str
    at: str
    alert: str
    source: str
    runbooks: tuple[str, ...]
    outcome: str
    next_command: str
    seconds: float

    def to_row(self) -> dict[str, str]:
        """Return a short form for display."""
        return {
            "at": f"{self.at[:19]}Z",
            "alert": self.alert,
            "runbook": " or ".join(self.runbooks) or "none",
            "outcome": self.outcome,
            "next": self.next_command,
            "page": f"{self.name}.html",
        }


def list_dossiers(folder: Path) -> list[Dossier]:
    """Return the dossiers in a folder, the newest first; other files are left out.

    Args:
        folder: that of DOSSIERS_FOLDER; it need not exist.
    """
    pages = sorted(folder.glob("*.html"), reverse=True)
    return [dossier for page in pages if (dossier := _read(page)) is not None]


def has_page(folder: Path, name: str) -> bool:
    """Return whether there is a dossier of this name."""
    return _path(folder, name).exists()


def write_page(folder: Path, dossier: Dossier, body: str, *, replaces: bool = True) -> Path:
    """Write a dossier and remove the oldest ones; return its path.

    Args:
        folder: that of DOSSIERS_FOLDER.
        dossier: its facts.
        body: HTML between the head and the end of the page.
        replaces: whether a page of the same name is replaced; otherwise it stays as it is.

    Raises:
        OSError: the page cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    page = _path(folder, dossier.name)
    facts = html.escape(json.dumps(asdict(dossier)))
    title = html.escape(f"{dossier.alert}: {dossier.outcome}")
    head = _HEAD.format(meta=_META, facts=facts, title=title)
    content = f"{head}{body}</body></html>\n".encode()
    if replaces:
        replace_file(page, content, mode=0o600, to_disk=True)
    else:
        create_file(page, content, mode=0o600)
    _remove(sorted(folder.glob("*.html"))[:-MAX_DOSSIERS])
    return page


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.html"


def _read(page: Path) -> Dossier | None:
    try:
        with page.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
        found = _FACTS.search(head)
        facts = json.loads(html.unescape(found[1])) if found else {}
        return Dossier(**facts | {"runbooks": tuple(facts["runbooks"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remove(pages: Iterable[Path]) -> None:
    for page in pages:
        page.unlink(missing_ok=True)


# The page's policy keeps a browser from acting on what an alert or an output contains.
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="{meta}" content="{facts}">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; margin: 1.5em auto; max-width: 1200px; padding: 0 1em; }}
pre, td, th, p, code {{ overflow-wrap: anywhere; white-space: pre-wrap; }}
table {{ border-collapse: collapse; }}
td, th {{ border: 1px solid #ccc; padding: 2px 8px; text-align: left; vertical-align: top; }}
.warning {{ background: #fff3cd; padding: .5em 1em; }}
.command {{ background: #eef; font-family: monospace; padding: .5em 1em; }}
img {{ max-width: 100%; }}
</style></head><body>
"""
