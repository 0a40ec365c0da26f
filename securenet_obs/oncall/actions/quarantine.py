"""Actions on the quarantine of the store, which need no entry in RUNBOOK_ACTIONS."""

from securenet_obs.detection.network.stored.quarantine import (
    count_quarantined,
    count_replayable,
    replay,
    waiting_tasks,
)
from securenet_obs.oncall.actions.step import Action
from securenet_obs.store import session_scope


def count_items() -> tuple[int, int]:
    """Return the number of items in quarantine, and of those of batches that are records now.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    with session_scope() as session:
        return count_quarantined(session, None), count_replayable(session)


def replay_quarantine(count: int) -> Action:
    """Return the action that counts the items of batches that are records now.

    Args:
        count: number of these items when they were read.
    """
    return Action(
        "replay_quarantine",
        f"replay the quarantine: count the items that are records now, {count} when it was read",
        "none: an item is counted once; restore the store's backup to lose the counts again",
        lambda: {"items that are records now": str(count_items()[1])},
        _replay,
        "securenet-obs quarantine replay",
    )


def _replay() -> str:
    with session_scope() as session:
        tasks = waiting_tasks(session, None)
    replayed = remaining = 0
    for task_id in tasks:
        with session_scope() as session:
            outcome = replay(session, task_id)
        replayed += outcome.replayed
        remaining += outcome.remaining
    return f"{replayed} items were replayed, {remaining} of batches remain"
