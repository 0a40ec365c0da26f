"""What the notebooks' tests share: the session's stack, in which one part at a time is broken."""

from collections.abc import Iterator

import pytest

from securenet_obs.stack import LocalStack
from tests.notebooks.faults import BrokenPart


@pytest.fixture(scope="module")
def broken(stack: LocalStack) -> Iterator[BrokenPart]:
    """Yield what breaks a part of the session's stack; it is whole again after the module."""
    part = BrokenPart(stack)
    yield part
    part.repair()


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    """Repair what the test before has broken, for a test that puts no fault in."""
    if "stack" in request.fixturenames and "fault" not in request.fixturenames:
        request.getfixturevalue("broken").repair()
