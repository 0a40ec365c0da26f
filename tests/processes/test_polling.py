import itertools

from securenet_obs.processes.polling import watch


def test_it_ends_with_what_is_enough() -> None:
    """Not a look more than it takes."""
    looks = itertools.count()
    assert watch(lambda: next(looks), lambda seen: seen == 2, 60) == 2
    assert next(looks) == 3


def test_at_the_deadline_what_was_seen_last_is_returned() -> None:
    """One look is taken however little time there is."""
    looks = itertools.count()
    assert watch(lambda: next(looks), lambda _: False, 0) == 0
    assert watch(lambda: next(looks), lambda _: False, 0.3) >= 2
