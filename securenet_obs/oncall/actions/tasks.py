"""Actions on single tasks: revokes one, ends an extra run, requeues dead letters."""

from collections.abc import Callable, Sequence

from securenet_obs.errors import ActionError, SecureNetObsError
from securenet_obs.oncall.actions.step import Action, State
from securenet_obs.probes.celery.client import open_control
from securenet_obs.probes.celery.executions import Execution
from securenet_obs.settings import Settings
from securenet_obs.workers.dead_letters import Letter, requeue_letter, show_letter

_ANSWER_S = 3.0


def revoke_task(settings: Settings, task_id: str, task: str) -> Action:
    """Return the action that lets no worker run a task, and kills the process that runs it.

    Args:
        settings: those of the target.
        task_id: id of the task.
        task: its name.
    """
    return Action(
        "revoke_task",
        f"revoke task {task_id} ({task}), and kill the process that runs it",
        "none: the workers refuse this id until they are restarted; send the task anew, under "
        "another id, from its source",
        lambda: {"task": task_id, "name": task},
        lambda: _revoke(settings, task_id),
    )


def _revoke(settings: Settings, task_id: str, worker: str = "") -> str:
    """Revoke a task in one worker, or in all, and kill the process that runs it there."""
    with open_control(settings) as (control, connection):
        answers = control.revoke(
            task_id,
            destination=[worker] if worker else None,
            terminate=True,
            signal="SIGKILL",
            reply=True,
            timeout=_ANSWER_S,
            connection=connection,
        )
    workers = sorted(name for answer in answers or () for name in answer)
    if not workers:
        raise ActionError(f"no worker has confirmed the revocation within {_ANSWER_S:g} s.")
    return f"refused from now on by {', '.join(workers)}"


def revoke_run(settings: Settings, run: Execution, read_state: Callable[[], State]) -> Action:
    """Return the action that ends one of several runs of a task, in its worker alone.

    Args:
        settings: those of the target.
        run: the run to end; of two in one worker, Celery ends the one that it received last.
        read_state: reads the runs of the task.
    """
    return Action(
        "revoke_run",
        f"end one run of {run.task_id} ({run.task}) in {run.worker}, the one that it received last",
        f"none: the other run goes on; if it is lost, {run.worker} refuses it until a restart",
        read_state,
        lambda: _revoke(settings, run.task_id, run.worker),
    )


def requeue_letters(letters: Sequence[Letter], filtered_by: str) -> Action:
    """Return the action that sends the tasks of dead letters again, each once.

    Args:
        letters: the dead letters.
        filtered_by: the filter that selects them, in words.
    """
    numbers = ", ".join(str(letter.id) for letter in letters)
    return Action(
        "requeue_letters",
        f"send the tasks of {len(letters)} dead letters again ({filtered_by}): {numbers}",
        "none once they run: revoke each with Celery's revoke, by its id in the dead letter",
        lambda: {str(letter.id): letter.task_id for letter in letters},
        lambda: _requeue(letters),
    )


def _requeue(letters: Sequence[Letter]) -> str:
    """Requeue the letters that are still open, so that a repetition sends none again."""
    sent, problems = 0, []
    for letter in letters:
        try:
            if show_letter(letter.id).requeued_at is None:
                requeue_letter(letter.id)
                sent += 1
        except SecureNetObsError as error:
            problems.append(str(error))
    if problems:
        raise ActionError(f"{sent} were sent, {len(problems)} were not: {'; '.join(problems)}")
    return f"{sent} of {len(letters)} tasks were sent; the others had been sent before"
