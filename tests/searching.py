"""Profiles of hypothesis: the same examples in every run of the tests, new ones in `make fuzz`."""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

TESTS = "tests"
"""The profile of every run of the tests: an unrelated change cannot turn a search red."""

FUZZ = "fuzz"
"""The profile of `tests/fuzz.py`: random seeds, and the examples that failed are kept."""

KEPT = Path(__file__).parents[1] / ".securenet" / "fuzz"
"""The folder of `make fuzz`: the examples that failed, and a report of each finding."""

MORE = 2
"""The factor by which a round of `make fuzz` searches longer than a test does."""


def register_profiles() -> None:
    """Register both profiles and load that of the tests; `--hypothesis-profile` overrides it."""
    # Drawing an example takes long on a busy machine, which is not a fault of the test.
    shared = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile(TESTS, shared, derandomize=True, database=None)
    settings.register_profile(
        FUZZ,
        shared,
        derandomize=False,
        max_examples=100 * MORE,
        database=DirectoryBasedExampleDatabase(KEPT / "examples"),
    )
    settings.load_profile(TESTS)


def examples(count: int, *, hostile: bool = False) -> settings:
    """Return settings with this number of examples, `MORE` times as many in `make fuzz`.

    Args:
        count: examples in a run of the tests.
        hostile: whether the strategies are meant to be large, slow and mostly filtered.
    """
    factor = 1 if settings.default.derandomize else MORE
    checks = list(HealthCheck) if hostile else settings.default.suppress_health_check
    return settings(max_examples=count * factor, suppress_health_check=checks)
