import json
import threading
import time
from pathlib import Path

from securenet_obs.probes import find_services, wait_for_log_lines
from tests.busy import room_for


def line(service: str, request_id: str) -> str:
    """Return a log line."""
    return json.dumps({"service": service, "request_id": request_id}) + "\n"


def test_late_lines_are_awaited(tmp_path: Path) -> None:
    """The wait ends as soon as every service has written about the request."""
    log = tmp_path / "a.log"
    log.write_text(line("api", "r1"))

    def write_late() -> None:
        time.sleep(0.3)
        with log.open("a") as file:
            file.write(line("worker", "r1"))

    thread = threading.Thread(target=write_late)
    thread.start()
    began = time.monotonic()
    logs = wait_for_log_lines(
        log, field="request_id", value="r1", services={"api", "worker"}, deadline_s=120
    )
    thread.join()
    assert find_services(logs, "request_id", "r1") == {"api", "worker"}
    assert time.monotonic() - began < room_for(10)


def test_incomplete_reading_is_returned_at_the_deadline(tmp_path: Path) -> None:
    """The caller judges missing lines."""
    log = tmp_path / "a.log"
    log.write_text(line("api", "r1") + line("worker", "r2"))
    logs = wait_for_log_lines(
        log, field="request_id", value="r1", services={"api", "worker"}, deadline_s=0.3
    )
    assert find_services(logs, "request_id", "r1") == {"api"}
    assert len(logs.frame) == 2


def test_logs_without_the_field_have_no_services(tmp_path: Path) -> None:
    """Foreign logs are read as well."""
    log = tmp_path / "a.log"
    log.write_text('{"a": 1}\n')
    logs = wait_for_log_lines(log, field="request_id", value="r1", services={"api"}, deadline_s=0)
    assert find_services(logs, "request_id", "r1") == set()
