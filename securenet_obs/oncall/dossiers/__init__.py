"""Dossiers: pages with the alert, its runbook and the target's state, made before a login."""
