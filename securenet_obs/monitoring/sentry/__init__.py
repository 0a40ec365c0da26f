"""Error events: the Sentry client, its transport and scopes, and a recorder for tests."""
