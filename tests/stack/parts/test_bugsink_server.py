"""A restart keeps Bugsink's data and adds none."""

import sqlite3

from securenet_obs.stack import LocalStack


def rows_of(stack: LocalStack) -> list[int]:
    """Return the number of accounts, tokens, projects and teams of a stack's Bugsink."""
    with sqlite3.connect(stack.parts["bugsink"].folder / "bugsink.sqlite3") as connection:
        return [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("auth_user", "bsmain_authtoken", "projects_project", "teams_team")
        ]


def test_restart_creates_nothing_twice(stack: LocalStack) -> None:
    """A restarted Bugsink has one account, one token and one project, unchanged."""
    before = rows_of(stack)
    stack.restart_part("bugsink")
    assert rows_of(stack) == before
    with sqlite3.connect(stack.parts["bugsink"].folder / "bugsink.sqlite3") as connection:
        token = connection.execute("SELECT token FROM bsmain_authtoken").fetchone()[0]
    assert token == stack.environment["SENTRY_AUTH_TOKEN"]
