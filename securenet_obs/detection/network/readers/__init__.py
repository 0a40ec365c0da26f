"""Readers of log files: compression, JSON lines and documents, Zeek's tables, envelopes."""
