"""The start of a program that logs to stdout and sends its events to a recording Sentry."""

BEGIN = """
    import logging, os, sys
    import sentry_sdk, structlog
    from securenet_obs.errors import DiagnosticError
    from securenet_obs.monitoring import *
    from securenet_obs.monitoring.correlation import bind_ids
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test", release="r@1", service="svc",
                traces_sample_rate=float(os.environ.get("RATE", "0")),
                traces_rates={"task:often": 1.0} if "RATES" in os.environ else {})
    log = structlog.get_logger("our.logger")
"""
