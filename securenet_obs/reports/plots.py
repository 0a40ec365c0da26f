"""Plots as static SVG in the colours of the page: durations, latencies, failures by day."""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import leather

from securenet_obs.layout.pages import MARKS
from securenet_obs.reports.figures import Figure
from securenet_obs.reports.runs import ReportedRun

WIDTH, HEIGHT = 560, 250

_COLOURS = {
    "#f9f9f9": "none",
    "#666": "var(--soft)",
    "#9c9c9c": "var(--soft)",
    "#a8a8a8": "var(--soft)",
    "#eee": "var(--line)",
    "Monaco": "sans-serif",
}
"""Colour or font of the library's theme -> that of the style sheet, for light and dark."""

Points = Sequence[tuple[datetime, float]]


def plot_durations(runs: Sequence[ReportedRun], figure: Figure) -> str:
    """Return a dot for each run, in the colour of its verdict, with median and 95th percentile.

    Args:
        runs: runs sorted by start, at least one.
        figure: their durations in seconds.
    """
    series: dict[str, list[tuple[datetime, float]]] = {}
    for run in runs:
        series.setdefault(run.verdict, []).append((_parse(run.started), run.seconds))
    names = ", ".join(f"{len(dots)} {name.replace('_', ' ')}" for name, dots in series.items())
    return _plot_seconds(series, figure, f"Duration of {len(runs)} runs ({names})")


def plot_latency(check: str, values: Sequence[tuple[str, float]], figure: Figure) -> str:
    """Return a dot for each duration that a check observed, with median and 95th percentile.

    Args:
        check: name of the check.
        values: start of each run and the seconds, at least one.
        figure: the same durations.
    """
    series = {"observed": [(_parse(started), seconds) for started, seconds in values]}
    return _plot_seconds(series, figure, f"{check}, {len(values)} runs")


def plot_failures(counts: Mapping[str, int]) -> str:
    """Return a column for each day with the number of runs that did not pass."""
    chart = leather.Chart()
    chart.add_x_axis(tick_formatter=lambda day, place, _: "" if place % 5 else day)
    highest = max(1, *counts.values())
    chart.add_y_scale(0, highest)
    chart.add_y_axis(ticks=sorted({0, highest // 2, highest}), name="runs")
    columns = [(day[5:], number) for day, number in counts.items()]
    chart.add_columns(columns, fill_color="var(--fail)")
    total = sum(counts.values())
    return _render(chart, f"{total} runs did not pass in {len(counts)} days, by day", 190)


def _plot_seconds(series: Mapping[str, Points], figure: Figure, subject: str) -> str:
    times = [moment for dots in series.values() for moment, _ in dots]
    start, end = min(times), max(times)
    if start == end:
        start, end = start - timedelta(hours=1), end + timedelta(hours=1)
    longest = max(seconds for dots in series.values() for _, seconds in dots)
    chart = leather.Chart()
    chart.add_x_scale(start, end)
    chart.add_y_scale(0, max(longest * 1.05, 0.001))
    form = "%m-%d %H:%M" if end - start < timedelta(days=4) else "%Y-%m-%d"
    ticks = [start + (end - start) * part / 4 for part in range(5)]
    chart.add_x_axis(ticks=ticks, tick_formatter=lambda moment, *_: f"{moment:{form}}")
    chart.add_y_axis(name="seconds")
    for name, dots in series.items():
        colour = f"var(--{MARKS[name][1] if name in MARKS else 'link'})"
        chart.add_dots(dots, name=name.replace("_", " "), fill_color=colour)
    levels = {"median": (figure.median, "none"), "95th percentile": (figure.p95, "6 4")}
    for name, (value, dashes) in levels.items():
        line = [(start, value), (end, value)]
        chart.add_line(line, name=name, stroke_color="var(--ink)", width=1, stroke_dasharray=dashes)
    texts = (f"{name} {value:.3g} s" for name, (value, _) in levels.items())
    return _render(chart, f"{subject}: {', '.join(texts)}", HEIGHT)


def _render(chart: Any, label: str, height: int) -> str:
    """Return the SVG with an accessible name, in a size that follows the page."""
    svg = str(chart.to_svg(width=WIDTH, height=height))
    for theirs, ours in _COLOURS.items():
        svg = svg.replace(f'="{theirs}"', f'="{ours}"')
    size = f'width="{WIDTH}" height="{height}" version="1.1"'
    name = html.escape(label)
    return svg.replace(size, f'role="img" aria-label="{name}" viewBox="0 0 {WIDTH} {height}"', 1)


def _parse(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)
