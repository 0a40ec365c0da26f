"""The HTTP service: routes, access, tenants' API keys, bodies, error answers, diagnostics."""
