"""CI of users: the workflow and README's lines for GitLab fit their schemas, and each line runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from securenet_obs.authoring import write_draft
from securenet_obs.doctor import examine_settings
from securenet_obs.runner.notebook.catalog import find_all
from securenet_obs.runner.target import target_of
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
WORKFLOW = ROOT / ".github" / "workflows" / "validate.yml"
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
(GITLAB,) = re.findall(r"```yaml\n(validate:\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
INSTALL = "make install"
VALIDATE = ".venv/bin/securenet-obs validate --local --junit junit.xml"


def lines_of(job: str) -> list[str]:
    """Return the commands of a job."""
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def check(file: Path, schema: str) -> subprocess.CompletedProcess[str]:
    """Check a file against a published schema, which check-jsonschema brings."""
    program = Path(sys.executable).with_name("check-jsonschema")
    return subprocess.run(
        [program, "--builtin-schema", f"vendor.{schema}", file],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_fits_the_published_schema(workflow: Path, tmp_path: Path) -> None:
    """A misspelt key would be found: GitHub refuses such a file only once it is pushed."""
    done = check(workflow, "github-workflows")
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(workflow.read_text().replace("runs-on:", "run-on:"))
    assert check(wrong, "github-workflows").returncode == 1


@pytest.mark.slow
def test_the_lines_for_gitlab_fit_the_published_schema(tmp_path: Path) -> None:
    """They are about ten lines, and a misspelt key would be found."""
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(GITLAB)
    assert check(file, "gitlab-ci").returncode == 0
    assert len(GITLAB.splitlines()) <= 10
    file.write_text(GITLAB.replace("script:", "scripts:"))
    assert check(file, "gitlab-ci").returncode == 1


def test_every_action_is_pinned_by_its_release() -> None:
    """A branch, or a tag of a major version alone, may change at any time."""
    jobs = [job for file in WORKFLOWS for job in yaml.safe_load(file.read_text())["jobs"].values()]
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", name)] == []


def test_the_job_of_a_target_names_every_variable_that_notebooks_need() -> None:
    """With a value for each, no notebook lacks a setting, and only those of a stack are skipped."""
    variables = JOBS["staging"]["env"]
    assert variables.keys() <= {name.upper() for name in Settings.model_fields}
    given = {name: text if "${{" not in text else "x" for name, text in variables.items()}
    target = target_of("staging", given)
    found = list(examine_settings(target, find_all(ROOT)))
    assert [row.subject for row in found if row.state == "missing"] == []


@pytest.fixture
def project(tmp_path: Path, stack_cache: Path) -> Path:
    """Return a checkout with one validation, this environment, and the cache of Bugsink."""
    write_draft("validation", "a_canary_is_executed", tmp_path)
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
        # Older than the environment, which a checkout's own installation has made.
        os.utime(tmp_path / name, (0, 0))
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / ".venv" / ".installed").touch()
    for program in ("python", "securenet-obs"):
        (programs / program).symlink_to(Path(sys.executable).with_name(program))
    (tmp_path / ".securenet").mkdir()
    for folder in stack_cache.glob("bugsink-*"):
        (tmp_path / ".securenet" / folder.name).symlink_to(folder)
    return tmp_path


def run(line: str, project: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a runner of CI does, with its shell and its options."""
    names = {name.upper() for name in Settings.model_fields}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", line],
        cwd=project,
        env={**inherited, "CI": "true", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.stack
def test_every_line_for_a_local_stack_runs(project: Path) -> None:
    """Those of both files, in their order; evidence and junit.xml are where they are kept."""
    script = yaml.safe_load(GITLAB)["validate"]["script"]
    assert (INSTALL in script, VALIDATE in script) == (True, True)
    assert set(script) <= {*lines_of("local-stack")}
    for line in lines_of("local-stack"):
        done = run(line, project)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    report = yaml.safe_load(GITLAB)["validate"]["artifacts"]["reports"]["junit"]
    assert len(list(project.glob(report))) == 1


@pytest.mark.slow
@pytest.mark.stack
def test_every_line_for_a_target_runs(project: Path, stack: LocalStack) -> None:
    """The variables are those of the job, with the values of a stack in the place of staging."""
    given = {
        name: stack.environment[name]
        for name in JOBS["staging"]["env"]
        if name in stack.environment
    }
    # Bugsink stands in the place of Sentry.
    given |= {"SENTRY_BACKEND": stack.environment["SENTRY_BACKEND"]}
    for line in lines_of("staging"):
        done = run(line, project, **given)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
