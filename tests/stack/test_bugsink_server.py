"""What Bugsink was filled with is there after a restart, once."""

import sqlite3

from securenet_obs.stack import LocalStack


def test_a_restart_fills_nothing_twice(stack: LocalStack) -> None:
    """A Bugsink that is started again has the same account, token and project, one of each."""
    stack.restart_part("bugsink")
    database = stack.parts["bugsink"].folder / "bugsink.sqlite3"
    with sqlite3.connect(database) as connection:
        counts = [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("auth_user", "bsmain_authtoken", "projects_project", "teams_team")
        ]
        token = connection.execute("SELECT token FROM bsmain_authtoken").fetchone()[0]
    assert counts == [1, 1, 1, 1]
    assert token == stack.environment["SENTRY_AUTH_TOKEN"]
