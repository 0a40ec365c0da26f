"""Counts of network logs: facts, metrics by minute, partial results that merge exactly."""
