"""The child process of a run: executes one notebook, and journals what happens."""
