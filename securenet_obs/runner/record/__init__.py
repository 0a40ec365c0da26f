"""The record of a command: journal, verdicts, attempts, timings and summary."""
