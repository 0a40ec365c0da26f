"""Health of single parts, each proven by an effect: worker, beat, Redis, Sentry; no pandas."""
