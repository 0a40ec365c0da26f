"""Runs in workers have the output, verdict and exit code of runs here."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from securenet_obs.distributed.caller.calling import Call
from securenet_obs.distributed.names import SLOT_KEY
from securenet_obs.distributed.place import Place
from securenet_obs.errors import EvidenceError
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.console.progress import PlainLines
from securenet_obs.runner.evidence.folder import verify
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.target import target_of
from tests.distributed.fleet import Fleet

pytestmark = pytest.mark.stack


def _rows(output: str) -> list[str]:
    """Return the lines of a command's output without seconds and the path of the evidence."""
    lines = [re.sub(r"\(?\d+\.\d( s\))?", "", line).rstrip() for line in output.splitlines()]
    return sorted(line for line in lines if not line.startswith(("evidence", "took", "time")))


def test_output_verdict_and_exit_code_are_those_of_a_run_here(project: Fleet) -> None:
    """A passed, a failed and a broken notebook; both evidence folders are whole."""
    project.write_notebook("01_passes", "print('shown')")
    project.write_notebook("02_fails", observed=2)
    project.write_notebook("03_breaks", "1 / 0")
    here = project.call(on="")
    there = project.call()
    assert (there.returncode, here.returncode) == (3, 3), there.stderr
    mine = [row for row in _rows(here.stdout) if not row.startswith("Notebooks")]
    theirs = _rows(there.stdout)
    assert set(theirs) <= set(mine), (mine, theirs)
    assert len([row for row in theirs if row.startswith(("01_", "02_", "03_"))]) >= 9
    (line,) = [row for row in there.stdout.splitlines() if row.startswith("evidence: ")]
    folder = Path(line.removeprefix("evidence: "))
    assert verify(folder) == [] == verify(project.place / folder.name)
    assert [path.name for path in project.place.iterdir()] == [folder.name]
    cells = json.loads((folder / "01_passes.ipynb").read_text())["cells"]
    assert any("shown" in str(cell.get("outputs")) for cell in cells)


