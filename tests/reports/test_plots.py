"""Plots: valid SVG with a name, in the colours of the page, for any number of values."""

from xml.etree import ElementTree as Xml

import pytest

from securenet_obs.reports.figures import summarise
from securenet_obs.reports.plots import plot_durations, plot_failures, plot_latency
from tests.reports.conftest import make_run

SVG = "{http://www.w3.org/2000/svg}"


def read(svg: str) -> Xml.Element:
    """Return the parsed plot, without a size in pixels, script or colour of its own."""
    root = Xml.fromstring(svg)
    assert root.get("viewBox")
    assert root.get("width") is None
    assert "#" not in svg
    assert not root.findall(f".//{SVG}script")
    return root


@pytest.mark.parametrize("number", [1, 2, 200])
def test_each_run_is_a_dot_of_its_verdict(number: int) -> None:
    """The name has the numbers for a reader without the picture."""
    runs = [make_run(place, fail=0 if place == 1 else None) for place in range(number)]
    figure = summarise([run.seconds for run in runs])
    assert figure is not None
    root = read(plot_durations(runs, figure))
    fills = [dot.get("fill") for dot in root.iter(f"{SVG}circle")]
    assert fills.count("var(--fail)") == (number > 1)
    assert fills.count("var(--pass)") == number - (number > 1)
    assert "median 1.5 s, 95th percentile 1.5 s" in str(root.get("aria-label"))


def test_a_hostile_name_stays_text() -> None:
    """A check's name may hold markup."""
    figure = summarise([0.0])
    assert figure is not None
    name = '"><script>alert(1)</script>'
    root = read(plot_latency(name, [("2026-01-01T00:00:00Z", 0.0)], figure))
    assert str(root.get("aria-label")).startswith(name)


def test_failures_are_columns() -> None:
    """Days without one are empty."""
    root = read(plot_failures({f"2026-08-{day:02d}": day % 3 for day in range(1, 31)}))
    heights = [float(bar.get("height", 0)) for bar in root.iter(f"{SVG}rect")]
    assert len([height for height in heights if height > 0]) >= 20
    assert root.get("aria-label") == "30 runs did not pass in 30 days, by day"
    read(plot_failures({"2026-08-01": 0}))
