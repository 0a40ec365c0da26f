"""A worker runs a notebook once at a time, and leaves its evidence in the shared place alone."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.distributed.message import Message, file_digest
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.worker import running
from securenet_obs.distributed.worker.running import WorkerRun, own_target
from securenet_obs.errors import SettingsError, StateFolderError
from securenet_obs.stack import LocalStack
from tests.distributed.fleet import FIRST_USER, Fleet
from tests.runner.conftest import write_notebook
from tests.waiting import eventually

pytestmark = pytest.mark.stack

__all__ = ["write_notebook"]


def _message(**fields: Any) -> Message:
    return Message("c", "c.1", "n.ipynb", "", [], None, None, **fields)


def test_a_worker_of_one_target_is_none_of_several(tmp_path: Path) -> None:
    """It had run `staging.env` and `production.env` against its own variables, and passed both."""
    place = Place(tmp_path.as_uri())
    worker = WorkerRun("redis://host/0", place, None, "w@test")
    assert worker._target(_message(target="staging")).name == "environment"
    with pytest.raises(SettingsError, match=r"VALIDATION_TARGETS, .* such as staging\.env"):
        worker._target(_message(target="staging", several=True))


def test_a_run_without_a_target_is_one_of_the_worker_s_own_variables(tmp_path: Path) -> None:
    """A schedule has no env file: all its runs ended with an error about `.env`."""
    worker = WorkerRun("redis://host/0", Place(tmp_path.as_uri()), tmp_path, "w@test")
    assert worker._target(_message(target="")).name == "environment"
    with pytest.raises(SettingsError, match=r"staging\.env"):
        worker._target(_message(target="staging"))


def test_an_env_file_of_a_worker_has_the_secrets_of_its_notebooks(
    write_notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that `--target` takes was refused: its secret was `not a variable of a target`."""
    secret = 'from securenet_obs.runner import Secret\ntoken: Secret = Secret("secret:MY_TOKEN")'
    monkeypatch.chdir(write_notebook("1", parameters=secret).parents[1])
    (tmp_path / "staging.env").write_text("API_URL=http://staging.test\nMY_TOKEN=hunter2\n")
    worker = WorkerRun("redis://host/0", Place(tmp_path.as_uri()), tmp_path, "w@test")
    assert worker._target(_message(target="staging")).environment["MY_TOKEN"] == "hunter2"


@pytest.mark.slow
def test_a_server_of_warm_kernels_that_was_killed_is_replaced() -> None:
    """Each run of the worker was an error from then on, and its probe was healthy."""
    first = running._warm_socket()
    try:
        assert running._warm_socket() == first
        running._server()._process.kill()
        running._server()._process.wait()
        assert running._warm_socket() != first
        assert not running._server().has_ended()
        assert not Path(first).exists()
    finally:
        running._server.cache_clear()
        running._SERVERS.close()


@pytest.mark.slow
def test_only_the_shared_place_carries_the_evidence(project: Fleet) -> None:
    """Both users have run notebooks, and neither may enter the other's folder."""
    for number in range(6):
        project.write_notebook(f"0{number}_user", "import os, time\ntime.sleep(0.3)\nos.getuid()")
    done = project.call("--json")
    assert done.returncode == 0, done.stderr
    folder = project.folder / "evidence" / json.loads(done.stdout)["id"]
    text = "".join(path.read_text() for path in folder.glob("*.ipynb"))
    for number in (1, 2):
        assert str(FIRST_USER + number) in text
        user = FIRST_USER + (3 - number)
        look_in = ["ls", str(project.worker_folder(number))]
        seen = subprocess.run(
            look_in, user=user, group=user, extra_groups=[], capture_output=True, check=False
        )
        assert b"Permission denied" in seen.stderr
        assert not list(project.worker_folder(number).glob("snobs-validation-*"))


@pytest.mark.slow
def test_evidence_that_a_worker_cannot_write_is_an_error_at_once(project: Fleet) -> None:
    """The caller had waited for it until the time of its command, and no log had a line of it."""
    project.write_notebook("01_lost")
    project.place.chmod(0o755)  # The caller of this test may write there all the same.
    try:
        done = project.call("--json")
    finally:
        project.place.chmod(0o1777)
    assert done.returncode == 3, done.stderr
    (row,) = json.loads(done.stdout)["runs"]
    assert row["verdict"] == "error"
    assert "failed: file:///" in row["reason"]
    assert "Permission denied" in row["reason"]

    def find_denial() -> bool:
        lines = [line for number in (1, 2) for line in project.log(number).splitlines()]
        failures = [line for line in lines if '"event":"task_failed"' in line]
        return any("Permission denied" in line for line in failures)

    # The caller is told first.
    assert eventually(find_denial)


