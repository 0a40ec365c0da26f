"""Makes evidence folders of any number, in the shape that a run leaves, from stored outputs."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securenet_obs.checks import CHECK_MIME
from securenet_obs.runner.record.provenance import read_provenance

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
START = datetime(2026, 8, 1, 6, tzinfo=UTC)

SETTINGS = {
    "name": "staging.env", "API_URL": "https://api.staging.example", "ENVIRONMENT": "staging",
    "LOG_FORMAT": "json", "LOG_LEVEL": "INFO", "LOG_SOURCE": "/var/log/securenet",
    "SECURENET_RELEASE": "securenet@0.1.0", "SENTRY_BACKEND": "sentry", "SENTRY_ORG": "acme",
    "SENTRY_PROJECT": "securenet", "SENTRY_URL": "https://sentry.example",
}  # fmt: skip
"""Object `target` of a manifest."""


def stored_checks() -> dict[str, list[dict[str, str]]]:
    """Return the checks in the stored outputs of each validation."""
    return {path.stem: list(_checks_in(path)) for path in sorted(NOTEBOOKS.glob("[01]*.ipynb"))}


def _checks_in(path: Path) -> Iterator[dict[str, str]]:
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", ()):
            if check := output.get("data", {}).get(CHECK_MIME):
                yield check


def make_row(
    notebook: str, known: Sequence[Mapping[str, str]], started: datetime, **changed: Any
) -> dict[str, Any]:
    """Return a run as in run.json; `fail` in `changed` is the number of a check that fails."""
    fail = changed.pop("fail", None)
    rows = [dict(check) for check in known]
    if fail is not None:
        rows[fail] |= {"outcome": "failed", "observed": "something else"}
    outcomes = [check["outcome"] for check in rows]
    failed = [check["name"] for check in rows if check["outcome"] == "failed"]
    return {
        "run": notebook,
        "notebook": notebook,
        "kind": "validation",
        "path": f"notebooks/{notebook}.ipynb",
        "attempt": 1,
        "verdict": "failed" if failed else "passed",
        "cell": 7 if failed else None,
        "reason": f"failed: {', '.join(failed)}" if failed else "",
        "seconds": 1.5,
        "started": started.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "parameters": {"tenant_id": "tenant-canary", "deadline_s": 10.0, "canaries": 100},
        "sources": "5f1c2a97b07b4f5e",
        "limits": {"deadline_s": 240.0, "cell_deadline_s": 120.0},
        "checks": {
            **{name: outcomes.count(name) for name in ("passed", "failed", "skipped")},
            "rows": rows,
        },
        "cells": 14,
        "cells_finished": 14,
        "phases": {"kernel start": 0.08, "cells": 1.2, "kernel end": 0.12, "saving": 0.2},
        "timings": {str(cell): 0.1 for cell in range(1, 15)},
    } | changed


PROVENANCE: dict[str, Any] = {**read_provenance(), "code": "0123456789abcdef"}


def make_manifest(
    name: str, rows: Sequence[Mapping[str, Any]], changed: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the content of a run.json."""
    return {
        "id": name,
        "command": "validate",
        "target": SETTINGS,
        **PROVENANCE,
        "planned": [{"path": f"/srv/{row['path']}", "deadline_s": None} for row in rows],
        "resumes": "",
        "started": rows[0]["started"] if rows else "",
        "verdict": "passed",
        "exit_code": 0,
        "reason": "",
        "runs": list(rows),
        "files": {f"{row['run']}.html": "0" * 64 for row in rows},
        "digest": "0" * 64,
    } | dict(changed or {})


def write_command(
    root: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    changed: Mapping[str, Any] | None = None,
) -> Path:
    """Write the evidence folder of a command; return it."""
    folder = root / name
    folder.mkdir(parents=True)
    for row in rows:
        (folder / f"{row['run']}.html").write_text("<p>executed</p>")
        (folder / f"{row['run']}.ipynb").write_text("{}")
    (folder / "run.json").write_text(json.dumps(make_manifest(name, rows, changed), indent=2))
    return folder


def make_evidence(root: Path, runs: int, *, per_command: int = 1, seed: int = 18) -> None:
    """Write this number of runs, in commands of `per_command` runs, in the order of time."""
    chance = random.Random(seed)
    known = stored_checks()
    names = list(known)
    made = 0
    while made < runs:
        started = START + timedelta(minutes=16 * made)
        part = [
            names[(made + place) % len(names)] for place in range(min(per_command, runs - made))
        ]
        rows = [
            make_row(
                name,
                known[name],
                started + timedelta(seconds=place),
                seconds=round(chance.lognormvariate(0.7, 0.4), 3),
                **({"fail": chance.randrange(len(known[name]))} if chance.random() < 0.04 else {}),
            )
            for place, name in enumerate(part)
        ]
        write_command(root, f"{started:%Y%m%dT%H%M%SZ}-{made:08x}", rows)
        made += len(rows)
