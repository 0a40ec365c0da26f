"""The child process of a run: its supervision, and its execution of one notebook."""
