"""Fixtures of on-call's tests: a notebook of a runbook, and its session without a target."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.history import History
from securenet_obs.oncall.locks import Holder, IncidentLock
from securenet_obs.oncall.session import Runbook
from securenet_obs.settings import Settings

PARAMETERS = 'queue: str = "logs"  # queue\nconfirm: str = ""  # digest\ni_am: str = ""  # name'


class MemoryPlace:
    """A place of the incident lock in memory, which never expires."""

    def __init__(self) -> None:
        self.holder: Holder | None = None
        self.error: Exception | None = None

    def read(self) -> Holder | None:
        """Return the holder."""
        if self.error:
            raise self.error
        return self.holder

    def replace(self, expected: Holder | None, holder: Holder | None) -> bool:
        """Exchange the holder."""
        if self.read() != expected:
            return False
        self.holder = holder
        return True


@pytest.fixture
def place() -> MemoryPlace:
    """Return the place of the incident lock of the sessions of a test."""
    return MemoryPlace()


@pytest.fixture
def write_runbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes the runbook `a_symptom` with these cells."""
    path = tmp_path / "runbooks" / "a_symptom.ipynb"
    path.parent.mkdir()
    monkeypatch.setenv("SECURENET_OBS_NOTEBOOK", str(path))

    def write(*cells: str) -> Path:
        tagged = [(PARAMETERS, ["parameters"]), *((cell, []) for cell in cells)]
        document = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"c{number}",
                    "metadata": {"tags": tags},
                    "source": source,
                    "execution_count": None,
                    "outputs": [],
                }
                for number, (source, tags) in enumerate(tagged)
            ],
            "metadata": {"securenet": {"kind": "runbook"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path.write_text(json.dumps(document))
        return path

    return write


@pytest.fixture
def open_session(
    write_runbook: Callable[..., Path], tmp_path: Path, place: MemoryPlace
) -> Callable[..., Runbook]:
    """Return a function that opens the runbook anew, as another run with these parameters does."""
    write_runbook("runbook.act()")
    history = History(tmp_path / "evidence")

    def open_it(environment: str = "staging", **values: Any) -> Runbook:
        given = {"queue": "logs", "confirm": "", "i_am": "", **values}
        settings = Settings(environment=environment)
        return Runbook("a_symptom", given, settings, history, IncidentLock(place))

    return open_it
