"""Preflight: reports all missing settings of all notebooks at once, before any run starts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.preflight import Demand, preflight, skip_reason, unserved
from securenet_obs.runner.target import SETTINGS, Target, read_target, stack_to_start, target_of

SENTRY = {"SENTRY_DSN": "https://key@host/1", "SENTRY_PROJECT": "web", "SENTRY_ORG": "acme"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all settings from the environment."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


def refused(target: Target, *demands: Demand) -> list[str]:
    """Return the lines of the error, one per problem."""
    with pytest.raises(SettingsError) as caught:
        preflight(demands, target)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_all_that_is_missing_is_named_with_the_notebooks_that_need_it() -> None:
    """Three variables for two notebooks are three lines of one message."""
    lines = refused(
        target_of("t", SENTRY),
        Demand("01_a", ["sentry", "read-events", "redis"]),
        Demand("02_b", ["redis", "api"]),
    )
    assert lines == [
        "t: SENTRY_AUTH_TOKEN is missing; needed by 01_a (read-events)",
        "t: REDIS_URL is missing; needed by 01_a (redis), 02_b (redis)",
        "t: API_URL is missing; needed by 02_b (api)",
    ]


def test_a_default_is_nobodys_target() -> None:
    """REDIS_URL has a default, for a service; a target that does not set it has no Redis."""
    assert refused(target_of("t", {}), Demand("01_a", ["redis"]))
    preflight([Demand("01_a", ["redis"])], target_of("t", {"REDIS_URL": "redis://host"}))


def test_mistakes_and_missing_variables_of_a_file_are_one_message(tmp_path: Path) -> None:
    """Each problem is listed once, in the order of the file's lines, missing variables last."""
    path = tmp_path / "t.env"
    path.write_text("API_UR=http://x\nnonsense\nREDIS_URL=\nAPI_KEYS=\n")
    demand = Demand("01_a", ["redis", "tenant-keys", "store"])
    assert refused(read_target(path), demand) == [
        f"{path}:1: API_UR is not a variable of a target; did you mean API_URL?",
        f"{path}:2: this line is not of the form NAME=value",
        f"{path}:3: REDIS_URL is empty; needed by 01_a (redis)",
        f"{path}:4: API_KEYS is empty; needed by 01_a (tenant-keys)",
        f"{path}: DATABASE_URL is missing; needed by 01_a (store)",
    ]


@pytest.mark.parametrize("optional", [False, True])
def test_unserved_needs_require_no_variables(optional: bool) -> None:
    """Diagnostics require a key only if they are enabled."""
    needs, more = ([], ["diagnostics"]) if optional else (["diagnostics"], [])
    demand = Demand("01_a", needs, more)
    preflight([demand], target_of("t", {"DIAGNOSTICS_ENABLED": "false"}))
    (line,) = refused(target_of("t", {"DIAGNOSTICS_ENABLED": "true"}), demand)
    assert line == "t: DIAGNOSTICS_KEY is missing; needed by 01_a (diagnostics)"


def test_a_run_that_is_skipped_lacks_nothing() -> None:
    """The needs of a skipped notebook do not stop the others."""
    preflight([Demand("09_a", ["local-stack", "redis"])], target_of("t", {}))


@pytest.mark.parametrize("given", ["variable", "file", "neither"])
def test_a_secret_that_a_parameter_refers_to_must_be_there(given: str, tmp_path: Path) -> None:
    """The secret is looked up as in the kernel: in the variable, or in a file."""
    (tmp_path / "token").write_text("t0ken")
    variables = {"variable": {"MY_TOKEN": "t"}, "file": {"MY_TOKEN_FILE": str(tmp_path / "token")}}
    target = target_of("t", variables.get(given, {}))
    demand = Demand("01_a", [], secrets=["MY_TOKEN"])
    if given == "neither":
        assert refused(target, demand) == ["t: MY_TOKEN is missing; needed by 01_a (a parameter)"]
    else:
        preflight([demand], target)


def test_an_order_has_the_needs_of_its_notebook(write_notebook: Callable[..., Path]) -> None:
    """A demand has needs, optional needs, secrets of the parameters, and given parameters."""
    path = write_notebook(
        parameters="from securenet_obs.runner import Secret\n"
        'token: Secret = Secret("secret:OLD")  # a token\nlog_source: str = ""  # a file',
        needs=["api"],
        optional_needs=["check-ins"],
    )
    demand = Demand.of(order_for(read_notebook(path), ["token=secret:NEW"]))
    assert demand == Demand("a_claim", ["api"], ["check-ins"], ["NEW"], ["TOKEN"])


@pytest.mark.parametrize(("given", "lines"), [(["log_source=app.log"], 0), (["log_source="], 1)])
def test_a_parameter_may_stand_in_for_a_variable(
    given: list[str], lines: int, write_notebook: Callable[..., Path]
) -> None:
    """A log file that is given on the command line need not be set in the target."""
    path = write_notebook(parameters='log_source: str = ""  # a file', needs=["logs"])
    demand = Demand.of(order_for(read_notebook(path), given))
    if lines:
        assert len(refused(target_of("t", {}), demand)) == lines
    else:
        preflight([demand], target_of("t", {}))


def test_a_stack_that_is_still_to_be_started_sets_everything() -> None:
    """A stack that is yet to be started lacks no variable, and causes no skip for a local stack."""
    needs = ["api", "sentry", "read-events", "tenant-keys", "diagnostics", "store", "local-stack"]
    preflight([Demand("01_a", needs)], stack_to_start())
    assert unserved(needs, stack_to_start()) == ""


def test_all_reasons_of_a_skip_are_reported(write_notebook: Callable[..., Path]) -> None:
    """A notebook is skipped for its own needs, never for those of single checks."""
    bugsink = target_of("t", {"SENTRY_BACKEND": "bugsink"})
    path = write_notebook("1", needs=["local-stack", "check-ins"], optional_needs=["diagnostics"])
    reason = skip_reason(read_notebook(path).declared, bugsink)
    assert "local stack" in reason
    assert "no check-ins" in reason
    assert "diagnostics" not in reason
