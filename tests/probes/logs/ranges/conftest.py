from collections.abc import Callable, Iterator

import psutil
import pytest


@pytest.fixture(autouse=True)
def list_children() -> Iterator[Callable[[], list[psutil.Process]]]:
    """Return a call that lists the processes started since; fail a test that leaves one.

    Fixtures of other tests may have started some before.
    """
    before = psutil.Process().children()

    def list_new() -> list[psutil.Process]:
        return [child for child in psutil.Process().children() if child not in before]

    yield list_new
    assert not list_new()
