"""The tasks have the names by which callers and beat send them."""

from securenet_obs.distributed.names import DISPATCH, RUN
from securenet_obs.distributed.worker import tasks


def test_the_tasks_have_their_names() -> None:
    """A renamed function would leave the messages of a caller without a task."""
    assert (tasks.run_notebook.name, tasks.dispatch_validations.name) == (RUN, DISPATCH)
