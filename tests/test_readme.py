"""README's how-tos, followed to the letter: each block of commands and of code is executed."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
MAX_PICTURES = 150_000
"""Maximum size of all pictures together, in bytes."""


def blocks(heading: str, language: str = "") -> list[str]:
    """Return the fenced blocks of a language in a section, which ends at the next heading."""
    _, found, rest = README.partition(f"\n{heading}\n")
    assert found, heading
    section = re.split(r"\n##+ ", rest)[0]
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [text for name, text in fences if name == language]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, stack_cache: Path) -> Iterator[Path]:
    """Yield a folder of a reader with a file of a target, and the cache of Bugsink."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".securenet").mkdir()
    for cached in stack_cache.glob("bugsink-*"):
        (folder / ".securenet" / cached.name).symlink_to(cached)
    yield folder
    run("securenet-obs down", folder)


def run(line: str, project: Path) -> str:
    """Run a line in the reader's shell; return its output."""
    names = {name.upper() for name in Settings.model_fields} | {"CI"}
    environment = {name: value for name, value in os.environ.items() if name not in names}
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=project,
        env={**environment, "PATH": f"{programs}{os.pathsep}{environment['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def follow(heading: str, project: Path) -> list[str]:
    """Run each line of a section's commands; return their outputs."""
    (commands, *more) = blocks(heading)
    assert more == []
    return [run(line, project) for line in commands.splitlines()]


def edit(project: Path, code: str, **declared: Any) -> None:
    """Put code into the cell before the verdict, and change the declarations."""
    (path,) = project.glob("notebooks/*_results_expire.ipynb")
    document = json.loads(path.read_text())
    cell = [cell for cell in document["cells"] if cell["cell_type"] == "code"][-2]
    cell["source"] = [*cell["source"], f"\n{code}"]
    for name, values in declared.items():
        document["metadata"]["securenet"][name] += values
    path.write_text(json.dumps(document))


@pytest.mark.slow
@pytest.mark.stack
def test_staging_is_validated(project: Path, stack: LocalStack) -> None:
    """The file is that of a real target; the doctor finds nothing missing, and the run passes."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in stack.environment.items()]
    lines = [line for line in lines if line.partition("=")[0].lower() in Settings.model_fields]
    (project / "staging.env").write_text("\n".join(lines))
    doctor, validate = blocks("## Validate staging in CI")[0].splitlines()
    assert "nothing is missing" in run(doctor, project)
    # All of them take a minute and more, and `make validate` runs them.
    assert re.search(r"08_the_broker_is_safe +passed", run(f"{validate} 08", project))


@pytest.mark.slow
@pytest.mark.stack
def test_a_validation_a_runbook_a_check_and_a_probe_are_added(project: Path) -> None:
    """In the order of the text, on one stack."""
    (start,) = blocks("## Add a validation, a runbook, a check, a probe")
    run(start, project)
    _, validated, _ = follow("### Add a validation", project)
    assert re.search(r"01_results_expire +passed", validated)
    written, ran, _ = follow("### Add a runbook", project)
    assert "verification: " in written
    assert re.search(r"results_are_late +passed", ran)
    (check,) = blocks("### Add a check", "python")
    edit(project, check, checks=["no task was evicted"])
    _, checked = follow("### Add a check", project)
    assert re.search(r"01_results_expire +passed +2 ", checked)
    (probe,) = blocks("### Add a probe", "python")
    (project / "queue_probes.py").write_text(probe)
    (line,) = re.findall(r"`(from queue_probes import \w+)`", README)
    judged = 'checks.expect("nothing waits", expected=0, observed=count_waiting(get_settings()))'
    edit(project, f"{line}\n{judged}", checks=["nothing waits"])
    probed, ended = follow("### Add a probe", project)
    assert re.search(r"01_results_expire +passed +3 ", probed)
    assert "is down" in ended


def test_pictures_exist_and_are_small() -> None:
    """A reader without the network sees them, and a clone stays small."""
    pictures = [ROOT / name for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)]
    assert pictures
    assert sum(picture.stat().st_size for picture in pictures) < MAX_PICTURES
    kept = set((ROOT / ".github" / "images").iterdir())
    assert kept == {*pictures}


def test_every_link_leads_somewhere() -> None:
    """Files exist, and headings too, in README and in DEPLOYMENT.md."""
    for page in ("README.md", "DEPLOYMENT.md"):
        text = (ROOT / page).read_text()
        for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
            name, _, anchor = target.partition("#")
            file = ROOT / (name or page)
            assert file.exists(), target
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE) if anchor else []
            anchors = {
                re.sub(r"[^\w -]", "", row).strip().lower().replace(" ", "-") for row in headings
            }
            assert not anchor or anchor in anchors, target
