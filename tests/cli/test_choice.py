"""Selection of a command's target: explicit in CI, and from an env file alone if one is given."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from securenet_obs.cli.choice import Choice, choose, enter_target, in_ci
from securenet_obs.errors import SettingsError
from securenet_obs.runner.target import ADDRESSES, DESCRIBING, SETTINGS
from tests.busy import room_for
from tests.stores import create_sqlite

CELL = "open('ran', 'w')"
CHECKED = (
    "from securenet_obs.checks import Checks\nchecks = Checks()\n"
    "checks.expect('a', expected=1, observed=1)"
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove all settings, the CI variable and any running stack from the test's environment."""
    for name in (*SETTINGS, "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("ci", ["", "true"])
@pytest.mark.parametrize("blank", ["", "  "])
@pytest.mark.parametrize("names", [("SENTRY_DSN", "REDIS_URL"), *((name,) for name in DESCRIBING)])
def test_a_blank_variable_never_means_a_local_stack(
    names: tuple[str, ...], blank: str, ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names each empty variable (a fork's secrets are empty) and the remedies."""
    monkeypatch.setenv("CI", ci)
    for name in names:
        monkeypatch.setenv(name, blank)
    with pytest.raises(SettingsError) as caught:
        choose(None)
    assert all(name in str(caught.value) for name in names)
    assert "--target" in str(caught.value)
    assert "--local" in str(caught.value)


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_blank_address_beside_a_target_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target with one blank address is refused: the default belongs to another target."""
    monkeypatch.setenv("API_URL", "http://host")
    monkeypatch.setenv("REDIS_URL", "redis://host")
    monkeypatch.setenv(name, " ")
    with pytest.raises(SettingsError, match=f"{name} is empty"):
        choose(None).check()


@pytest.mark.parametrize("value", ["true", "True", "1", "yes", "on", "woodpecker"])
def test_in_ci_a_local_stack_is_asked_for(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI without a target, the error names both options; with --local a stack is used."""
    monkeypatch.setenv("CI", value)
    with pytest.raises(SettingsError, match=r"--local.*--target"):
        choose(None)
    assert choose(None, local=True).starts
    assert not choose(None, needed=False).starts


@pytest.mark.parametrize("value", [None, "", " ", "false", "False", "0", "no", "off"])
def test_outside_ci_a_local_stack_is_the_default(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CI variable with a false value does not count as CI."""
    if value is not None:
        monkeypatch.setenv("CI", value)
    assert not in_ci()
    assert choose(None).starts


@pytest.mark.parametrize("local", [False, True])
def test_variables_that_a_local_stack_ignores_are_named(
    local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning names each ignored variable: a DSN with --local, a log level without it."""
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    if local:
        monkeypatch.setenv("SENTRY_DSN", "https://key@host/1")
        monkeypatch.setenv("REDIS_URL", "")
    choice = choose(None, local=local)
    ignored = ["LOG_LEVEL", "REDIS_URL", "SENTRY_DSN"] if local else ["LOG_LEVEL"]
    assert (choice.starts, choice.ignored) == (True, ignored)
    console = Console(width=20)
    with (
        console.capture() as shown,
        Choice(choice.target, ignored=choice.ignored).enter(console),
    ):
        pass
    assert ", ".join(ignored) in shown.get()


def test_local_and_a_target_exclude_each_other(tmp_path: Path) -> None:
    """Both options together are a usage error."""
    (tmp_path / "t.env").write_text("ENVIRONMENT=staging\n")
    with pytest.raises(click.UsageError, match="--target and --local"):
        choose(tmp_path / "t.env", local=True)


@pytest.mark.parametrize("ci", ["", "true"])
def test_a_file_counts_alone(ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an env file, the shell's variables are ignored, blank ones included."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("SENTRY_DSN", "")
    monkeypatch.setenv("API_URL", "http://mine")
    (tmp_path / "t.env").write_text("REDIS_URL=redis://host\n")
    choice = choose(tmp_path / "t.env")
    choice.check()
    assert not SETTINGS & choice.target.environment.keys() - {"REDIS_URL"}


def test_a_file_may_set_secrets_of_the_projects_notebooks(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    """One env file is valid for every command, even if it does not run these notebooks."""
    write(CELL, parameters="from securenet_obs.runner import Secret\n"
          'token: Secret = Secret("secret:MY_TOKEN")  # a token')  # fmt: skip
    (tmp_path / "notebooks" / "02_broken.ipynb").write_text("{")
    (tmp_path / "t.env").write_text("MY_TOKEN=t\nOTHER_TOKEN=t\n")
    (problem,) = choose(tmp_path / "t.env").target.problems
    assert "OTHER_TOKEN is not a variable" in problem.sentence


def test_a_command_enters_the_target_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    """Modules that are imported afterwards see the file's variables and not the shell's."""
    monkeypatch.setattr(os, "environ", dict(os.environ) | {"REDIS_URL": "redis://mine", "A": "b"})
    url = create_sqlite(tmp_path / "x")
    (tmp_path / "t.env").write_text(f"DATABASE_URL={url}\n")
    enter_target(tmp_path / "t.env", command="api-keys", needs=["store"])
    assert (os.environ["DATABASE_URL"], os.environ["A"]) == (url, "b")
    assert "REDIS_URL" not in os.environ


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "There is no target"),
        ("REDIS_URL=redis://host\n", "DATABASE_URL is missing; needed by dead-letters (store)"),
        ("DATABASE_URL=\n", "DATABASE_URL is empty; needed by dead-letters (store)"),
        ("DATABASE_UR=x\n", "did you mean DATABASE_URL?"),
    ],
)
def test_a_command_never_falls_back_to_a_default_store(
    text: str | None, message: str, tmp_path: Path
) -> None:
    """Without a configured store the command fails; it does not create one in its folder."""
    if text:
        (tmp_path / "t.env").write_text(text)
    with pytest.raises(SettingsError) as caught:
        enter_target(tmp_path / "t.env" if text else None, command="dead-letters", needs=["store"])
    assert message in str(caught.value)


def test_a_store_in_the_environment_is_the_one_that_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    """If a command needs a store, DATABASE_URL alone describes the target."""
    url = create_sqlite(tmp_path / "x")
    monkeypatch.setattr(os, "environ", dict(os.environ) | {"DATABASE_URL": url})
    enter_target(None, command="dead-letters", needs=["store"])
    assert os.environ["DATABASE_URL"] == url


ORDERS: list[tuple[list[str], dict[str, str], list[str]]] = [
    (["validate"], {"SENTRY_DSN": "", "REDIS_URL": ""}, ["SENTRY_DSN and REDIS_URL are set but"]),
    (["validate"], {"CI": "true"}, ["--local", "--target"]),
    (["validate", "--local", "--target", "t.env"], {}, ["--target and --local"]),
    (
        ["validate", "--target", "t.env"],
        {"REDIS_URL": "redis://mine", "SENTRY_AUTH_TOKEN": "mine"},
        [
            "t.env:1: SENTRY_DNS is not a variable",
            "t.env:2: this line",
            "t.env:3: REDIS_URL is empty; needed by 01_a_claim (redis)",
            "SENTRY_AUTH_TOKEN is missing",
            "SENTRY_ORG is missing",
        ],
    ),
    (["exec", "--target", "t.env", "--", "touch", "ran"], {}, ["t.env:1:", "t.env:2:", "t.env:3:"]),
    (["exec", "--", "touch", "ran"], {"CI": "1"}, ["--local", "--target"]),
    (["lab", "--no-browser"], {"API_URL": " "}, ["API_URL is set but empty"]),
    (["lab", "--no-browser", "--target", "t.env"], {}, ["t.env:1:", "t.env:2:", "t.env:3:"]),
]


@pytest.mark.parametrize(("arguments", "variables", "messages"), ORDERS)
def test_a_command_reports_all_mistakes_and_starts_nothing(
    call: Callable[..., Any],
    arguments: list[str],
    variables: dict[str, str],
    messages: list[str],
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command exits 2 with one message, before it starts a stack, a server or a kernel."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    write(CELL, needs=["redis", "read-events"])
    (tmp_path / "t.env").write_text("SENTRY_DNS=x\nhunter2\nREDIS_URL=\nSENTRY_PROJECT=p\n")
    began = time.monotonic()
    answer = call(*arguments)
    # Far above the usual time (less than a second), and below that of a kernel or a stack.
    assert time.monotonic() - began < room_for(2)
    assert answer.returncode == 2, answer.stderr
    assert [words for words in messages if words not in answer.stderr] == []
    assert "hunter2" not in answer.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notebooks", "t.env"]


def test_unserved_notebooks_are_skipped_and_the_rest_is_run(
    call: Callable[..., Any], write: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """The table, run.json and JUnit have the reason; the other runs decide the verdict."""
    write(CHECKED, needs=["logs"]).rename(tmp_path / "notebooks" / "02_b.ipynb")
    write(CELL, needs=["local-stack"], checks=["never judged"])
    (tmp_path / "t.env").write_text("LOG_SOURCE=logs\n")
    answer = call("validate", "--target", "t.env", server=server)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "01_a_claim: the target is not a local stack" in answer.stdout
    (folder,) = (tmp_path / "evidence").glob("2*/")
    manifest = json.loads((folder / "run.json").read_text())
    skipped, passed = manifest["runs"]
    assert (skipped["verdict"], passed["verdict"]) == ("skipped", "passed")
    assert "not a local stack" in skipped["reason"]
    assert (manifest["verdict"], manifest["reason"]) == ("passed", "")
    assert '<skipped message="the target is not a local stack' in (folder / "junit.xml").read_text()
    events = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    skipped_events = [event["event"] for event in events if event.get("run") == "01_a_claim"]
    assert skipped_events == ["run_started", "skipped", "judged", "saved"]
    assert call("verify", folder).returncode == 0


def test_a_command_with_only_skipped_runs_is_an_error(
    call: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    """Without a judged run the command exits 3 with a sentence, and starts no kernel."""
    write(CELL, needs=["local-stack"])
    (tmp_path / "t.env").write_text("ENVIRONMENT=local\n")
    answer = call("validate", "--target", "t.env")
    assert answer.returncode == 3
    assert "every run was skipped: nothing is proven" in answer.stdout
    (folder,) = (tmp_path / "evidence").glob("2*/")
    manifest = json.loads((folder / "run.json").read_text())
    assert (manifest["verdict"], manifest["exit_code"]) == ("error", 3)
    assert "every run was skipped" in manifest["reason"]