@pytest.mark.slow
def test_each_tenant_of_a_list_is_a_run(project: Fleet) -> None:
    """A notebook with the parameter runs once for each tenant."""
    project.write_notebook("01_tenant")
    done = project.call("--tenants", "acme,globex", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["runs"]
    assert sorted(row["parameters"]["tenant_id"] for row in rows) == ["acme", "globex"]


@pytest.mark.slow
def test_slots_that_a_caller_records_as_missed_are_no_part_of_its_json(project: Fleet) -> None:
    """Log lines are on standard error: the output is read by programs."""
    project.write_notebook("01_passes")
    slot = datetime.now(UTC) - timedelta(hours=2)
    project.client.set(SLOT_KEY, f"{slot:%Y-%m-%dT%H:%MZ}")
    try:
        done = project.call("--json", variables={"VALIDATION_SCHEDULE": "0 * * * *"})
    finally:
        project.client.delete(SLOT_KEY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "passed"
    assert "validations_missed" in done.stderr


def _write_targets(project: Fleet, folder: Path, **variables: str) -> str:
    """Write env files of a target that answers and of one with other variables; return both.

    The workers know both, each with an address of its own.
    """
    files = [folder / name for name in ("staging.env", "production.env")]
    own = {
        "REDIS_URL": project.broker,
        "VALIDATION_BROKER_URL": project.broker,
        "VALIDATION_EVIDENCE": project.place.as_uri(),
    }
    for file, given in zip(files, (own, own | variables), strict=True):
        file.write_text("".join(f"{name}={text}\n" for name, text in given.items()))
        (project.targets / file.name).write_text(f"API_URL=http://{file.stem}.test\n")
    return ",".join(map(str, files))


@pytest.mark.parametrize("away", ["the broker", "the shared place"])
def test_a_target_that_is_away_keeps_no_other_from_its_verdict(
    project: Fleet, tmp_path: Path, away: str
) -> None:
    """A nightly command over ten targets had ended without any verdict because of one."""
    project.write_notebook("01_passes")
    port = find_free_ports(1)[0]
    (tmp_path / "file").touch()
    variables = {
        "the broker": {"VALIDATION_BROKER_URL": f"redis://127.0.0.1:{port}/0"},
        "the shared place": {"VALIDATION_EVIDENCE": (tmp_path / "file").as_uri()},
    }[away]
    targets = _write_targets(project, tmp_path, **variables)
    done = project.call("--targets", targets, "--retries", "2", "--json")
    verdict, code, reason = {
        "the broker": ("unreachable", 6, "The Redis of validations does not answer"),
        "the shared place": ("error", 3, "the shared place of evidence"),
    }[away]
    assert done.returncode == code, done.stderr
    staging, production = json.loads(done.stdout)
    assert staging["verdict"] == "passed"
    assert production["verdict"] == verdict
    (run,) = production["runs"]
    assert reason in run["reason"]
    assert verify(project.folder / "evidence" / production["id"]) == []


@pytest.mark.slow
def test_the_table_of_each_of_several_targets_has_its_name(project: Fleet, tmp_path: Path) -> None:
    """Two tables of the same notebooks had been alike."""
    project.write_notebook("01_passes")
    targets = _write_targets(project, tmp_path)
    done = project.call("--targets", targets)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    tables = [rows[at - 1] for at, row in enumerate(rows) if row.startswith("notebook ")]
    assert tables == [f"target: {name}" for name in targets.split(",")]


def test_a_plan_that_one_place_refuses_keeps_no_other_target_from_its_verdict(
    project: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place was written a moment before; the report of all targets had been lost."""
    project.write_notebook("01_passes")
    order = order_for(read_notebook(project.folder / "notebooks" / "01_passes.ipynb"))
    own = {"REDIS_URL": project.broker, "VALIDATION_BROKER_URL": project.broker}
    places = {"staging": project.place.as_uri(), "full": (tmp_path / "full").as_uri()}
    targets = [
        target_of(f"{name}.env", {**own, "VALIDATION_EVIDENCE": url})
        for name, url in places.items()
    ]
    put_plan = Place.put_plan

    def refuse(place: Place, *given: Any) -> None:
        if place.url == places["full"]:
            raise EvidenceError("no space is left")
        put_plan(place, *given)

    monkeypatch.setattr(Place, "put_plan", refuse)
    call = Call(project.folder, tmp_path / "evidence", PlainLines(Console(quiet=True)))
    passed, full = call.run(targets, [order])
    assert (passed.verdict, full.verdict) == ("passed", "error")
    assert [(run.judged or {})["reason"] for run in full.runs] == ["no space is left"]
    assert verify(full.folder) == []


def test_a_wrong_setting_of_one_of_several_targets_has_its_name(
    project: Fleet, tmp_path: Path
) -> None:
    """Nothing is run before the settings of all of them can be used."""
    project.write_notebook("01_passes")
    targets = _write_targets(project, tmp_path, VALIDATION_EVIDENCE="gopher://evidence")
    done = project.call("--targets", targets)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / 'production.env'}: VALIDATION_EVIDENCE")


@pytest.mark.slow
def test_evidence_that_the_shared_place_does_not_take_is_reported_all_the_same(
    project: Fleet,
) -> None:
    """The verdicts, the evidence and the JUnit report had been lost with it."""
    place = f"Path({str(project.place)!r})"
    plans = f"from pathlib import Path\nplans = {place}.glob('*.plan.json')"
    block = "[path.with_name(path.name.split('.')[0]).write_text('x') for path in plans]"
    project.write_notebook("01_fails", plans, block, observed=2)
    report = project.flag("junit.xml")
    done = project.call("--junit", str(report))
    assert done.returncode == 3
    assert "the shared place of evidence" in done.stderr
    assert "the value is one: expected 1, observed 2" in done.stdout
    assert "the shared place of evidence" in report.read_text()
    (line,) = [row for row in done.stdout.splitlines() if row.startswith("evidence: ")]
    folder = Path(line.removeprefix("evidence: "))
    assert verify(folder) == []
    manifest = json.loads((folder / "run.json").read_text())
    assert (manifest["verdict"], manifest["exit_code"]) == ("error", 3)
    assert [row["verdict"] for row in manifest["runs"]] == ["failed"]


@pytest.mark.slow
def test_a_failing_run_is_compared_with_the_last_green_one(project: Fleet) -> None:
    """The history is the caller's: a worker has none, and nothing had ever been compared."""
    flag = project.flag("fails")
    look_at = f"from pathlib import Path\nfails = Path({str(flag)!r}).exists()"
    project.write_notebook("01_flips", look_at, observed="(2 if fails else 1)")
    green = project.call("--json", variables={"LOG_LEVEL": "INFO"})
    assert green.returncode == 0, green.stderr
    flag.touch()
    try:
        done = project.call(variables={"LOG_LEVEL": "DEBUG"})
    finally:
        flag.unlink()
    assert done.returncode == 1, done.stderr
    name = json.loads(green.stdout)["id"]
    assert f"changed since the green run {name}:\n" in done.stdout
    changes = [row.strip() for row in done.stdout.splitlines() if row.startswith("    ")]
    assert changes == ["1. setting LOG_LEVEL: INFO -> DEBUG"]
    (line,) = [row for row in done.stdout.splitlines() if row.startswith("evidence: ")]
    folder = Path(line.removeprefix("evidence: "))
    assert verify(folder) == []
    assert "LOG_LEVEL" in (folder / "01_flips.html").read_text()
    cells = json.loads((folder / "01_flips.ipynb").read_text())["cells"]
    assert [cell["id"] for cell in cells].count("securenet-banner") == 1


@pytest.mark.slow
def test_each_target_of_a_list_is_a_command(project: Fleet) -> None:
    """The exit code is the worst; each target has evidence of its own, and is the one it names.

    Without their env files a worker had run both against its own variables, and passed both.
    """
    project.write_notebook("01_target", "import os\nprint(os.environ['API_URL'])")
    for name in ("staging", "production"):
        # An address that is not the other's: a target is its addresses.
        lines = [f"API_URL=http://{name}.test", f"VALIDATION_BROKER_URL={project.broker}"]
        for folder in (project.folder, project.targets):
            (folder / f"{name}.env").write_text("\n".join(lines) + "\n")
    files = ",".join(str(project.folder / f"{name}.env") for name in ("staging", "production"))
    done = project.call("--targets", files)
    assert done.returncode == 0, done.stderr
    assert "staging: 01_target: passed" in done.stdout
    assert "production: 01_target: passed" in done.stdout
    folders = [row[10:] for row in done.stdout.splitlines() if row.startswith("evidence: ")]
    texts = [(Path(folder) / "01_target.ipynb").read_text() for folder in folders]
    assert ["http://staging.test" in text for text in texts] == [True, False]
    assert ["http://production.test" in text for text in texts] == [False, True]
