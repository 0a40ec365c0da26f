"""The console output of a command: progress, tables and timings."""
