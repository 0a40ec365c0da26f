"""Commands of on-call: the history of confirmed actions, dossiers, their service."""

from dataclasses import asdict
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import Duration
from securenet_obs.cli.usage import Group


@click.group(cls=Group)
def oncall() -> None:
    """Show confirmed actions and dossiers of alerts."""


@oncall.command()
@click.option("--since", "period_s", type=Duration(), help="Period before now, such as 30m or 1d.")
@options.evidence
@options.as_json
def history(period_s: float | None, evidence: Path, as_json: bool) -> None:
    """List confirmed actions, with user, time, target and outcome.

    --json also has the dry runs, refusals, verifications and proofs.

    Example: securenet-obs oncall history --since 1d
    """
    from securenet_obs.oncall.history import History, read_age_s, tabulate_actions
    from securenet_obs.runner.console.report import print_rows

    entries = [
        entry
        for entry in History(evidence).read()
        if period_s is None or read_age_s(entry) <= period_s
    ]
    if as_json:
        print_json(entries)
        return
    rows = tabulate_actions(entries)
    print_rows(STDOUT, rows)
    if not rows:
        STDOUT.print(f"No action is on record in {evidence}.", soft_wrap=True)


@oncall.command()
@options.root
@options.target
@options.local
def serve(root: Path, target: Path | None, local: bool) -> None:
    """Write a dossier for each stored alert, until Ctrl-C.

    It reads alerts from the store, and runs the look of their runbook, which acts on nothing. It
    needs neither Celery nor Redis. The pages are in DOSSIERS_FOLDER.

    Example: securenet-obs oncall serve --target staging.env
    """
    enter_target(target, local=local, command="oncall serve", needs=["store"], opens_store=False)
    import signal

    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.oncall.dossiers.looks import Looker
    from securenet_obs.oncall.dossiers.service import Service
    from securenet_obs.runner.stop import Stop
    from securenet_obs.runner.target import environment_target
    from securenet_obs.settings import load_settings

    settings = load_settings()
    folder = Path(settings.dossiers_folder).absolute()
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    start_monitoring(settings, "securenet-oncall", settings.target_release)
    looker = Looker(root.absolute(), folder / "runs", environment_target(), stop)
    Service(settings, folder, looker, stop).serve()


@oncall.command()
@click.option("--for", "period_s", type=Duration(), help="Open a window that ends after this time.")
@click.option("--reason", default="", metavar="TEXT", help="Reason of the window.")
@click.option("--end", "ends", is_flag=True, help="End every window now.")
@options.target
@options.local
@options.as_json
def maintenance(
    period_s: float | None,
    reason: str,
    ends: bool,
    target: Path | None,
    local: bool,
    as_json: bool,
) -> None:
    """Open, end or list windows of maintenance.

    Alerts that arrive meanwhile are stored and leave no dossier; those that still fire afterwards
    leave one then.

    Example: securenet-obs oncall maintenance --for 2h --reason "Redis upgrade"
    """
    enter_target(target, local=local, command="oncall maintenance", needs=["store"])
    from securenet_obs.api.alerts.maintenance import end_windows, list_open_windows, open_window
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        if ends:
            end_windows(session)
        if period_s is not None:
            open_window(session, period_s, reason)
        rows = [
            {"until": f"{window.ends_at:%FT%TZ}", "reason": window.reason}
            for window in list_open_windows(session)
        ]
    if as_json:
        print_json(rows)
        return
    print_rows(STDOUT, rows)
    if not rows:
        STDOUT.print("No window of maintenance is open.")


@oncall.command()
@options.limit(20)
@options.target
@options.as_json
def dossiers(limit: int, target: Path | None, as_json: bool) -> None:
    """List the dossiers that alerts have left.

    They are pages in DOSSIERS_FOLDER, or in that of a running local stack; the newest is the first.

    Example: securenet-obs oncall dossiers --json
    """
    from securenet_obs.oncall.dossiers.listing import list_dossiers
    from securenet_obs.runner.console.report import print_rows

    folder = _find_folder(target)
    found = list_dossiers(folder)[:limit]
    if as_json:
        rows = [{**asdict(row), "path": str(folder / f"{row.name}.html")} for row in found]
        print_json(rows)
        return
    print_rows(STDOUT, [row.to_row() for row in found])
    count = f"{len(found)} dossiers" if found else "No dossier is"
    STDOUT.print(f"{count} in {folder}", markup=False, soft_wrap=True)


def _find_folder(target: Path | None) -> Path:
    """Return the folder of a target's env file, of a running local stack, or of the environment."""
    from securenet_obs.runner.target import is_configured, target_from_file
    from securenet_obs.settings import get_settings
    from securenet_obs.stack import find_running_stack

    if target is not None:
        variables = target_from_file(target).environment
    elif not is_configured() and (stack := find_running_stack()):
        variables = stack.environment
    else:
        return Path(get_settings().dossiers_folder)
    return Path(variables.get("DOSSIERS_FOLDER") or get_settings().dossiers_folder)
