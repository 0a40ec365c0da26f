"""Configures a process's logging as JSON lines: structlog, root handler, hooks, printed text.

All events pass through one chain. Our own loggers are structlog's and call it directly; the others
(uvicorn, celery, sqlalchemy) reach it by a handler on the root of the standard library's logging,
and warnings and uncaught exceptions by hooks.
"""

import logging
import sys

import structlog

from securenet_obs.monitoring.foreign_objects import text_of
from securenet_obs.monitoring.logs.bound_logger import bound_logger
from securenet_obs.monitoring.logs.chain import Chain, Line
from securenet_obs.monitoring.logs.hooks import install_hooks
from securenet_obs.monitoring.logs.output.handled_records import LineHandler
from securenet_obs.monitoring.logs.output.line_output import LineOutput
from securenet_obs.monitoring.logs.output.printed_lines import PrintedLines
from securenet_obs.monitoring.logs.output.stdout import replaced_stream
from securenet_obs.monitoring.logs.records import (
    AnyLevel,
    install_record_factory,
    install_record_maker,
    repair,
)
from securenet_obs.settings import Settings, get_settings

# They would log each task with its arguments, as `task_started` and `task_succeeded` do without;
# celery.worker.strategy would do so in the parent, the one process that every task goes through.
_LOGGERS_FROM_WARNING = ("celery.app.trace", "celery.worker.strategy")


class ForeignHandler(LineHandler):
    """Passes the records of the standard library's logging to the chain."""

    def __init__(self, chain: Chain, output: LineOutput) -> None:
        super().__init__()
        self._chain = chain
        self._output = output

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record without the handler's lock, since the output has its own."""
        try:
            repair(record)
            line = self._chain.foreign(record)
            if line is not None:
                self._output.write(line)
        except RecursionError:  # the caller is at the limit, and so would be any call here
            self._output.lost += 1
        return True


def configure_structlog(
    settings: Settings | None = None, output: LineOutput | None = None, *, prints: bool = False
) -> None:
    """Configure every logger of this process to write JSON lines to stdout.

    Args:
        settings: level, format and the process's fields in every line; the environment's by
            default.
        output: destination of the lines, instead of stdout.
        prints: whether printed text becomes log lines too, as it should in a service.
    """
    settings = settings or get_settings()
    output = output or LineOutput()
    chain = Chain(settings, colors=output.is_terminal)
    output.format_lost = chain.format_lost
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[chain.native],
        wrapper_class=bound_logger(level),
        logger_factory=lambda *names: Line(output, text_of(names[0]) if names else "securenet"),
        cache_logger_on_first_use=True,
    )
    _replace_handlers(ForeignHandler(chain, output), level)
    install_record_factory()
    install_record_maker()
    install_hooks()
    if prints:
        sys.stdout = PrintedLines("stdout", "info", replaced_stream(getattr(sys, "stdout", None)))
        sys.stderr = PrintedLines(
            "stderr", "warning", replaced_stream(getattr(sys, "stderr", None))
        )


def _replace_handlers(handler: logging.Handler, level: int) -> None:
    """Make the root's handler the only one: others would write plain text beside it."""
    root = logging.getLogger()
    # A logger may have a lower level of its own, and its records would still reach the root.
    handler.setLevel(AnyLevel(level))
    root.handlers = [handler]
    root.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in _LOGGERS_FROM_WARNING:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.raiseExceptions = False
