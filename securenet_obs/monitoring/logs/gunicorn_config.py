"""Settings of gunicorn: `--config python:securenet_obs.monitoring.logs.gunicorn_config`."""

from securenet_obs.monitoring.logs.servers import LOG_CONFIG, json_handler

# gunicorn prints before it configures its loggers.
json_handler()

logconfig_dict = LOG_CONFIG
"""Configuration of gunicorn's loggers, and of those of its workers."""
