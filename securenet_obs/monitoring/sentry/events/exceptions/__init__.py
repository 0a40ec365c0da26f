"""Exceptions in Sentry's format, also if their attributes raise; used by the SDK, too."""
