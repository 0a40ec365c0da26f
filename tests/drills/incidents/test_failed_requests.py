"""A request of one tenant has failed in its task, with an event, when the block begins."""

from securenet_obs.drills.incidents.failed_requests import REQUEST_ID, fail_in_task
from securenet_obs.probes.logs.newest import parse_record
from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import TENANTS


def test_the_request_has_failed_beside_another(stack: LocalStack) -> None:
    """The other tenant's request has an id of its own."""
    log = stack.parts["worker"].log
    size = log.stat().st_size
    with fail_in_task(stack):
        written = log.read_bytes()[size:].splitlines()
    rows = [row for line in written if (row := parse_record(line)) is not None]
    failed = {
        (row["request_id"], row["tenant_id"]) for row in rows if row["event"] == "task_failed"
    }
    assert (REQUEST_ID, TENANTS[1]) in failed
    assert failed <= {(REQUEST_ID, TENANTS[1]), (f"{REQUEST_ID}-2", TENANTS[2])}
