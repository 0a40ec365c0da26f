"""Colours of the log levels, the same in every plot."""

LEVEL_COLOURS = {
    "debug": "#9aa0a6",
    "info": "#4c78a8",
    "warning": "#f2a900",
    "error": "#cf222e",
    "critical": "#7a0019",
}
"""Level -> its colour: grey, blue, amber, red, dark red."""
