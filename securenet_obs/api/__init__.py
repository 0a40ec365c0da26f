"""The HTTP service: its routes, the access to them, the API keys of tenants, diagnostics."""
