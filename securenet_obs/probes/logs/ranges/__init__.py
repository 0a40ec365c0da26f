"""Ranges of large log files, each gathered by a second process while the rest is read."""
