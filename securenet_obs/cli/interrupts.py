"""Makes Ctrl-C and SIGTERM raise KeyboardInterrupt, once more if Python dropped the first."""

import _thread
import signal
import sys
import threading
import time

RETRY_DELAY_S = 0.05


def end_on_signals() -> None:
    """Make SIGINT and SIGTERM raise KeyboardInterrupt, once more if Python has dropped it.

    Python drops an exception that is raised during garbage collection: one start of a stack in ten
    went on when it was interrupted while SQLAlchemy's garbage was collected.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    original_hook = sys.unraisablehook

    def interrupt_again(unraisable: "sys.UnraisableHookArgs") -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            # Raised in this hook it would be dropped again. A bare thread, as locks may be held.
            _thread.start_new_thread(_interrupt_soon, ())
        else:
            original_hook(unraisable)

    sys.unraisablehook = interrupt_again


def _interrupt_soon() -> None:
    time.sleep(RETRY_DELAY_S)
    # To the main thread, to interrupt its wait; not SIGINT, which a shell's background job ignores.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
