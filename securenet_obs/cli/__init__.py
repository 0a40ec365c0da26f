"""The command line: parses arguments, calls the packages that do the work, sets exit codes."""

import atexit
import gc
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from securenet_obs import __version__
from securenet_obs.cli.commands import authoring, notebooks, stack, stored_vulnerabilities, targets
from securenet_obs.cli.commands.alarm_budget import alarm_budget
from securenet_obs.cli.commands.alerts import alerts
from securenet_obs.cli.commands.anomalies import anomalies
from securenet_obs.cli.commands.api_keys import api_keys
from securenet_obs.cli.commands.dead_letters import dead_letters
from securenet_obs.cli.commands.doctor import doctor
from securenet_obs.cli.commands.doubt import doubt
from securenet_obs.cli.commands.drills import drill
from securenet_obs.cli.commands.evidence import evidence
from securenet_obs.cli.commands.gameday import gameday
from securenet_obs.cli.commands.ledger import ledger
from securenet_obs.cli.commands.logs import logs
from securenet_obs.cli.commands.metrics import metrics
from securenet_obs.cli.commands.oncall import oncall
from securenet_obs.cli.commands.probe import probe
from securenet_obs.cli.commands.quarantine import quarantine
from securenet_obs.cli.commands.redact import redact
from securenet_obs.cli.commands.report import report
from securenet_obs.cli.commands.runbooks import runbooks
from securenet_obs.cli.commands.store import store
from securenet_obs.cli.commands.vulnerabilities import scan
from securenet_obs.cli.consoles import STDERR
from securenet_obs.cli.interrupts import end_on_signals
from securenet_obs.cli.usage import Group
from securenet_obs.errors import SecureNetObsError

__all__ = ["cli", "main"]


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Validate that SecureNet's observability works.

    Exit codes: 0 passed or skipped, 1 failed, 2 bad parameters or usage, 3 error, 4 timeout,
    5 kernel died, 6 refused or unreachable, 130 interrupted; with several runs, the worst.
    """


for _command in (
    *authoring.COMMANDS,
    *notebooks.COMMANDS,
    *targets.COMMANDS,
    *stack.COMMANDS,
    *stored_vulnerabilities.COMMANDS,
    alarm_budget,
    alerts,
    anomalies,
    api_keys,
    dead_letters,
    doctor,
    doubt,
    drill,
    evidence,
    gameday,
    ledger,
    logs,
    metrics,
    oncall,
    probe,
    quarantine,
    redact,
    report,
    runbooks,
    scan,
    store,
):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    end_on_signals()
    # At its end Python would look for garbage in all that was imported: a sixth of a command.
    atexit.register(gc.freeze)
    try:
        cli.main(args=arguments, prog_name="securenet-obs", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        STDERR.print("interrupted")
        sys.exit(130)
    except SecureNetObsError as error:
        from securenet_obs.runner.record.verdict import exit_code_for

        STDERR.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(exit_code_for(error))
    except OSError as error:
        # A full or read-only disk can fail any write; the system's reason is sufficient.
        where = f"{error.filename}: " if error.filename else ""
        STDERR.print(f"{where}{error.strerror or error}", style="red", markup=False, soft_wrap=True)
        sys.exit(3)
    sys.exit(0)
