"""The error that failed a cell."""

from typing import Any

import pytest

from securenet_obs.runner.child.failures import failure
from securenet_obs.runner.kernel.faults import Fault

ERROR = {"status": "error", "ename": "ValueError", "evalue": "no"}
OK = {"status": "ok"}
SHOWN = Fault("ZeroDivisionError", "division by zero", "output")
CLEAN = Fault("SystemExit", "0", "traceback")


@pytest.mark.parametrize(
    ("reply", "shown", "named", "others"),
    [
        (OK, [], None, 0),
        (ERROR, [], "ValueError", 0),
        (OK, [SHOWN], "ZeroDivisionError", 0),
        (ERROR, [SHOWN], "ValueError", 1),
        (OK, [CLEAN], None, 0),
        ({"status": "error", "ename": "SystemExit", "evalue": "0"}, [CLEAN], "SystemExit", 0),
        ({"status": "error", "ename": "SystemExit", "evalue": "0"}, [SHOWN], SHOWN.name, 0),
        ({"status": "error", "ename": "NoneType", "evalue": "None"}, [SHOWN], SHOWN.name, 0),
        ({"status": "error", "ename": "NoneType", "evalue": "None"}, [], "NoneType", 0),
        ({"status": "aborted"}, [], "aborted", 0),
    ],
)
def test_a_cell_is_named_by_its_own_error_and_else_by_the_first_that_was_noticed(
    reply: dict[str, Any], shown: list[Fault], named: str | None, others: int
) -> None:
    """A reply other than `ok` always fails; a clean exit does not hide an earlier error."""
    fault, swallowed = failure(reply, [], shown)
    assert (fault and fault.name, len(swallowed)) == (named, others)
