"""The program changes its process, and then runs the module with its arguments."""

import os
import subprocess
import sys

from securenet_obs.drills.doubt import KNOWN_FAULTS

CHANGES = sorted(
    {
        name
        for fault in KNOWN_FAULTS.values()
        for name in getattr(fault.hold, "keywords", {}).get("changes", ())
    }
)
PROGRAM = "securenet_obs.drills.doubt.changes.program"


def test_every_change_can_be_made() -> None:
    """A change whose place was renamed would end the part at its start."""
    names = ",".join([*CHANGES, "redaction.without_rules"])
    command = [sys.executable, "-m", PROGRAM, names, "json.tool", "--no-indent"]
    variables = {**os.environ, "RULES_AWAY": "password"}
    done = subprocess.run(
        command, input=b'{"a":  1}', env=variables, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b'starting up ...\n{"a": 1}\n'), done.stderr
