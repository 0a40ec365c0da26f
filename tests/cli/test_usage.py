"""Usage errors: exit 2 for every command, one sentence with value, type and example."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import securenet_obs.cli
from securenet_obs.cli import cli, main

Answer = tuple[int, str, str]


@pytest.fixture
def answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Answer]:
    """Return a function that runs the command line in an empty folder of its own."""
    monkeypatch.setattr(securenet_obs.cli, "end_on_signals", lambda: None)
    monkeypatch.chdir(tmp_path)
    for variable in ("SENTRY_DSN", "REDIS_URL", "API_URL", "DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "target.env").touch()

    def call(*arguments: str) -> Answer:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return call


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = list(commands())


def name(row: tuple[tuple[str, ...], click.Command]) -> str:
    return " ".join(row[0])


UNUSABLE = [
    ("show", "nobody"),
    ("show", ""),
    ("validate", "nobody"),
    ("validate", "--resume", "nobody"),
    ("validate", "--resume", ""),
    ("run", "--cold", "nobody.ipynb"),
    ("run", "--cold", "folder.ipynb"),
    ("run", "--cold", "--plain", "nobody.ipynb"),
    ("verify", "nowhere"),
    ("verify", "folder.ipynb"),
    ("verify", "target.env"),
    ("logs", "check", "nowhere.log"),
    ("drill", "redis-dwon"),
    ("exec", "no-such-program"),
    ("env", "--name", "../local"),
    ("up", "--name", ""),
    ("status", "--name", "A B"),
    ("down", "--name", "x" * 51),
    ("lab", "--port", "65536"),
    ("api-keys", "list", "--target", "nowhere.env"),
    ("dead-letters", "show", "9" * 30),
    ("dead-letters", "list", "--limit", "0"),
    ("dead-letters", "requeue", "seven"),
]


@pytest.mark.parametrize("arguments", UNUSABLE, ids=" ".join)
def test_names_and_paths_that_are_not_there_are_usage_errors(
    arguments: tuple[str, ...], answer: Callable[..., Answer], tmp_path: Path
) -> None:
    """An unknown name or path is one sentence on standard error, and nothing is run."""
    (tmp_path / "folder.ipynb").mkdir()
    code, out, err = answer(*arguments)
    assert (code, out) == (2, ""), err
    assert err
    assert "Traceback" not in err
    assert not (tmp_path / "evidence").exists()


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=map(name, COMMANDS))
def test_every_option_of_every_command_refuses_unusable_values(
    path: tuple[str, ...], command: click.Command, answer: Callable[..., Answer]
) -> None:
    """An unknown option, and an invalid value of a typed option, are usage errors."""
    if not command.ignore_unknown_options:
        code, out, err = answer(*path, "--no-such-option")
        assert (code, out) == (2, ""), err
    for option in command.params:
        ranged = isinstance(option.type, click.IntRange | click.FloatRange | click.Choice)
        if isinstance(option, click.Option) and ranged:
            # After an option with an optional value, -1 is parsed as an option.
            negative = () if option.opts == ["--wait"] else ("-1",)
            for value in ("abc", "nan", "inf", "", "1e400", *negative):
                code, out, err = answer(*path, option.opts[-1], value)
                assert (code, out) == (2, ""), (option.opts, value, err)
                messages = (f"{value!r} is not a", f"{value!r} is not one", f"{value} is not in")
                assert (
                    any(text in err.replace("-1.0", "-1") for text in messages) or "inf is" in err
                )
                assert f"for instance: {option.opts[-1]} " in " ".join(err.split()), err


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=map(name, COMMANDS))
def test_an_empty_path_is_refused(
    path: tuple[str, ...], command: click.Command, answer: Callable[..., Answer]
) -> None:
    """An empty path, as from an unset variable of a script, is a usage error and no default."""
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            before = [
                f"{number}"
                for number in range(command.params.index(parameter))
                if isinstance(command.params[number], click.Argument)
            ]
            if isinstance(parameter, click.Option):
                before = [parameter.opts[-1]]
            code, out, err = answer(*path, *before, "")
            assert (code, out) == (2, ""), (parameter.opts, err)
            assert "an empty text names no path; for instance: " in " ".join(err.split())


def test_every_command_that_needs_an_argument_shows_how_it_is_called(
    answer: Callable[..., Answer],
) -> None:
    """The error about a missing argument has the example of the command's help."""
    for path, command in COMMANDS:
        if any(isinstance(row, click.Argument) and row.required for row in command.params):
            code, out, err = answer(*path)
            assert (code, out) == (2, "")
            assert f"for instance: securenet-obs {' '.join(path)} " in " ".join(err.split())


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=map(name, COMMANDS))
def test_the_example_of_a_help_is_on_one_line(
    path: tuple[str, ...], command: click.Command, answer: Callable[..., Answer]
) -> None:
    """At 80 columns it can be copied; a line that is wrapped breaks an option at its hyphen."""
    _, example, rest = (command.help or "").partition("Example: ")
    if example:
        assert f"{example}{rest.splitlines()[0]}" in answer(*path, "--help")[1].replace(
            "\n  ", "\n"
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("validate", "--jobs", "x"), "'x' is not a valid integer; for instance: --jobs 1"),
        (("run", "a", "--deadline", "x"), "'x' is not a valid number of seconds; for instance:"),
        (("redact", "--pii", "kep"), "'kep' is not one of 'keep', 'strip'; for instance: --pii"),
        (("validat",), "No such command 'validat'. Did you mean 'validate'?"),
        (("list", "--jsn"), "No such option '--jsn'. Did you mean '--json'?"),
        (("drill", "redis-dwon"), "There is no drill 'redis-dwon'. Did you mean redis-down"),
        (("validate", "--resume", "2026-b"), "Did you mean 2026-a?"),
        (("show", "01_sentry_recieves"), "Did you mean 01_sentry_receives?"),
    ],
)
def test_a_usage_error_has_value_type_and_example_or_the_nearest_name(
    arguments: tuple[str, ...], message: str, answer: Callable[..., Answer], tmp_path: Path
) -> None:
    """A user can correct the error without reading the help."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_sentry_receives.ipynb").write_text("{}")
    (tmp_path / "evidence" / "2026-a").mkdir(parents=True)
    code, _, err = answer(*arguments)
    assert code == 2
    assert message in " ".join(err.split())


def test_with_json_an_error_leaves_standard_output_alone(answer: Callable[..., Answer]) -> None:
    """With --json standard output has JSON or is empty; the error is on standard error."""
    for arguments in (("validate", "nobody"), ("status", "--name", "?"), ("verify", "nowhere")):
        code, out, err = answer(*arguments, "--json")
        assert (code, out) == (2, "")
        assert err


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=map(name, COMMANDS))
def test_every_command_that_prints_rows_prints_json_too(
    path: tuple[str, ...], command: click.Command
) -> None:
    """Every command with a table has a JSON output for programs."""
    verbs = ("list", "show", "check", "status", "verify", "validate", "run", "drill")
    if path[-1] in verbs and path != ("show",):
        assert any("--json" in option.opts for option in command.params)


def test_verify_prints_json(answer: Callable[..., Answer], tmp_path: Path) -> None:
    """The JSON has the folder and a list of changes."""
    from securenet_obs.runner.evidence.closing import close
    from securenet_obs.runner.evidence.folder import EvidenceFolder
    from securenet_obs.runner.evidence.masking import Masker

    folder = EvidenceFolder.create(tmp_path, Masker())
    close(folder)
    code, out, _ = answer("verify", str(folder.path), "--json")
    unchanged: dict[str, Any] = {"folder": str(folder.path), "changes": []}
    assert (code, json.loads(out)) == (0, unchanged)
    (folder.path / "more").touch()
    code, out, _ = answer("verify", str(folder.path), "--json")
    assert (code, json.loads(out)["changes"]) == (1, ["more: added"])
