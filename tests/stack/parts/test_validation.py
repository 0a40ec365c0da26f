"""The validation worker of a stack runs the notebooks of a caller that has the stack's target."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.env_file import format_exports
from securenet_obs.processes.guard import Guard
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.validation import (
    build_validation_command,
    create_validation_part,
)

PROJECT = Path(__file__).parents[3]


def test_the_worker_consumes_the_queue_of_validations() -> None:
    """It has this interpreter, the application, its name and its queue."""
    command = build_validation_command("validation@host")
    assert command[:3] == [sys.executable, "-m", "celery"]
    assert {"--hostname=validation@host", "--queues=validation"} <= set(command)


@pytest.mark.slow
@pytest.mark.stack
def test_a_caller_of_the_stack_finds_its_worker(stack: LocalStack, tmp_path: Path) -> None:
    """The worker has the notebooks, the target and the shared place, and ends with the part."""
    shared = (tmp_path / "shared").as_uri()
    environment = stack.environment | {"VALIDATION_EVIDENCE": shared}
    target = tmp_path / "local.env"
    target.write_text(format_exports(environment))
    command = [sys.executable, "-m", "securenet_obs", "validate", "08_the_broker_is_safe"]
    command += ["--on", "celery", "--target", str(target), "--root", str(PROJECT)]
    with Guard() as guard:
        parts = create_validation_part(tmp_path / "part", environment, guard)
        with parts["worker-validation"] as part:
            done = subprocess.run(
                [*command, "--evidence", str(tmp_path / "evidence"), "--json"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr + part.log.read_text()
        assert not part.is_running()
    (run,) = json.loads(done.stdout)["runs"]
    assert run["verdict"] == "passed"
    assert list((tmp_path / "shared").glob("*/run.json"))
