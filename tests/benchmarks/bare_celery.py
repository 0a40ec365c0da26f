"""Minimal Celery application of the same versions, the baseline for ours."""

import os

from celery import Celery

app = Celery("bare", broker=os.environ["BARE_BROKER"], backend=os.environ["BARE_RESULTS"])
app.conf.broker_connection_retry_on_startup = True


@app.task(name="bare.echo")
def echo(canary: str) -> dict[str, str]:
    """Return the canary."""
    return {"canary": canary}
