"""The kernel of a run: its start, its shell, the faults it notes, its end."""
