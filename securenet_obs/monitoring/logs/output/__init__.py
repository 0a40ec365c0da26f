"""Destinations of log lines: stdout and descriptors; streams that log printed text."""
