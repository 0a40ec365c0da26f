"""A copy can be shown: its repr has the place, and no value that its purge holds."""

from functools import partial

from securenet_obs.oncall.copies.copy import Copy


def test_the_repr_has_no_value() -> None:
    """The purge of a row holds its key, which may have the secret."""
    copy = Copy("KEY", "store, id ***", 1, "unknown", "mask it", partial(print, "secret-4711"))
    assert "secret-4711" not in repr(copy)
    assert "store, id ***" in repr(copy)
