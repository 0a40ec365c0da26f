"""A worker that traces its tasks by the SDK's integration."""

from typing import Any

from tests.waiting import eventually

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_trace_of_an_untraced_sender_is_continued(traced: Any) -> None:
    """A task and its child are two transactions of the request's trace."""
    # Not sampled and sampled are left open, as by a process that sends errors only.
    sent = traced.send("tested.parent", headers={"headers": {"sentry-trace": f"{TRACE}-{SPAN}"}})
    child = traced.sent(sent.get(timeout=60))
    child.get(timeout=60)
    traced.line("task_succeeded", child.id)

    def traces() -> dict[str, str]:
        transactions = [content for kind, content in traced.sentry.items if kind == "transaction"]
        return {
            event["transaction"]: event["contexts"]["trace"]["trace_id"] for event in transactions
        }

    expected = {"tested.parent": TRACE, "tested.child": TRACE}
    assert eventually(lambda: traces().items() >= expected.items(), 60), traces()
