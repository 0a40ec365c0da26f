"""The launcher adds one frequent entry and removes none."""

import json
import os
import subprocess
import sys
from pathlib import Path

from securenet_obs.drills.faults import beat_with_drill

MODULE = """
import json, sys
from securenet_obs.workers.celery_app import celery_app

schedule = celery_app.conf.beat_schedule
entries = {name: list(entry.get("args", ())) for name, entry in schedule.items()}
print(json.dumps({"entries": entries, "arguments": sys.argv[1:], "name": __name__}))
"""


def test_module_runs_with_an_additional_entry(tmp_path: Path) -> None:
    """The module runs as a program with its own arguments and with the additional entry."""
    (tmp_path / "seen.py").write_text(MODULE)
    done = subprocess.run(
        [sys.executable, beat_with_drill.__file__, "seen", "--option"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["entries"][beat_with_drill.ENTRY] == [beat_with_drill.CANARY]
    assert "vulnerability-scan" in report["entries"]
    assert (report["arguments"], report["name"]) == (["--option"], "__main__")
