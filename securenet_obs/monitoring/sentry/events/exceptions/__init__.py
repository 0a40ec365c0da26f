"""Exceptions in Sentry's format, whatever their own attributes answer; for the SDK, too."""
