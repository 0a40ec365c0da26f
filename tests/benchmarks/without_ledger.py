"""SecureNet's Celery application without ledger and metrics, to measure what both cost."""

from securenet_obs.monitoring.logs.output import line_output
from securenet_obs.workers.celery_fixes import backend, transport
from securenet_obs.workers.ledger_records import ADD_ENDED
from securenet_obs.workers.metrics import recording

recording.connect_metrics = lambda: None
recording.start_recording = lambda _: None
line_output._count = lambda *_: None
del transport.Channel._put
backend._KEEP = backend._KEEP.replace(ADD_ENDED, "")

from securenet_obs.workers.celery_app import celery_app  # noqa: E402 the patched functions

__all__ = ["celery_app"]
