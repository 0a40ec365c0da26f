"""Tasks that the ledger misses: the task that sends each again, and the action that does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from securenet_obs.oncall.actions.sending import send_task
from securenet_obs.oncall.actions.step import Action
from securenet_obs.probes.ledger.records import SentTask
from securenet_obs.probes.ledger.tasks import TaskBalance
from securenet_obs.settings import Settings
from securenet_obs.workers.windows import WINDOW_HEADER

_TASKS = "securenet_obs.workers.tasks."
_QUEUE = "default"

_OUTBOX = f"{_TASKS}republish_submissions"

_SENDERS: Mapping[str, str] = {
    f"{_TASKS}{lost}": f"{_TASKS}{sender}"
    for lost, sender in (
        ("run_vulnerability_scan", "dispatch_vulnerability_scans"),
        ("dispatch_vulnerability_scans", "dispatch_vulnerability_scans"),
        ("retrain_anomaly_model", "dispatch_model_retraining"),
        ("dispatch_model_retraining", "dispatch_model_retraining"),
        ("sync_advisories", "sync_advisories"),
        ("process_network_logs", "republish_submissions"),
    )
}
"""Task that was lost -> the task that sends it again."""

_PASSING = {
    f"{_TASKS}{name}"
    for name in ("echo_canary", "dispatch_canaries", "republish_submissions", "delete_old_rows")
}
"""Tasks that beat sends again within minutes anyway."""


@dataclass(frozen=True)
class LostTasks:
    """The lost tasks of a period that nothing has sent again since.

    Args:
        repeatable: task that sends them again -> the lost tasks.
        others: lost tasks that only their sender can send again.
    """

    repeatable: Mapping[str, Sequence[SentTask]]
    others: Sequence[SentTask]

    def describe(self) -> str:
        """Return the lost tasks as one line: a number for each name."""
        tasks = [*self.others, *(task for tasks in self.repeatable.values() for task in tasks)]
        names = [name_task(task.task) for task in tasks]
        return ", ".join(f"{names.count(name)} {name}" for name in sorted({*names})) or "none"


def find_lost(balance: TaskBalance) -> LostTasks:
    """Return the lost tasks that nothing has sent again.

    A dispatch that is done covers every tenant, and so each task of it that was lost before. A
    batch that the outbox publishes again has its id again, and is not missing then.
    """
    repeatable: dict[str, list[SentTask]] = {}
    others = []
    for task in balance.missing:
        sender = _SENDERS.get(task.task)
        if sender is None:
            others += [task] if task.task not in _PASSING else []
        elif sender == _OUTBOX or not _was_sent_again(balance, task, sender):
            repeatable.setdefault(sender, []).append(task)
    return LostTasks(repeatable, others)


def _was_sent_again(balance: TaskBalance, lost: SentTask, sender: str) -> bool:
    return any(
        task.task == sender and task.sent_at > lost.sent_at and balance.outcomes[task.id] == "done"
        for task in balance.sent.values()
    )


def send_again(settings: Settings, lost: LostTasks, first: Action | None = None) -> Action:
    """Return the action that sends lost tasks again, after another action that prevents more.

    Each dispatcher gets a window that follows from the tasks that were lost, so it dispatches
    them once however often it is sent.

    Args:
        settings: those of the target.
        lost: the lost tasks.
        first: the action that comes before.
    """
    windows = {
        sender: f"again after {max(task.sent_at for task in tasks):.3f}"
        for sender, tasks in sorted(lost.repeatable.items())
    }
    names = ", ".join(name_task(sender) for sender in windows)

    def run() -> str:
        before = [first.run()] if first else []
        for sender, window in windows.items():
            send_task(settings, sender, queue=_QUEUE, headers={WINDOW_HEADER: window})
        return "; ".join([*before, f"sent {names}"])

    return Action(
        "send_again",
        " and ".join([*([first.does] if first else []), f"send {names} to {_QUEUE}"]),
        "; ".join([*([first.undo] if first else []), "none for the tasks, which are idempotent"]),
        lambda: {**(first.read_state() if first else {}), "sends": names},
        run,
        first.command if first else "",
    )


def name_task(task: str) -> str:
    """Return the last part of a task's name."""
    return task.removeprefix(_TASKS)


def list_ids(tasks: Collection[SentTask], at_most: int = 5) -> str:
    """Return some ids, and the number of the rest; `none` without any."""
    ids = [task.id for task in tasks][:at_most]
    rest = len(tasks) - len(ids)
    return ", ".join([*ids, *([f"{rest} more"] if rest else [])]) or "none"
