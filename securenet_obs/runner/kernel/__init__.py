"""The kernel of a run: its start, shell, errors and end, and the warm server that forks it."""
