from importlib.metadata import PackageNotFoundError, version

import pytest

from securenet_obs.doctor import packages


def install(monkeypatch: pytest.MonkeyPatch, name: str, number: str | None) -> None:
    """Let a package have another version, or none."""

    def find(asked: str) -> str:
        if asked != name:
            return version(asked)
        if number is None:
            raise PackageNotFoundError(asked)
        return number

    monkeypatch.setattr(packages, "version", find)


def states() -> dict[str, str]:
    return {row.subject: row.state for row in packages.examine_python(is_stack_needed=True)}


def test_a_complete_installation_lacks_nothing() -> None:
    """The environment of the tests has every extra within its bounds."""
    assert set(states().values()) == {"ok"}
    assert all(row.state == "ok" for row in packages.examine_versions())


@pytest.mark.parametrize(
    ("name", "number", "subject", "state"),
    [
        ("papermill", None, "extra notebooks", "missing"),
        ("papermill", "1.0", "extra notebooks", "missing"),
        ("uvicorn", None, "extra local", "missing"),
        ("psycopg", None, "extra postgres", "optional"),
        ("celery", "5.7.0", "packages", "missing"),
    ],
)
def test_a_lack_is_found_in_its_extra(
    name: str, number: str | None, subject: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that is absent or out of bounds is named, with the command that installs it."""
    install(monkeypatch, name, number)
    found = [row for row in packages.examine_python(is_stack_needed=True) if row.state != "ok"]
    assert [(row.subject, row.state) for row in found] == [(subject, state)]
    assert name in found[0].observed
    assert found[0].remedy == "make install"


def test_without_a_stack_its_extra_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target elsewhere needs no local stack."""
    install(monkeypatch, "uvicorn", None)
    rows = packages.examine_python(is_stack_needed=False)
    assert {row.subject: row.state for row in rows}["extra local"] == "optional"


def test_a_version_that_is_known_as_bad_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is that of the validation of the broker."""
    install(monkeypatch, "kombu", "5.7.0")
    (found,) = packages.examine_versions()
    assert (found.state, "a busy worker ends when Redis restarts" in found.observed) == (
        "missing",
        True,
    )
