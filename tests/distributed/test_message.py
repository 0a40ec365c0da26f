"""A message has no secret, and leads to the same notebook in the worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.distributed.message import Message, message_of
from securenet_obs.errors import NotebookError, ParametersError, SettingsError
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.target import target_of
from tests.runner.conftest import write_notebook

TARGET = target_of("environment", {"ENVIRONMENT": "staging", "API_KEYS": "acme=hunter2-hunter2"})

__all__ = ["write_notebook"]


def _message(path: Path, *assignments: str, root: Path | None = None) -> Message:
    order = order_for(read_notebook(path), assignments)
    return message_of(order, root or path.parents[1], TARGET, "command", "run", 1.0)


def test_a_worker_has_the_same_order(write_notebook: Callable[..., Path]) -> None:
    """Notebook, parameters and deadlines survive; the target's secrets are not in the message."""
    path = write_notebook("1", parameters="n: int = 1")
    message = _message(path, "n=7")
    assert Message(**message.as_json()) == message
    assert message.order(path.parents[1]).prepared.values == {"n": 7}
    assert message.facts == {"ENVIRONMENT": "staging"}
    assert "hunter2" not in str(message.as_json())


@pytest.mark.parametrize(
    ("assignments", "same"),
    [
        ((), True),
        (("tenant_id=t",), True),
        (("deadline_s=2",), True),
        (("deadline_s=2e0", "tenant_id=t"), True),
        (("tenant_id=u",), False),
        (("deadline_s=3",), False),
    ],
)
def test_the_same_values_are_one_identity(
    write_notebook: Callable[..., Path], assignments: tuple[str, ...], same: bool
) -> None:
    """The default of a tenant that was given, too, had run twice at once."""
    path = write_notebook("1", parameters='tenant_id: str = "t"\ndeadline_s: float = 2.0')
    root = path.parents[1]
    one, other = _message(path), _message(path, *assignments)
    assert (one.identity(one.order(root)) == other.identity(other.order(root))) is same


def test_another_version_of_the_notebook_is_refused(write_notebook: Callable[..., Path]) -> None:
    """A verdict about another text than the caller's would be worth nothing."""
    message = _message(write_notebook("1"))
    path = write_notebook("2")
    with pytest.raises(NotebookError, match="another version"):
        message.order(path.parents[1])


def test_a_notebook_outside_of_the_root_is_refused(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """Neither the caller sends it, nor does a worker run it."""
    path = write_notebook("1")
    with pytest.raises(NotebookError, match="only the notebooks below"):
        _message(path, root=tmp_path / "other")
    message = Message(**{**_message(path).as_json(), "notebook": "../elsewhere.ipynb"})
    with pytest.raises(NotebookError, match="not below"):
        message.order(path.parents[1])


def test_a_secret_as_a_parameter_is_refused(write_notebook: Callable[..., Path]) -> None:
    """Redis, its log and its backups keep messages."""
    path = write_notebook("1", parameters='note: str = ""')
    with pytest.raises(ParametersError, match="secret:NAME"):
        _message(path, "note=password=hunter2")


def test_a_working_folder_is_refused(write_notebook: Callable[..., Path], tmp_path: Path) -> None:
    """It is a folder of the caller's machine."""
    path = write_notebook("1")
    order = order_for(read_notebook(path), cwd=tmp_path)
    with pytest.raises(SettingsError, match="--cwd"):
        message_of(order, tmp_path, TARGET, "command", "run", 1.0)
