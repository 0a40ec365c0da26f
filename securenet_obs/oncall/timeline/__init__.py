"""The timeline of a request or a tenant: entries of logs, store, results and Sentry; its export."""
