"""Parts of the local stack: Redis, PostgreSQL, Bugsink and its relay, services; readiness."""
