"""Registry of a process's sinks: finds or creates the single sink for a descriptor's file."""

import os
import stat
from weakref import WeakValueDictionary

from securenet_obs.monitoring.logs.output.shared_sinks import PipeSink, SharedSink, TerminalSink
from securenet_obs.monitoring.logs.output.sink import Sink

_sinks: WeakValueDictionary[tuple[int, int, int], Sink] = WeakValueDictionary()


def sink_of(descriptor: int) -> Sink:
    """Return the sink of a descriptor; all outputs of a process to one file share it."""
    try:
        status = os.fstat(descriptor)
    except OSError:  # closed: every line will be lost, and counted
        return Sink(descriptor)
    key = (descriptor, status.st_dev, status.st_ino)
    sink = _sinks.get(key)
    if sink is None:
        sink = _sinks[key] = _new_sink(descriptor, status.st_mode)
    return sink


def _new_sink(descriptor: int, mode: int) -> Sink:
    if stat.S_ISFIFO(mode):
        return PipeSink(descriptor)
    if stat.S_ISSOCK(mode):
        return SharedSink(descriptor)
    try:
        return TerminalSink(descriptor) if os.isatty(descriptor) else Sink(descriptor)
    except OSError:  # the terminal cannot be opened again
        return SharedSink(descriptor)


def _forget_torn() -> None:
    """Forget lines that another thread had begun, in a forked child: the parent ends them."""
    for sink in list(_sinks.values()):
        sink.torn = sink.torn and sink.failed


os.register_at_fork(after_in_child=_forget_torn)
