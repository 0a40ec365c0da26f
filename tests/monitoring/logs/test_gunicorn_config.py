"""gunicorn's settings, imported as gunicorn does."""

from typing import Any

from securenet_obs.monitoring.logs.servers import LOG_CONFIG


def test_the_settings_configure_the_process_at_once(run: Any) -> None:
    """Text that gunicorn prints before it configures its loggers is a JSON line, too."""
    finished = run(
        """
    import json, logging, logging.config
    import securenet_obs.monitoring.logs.gunicorn_config as settings
    print("before")
    logging.config.dictConfig(settings.logconfig_dict)
    logging.getLogger("gunicorn.error").info("Starting gunicorn")
    print(json.dumps(settings.logconfig_dict))
    """
    )
    assert (finished.code, finished.stderr) == (0, "")
    before, starting, config = finished.lines
    assert (before["event"], before["logger"]) == ("before", "stdout")
    assert (starting["event"], starting["logger"]) == ("Starting gunicorn", "gunicorn.error")
    assert LOG_CONFIG["version"] == 1
    assert '"version": 1' in config["event"]
