"""A request of one tenant has failed in its task, with an event, when the block begins."""

from securenet_obs.drills.incidents.faults.failed_requests import REQUEST_ID, fail_in_task
from securenet_obs.probes.logs.newest import parse_record
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import TENANTS


def test_the_request_has_failed_beside_another(stack: LocalStack) -> None:
    """The other tenant's request has an id of its own."""
    log = stack.parts["worker"].log
    size = log.stat().st_size

    def read_failed() -> set[tuple[str, str]]:
        rows = map(parse_record, log.read_bytes()[size:].splitlines())
        failed = [row for row in rows if row is not None and row["event"] == "task_failed"]
        return {(row["request_id"], row["tenant_id"]) for row in failed}

    expected = {(REQUEST_ID, TENANTS[1]), (f"{REQUEST_ID}-2", TENANTS[2])}
    with fail_in_task(stack):
        # A task's line follows its result.
        assert poll_until(read_failed, expected.__eq__, deadline_s=60) == expected
