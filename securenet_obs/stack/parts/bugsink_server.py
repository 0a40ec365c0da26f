"""Script for Bugsink's own interpreter: creates account and project, then serves Bugsink.

It is run by its path, imports nothing of this package and reads its values from the environment.
"""

import gc
import os
import sys


def main() -> None:
    """Fill the database if it is empty, then run the web server."""
    import django  # type: ignore[import-not-found]

    django.setup()
    _fill()
    _serve()


def _serve() -> None:
    """Run gunicorn in this process, so that its forked worker has imported Django already."""
    from django.db import connections  # type: ignore[import-not-found]
    from gunicorn.app.wsgiapp import run  # type: ignore[import-untyped]

    # A fork must not share a connection.
    connections.close_all()
    # Imported objects stay shared with the fork, and no collection at the end visits them.
    gc.freeze()
    server = ["gunicorn", "--bind", os.environ["LOCAL_BIND"]]
    # One process: Bugsink serialises its writes to SQLite with an in-process lock.
    server += ["--workers", "1", "--threads", "4", "--no-control-socket"]
    # A client that keeps its connection open must not delay the shutdown.
    server += ["--graceful-timeout", "2", "bugsink.wsgi"]
    sys.argv = server
    sys.exit(run())


def _fill() -> None:
    from bsmain.models import AuthToken  # type: ignore[import-not-found]
    from django.contrib.auth import get_user_model  # type: ignore[import-not-found]
    from projects.models import Project  # type: ignore[import-not-found]
    from teams.models import Team  # type: ignore[import-not-found]

    if AuthToken.objects.exists():
        return
    email = os.environ["LOCAL_EMAIL"]
    password = os.environ["LOCAL_PASSWORD"]
    get_user_model().objects.create_superuser(username=email, email=email, password=password)
    Project.objects.create(
        id=1,
        name="SecureNet",
        team=Team.objects.create(name="SecureNet"),
        sentry_key=os.environ["LOCAL_SENTRY_KEY"],
        alert_on_new_issue=False,
        alert_on_regression=False,
        alert_on_unmute=False,
    )
    # Created last: it marks the database as filled.
    AuthToken.create_full_access(token=os.environ["LOCAL_TOKEN"], description="securenet-obs")


if __name__ == "__main__":
    main()
