"""A look of each runbook writes only Celery's control and reply keys, and its own canary."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from securenet_obs.stack import LocalStack
from tests.runbooks.recording import Recorder, recording

PROJECT = Path(__file__).parents[2]
RUNBOOKS = sorted(PROJECT.glob("runbooks/*.ipynb"))

FAMILIES = ("celery-task-meta-planted", "not-consumed", "securenet:planted:key")
"""Keys of a result, of a queue without a worker, and of SecureNet, which no part writes."""

PLANTED = """import os, redis
redis.Redis.from_url(os.environ["REDIS_URL"]).delete("securenet:planted")"""


class Look:
    """Runs runbooks through a recording proxy."""

    def __init__(self, stack: LocalStack, run: Callable[..., Any], direct: redis.Redis) -> None:
        self._stack = stack
        self._run = run
        self._direct = direct

    def at(self, name: str, **options: Any) -> Recorder:
        """Run a runbook; return the recorder of its commands."""
        recorder = Recorder(self._direct)
        own = urlsplit(self._stack.environment["REDIS_URL"])
        with recording(own.port or 6379, recorder) as port:
            through = {
                variable: value.replace(f":{own.port}/", f":{port}/")
                for variable, value in self._stack.environment.items()
                if variable in {"REDIS_URL", "RESULT_URL"}
            }
            self._run(name, environment=through, **options)
        return recorder


@pytest.fixture(scope="module")
def direct(stack: LocalStack) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        for key in FAMILIES:
            client.rpush(key, '{"expires": "2020-01-01T00:00:00"}')
        yield client
        client.delete(*FAMILIES)


@pytest.fixture
def look(stack: LocalStack, run_notebook: Callable[..., Any], direct: redis.Redis) -> Look:
    """Return a function that runs a runbook through a recording proxy."""
    return Look(stack, run_notebook, direct)


@pytest.mark.slow
@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_look_writes_nothing_else(path: Path, look: Look, direct: redis.Redis) -> None:
    """By its commands, and by the keys that nothing else writes: value and expiry."""
    before = read_planted(direct)
    recorder = look.at(str(path))
    assert recorder.commands
    assert recorder.find_forbidden() == []
    assert read_planted(direct) == before


def read_planted(direct: redis.Redis) -> list[object]:
    """Return the values and expiries of the planted keys."""
    return [(direct.dump(key), direct.ttl(key)) for key in FAMILIES]


@pytest.mark.slow
def test_a_planted_deletion_is_found(look: Look, tmp_path: Path) -> None:
    """The test above can fail: one cell more deletes a key that does not even exist."""
    document = json.loads((PROJECT / "runbooks" / "worker_is_gone.ipynb").read_text())
    planted = {
        "cell_type": "code",
        "id": "planted",
        "metadata": {},
        "source": PLANTED,
        "execution_count": None,
        "outputs": [],
    }
    document["cells"].insert(3, planted)
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "worker_is_gone.ipynb").write_text(json.dumps(document))
    assert look.at("worker_is_gone", root=tmp_path).find_forbidden() == ["DEL securenet:planted"]
