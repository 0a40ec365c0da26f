"""Traces and check-ins, read back from Sentry, or from the relay in front of a Bugsink."""
