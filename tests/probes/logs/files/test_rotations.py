import pytest

from securenet_obs.probes.logs.files.rotations import order_by_age, parse_log_name

ROTATIONS = {
    "logrotate": ["app.log.10.gz", "app.log.9", "app.log.2.gz", "app.log.1", "app.log"],
    "logrotate, dateext": ["app.log-20261123.zst", "app.log-20261124", "app.log"],
    "logrotate, dateformat -%s": ["app.log-1795406706.bz2", "app.log-1795493106", "app.log"],
    "logrotate, dateformat -%Y%m%d-%s": [
        "app.log-20261124-1795406706.gz",
        "app.log-20261124-1795493106",
        "app.log",
    ],
    "dates with an offset": [
        "app.log.2026-11-24T13:00:00+0000",
        "app.log.2026-11-25T13:00:00+0000",
        "app.log",
    ],
    "logrotate, extension": ["app.2.log.gz", "app.1.log", "app.log"],
    "TimedRotatingFileHandler": [
        "app.log.2026-11-23_23-59-59",
        "app.log.2026-11-24_00-00-00",
        "app.log",
    ],
    "TimedRotatingFileHandler, hours": [
        "app.log.2026-11-24_09",
        "app.log.2026-11-24_10",
        "app.log",
    ],
    "logback": ["app-2026-11-23.0.log.gz", "app-2026-11-23.1.log.gz", "app-2026-11-24.0.log"],
    "lumberjack": [
        "app-2026-11-24T13-05-09.123.log.gz",
        "app-2026-11-24T13-05-10.001.log",
        "app.log",
    ],
    "winston": ["app-2026-11-24.log", "app-2026-11-24.log.1", "app-2026-11-25.log"],
    "pino-roll": ["app.1.log", "app.2.log", "app.10.log"],
    "loguru": [
        "app.2026-11-23_10-00-00_000001.log",
        "app.2026-11-24_10-00-00_000001.log",
        "app.log",
    ],
    "Kubernetes": ["0.log.20261123-130509.gz", "0.log.20261124-130509", "0.log"],
    "Suricata": ["eve-2026-11-23-13:05.json", "eve-2026-11-24-13:05.json", "eve.json"],
    "Zeek": ["conn.12:00:00-13:00:00.log.gz", "conn.13:00:00-14:00:00.log.gz", "conn.log"],
    "months": ["app-2026-10.log.xz", "app-2026-11.log"],
}


@pytest.mark.parametrize("names", ROTATIONS.values(), ids=ROTATIONS)
def test_rotations_of_a_log_are_ordered_by_age(names: list[str]) -> None:
    """The files of one log have its name, and are sorted oldest first."""
    parsed = {name: parse_log_name(name) for name in names}
    assert len({one.log for one in parsed.values()}) == 1
    has_live_log = any(not one.is_rotation for one in parsed.values())
    ages = [order_by_age(parsed[name], has_live_log) for name in names]
    assert ages == sorted(set(ages))


@pytest.mark.parametrize(
    "name",
    [
        *("app.log", "worker-1.log", "api2.json", "v1.2-rc.log", "app.log.gz", "x.jsonl.zst"),
        # a process, a tenant, a device, a port, a time without its date
        *("worker-123456.log", "tenant-48213377.log", "device-123456789.log", "api-8080.log"),
        *("x-20261345.log", "x-1234-99.log", "x-1999.log", "x-99991231.log"),
    ],
)
def test_live_logs_are_no_rotations(name: str) -> None:
    """A number within a name, as that of a worker, does not make a rotation of it."""
    assert not parse_log_name(name).is_rotation
    assert parse_log_name(name).log == name.removesuffix(".gz").removesuffix(".zst")


def test_log_named_by_its_date_alone_is_a_rotation() -> None:
    """A folder with a file a day holds one log without a name."""
    assert parse_log_name("2026-11-24.log").log == ".log"
    assert parse_log_name("2026-11-24.log").date == "20261124"
