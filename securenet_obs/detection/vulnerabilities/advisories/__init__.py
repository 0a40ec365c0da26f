"""Advisories in OSV's format: their sources, the index of affected packages, affected ranges."""
