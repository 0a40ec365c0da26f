"""Sentry in every process: client, integrations, events, tracing, delivery, recorder for tests."""
