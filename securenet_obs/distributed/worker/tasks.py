"""Tasks of the validation worker; each imports the runner in the process that executes it.

They are not shared: a SecureNet worker must not have them.
"""

from typing import Any

from securenet_obs.distributed.names import DISPATCH, RUN
from securenet_obs.distributed.worker.application import validation_app
from securenet_obs.workers.windows import window_of


@validation_app.task(name=RUN, bind=True, shared=False)  # type: ignore[untyped-decorator]
def run_notebook(self: Any, message: dict[str, Any]) -> None:
    """Run the notebook of a message, and close its command's evidence if it was the last run."""
    from securenet_obs.distributed.worker.duty import run

    run(message, self.request.hostname)


@validation_app.task(name=DISPATCH, bind=True, shared=False)  # type: ignore[untyped-decorator]
def dispatch_validations(self: Any, schedule: str = "") -> None:
    """Record runs that were missed, and send a run of every validation."""
    from securenet_obs.distributed.worker.duty import dispatch

    dispatch(window_of(self.request), schedule)
