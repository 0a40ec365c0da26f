"""Fixtures of the notebooks' tests: the session's stack, with at most one broken part."""

from collections.abc import Iterator

import pytest

from securenet_obs.stack import LocalStack
from tests.notebooks.faults import BrokenPart


@pytest.fixture(scope="module")
def broken(stack: LocalStack) -> Iterator[BrokenPart]:
    """Yield a helper that breaks parts of the session's stack, and repair them after the module."""
    part = BrokenPart(stack)
    yield part
    part.repair()


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    """Repair the part that the previous test broke, for a test without a fault."""
    if "stack" in request.fixturenames and "fault" not in request.fixturenames:
        request.getfixturevalue("broken").repair()
