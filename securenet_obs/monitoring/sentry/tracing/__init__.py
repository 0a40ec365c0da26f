"""Traces and check-ins: scopes of requests and tasks, continuation, sampling, monitors of beat."""
