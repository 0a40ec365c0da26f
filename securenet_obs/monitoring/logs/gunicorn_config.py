"""gunicorn's settings for JSON logs: `--config python:` and the dotted name of this module."""

from securenet_obs.monitoring.logs.servers import LOG_CONFIG, json_handler

# gunicorn prints before it configures its loggers.
json_handler()

logconfig_dict = LOG_CONFIG
"""Configuration of gunicorn's loggers, and of those of its workers."""
