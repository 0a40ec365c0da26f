"""Analyses of tenants' data: network logs, anomalies, vulnerabilities; independent of Celery."""
