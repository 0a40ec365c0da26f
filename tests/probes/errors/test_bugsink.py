import time
import uuid
from typing import Any

import httpx
import pytest
import sentry_sdk

from securenet_obs.errors import (
    ForbiddenError,
    NotFoundError,
    NotStoredError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.settings import Settings
from tests.busy import room_for


@pytest.fixture
def sdk(target: Settings) -> sentry_sdk.Client:
    """Return a client of the SDK that sends to the stack's Bugsink."""
    return sentry_sdk.Client(
        target.sentry_dsn, default_integrations=False, environment="test", release="probe@1"
    )


def capture(sdk: sentry_sdk.Client, message: str) -> str:
    """Raise and send an error; return the event's id."""
    scope = sentry_sdk.Scope()
    scope.set_tag("tenant_id", "acme")
    try:
        raise LookupError(message)
    except LookupError as error:
        event, hint = sentry_sdk.utils.event_from_exception(error)
    event_id = sdk.capture_event(event, hint, scope)
    sdk.flush(5)
    assert event_id
    return event_id


def test_event_is_read_back(target: Settings, sdk: sentry_sdk.Client) -> None:
    """An event of the SDK has its title, environment, release, tags and frames."""
    event_id = capture(sdk, 'canary "1"')
    event = BugsinkEvents(target).find(str(uuid.UUID(event_id)), 10)
    assert (event.event_id, event.title) == (event_id, 'LookupError: canary "1"')
    assert (event.environment, event.release) == ("test", "probe@1")
    assert event.tags["tenant_id"] == "acme"
    assert event.frames[-1]["function"] == "capture"
    assert event.contains('canary "1"')
    page = httpx.get(event.url, follow_redirects=False)
    assert (page.status_code, page.headers["location"].partition("?")[0]) == (
        302,
        "/accounts/login/",
    )


def test_older_events_of_an_issue_are_found(target: Settings, sdk: sentry_sdk.Client) -> None:
    """Each of several events of one issue is found, by one reader, in any order."""
    ids = [capture(sdk, f"of one issue {number}") for number in range(3)]
    reader = BugsinkEvents(target)
    assert [reader.find(wanted, 30).event_id for wanted in ids] == ids
    later = capture(sdk, "of one issue, later")
    assert reader.find(later, 30).title == "LookupError: of one issue, later"


def test_missing_event_is_not_found_after_the_deadline(target: Settings) -> None:
    """The error names the event, the project and the seconds."""
    wanted = uuid.uuid4().hex
    began = time.monotonic()
    with pytest.raises(NotFoundError, match=f"{wanted} is not in project .* after 3 s"):
        BugsinkEvents(target).find(wanted, 3)
    # Its last pause of up to 2 s is not begun where it would end too late.
    assert 1 < time.monotonic() - began < room_for(4)


def test_wrong_token_is_forbidden_at_once(target: Settings) -> None:
    """An unknown token is refused at once, and the error names its variable."""
    wrong = target.model_copy(
        update={"sentry_auth_token": type(target.sentry_auth_token)("0" * 40)}
    )
    began = time.monotonic()
    with pytest.raises(ForbiddenError, match="SENTRY_AUTH_TOKEN"):
        BugsinkEvents(wrong).find(uuid.uuid4().hex, 60)
    assert time.monotonic() - began < room_for(5)


def test_transactions_are_refused_at_once(target: Settings) -> None:
    """Bugsink drops transactions, so the reader raises an error instead of waiting."""
    with pytest.raises(NotStoredError, match="Bugsink stores errors only"):
        BugsinkEvents(target).find(uuid.uuid4().hex, 30, kind="transactions")


def test_project_slug_is_refused() -> None:
    """Bugsink numbers its projects; a slug is an error before any request."""
    with pytest.raises(SettingsError, match="SENTRY_PROJECT"):
        BugsinkEvents(Settings(sentry_project="securenet", sentry_auth_token="t0ken"))


def test_response_of_another_api_is_unreachable(http_server) -> None:
    """JSON of another shape is not accepted as an answer of Bugsink."""
    http_server.answers((200, {"detail": "hello"}))
    settings = Settings(sentry_url=http_server.url, sentry_project="1", sentry_auth_token="t0ken")
    with pytest.raises(UnreachableError, match="check SENTRY_BACKEND"):
        BugsinkEvents(settings).find(uuid.uuid4().hex, 0.3)


def test_pages_are_followed_and_not_read_again(http_server) -> None:
    """Lists are read up to the requested event; later, only new events are read."""
    wanted, other = uuid.uuid4(), uuid.uuid4()
    api = "/api/canonical/0"
    issue = {"id": "i1", "digested_event_count": 2}
    pages = {
        f"{api}/issues/?project=1&sort=last_seen&order=desc": {"results": [issue], "next": None},
        f"{api}/events/?issue=i1&order=desc": {
            "results": [{"id": "e2", "event_id": str(other), "digest_order": 2}],
            "next": f"{http_server.url}{api}/events/?issue=i1&order=desc&cursor=abc",
        },
        f"{api}/events/?issue=i1&order=desc&cursor=abc": {
            "results": [{"id": "e1", "event_id": str(wanted), "digest_order": 1}],
            "next": None,
        },
        f"{api}/events/e1/": {"data": {"message": "hello", "tags": [["a", "b"]]}},
    }
    http_server.answer = lambda path: (200, pages[path], {})
    settings = Settings(sentry_url=http_server.url, sentry_project="1", sentry_auth_token="t0ken")
    reader = BugsinkEvents(settings)
    event = reader.find(wanted.hex, 2)
    assert (event.title, event.tags) == ("hello", {"a": "b"})
    issues, events, cursor, _ = pages
    http_server.requests.clear()
    with pytest.raises(NotFoundError):
        reader.find(uuid.uuid4().hex, 0.1)
    assert {path for path, _ in http_server.requests} == {issues}
    issue["digested_event_count"] = 3
    later = {"id": "e3", "event_id": str(uuid.uuid4()), "digest_order": 3}
    pages[events]["results"].insert(0, later)
    http_server.requests.clear()
    with pytest.raises(NotFoundError):
        reader.find(uuid.uuid4().hex, 0.1)
    paths = {path for path, _ in http_server.requests}
    assert events in paths
    assert cursor not in paths


def test_an_event_is_found_among_many_issues(
    target: Settings, sdk: sentry_sdk.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look ends after the first issue here: the newest event is found, and then an older one."""
    monkeypatch.setattr("securenet_obs.probes.errors.bugsink._LOOK_S", 0.0)
    ids = []
    for number in range(4):
        event = {"message": f"of many {number}", "fingerprint": [uuid.uuid4().hex]}
        ids.append(str(sdk.capture_event(event, {})))
        sdk.flush(5)
    reader = BugsinkEvents(target)
    with pytest.raises(NotFoundError, match=r"more than the .* events that were listed"):
        reader.find(uuid.uuid4().hex, 0)
    assert [reader.find(wanted, 30).event_id for wanted in (ids[3], ids[0])] == [ids[3], ids[0]]


def test_a_search_that_takes_too_long_says_so(http_server) -> None:
    """The backend answers all the time: it is not called unreachable."""
    api = "/api/canonical/0"
    issues = [{"id": f"i{number}", "digested_event_count": 1} for number in range(100)]

    def answer(path: str) -> tuple[int, Any, dict[str, str]]:
        if path.startswith(f"{api}/issues/"):
            return 200, {"results": issues, "next": None}, {}
        time.sleep(0.05)
        row = {"id": uuid.uuid4().hex, "event_id": str(uuid.uuid4()), "digest_order": 1}
        return 200, {"results": [row], "next": None}, {}

    http_server.answer = answer
    settings = Settings(sentry_url=http_server.url, sentry_project="1", sentry_auth_token="t0ken")
    for deadline_s in (0.0, 2.0):
        with pytest.raises(NotFoundError, match=r"more than the .* events that were listed"):
            BugsinkEvents(settings).find(uuid.uuid4().hex, deadline_s)


def test_an_issue_is_listed_until_it_is_deleted(target: Settings, sdk: sentry_sdk.Client) -> None:
    """Its event is the newest, with all that is stored; deleting it twice is no error."""
    message = f"to be deleted {uuid.uuid4().hex}"
    reader = BugsinkEvents(target)
    reader.find(capture(sdk, message), 30)
    newest = reader.read_newest(20, 30)
    stored = next(event for event in newest if message in str(event.payload))
    assert stored.received[:2] == "20"
    for _ in range(2):
        reader.delete_issue(stored.issue_id, 30)
    left = {event.issue_id for event in reader.read_newest(20, 30)}
    assert stored.issue_id not in left
