"""The stack's Bugsink stores events, requires its credentials, and contacts no other server."""

import stat
from collections.abc import Iterator

import httpx
import pytest
import sentry_sdk

from securenet_obs.stack import LocalStack


@pytest.fixture
def api(stack: LocalStack) -> Iterator[httpx.Client]:
    """Yield a client of Bugsink's API with the stack's token."""
    with httpx.Client(
        base_url=f"{stack.environment['SENTRY_URL']}/api/canonical/0",
        headers={"Authorization": f"Bearer {stack.environment['SENTRY_AUTH_TOKEN']}"},
        timeout=30,
    ) as client:
        yield client


def test_event_is_read_back(stack: LocalStack, api: httpx.Client) -> None:
    """An event that is sent to the stack's DSN is an issue of the stack's project."""
    client = sentry_sdk.Client(dsn=stack.environment["SENTRY_DSN"], default_integrations=False)
    client.capture_event({"message": "test_bugsink sends this", "level": "error"})
    client.close(timeout=30)
    # The newest issues first: those of other tests fill the first page, which has 250.
    newest = {"project": stack.environment["SENTRY_PROJECT"], "order": "desc"}
    listed = api.get("/issues/", params=newest)
    assert "test_bugsink sends this" in listed.text


def test_wrong_token_is_refused(api: httpx.Client) -> None:
    """Another token has no access."""
    answer = api.get("/projects/1/", headers={"Authorization": f"Bearer {'0' * 40}"})
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def test_dashboard_accepts_its_login(stack: LocalStack) -> None:
    """Address, e-mail and password give access to the project's issues."""
    url, email, password = stack.dashboard
    with httpx.Client(base_url=url, follow_redirects=True) as browser:
        browser.get("/accounts/login/")
        answer = browser.post(
            "/accounts/login/",
            data={"username": email, "password": password},
            headers={"X-CSRFToken": browser.cookies["csrftoken"], "Referer": url},
        )
        assert "/accounts/login/" not in str(answer.url)
        assert "SecureNet" in browser.get("/issues/1/").text


def test_bugsink_contacts_no_other_server(stack: LocalStack) -> None:
    """It sends no usage report, e-mail or web hook, and writes only to its own folder."""
    configuration = stack.parts["bugsink"].folder / "bugsink_conf.py"
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    settings: dict[str, object] = {"DATABASES": {"default": {}, "snappea": {}}}
    text = configuration.read_text().replace("from bugsink.settings.default import *", "")
    exec(compile(text, configuration, "exec"), settings)
    bugsink = settings["BUGSINK"]
    assert isinstance(bugsink, dict)
    assert bugsink["PHONEHOME"] is False
    assert bugsink["ALERTS_WEBHOOK_OUTBOUND_MODE"] == "allowlist_only"
    assert bugsink["INGEST_STORE_BASE_DIR"].startswith(str(stack.folder))
    assert settings["EMAIL_BACKEND"] == "django.core.mail.backends.dummy.EmailBackend"


def test_secrets_are_not_in_the_arguments(stack: LocalStack) -> None:
    """Other users of the machine can read neither the token nor the password."""
    command = stack.parts["bugsink"].command
    assert stack.dashboard[2] not in command
    assert stack.environment["SENTRY_AUTH_TOKEN"] not in command
