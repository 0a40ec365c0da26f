"""The HTTP service: routes, access, API keys, bodies, error answers, readiness, diagnostics."""
