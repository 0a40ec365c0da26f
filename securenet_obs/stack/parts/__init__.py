"""Parts of the local stack: Redis, Bugsink, its installation and relay, services; readiness."""
