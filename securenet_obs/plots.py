"""Colours of plots: one for each log level, the same in all of them."""

LEVEL_COLOURS = {
    "debug": "#9aa0a6",
    "info": "#4c78a8",
    "warning": "#f2a900",
    "error": "#cf222e",
    "critical": "#7a0019",
}
"""Level -> its colour: grey, blue, amber, red, dark red."""
