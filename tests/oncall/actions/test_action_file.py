"""Named actions are commands without a shell, with checked parameters."""

import ast
import sys
from pathlib import Path

import pytest
import yaml

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.action_file import build_action, named_action, read_entries
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.settings import Settings
from securenet_obs.stack.action_file import write_actions
from securenet_obs.stack.parts.readiness import WORKER

PROJECT = Path(__file__).parents[3]

ECHO = f"""
[restart_worker]
command = ["{sys.executable}", "-c", "import sys; print(sys.argv[1])", "unit-{{worker}}"]
undo = "none"
deadline_s = 20

[restart_worker.parameters]
worker = '[a-z]+@[a-z.-]+|-[a-z]+|.*;.*'
"""


def act(tmp_path: Path, text: str, name: str = "restart_worker", **values: str) -> Action:
    path = tmp_path / "actions.toml"
    path.write_text(text)
    settings = Settings(runbook_actions=str(path))
    return build_action(settings, name, "restart it", dict, **values)


def test_it_runs_the_command_with_the_parameter(tmp_path: Path) -> None:
    """The result is the command's last line."""
    action = act(tmp_path, ECHO, worker="worker@host")
    assert action.run() == "unit-worker@host"
    assert action.command.endswith("unit-worker@host")
    assert action.undo == "none"


def test_no_shell_reads_the_parameter(tmp_path: Path) -> None:
    """A pattern that permits a semicolon permits no second command."""
    action = act(tmp_path, ECHO, worker="a; touch pwned")
    assert action.run() == "unit-a; touch pwned"


@pytest.mark.parametrize("value", ["", "Worker@host", "worker@host\n", "-option"])
def test_a_value_that_does_not_match_is_refused(tmp_path: Path, value: str) -> None:
    """Not even a pattern that permits it lets a value become an option."""
    with pytest.raises(ActionError, match="is not a valid worker"):
        act(tmp_path, ECHO, worker=value)


def test_a_missing_value_is_refused(tmp_path: Path) -> None:
    """A placeholder is never left as it is."""
    with pytest.raises(ActionError, match="is not a valid worker"):
        act(tmp_path, ECHO)


def test_a_placeholder_without_a_pattern_is_refused(tmp_path: Path) -> None:
    """What is not checked is not passed."""
    text = '[restart_worker]\ncommand = ["echo", "{queue}"]\nundo = "none"\n'
    with pytest.raises(ActionError, match="has no pattern"):
        act(tmp_path, text, queue="logs")


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        (ECHO, "start_worker", "RUNBOOK_ACTIONS names no action start_worker"),
        (ECHO, "restart_worker", "'W' is not a valid worker"),
        ("[restart_worker", "restart_worker", "cannot be read"),
    ],
)
def test_without_an_action_the_step_is_a_persons(
    tmp_path: Path, text: str, name: str, reason: str
) -> None:
    """A runbook that has found the cause does not break off; the step has the reason."""
    (tmp_path / "actions.toml").write_text(text)
    settings = Settings(runbook_actions=str(tmp_path / "actions.toml"))
    step = named_action(settings, name, "do it", dict, worker="W")
    assert isinstance(step, Manual)
    assert (step.does, step.command) == ("do it", f"{name} worker=W")
    assert reason in step.reason
    without_file = named_action(Settings(), "x", "do it", dict)
    assert isinstance(without_file, Manual)
    assert without_file.command == "x"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ('["/bin/sh", "-c", "echo oops >&2; exit 3"]', "exited with 3: oops"),
        ('["/no/such/program"]', "cannot be started: No such file"),
        ('["/bin/sleep", "5"]', "did not end in 0.2 s"),
    ],
)
def test_a_command_that_fails_is_an_error(tmp_path: Path, command: str, reason: str) -> None:
    """Its exit code, its output and its deadline are named."""
    action = act(tmp_path, f'[a]\ncommand = {command}\nundo = "none"\ndeadline_s = 0.2\n', "a")
    with pytest.raises(ActionError, match=reason):
        action.run()


@pytest.mark.parametrize("text", ["[a", "[a]\ncommand = []\nundo = 'x'", "[a]\ncommand = ['x']"])
def test_a_file_that_is_not_valid_is_an_error(tmp_path: Path, text: str) -> None:
    """The message names the setting and the file."""
    path = tmp_path / "actions.toml"
    path.write_text(text)
    with pytest.raises(ActionError, match=r"RUNBOOK_ACTIONS: .*actions\.toml"):
        read_entries(str(path))


def test_a_named_group_is_a_placeholder(tmp_path: Path) -> None:
    """A pod's name is a part of its worker's; a part cannot become an option, either."""
    text = (
        '[restart_worker]\ncommand = ["echo", "{pod}"]\nundo = "none"\n'
        "[restart_worker.parameters]\nworker = 'worker@(?P<pod>[a-z-]+)'\n"
    )
    action = act(tmp_path, text, worker="worker@pod")
    assert action.command == "echo pod"
    with pytest.raises(ActionError, match="is not a valid worker"):
        act(tmp_path, text, worker="worker@-rf")


