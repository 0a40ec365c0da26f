"""The request to end runs has a reason."""

from securenet_obs.runner.stop import SIGNALLED, Stop


def test_a_stop_has_the_reason_of_a_signal_unless_another_is_given() -> None:
    """What is recorded is why the run was ended."""
    stop = Stop()
    stop.set()
    assert (stop.is_set(), stop.reason) == (True, SIGNALLED)
    other = Stop()
    other.because("its lease was lost")
    assert (other.is_set(), other.reason) == (True, "its lease was lost")
