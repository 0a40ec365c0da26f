"""The command `report`."""

import json
from pathlib import Path

from click.testing import CliRunner

from securenet_obs.cli import cli
from tests.benchmarks.made_evidence import make_evidence


def test_the_site_is_written(tmp_path: Path) -> None:
    """The line has its index; JSON has the counts; a damaged summary is named on stderr."""
    make_evidence(tmp_path / "evidence", 3)
    done = CliRunner().invoke(cli, ["report", str(tmp_path / "evidence")])
    index = tmp_path / "evidence" / "index.html"
    assert done.stdout == f"report: {index} (3 runs, 3 new pages)\n"
    assert index.exists()
    (tmp_path / "evidence" / "a").mkdir()
    (tmp_path / "evidence" / "a" / "run.json").write_text("{")
    out = tmp_path / "out"
    options = ["report", str(tmp_path / "evidence"), "--out", str(out), "--json"]
    done = CliRunner().invoke(cli, options)
    facts = json.loads(done.stdout)
    assert (facts["index"], facts["runs"]) == (str(out / "index.html"), 3)
    assert facts["unreadable"].keys() == {"a"}
    assert "a is left out: its run.json is not JSON" in done.stderr


def test_a_folder_that_does_not_exist_is_bad_usage(tmp_path: Path) -> None:
    """The exit code is 2."""
    done = CliRunner().invoke(cli, ["report", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert "does not exist" in done.output
