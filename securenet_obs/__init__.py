"""Observability for SecureNet, and the proof that it works."""

__version__ = "0.1.0"