def test_hostile_values_are_refused(tmp_path: Path) -> None:
    """A value of a megabyte, and one with NUL that the pattern permits."""
    text = ECHO.replace("|-[a-z]+|", "|-[a-z]+|(?s:.)*|")
    with pytest.raises(ActionError, match="is not a valid worker") as error:
        act(tmp_path, text, worker="a" * 1_000_000)
    assert len(str(error.value)) < 500
    action = act(tmp_path, text, worker="a\0b")
    with pytest.raises(ActionError, match="cannot be started: embedded null byte"):
        action.run()


def test_a_pattern_that_is_not_one_is_an_error(tmp_path: Path) -> None:
    """It is named before an action is needed."""
    with pytest.raises(ActionError, match=r"worker: .*not a regular expression"):
        act(tmp_path, ECHO.replace("'[a-z]+@", "'([a-z]+@"), worker="worker@host")


EXAMPLES = sorted((PROJECT / "securenet_obs" / "oncall" / "actions" / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_the_actions_on_workers(path: Path) -> None:
    """Each can be filled with values as Celery and the target's orchestrator make them."""
    hosts = {"compose": "4f66ad9a0b2e", "kubectl": "securenet-worker-quick-6d4cf56db6-x7k2p"}
    settings = Settings(runbook_actions=str(path))
    worker = f"worker@{hosts[path.stem]}"
    steps = [
        build_action(settings, "restart_worker", "restart it", dict, worker=worker),
        build_action(settings, "start_workers", "start them", dict),
        build_action(settings, "start_worker", "start one", dict, queue="logs"),
    ]
    assert all(step.undo for step in steps)
    assert hosts[path.stem] in steps[0].command
    with pytest.raises(ActionError, match="is not a valid worker"):
        build_action(settings, "restart_worker", "restart it", dict, worker="worker@else where")


_OF_SECRETS_AND_FINDINGS = {
    "variable": "API_KEYS",
    "owner": "tenant-a",
    "tenant": "tenant-a",
    "advisories": "GHSA-8q59-q68h-6hv4",
}

VALUES = {
    "compose": {
        **_OF_SECRETS_AND_FINDINGS,
        "worker": "worker@4f66ad9a0b2e",
        "service": "securenet-api",
        "queue": "logs",
    },
    "kubectl": {
        **_OF_SECRETS_AND_FINDINGS,
        "worker": "worker@securenet-worker-quick-6d4cf56db6-x7k2p",
        "service": "securenet-api",
        "queue": "logs",
        "host": "redis-2.example",
        "port": "6379",
    },
    "stack": {**_OF_SECRETS_AND_FINDINGS, "worker": WORKER, "service": "securenet-worker"},
}
"""File -> values as the symptoms give them."""

_OF_SENTRY = {"start_sentry", "raise_sentry_quota", "restart_sentry_ingestion"}

LEFT_TO_A_PERSON = {
    # Sentry has an owner and hosts of its own. compose.yaml has one Redis, without replicas.
    "compose": {*_OF_SENTRY, "repoint_redis"},
    "kubectl": _OF_SENTRY,
    # A stack has one worker, one Redis and no tickets, and ends no beat that it has not started.
    "stack": {*_OF_SENTRY, "repoint_redis", "start_worker", "one_beat", "assign_findings"},
}
"""File -> actions without an entry, argued: their step is printed."""


def find_named_actions() -> set[str]:
    """Return the names that the symptoms pass to `named_action`, or to a method that does."""
    names = set()
    for path in (PROJECT / "securenet_obs" / "oncall" / "symptoms").glob("*.py"):
        tree = ast.parse(path.read_text())
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        direct = [call.args[1] for call in calls if ast.unparse(call.func) == "named_action"]
        passing = {
            function.name
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            and "named_action(self._settings, name," in ast.unparse(function)
        }
        through = [
            call.args[0]
            for call in calls
            if isinstance(call.func, ast.Attribute) and call.func.attr in passing
        ]
        constants = [node for node in (*direct, *through) if isinstance(node, ast.Constant)]
        names |= {str(node.value) for node in constants}
    return names


@pytest.mark.parametrize("file", VALUES)
def test_every_named_action_of_a_symptom_has_an_entry(file: str, tmp_path: Path) -> None:
    """Each can be filled with a symptom's values; those that are left to a person are argued."""
    examples = {path.stem: path for path in EXAMPLES}
    path = examples[file] if file in examples else write_actions(tmp_path)
    settings = Settings(runbook_actions=str(path))
    named = find_named_actions()
    assert {"restart_worker", "restore_sentry_dsn", "start_sentry", "roll_back"} <= named
    assert set(read_entries(str(path))) == named - LEFT_TO_A_PERSON[file]
    assert LEFT_TO_A_PERSON[file] <= named
    for name in named - LEFT_TO_A_PERSON[file]:
        action = build_action(settings, name, "do it", dict, **VALUES[file])
        assert action.undo
        assert "{" not in action.command.replace('{"spec": {', "")


def test_the_examples_name_services_of_the_compose_file() -> None:
    """A renamed service would be started in vain."""
    services = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
    entries = read_entries(str(next(path for path in EXAMPLES if path.stem == "compose")))
    named = {
        word.partition("=")[0]
        for entry in entries.values()
        for word in entry.command
        if word.startswith(("worker", "beat", "api"))
    }
    assert named
    assert named <= set(services)
