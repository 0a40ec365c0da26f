"""What Bugsink was filled with is there after a restart, once."""

import sqlite3

from securenet_obs.stack import LocalStack


def rows_of(stack: LocalStack) -> list[int]:
    """Return how many accounts, tokens, projects and teams a stack's Bugsink has."""
    with sqlite3.connect(stack.parts["bugsink"].folder / "bugsink.sqlite3") as connection:
        return [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("auth_user", "bsmain_authtoken", "projects_project", "teams_team")
        ]


def test_a_restart_fills_nothing_twice(stack: LocalStack) -> None:
    """A Bugsink that is started again has the same account, token and project, one of each."""
    before = rows_of(stack)
    stack.restart_part("bugsink")
    assert rows_of(stack) == before
    with sqlite3.connect(stack.parts["bugsink"].folder / "bugsink.sqlite3") as connection:
        token = connection.execute("SELECT token FROM bsmain_authtoken").fetchone()[0]
    assert token == stack.environment["SENTRY_AUTH_TOKEN"]
