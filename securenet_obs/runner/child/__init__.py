"""The child process of a run, which executes one notebook and journals its events."""
