"""The record of a command: orders, journal, runs, attempts, verdicts, timings and summaries."""
