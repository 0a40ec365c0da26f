"""The request to end every run of a command, with its reason."""

import threading

SIGNALLED = "stopped by Ctrl-C or SIGTERM"


class Stop(threading.Event):
    """Event that ends every run of a command once it is set; `reason` is recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.reason = SIGNALLED

    def because(self, reason: str) -> None:
        """Set the event for another reason than a signal."""
        self.reason = reason
        self.set()
