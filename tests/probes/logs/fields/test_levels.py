import pandas as pd
import pytest

from securenet_obs.probes.logs.fields.levels import LEVELS, parse_levels


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *zip(LEVELS, LEVELS, strict=True),
        ("WARNING", "warning"),
        ("Warn", "warning"),
        ("FATAL", "critical"),
        ("notice", "info"),
        ("trace", "debug"),
        (10, "debug"),
        (30, "info"),
        (60, "critical"),
    ],
)
def test_levels_of_other_systems_are_parsed(written: object, level: str) -> None:
    """Upper case, other names and bunyan's numbers map to the five levels."""
    found = parse_levels([written])
    assert found.levels[0] == level
    assert list(found.problems.dropna()) == (
        [] if written == level else ["not in SecureNet's spelling"]
    )


@pytest.mark.parametrize("written", ["verbose", "", 35, True, 30.5, [], {}])
def test_unknown_levels_are_missing(written: object) -> None:
    """An unknown level is missing, and reported as a problem."""
    found = parse_levels([written, "info"])
    assert pd.isna(found.levels[0])
    assert list(found.problems.isna()) == [False, True]
    assert found.problems[0] == "unknown level"


def test_record_without_a_level_is_a_problem() -> None:
    """Beside texts and beside numbers None is a missing level."""
    for values in (["info", None], [30, None]):
        found = parse_levels(values)
        assert list(found.levels.isna()) == [False, True]
        assert found.problems[1] == "missing"


def test_levels_are_ordered() -> None:
    """Levels can be compared: at least warning means warning, error and critical."""
    assert (parse_levels(LEVELS).levels >= "warning").sum() == 3


def test_equal_numbers_of_other_types_are_other_levels() -> None:
    """Only an integer is a level of bunyan, also if it equals a float beside it."""
    assert list(parse_levels([30, 30.0, 30]).levels.isna()) == [False, True, False]