@pytest.mark.slow
def test_a_field_that_vanished_from_the_log_since_the_last_green_run_is_noticed(
    project: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No worker has the evidence of that run: such runs had passed, and failed elsewhere."""
    log = tmp_path / "app.log"
    (tmp_path / "t.env").write_text(f"REDIS_URL={project.broker}\nLOG_SOURCE={log}\n")
    read = (
        "import os\nfrom securenet_obs.probes import log_frame\n"
        "from securenet_obs.probes.scenarios.log_schema import record_log_schema\n"
        "drift = record_log_schema(log_frame(os.environ['LOG_SOURCE']))"
    )
    project.write_notebook("01_logs", read, needs=["logs"], observed="1 + len(drift.failing)")
    monkeypatch.chdir(project.folder)
    monkeypatch.setattr(running, "_warm_socket", lambda: "")
    digest = file_digest(project.folder / "notebooks" / "01_logs.ipynb")
    worker = WorkerRun(project.broker, Place(tmp_path.as_uri()), tmp_path, "w@test")
    verdicts = []
    for hour, fields in ((3, {"amount": "1"}), (4, {"amount": "1"}), (5, {})):
        rows = [
            {"timestamp": f"2026-11-20T{hour:02}:00:{second:02}Z", "level": "info", "event": "paid"}
            for second in range(60)
        ]
        log.write_text("".join(json.dumps(row | fields) + "\n" for row in rows))
        facts: list[Any] = ["notebooks/01_logs.ipynb", digest, [], None, None, "t"]
        job = Message(str(hour), f"{hour}.1", *facts, due_at=time.time() + 60)
        (run,) = worker.execute(job)
        verdicts.append(run.judged and run.judged["verdict"])
    assert verdicts == ["passed", "passed", "failed"]


def test_the_target_of_a_stack_s_own_worker_is_local(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validations that plant data or start stacks run there; with another API it is no stack."""
    for name, text in stack.environment.items():
        monkeypatch.setenv(name, text)
    local = own_target()
    assert (local.local, local.name) == (True, f"local stack {stack.name}")
    assert local.environment["REDIS_URL"] == stack.environment["REDIS_URL"]
    monkeypatch.setenv("API_URL", "https://api.example")
    other = own_target()
    assert (other.local, other.name) == (False, "environment")


def test_a_worker_that_only_reads_the_logs_of_a_stack_is_not_its_own(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container they are mounted; the folder of the stack is closed."""

    def refuse(_: object) -> None:
        raise StateFolderError("stacks/local/lock: cannot be written: Permission denied")

    for name, text in stack.environment.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setattr(running, "find_stack_of", refuse)
    assert own_target().local is False


@pytest.mark.slow
def test_the_same_notebook_does_not_run_twice_at_once(project: Fleet) -> None:
    """Two callers of one notebook against one target: the second run waits for the first."""
    # On a busy machine the second may begin when the first one's work of a second would be done.
    times, seen = project.flag("times"), project.flag("second-run-was-seen")
    times.touch()
    times.chmod(0o666)
    note = f"import os, time\nfile = open({str(times)!r}, 'a')\nfile.write('b'); file.flush()\n"
    body = f"while not os.path.exists({str(seen)!r}): time.sleep(0.02)\n"
    end = "time.sleep(0.2); file.write('e'); file.close()"
    project.write_notebook("01_once", note + body + end, cell_deadline_s=60)
    outputs = [project.folder / name for name in ("first", "second")]
    callers = []
    for output in outputs:
        with output.open("wb") as file:
            variables = project.environment
            callers.append(
                subprocess.Popen(project.command(), cwd=project.folder, env=variables, stdout=file)
            )

    def count_waiting() -> int:
        return sum("waits for 01_once on worker-" in output.read_text() for output in outputs)

    try:
        eventually(count_waiting, 60)
    finally:
        seen.touch()
        codes = [caller.wait(120) for caller in callers]
    assert codes == [0, 0], [output.read_text() for output in outputs]
    assert times.read_text() == "bebe"
    assert count_waiting() == 1
