"""The latest values in order of size."""

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.anomaly.series.window import Window

VALUES = st.lists(st.sampled_from([0.0, 1.0, 2.5, -3.0, 1e9]) | st.floats(-1e6, 1e6), min_size=1)


@given(values=VALUES, size=st.integers(1, 12))
def test_a_window_has_the_median_and_the_median_distance_of_its_latest_values(
    values: list[float], size: int
) -> None:
    """Values that arrive one after another give the result of sorting the latest ones."""
    window = Window(size)
    for value in values:
        window.push(value)
    latest = sorted(values[-size:])
    median = latest[(len(latest) - 1) // 2]
    assert list(window) == values[-size:]
    assert window.median() == median
    distances = sorted(abs(value - median) for value in latest)
    assert window.deviation() == distances[(len(distances) - 1) // 2]


@given(values=VALUES, size=st.integers(1, 12))
def test_a_restored_window_continues(values: list[float], size: int) -> None:
    """A window that is extended with another one's values has its median."""
    window, restored = Window(size), Window(size)
    for value in values:
        window.push(value)
    restored.extend(window)
    for other in (window, restored):
        other.push(7.0)
    assert (list(window), window.median()) == (list(restored), restored.median())
