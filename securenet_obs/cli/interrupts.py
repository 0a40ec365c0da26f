"""Ctrl-C and SIGTERM end a command, wherever in it they come."""

import _thread
import signal
import sys
import threading
import time

AGAIN_S = 0.05


def end_on_signals() -> None:
    """Have SIGINT and SIGTERM raise KeyboardInterrupt, once more if Python has dropped it.

    What is raised while garbage is collected reaches nobody: one start of a stack in ten went on
    when it was interrupted while SQLAlchemy's leavings were collected.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell = sys.unraisablehook

    def unraisable(dropped: "sys.UnraisableHookArgs") -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # In here it would be dropped again; and locks may be held, so it is a bare thread.
            _thread.start_new_thread(_interrupt_soon, ())
        else:
            tell(dropped)

    sys.unraisablehook = unraisable


def _interrupt_soon() -> None:
    time.sleep(AGAIN_S)
    # To the main thread, or what that waits for would go on; SIGINT is ignored in a shell's job.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
