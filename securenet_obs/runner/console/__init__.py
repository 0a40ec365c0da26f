"""The console of a command: progress and tables."""
