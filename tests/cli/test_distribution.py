"""Options of `validate --on celery` that contradict each other are usage errors."""

from collections.abc import Callable

import pytest

from tests.cli.test_usage import Answer, answer

__all__ = ["answer"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--targets", "a.env"), "--targets needs --on celery"),
        (("--on", "celery", "--targets", "a.env", "--local"), "leave --target and --local out"),
        (("--on", "celery", "--cwd", "."), "workers do not have it"),
        (("--tenants", "a,,b"), "has an empty name"),
        (("--tenants", "a,a"), "has a name twice"),
        (("--resume", "x", "--tenants", "a"), "takes no names or tenants"),
    ],
)
def test_contradicting_options_are_refused(
    arguments: tuple[str, ...], message: str, answer: Callable[..., Answer]
) -> None:
    """The message has the options."""
    code, out, err = answer("validate", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_stack_that_does_not_run_is_no_target(
    answer: Callable[..., Answer],
) -> None:
    """A new stack would have no validation workers."""
    code, _, err = answer("validate", "--on", "celery")
    assert code == 2
    assert "needs a target that runs" in err
