"""Delivery through apprise to real servers; no address is in an error or a log."""

import json
import logging
import sys

import pytest
from pydantic import SecretStr

from securenet_obs.errors import NotificationError
from securenet_obs.notifications.delivery import NOT_INSTALLED, Message, deliver
from tests.notifications.conftest import MailServer
from tests.web_server import WebServer

TOKEN = "tok3n-0123456789abcdef"
PASSWORD = "correct-horse"
MESSAGE = Message("08 on staging.env: failed", "why\nand since when", is_failure=True)


def test_a_webhook_and_a_mail_arrive(web_server: WebServer, mail_server: MailServer) -> None:
    """With title, text and severity; one address that fails is named without its parts."""
    hook = f"json://user:{PASSWORD}@127.0.0.1:{web_server.port}/{TOKEN}"
    mail = (
        f"mailto://127.0.0.1:{mail_server.port}/?smtp=127.0.0.1&mode=insecure"
        "&from=obs@example.org&to=oncall@example.org"
    )
    problems = deliver(SecretStr(f"{hook} {mail} json://127.0.0.1:1/{TOKEN}"), MESSAGE)
    assert problems == ["NOTIFY_URLS: entry 3 (json) did not take the message"]
    ((path, headers, body),) = web_server.requests
    sent = json.loads(body)
    assert path == f"/{TOKEN}"
    assert headers["Authorization"].startswith("Basic ")
    assert (sent["title"], sent["message"], sent["type"]) == (
        MESSAGE.title, MESSAGE.text, "failure",
    )  # fmt: skip
    (received,) = mail_server.mails
    assert (received["Subject"], received["To"]) == (MESSAGE.title, "oncall@example.org")
    parts = [part for part in received.walk() if part.get_content_type() == "text/plain"]
    assert "and since when" in str(parts[0].get_payload(decode=True))


def test_no_address_is_in_an_error_or_a_log(
    web_server: WebServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At any level; if no address takes the message, that is an error."""
    web_server.status = 403
    urls = [
        f"json://user:{PASSWORD}@127.0.0.1:{web_server.port}/{TOKEN}",
        f"nosuch://{TOKEN}",
        TOKEN,
    ]
    with caplog.at_level(logging.DEBUG), pytest.raises(NotificationError) as caught:
        deliver(SecretStr(" ".join(urls)), MESSAGE)
    text = str(caught.value)
    assert "entry 1 (json) answered 403" in text
    assert "entry 2 (nosuch) is not an address that apprise knows" in text
    assert "entry 3 (not a URL)" in text
    everything = text + caplog.text + "".join(capfd.readouterr())
    for secret in (TOKEN, PASSWORD, str(web_server.port)):
        assert secret not in everything


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """apprise is optional."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotificationError) as caught:
        deliver(SecretStr("json://127.0.0.1:1/x"), MESSAGE)
    assert str(caught.value) == NOT_INSTALLED
