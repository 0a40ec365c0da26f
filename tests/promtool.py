"""Prometheus' own checker of expositions and rules; a test without it is skipped, fails in CI."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from securenet_obs.errors import StackError
from tests.stores import missing


def promtool(*arguments: object, text: str = "") -> "subprocess.CompletedProcess[str]":
    """Run promtool with this standard input."""
    program = shutil.which("promtool")
    if program is None:
        missing(StackError("promtool is not on the PATH: apt-get install prometheus"))
    command = [program, *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def fires(rules: Path, alert: str, series: Mapping[str, str], *minutes: int) -> bool:
    """Return whether promtool finds an alert firing at one of these minutes of an hour."""
    samples = [{"series": name, "values": values} for name, values in series.items()]
    # The expected list is empty: promtool prints the alerts that it has got.
    tested = {
        "interval": "1m",
        "input_series": samples,
        "alert_rule_test": [
            {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": []} for minute in minutes
        ],
    }
    file = rules.with_name("tests.yml")
    file.write_text(yaml.safe_dump({"rule_files": [rules.name], "tests": [tested]}))
    done = promtool("test", "rules", file)
    assert done.returncode == 0 or "got:[" in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode != 0
