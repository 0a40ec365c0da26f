"""The parts of the local stack: Redis, Bugsink and its installation, services; readiness checks."""
