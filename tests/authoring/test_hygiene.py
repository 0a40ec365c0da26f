"""Each rule of hygiene finds the one notebook that breaks it, and leaves look-alikes alone."""

from typing import Any

import pytest

from securenet_obs.authoring import hygiene
from securenet_obs.authoring.lint import Rule
from tests.authoring.conftest import MakePage, appending, code_cells

SHELL, PATHS, SECRETS = (
    hygiene.find_shell_escapes,
    hygiene.find_absolute_paths,
    hygiene.find_secrets,
)


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (SHELL, "!false"),
        (SHELL, "listing = !ls"),
        (PATHS, 'open("/home/anna/logs/api.log")'),
        (PATHS, 'read("C:\\\\Users\\\\anna")'),
        (PATHS, 'read("~/logs")'),
        (SECRETS, 'token = "hunter2hunter2"'),
        (SECRETS, 'call(password="hunter2hunter2")'),
        (SECRETS, 'headers = {"Authorization": "Bearer abcdef0123456789abcdef"}'),
        (SECRETS, 'url = "redis://:hunter2hunter2@host/0"'),
    ],
)
def test_a_departure_is_found_in_its_cell(rule: Rule, source: str, make_page: MakePage) -> None:
    """The finding has the cell's number and a correction."""
    (found,) = rule(make_page(appending(source)))
    assert found.cell == 6


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (SHELL, "%matplotlib inline\nwrong = 1 != 2"),
        (PATHS, 'api.get("/v1/tenants"); read("https://host/home/x")'),
        (SECRETS, 'token = Secret("secret:SENTRY_AUTH_TOKEN"); secret = generate_secret()'),
        (SECRETS, 'key: str = ""'),
    ],
)
def test_a_look_alike_is_no_departure(rule: Rule, source: str, make_page: MakePage) -> None:
    """Magics, routes, addresses and references pass."""
    assert list(rule(make_page(appending(source)))) == []


@pytest.mark.parametrize(
    ("rule", "text"), [(PATHS, "/tmp/run/out.txt"), (SECRETS, "password=hunter2hunter2")]
)
def test_outputs_and_prose_are_read_too(rule: Rule, text: str, make_page: MakePage) -> None:
    """A path or a secret in a stored output or in prose is found."""

    def printed(document: dict[str, Any]) -> None:
        output = {"output_type": "stream", "name": "stdout", "text": [text]}
        code_cells(document)[2]["outputs"] = [output]

    def described(document: dict[str, Any]) -> None:
        document["cells"][0]["source"].append(f"\n{text}")

    assert [row.cell for row in rule(make_page(printed))] == [6]
    assert [row.cell for row in rule(make_page(described))] == [1]
