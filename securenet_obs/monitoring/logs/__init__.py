"""Log lines: every logger of a process writes strict JSON, one object a line."""
