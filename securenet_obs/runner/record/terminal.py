"""MIME type of an output that is also printed on the terminal while its notebook runs."""

TERMINAL_MIME = "application/vnd.securenet.terminal+json"
"""MIME type of an object with `text`: lines for the person who waits for the run."""
