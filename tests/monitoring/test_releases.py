"""Default releases of services."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import securenet_obs
from securenet_obs import __version__
from securenet_obs.monitoring import releases
from securenet_obs.monitoring.releases import default_release, installed_commit
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from securenet_obs.settings import get_settings

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("service", "release"),
    [
        ("securenet", f"securenet@{__version__}"),
        ("securenet-api", f"securenet@{__version__}"),
        ("securenet-billing", "securenet-billing@unknown"),
        ("structlog", f"structlog@{version('structlog')}"),
        ("billing", "billing@unknown"),
        ("", "@unknown"),
        ("a/b c", "a/b c@unknown"),
    ],
)
def test_a_service_has_the_release_of_its_package(service: str, release: str) -> None:
    """A service that is not installed has an unknown release, never that of securenet-obs."""
    assert default_release(service) == release


@pytest.mark.parametrize(
    ("variables", "service", "release"),
    [
        ({}, "securenet", f"securenet@{__version__}"),
        ({"SERVICE_NAME": "billing"}, "billing", "billing@unknown"),
        ({"SERVICE_NAME": "structlog"}, "structlog", f"structlog@{version('structlog')}"),
        ({"SERVICE_NAME": "billing", "SENTRY_RELEASE": "b@7"}, "billing", "b@7"),
        ({"SENTRY_RELEASE": "b@7"}, "securenet", "b@7"),
    ],
)
def test_lines_and_events_have_the_name_and_release_of_the_variables(
    run: Any, sentry: SentryRecorder, variables: dict[str, str], service: str, release: str
) -> None:
    """`configure_structlog` and `init_sentry` alone agree, whichever variables are set."""
    finished = run(
        """
    import os, structlog
    from securenet_obs.monitoring import configure_structlog, init_sentry
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    structlog.get_logger("ours").error("failed")
    """,
        SENTRY_DSN=sentry.dsn,
        **variables,
    )
    (line,), (event,) = finished.lines, sentry.events
    assert (line["service"], line["release"]) == (service, release)
    assert (event["tags"]["service"], event["release"]) == (service, release)


@pytest.fixture
def commit(monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Iterator[Callable[..., str]]:
    """Return a function that reads the commit anew, with this record of pip."""

    def read(record: str | None) -> str:
        monkeypatch.setattr(releases, "distribution", lambda _name: Record(record))
        installed_commit.cache_clear()
        return installed_commit()

    yield read
    installed_commit.cache_clear()


@dataclass(frozen=True)
class Record:
    """A distribution with this `direct_url.json`."""

    text: str | None

    def read_text(self, _name: str) -> str | None:
        """Return the file's text."""
        return self.text


def test_the_commit_is_that_of_the_installation(
    commit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable counts first, then the record of pip, then the working copy."""
    head = subprocess.run(
        ["git", "-C", str(PROJECT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    for record in (None, "{}", "not JSON", '{"dir_info": {"editable": true}}'):
        assert commit(record) == head.stdout.strip()
    assert commit('{"vcs_info": {"commit_id": "0123abc"}}') == "0123abc"
    monkeypatch.setenv("SECURENET_COMMIT", "fedcba")
    get_settings.cache_clear()
    assert commit('{"vcs_info": {"commit_id": "0123abc"}}') == "fedcba"
    monkeypatch.setenv("LOG_LEVEL", "loud")
    get_settings.cache_clear()
    assert commit('{"vcs_info": {"commit_id": "0123abc"}}') == "0123abc"


def test_an_installed_wheel_has_no_commit(
    commit: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(securenet_obs, "__file__", str(tmp_path / "securenet_obs" / "__init__.py"))
    assert commit(None) == ""
