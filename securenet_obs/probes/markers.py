"""Generates unique markers: a canary, and a text that stands for a password."""

import secrets


def generate_canary() -> str:
    """Return a unique marker."""
    return f"canary-{secrets.token_hex(8)}"


def generate_secret() -> str:
    """Return a unique, harmless text that stands for a password."""
    return f"hush{secrets.token_hex(12)}"
