"""Alerts of Sentry and Alertmanager: authentication, common form, storage, maintenance."""
