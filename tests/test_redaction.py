# ruff: noqa: D102, D105, E501
"""The redactor: what each rule masks, what stays, and what no input can do to it."""

import base64
import collections
import copy
import dataclasses
import datetime
import enum
import json
import re
import time
import types
import uuid
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from securenet_obs import redaction
from securenet_obs.redaction import (
    KEY_RULES,
    MASK,
    RULES,
    TEXT_RULES,
    KeyRule,
    Redactor,
    TextRule,
    redact,
    redact_text,
)

HEX = "0123456789abcdef" * 4
B62 = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3
BASIC = base64.b64encode(b"aladdin:opensesame").decode()
PEM = f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{B62}\n{B62}=\n-----END RSA PRIVATE KEY-----"
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{B62[:43]}"

# One row a rule at least: the rule that masks, the value, what is left of it.
MASKED: list[tuple[str, Any, Any]] = [
    ("password", {"db.passWord": "hunter2"}, {"db.passWord": MASK}),
    ("password", "login with password=hunter2 failed", f"login with password={MASK} failed"),
    ("password", {"user_passphrase": b"hunter2"}, {"user_passphrase": MASK.encode()}),
    ("password", "PGPASSWORD=hunter2 psql", f"PGPASSWORD={MASK} psql"),
    ("password", {"pass": "hunter2"}, {"pass": MASK}),
    ("password", "Server=db;User Id=app;Password=p@ss;", f"Server=db;User Id=app;Password={MASK};"),
    ("password", "user[password]=hunter2&user[name]=bob", f"user[password]={MASK}&user[name]=bob"),
    ("password", "user%5Bpassword%5D=x1&a=b", f"user%5Bpassword%5D={MASK}&a=b"),
    ("password", "next=%2Fcb%3Fpassword%3Dx1%26a%3Db", f"next=%2Fcb%3Fpassword%3D{MASK}%26a%3Db"),
    ("password", "<b>{&quot;password&quot;: &quot;x1&quot;}", f"<b>{{&quot;password&quot;: &quot;{MASK}&quot;}}"),
    ("password", "password \x1b[34m=\x1b[39m \x1b[33m'x1'", f"password \x1b[34m=\x1b[39m \x1b[33m'{MASK}'"),
    ("password", "run --db-password hunter2 --now", f"run --db-password {MASK} --now"),
    ("password", "{'password': 'it\\'s', 'n': 1}", f"{{'password': '{MASK}', 'n': 1}}"),
    ("password", "{'password': 'cut of", f"{{'password': '{MASK}"),
    ("password", "password=SecretStr('hunter2')", f"password=SecretStr('{MASK}')"),
    ("password", "pa\u017f\u017fword=hunter2", f"pa\u017f\u017fword={MASK}"),
    ("pwd", {"MYSQL_PWD": "hunter2"}, {"MYSQL_PWD": MASK}),
    ("secret", {"clientSecret": ["a", {"b": "c"}]}, {"clientSecret": [MASK, {"b": MASK}]}),
    ("secret", "{'client_secret': ['a', 'b'], 'n': 1}", f"{{'client_secret': '{MASK}', 'n': 1}}"),
    ("token", {"refresh-token": "abc"}, {"refresh-token": MASK}),
    ("token", "GET /cb?id=7&access_token=abc#top", f"GET /cb?id=7&access_token={MASK}"),
    ("api_key", {"x-api-key": "a", "X_Api_Key": "b", "xApiKey": "c", "X.API.KEY": "d", "XAPIKEY": "e"},
     dict.fromkeys(("x-api-key", "X_Api_Key", "xApiKey", "X.API.KEY", "XAPIKEY"), MASK)),
    ("api_key", [("X-Diagnostics-Key", "abc"), ("Accept", "*/*")],
     [("X-Diagnostics-Key", MASK), ("Accept", "*/*")]),
    ("api_key", {"name": "X-Api-Key", "value": "abc"}, {"name": "X-Api-Key", "value": MASK}),
    ("api_key", [(b"x-api-key", b"abc")], [(b"x-api-key", MASK.encode())]),
    ("key_material", {"privateKey": "abc"}, {"privateKey": MASK}),
    ("authorization", {"HTTP_AUTHORIZATION": "Negotiate abc"}, {"HTTP_AUTHORIZATION": MASK}),
    ("authorization", 'Authorization: Digest username="a", response="b"\nHost: x', f"Authorization: {MASK}\nHost: x"),
    ("auth", {"auth": ("aladdin", "opensesame")}, {"auth": (MASK, MASK)}),
    ("cookie", "Set-Cookie: sid=abc; Path=/\nVia: x", f"Set-Cookie: {MASK}\nVia: x"),
    ("cookie", {"cookies": {"a": "b"}}, {"cookies": {"a": MASK}}),
    ("session", {"PHPSESSID": "abc", "connect.sid": "abc"}, {"PHPSESSID": MASK, "connect.sid": MASK}),
    ("credential", {"credentials": "abc"}, {"credentials": MASK}),
    ("signature", "https://a/b?X-Amz-Signature=abc&x=1", f"https://a/b?X-Amz-Signature={MASK}&x=1"),
    ("signature", "https://a/b?sv=1&sig=abc", f"https://a/b?sv=1&sig={MASK}"),
    ("one_time_code", {"userPin": 1234, "otp": "998877"}, {"userPin": MASK, "otp": MASK}),
    ("one_time_code", "first\\npin=1234", f"first\\npin={MASK}"),
    ("card_field", {"cardNumber": "1234", "cvv": 123}, {"cardNumber": MASK, "cvv": MASK}),
    ("sql_parameters", {"db.params": ["bob", 7]}, {"db.params": [MASK, MASK]}),
    ("private_key", f"key:\n{PEM}\nend", f"key:\n{MASK}\nend"),
    ("private_key", repr(PEM), f"'{MASK}'"),
    ("private_key", PEM.splitlines(keepends=True), [MASK]),
    ("url_password", "redis://:p@ss@h:6379/0", f"redis://:{MASK}@h:6379/0"),
    ("url_password", "https://pub:legacy@sentry.example/7", f"https://pub:{MASK}@sentry.example/7"),
    ("url_password", b"postgresql+psycopg://app:p/w#d@h/db", b"postgresql+psycopg://app:%b@h/db" % MASK.encode()),
    ("url_token", f"git clone https://{B62[:24]}@git.example/a", f"git clone https://{MASK}@git.example/a"),
    ("webhook_url", f"https://hooks.slack.com/services/{B62[:30]}", f"https://hooks.slack.com/services/{MASK}"),
    ("query_secret", f"/cb?code={B62[:20]}&state=1", f"/cb?code={MASK}&state=1"),
    ("bearer", f"sent Bearer {B62[:20]}!", f"sent Bearer {MASK}!"),
    ("basic", f"sent Basic {BASIC}", f"sent Basic {MASK}"),
    ("jwt", f"got {JWT}.", f"got {MASK}"),
    ("jwt", json.dumps({"a": json.dumps({"b": f"\n{JWT}"})}), json.dumps({"a": json.dumps({"b": f"\n{MASK}"})})),
    ("google_key", f"AIza{B62[:35]}", MASK),
    ("openai_key", f"sk-proj-{B62[:40]}", MASK),
    ("aws_key", "AKIAIOSFODNN7EXAMPLE", MASK),
    ("aws_key", "first\\nASIAIOSFODNN7EXAMPLE", f"first\\n{MASK}"),
    ("azure_secret", f"abc8Q~{B62[:34]}", MASK),
    ("databricks_token", f"dapi{HEX[:32]}", MASK),
    ("digitalocean_token", f"dop_v1_{HEX}", MASK),
    ("docker_token", f"dckr_pat_{B62[:27]}", MASK),
    ("github_token", [f"ghp_{B62[:36]}", f"github_pat_{B62[:60]}"], [MASK, MASK]),
    ("gitlab_token", f"glpat-{B62[:20]}", MASK),
    ("google_token", f"ya29.{B62[:40]}", MASK),
    ("grafana_token", f"glsa_{B62[:32]}_0a1b2c3d", MASK),
    ("huggingface_token", f"hf_{B62[:34]}", MASK),
    ("linear_token", f"lin_api_{B62[:40]}", MASK),
    ("mailgun_key", f"key-{HEX[:32]}", MASK),
    ("newrelic_key", f"NRAK-{B62[:27]}", MASK),
    ("npm_token", f"npm_{B62[:36]}", MASK),
    ("postman_key", f"PMAK-{HEX[:24]}-{HEX[:34]}", MASK),
    ("pypi_token", f"pypi-AgEIcHlwaS5vcmc{B62[:60]}", MASK),
    ("sendgrid_key", f"SG.{B62[:22]}.{B62[:43]}", MASK),
    ("sentry_token", f"sntrys_{B62[:60]}", MASK),
    ("shopify_token", f"shpat_{HEX[:32]}", MASK),
    ("slack_token", "xoxb-123456789012-abcdefGHIJ", MASK),
    ("square_token", f"sq0atp-{B62[:22]}", MASK),
    ("stripe_key", f"sk_live_{B62[:24]}", MASK),
    ("telegram_token", f"123456789:AA{B62[:33]}", MASK),
    ("twilio_key", f"SK{HEX[:32]}", MASK),
    ("vault_token", f"hvs.{B62[:24]}", MASK),
    ("age_key", f"AGE-SECRET-KEY-1{'QP2' * 20}", MASK),
    ("card_number", "paid with 4111 1111 1111 1111.", f"paid with {MASK}."),
    ("card_number", ["378282246310005", "3056-930902-5904", 5555555555554444], [MASK, MASK, MASK]),
    ("card_number", "first\n4111111111111111", f"first\n{MASK}"),
    ("statement_parameters", "[SQL: SELECT ?]\n[parameters: ('bob', ['x1'])]\n(Background)",
     f"[SQL: SELECT ?]\n[parameters: {MASK}]\n(Background)"),
    ("statement_row", "DETAIL: Failing row contains (1, bob, x1).", f"DETAIL: Failing row contains ({MASK})."),
    ("statement_insert", "INSERT INTO users (name, password) VALUES ('bob', 'a;b');",
     f"INSERT INTO users (name, password) VALUES {MASK};"),
    ("statement_password", "ALTER USER bob WITH PASSWORD 'x1'", f"ALTER USER bob WITH PASSWORD {MASK}"),
]  # fmt: skip

# What `pii="strip"` masks besides.
STRIPPED: list[tuple[str, Any, Any]] = [
    ("pii_user", {"userName": "bob"}, {"userName": MASK}),
    ("pii_person", {"first_name": "Bob"}, {"first_name": MASK}),
    ("pii_address", "login ip=abc", f"login ip={MASK}"),
    ("pii_peer", {"id.orig_h": "x", "src_ip": "y"}, {"id.orig_h": MASK, "src_ip": MASK}),
    ("pii_host", {"hostname": "web-1"}, {"hostname": MASK}),
    ("pii_url_user", "redis://bob@h/0", f"redis://{MASK}@h/0"),
    ("pii_email", "mail bob@mail.test now", f"mail {MASK} now"),
    ("pii_ipv4", "from 10.0.0.7:443", f"from {MASK}:443"),
    ("pii_ipv6", "from fe80::1ff:fe23:4567:890a and ::1", f"from {MASK} and {MASK}"),
    ("pii_host", "asked web-1.corp.example.com for it", f"asked {MASK} for it"),
]

# What looks like a secret and is none.
KEPT: list[Any] = [
    "", "password", "the password is wrong", "Basic authentication is off", "bearer of bad news",
    "token bucket", "a secret: ", "password: ***", "password=", '{"password": ""}', {"password": None},
    "password: str | None = None", "token = settings.sentry_auth_token.get_secret_value()",
    "password=os.environ['PGPASSWORD']", "password=password", "token=secret:SENTRY_AUTH_TOKEN",
    "api_key=${API_KEY}", "password=SecretStr('**********')", "password=%s", "secret: [Filtered]",
    {"password": True, "secrets": [], "token": "", "cookies": {}, "auth": None},
    {"author": "x", "authority": "x", "monkey": "x", "keyboard": "x", "primary_key": "x", "key": "x",
     "foreign_key": 1, "public_key": "x", "sort_key": "x", "cache_key": "x", "sentry_key": HEX[:32],
     "tokenizer": "bpe", "secretary": "x", "compass": "x", "passed": 3, "bypass": "x", "passenger": "x"},
    {"token_count": 5, "max_tokens": 5, "total_tokens": "512", "token_type": "bearer", "tokens": [1, 2],
     "password_policy": "strict", "cookie_name": "sid", "access_key_id": "x", "next_page_token": "x",
     "secret_name": "x", "token_expires_at": "2026-01-01", "session_count": 3, "auth_method": "oidc"},
    {"PWD": "/srv/app", "OLDPWD": "/", "spin": "x", "pins": 3, "ping": "x", "inside": "x", "sid": 2019401},
    {"signature": "ET MALWARE Beacon", "signature_id": 2019401, "flow_id": 1913456789012345,
     "src_ip": "10.0.0.7", "hostname": "web-1", "user": "bob", "email": "bob@mail.test"},
    "https://web-1.corp.example:8443/a/@b?c=d@e", "http://[::1]:8000/x@y", "ssh://git@host/repo",
    f"https://{HEX[:32]}@o1.ingest.example/7", "redis://127.0.0.1:6379/0", "mail bob@mail.test",
    str(uuid.UUID(int=2**127 + 7)), "41111111-1111-1111-1111-111111111111", HEX, HEX[:40], "sha256:" + HEX,
    1732334400123456789, 1732334400123456, 10**40, 4111111111111112, 0.4111111111111111,
    "2026-11-23T04:00:00.123456Z", "took 4111.1111 ms", "id_4111111111111111", "AKIA", "eyJ", "sk-learn",
    "sk-estimator-doc-link-with-a-long-name", "task-ghp_short", f"x{HEX}4111111111111111",
    "INSERT INTO users (name, password) VALUES (?, ?)", "INSERT INTO users (name) VALUES ('bob')",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", {"image/png": f"AIza{B62[:35]}=="},
    {"image/png": [f"eyJ{B62}\n", "QUtJQQ==\n"]}, b"\xff\xfe\x00AKIA", ["a\n", "b\n"], {1: 2, None: 3},
]  # fmt: skip


class Unfiltered(Redactor):
    """Every rule on every value: what the prefilter must not miss."""

    def suspects(self, data: bytes) -> bool:
        return True

    def rules_for(self, data: bytes) -> tuple[list[TextRule], bool]:
        return self._text_rules, True


@pytest.mark.parametrize(("rule", "before", "after"), MASKED)
def test_a_rule_masks_its_secret_and_nothing_else(rule: str, before: Any, after: Any) -> None:
    """A secret is masked, what surrounds it stays, and the rule that did it is counted."""
    redactor = Redactor()
    original = copy.deepcopy(before)
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert before == original
    assert Unfiltered().redact(before) == after


@pytest.mark.parametrize(("rule", "before", "after"), MASKED + STRIPPED)
def test_what_was_redacted_is_redacted_no_further(rule: str, before: Any, after: Any) -> None:
    """Redacting twice is redacting once, and counts nothing."""
    redactor = Redactor(pii="strip")
    once = redactor.redact(before)
    redactor.counts.clear()
    assert redactor.redact(once) == once
    assert not redactor.counts


@pytest.mark.parametrize(("rule", "before", "after"), STRIPPED)
def test_personal_data_goes_only_when_asked(rule: str, before: Any, after: Any) -> None:
    """Addresses, hosts and users stay by default, and go with pii="strip"."""
    redactor = Redactor(pii="strip")
    assert redact(before) == before
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert Unfiltered(pii="strip").redact(before) == after


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_is_needed(rule: Any) -> None:
    """Without a rule, a row of its table is not what it should be."""
    others = [other for other in RULES if other is not rule]
    without = Redactor(others, pii="strip" if rule.pii else "keep")
    rows = [row for row in MASKED + STRIPPED if row[0] == rule.name]
    assert any(without.redact(before) != after for _, before, after in rows)


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_what_is_not_secret_stays(value: Any) -> None:
    """What only looks like a secret is not changed, in itself, in JSON or in bytes."""
    redactor = Redactor()
    assert redactor.redact(value) == value
    assert Unfiltered().redact(value) == value
    if isinstance(value, dict | list | str) and not any(isinstance(key, int) for key in value):
        text = json.dumps({"a": value})
        assert redactor.redact_text(text) == text
        assert redactor.redact(text.encode()) == text.encode()
    assert not redactor.counts


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    """The table of this test and the table of rules name the same rules, each once."""
    assert {row[0] for row in MASKED + STRIPPED} == {rule.name for rule in RULES}
    assert len({(type(rule), rule.name) for rule in RULES}) == len(RULES)
    assert {row[0] for row in STRIPPED} == {rule.name for rule in RULES if rule.pii}


def test_a_service_adds_its_own_rules() -> None:
    """A rule of one's own works like the others: in mappings, in texts, in the counts."""
    redactor = Redactor(
        (*RULES, KeyRule("badge", "badge number"), TextRule("ticket", "SN-", r"SN-[0-9]{6}"))
    )
    value = [{"badgeNumber": "77"}, "badge-number: 77, SN-123456, password=x"]
    assert redactor.redact(value) == [
        {"badgeNumber": MASK},
        f"badge-number: {MASK}, {MASK}, password={MASK}",
    ]
    assert redactor.counts == {"badge": 2, "ticket": 1, "password": 1}


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str
    tries: tuple[int, ...] = ()


Point = collections.namedtuple("Point", "x token")


class Colour(enum.StrEnum):
    RED = "red"


class Opaque:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Opaque {self.text}>"


def test_containers_keep_their_kind() -> None:
    """Tuples, named tuples, sets, dataclasses and dicts come back as what they were."""
    secret = f"ghp_{B62[:36]}"
    assert redact((1, (secret,))) == (1, (MASK,))
    assert redact([Point(1, "a")]) == [Point(1, MASK)]
    assert redact({secret, "a"}) == {MASK, "a"}
    assert redact(frozenset({secret})) == frozenset({MASK})
    assert redact(Login("bob", "x1", (1,))) == Login("bob", MASK, (1,))
    assert redact({"a": [Login("bob", "x1")]}) == {"a": [Login("bob", MASK)]}
    assert redact(types.MappingProxyType({"password": "x1"})) == {"password": MASK}
    assert redact(collections.OrderedDict(token="x1")) == {"token": MASK}
    assert redact({(1, secret): 1, secret.encode(): 2}) == {(1, MASK): 1, MASK.encode(): 2}
    assert redact(bytearray(b"password=x1")) == bytearray(b"password=" + MASK.encode())


def test_objects_stay_unless_their_text_tells_a_secret() -> None:
    """An object whose text is harmless is the same object; else it becomes that text, masked."""
    kept = [Opaque("a"), PurePosixPath("/a"), datetime.datetime.now(datetime.UTC), Colour.RED]
    kept += [uuid.uuid4(), SecretStr("x1"), 1.5, 1j, len, Opaque]
    assert all(a is b for a, b in zip(redact(kept), kept, strict=True))  # type: ignore[call-overload]
    assert redact([Opaque("password=x1")]) == [f"<Opaque password={MASK}>"]


def test_exceptions_are_searched_with_their_causes_and_notes() -> None:
    """A secret in an exception, in its cause or in a note does not get through."""
    error = ValueError("no route to redis://:x1@h/0")
    error.add_note("password=x1")
    outer = RuntimeError("outer")
    outer.__cause__ = error
    harmless = KeyError("a")
    assert redact(harmless) is harmless
    assert redact(outer) == (
        f"RuntimeError('outer'); after ValueError('no route to redis://:{MASK}@h/0') password={MASK}"
    )


def test_nested_json_in_strings_is_json_still() -> None:
    """JSON in JSON in a string is masked at every level, keeps its style, and stays JSON."""
    inner = {"password": 'a"b', "n": [1, 1.5, None], "ü": "\n"}
    body = json.dumps(inner).replace("pass", "p\\u0061ss")
    text = json.dumps({"body": body, "headers": {"Cookie": "a=b"}}, indent=2)
    masked = json.loads(redact_text(text))
    assert json.loads(masked["body"]) == inner | {"password": MASK}
    assert masked["headers"] == {"Cookie": MASK}
    assert redact_text(text).startswith('{\n  "body": ')
    assert redact_text('{"token":"x1","a":1}') == f'{{"token":"{MASK}","a":1}}'
    assert redact_text('{"a": "Bearer abcdefgh1", "a": 1, "pass\\u0077ord": "x1"}') == (
        f'{{"a": "Bearer {MASK}", "a": 1, "password": "{MASK}"}}'
    )
    assert redact_text('{"token": "x1", "a": 1e400, "b": 1.50}') == (
        f'{{"token": "{MASK}", "a": 1e400, "b": 1.50}}'
    )


class Hostile(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("password=x1")


class Silent:
    def __repr__(self) -> str:
        raise RuntimeError("password=x1")


class Mute:
    def __str__(self) -> str:
        raise RuntimeError("password=x1")


class Liar:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("password=x1")


@pytest.mark.parametrize("kind", [Hostile, Silent, Mute, Liar])
def test_hostile_objects_are_masked(kind: Any) -> None:
    """An object that raises when it is looked at is masked, and its neighbours are not."""
    assert redact([kind(), "a"]) == [MASK, "a"]
    assert redact(kind()) == MASK


def test_cycles_stay_cycles() -> None:
    """A container that holds itself is copied as such."""
    value: dict[str, Any] = {"password": "x1", "list": []}
    value["list"] += [value, value["list"]]
    clean: Any = redact(value)
    assert clean["password"] == MASK
    assert clean["list"][0] is clean
    assert clean["list"][1] is clean["list"]


def test_shared_parts_are_walked_once() -> None:
    """A value of 2^60 paths takes no longer than its 60 containers."""
    value: Any = "password=x1"
    for _ in range(60):
        value = [0, value, value]
    started = time.process_time()
    clean: Any = redact(value)
    assert time.process_time() - started < 2
    for _ in range(60):
        clean = clean[2]
    assert clean == f"password={MASK}"


def test_depth_is_bounded() -> None:
    """What is nested deeper than anyone reads is masked, and nothing overflows."""
    value: Any = "password=x1"
    for _ in range(100_000):
        value = [value]
    clean: Any = redact(value)
    depth = 0
    while isinstance(clean, list):
        clean, depth = clean[0], depth + 1
    assert clean == MASK
    assert depth == redaction.DEEPEST
    text = "[" * 50_000 + '"password=x1"' + "]" * 50_000
    assert "x1" not in redact_text(text)
    while isinstance(value, list):  # frees it without recursion
        value = value[0]


def test_a_recursion_that_is_almost_full_is_survived() -> None:
    """Near the interpreter's limit the redactor answers, too, and with no secret."""

    def dive() -> Any:
        try:
            return dive()
        except RecursionError:
            return redact({"a": [{"password": "x1"}]})

    assert "x1" not in repr(dive())


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bounds a value is cut or masked as a whole, never passed on unsearched."""
    monkeypatch.setattr(redaction, "LONGEST_TEXT", 400)
    monkeypatch.setattr(redaction, "MOST_TEXT", 1000)
    monkeypatch.setattr(redaction, "MOST_VALUES", 50)
    long = "password=x1 " * 40
    assert redact(long) == " ".join([f"password={MASK}"] * 8) + MASK
    assert redact([long] * 3) == [redact(long), redact(long), MASK]
    clean: Any = redact(["password=x1", *"a" * 100])
    assert clean == [f"password={MASK}", *"a" * 48, *[MASK] * 52]
    assert redact("harmless " * 100) == "harmless " * 100


SIZE = 80_000
HOSTILE_TEXTS = {
    "word": "a", "scheme": "a://", "url": "://a:", "at": "://a:b@", "key": "password",
    "keys": "password=", "equals": "=", "lines": "password=\n", "quotes": "password='",
    "escaped": "password=\\'", "brackets": "secret=[", "json": '{"password":', "pem": PEM[:31],
    "jwt": "eyJ", "jwts": "eyJaaaaaaaaaa.", "bearer": "bearer ", "digits": "4", "cards": "4111 ",
    "parameters": "[parameters: ", "insert": "insert into a (", "values": "insert into a (token) values ",
    "row": "Failing row contains (", "option": "--password ", "cookie": 'cookie:a="', "email": "a@",
    "hosts": "a.", "addresses": "1:", "numbers": "1.", "names": "a-", "colours": "\x1b[1", "entity": "&quot;",
}  # fmt: skip
HOSTILE_ENDS = [
    "",
    "password",
    "secret=[",
    'cookie:a="',
    "://a:b@c",
    PEM[:31],
    "bearer ",
    "[parameters: (",
]


@pytest.mark.parametrize("piece", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_no_text_makes_a_pattern_backtrack(piece: str) -> None:
    """A text made to hurt, with every rule on, takes a time in proportion to its length."""
    redactor = Unfiltered(pii="strip")
    started = time.process_time()
    redactor.redact([end + piece * (SIZE // len(piece) // 8) for end in HOSTILE_ENDS])
    redactor.redact("".join("password=" + "\\" * n + '"' for n in range(600)))
    assert time.process_time() - started < 60


@pytest.mark.skipif(find_spec("re2") is None, reason="minutes without google-re2")
def test_hostile_sizes_are_survived() -> None:
    """50 MB of text and a million keys, harmless or not, come back, the harmless ones unchanged."""
    text = "a harmless line of text\n" * 2_000_000
    assert redact_text(text) is text
    assert redact_text(f"password=x1 {text}").startswith(f"password={MASK} a harmless")
    keys = {f"key {n}": n for n in range(10**6)}
    assert redact(keys) is keys
    keys["password"] = "x1"  # type: ignore[assignment]
    assert redact(keys) == {**keys, "password": MASK}


FRAGMENTS = st.sampled_from(
    [str(before) for _, before, _ in MASKED + STRIPPED if isinstance(before, str)]
    + [
        "password",
        "passWord",
        "Pin",
        "PIN",
        "auth",
        "api",
        "key",
        "token",
        "secret",
        "cookie",
        "sid",
    ]
    + [
        "x-api-key",
        "Authorization",
        "Bearer ",
        "basic ",
        BASIC,
        JWT,
        "AKIAIOSFODNN7EXAMPLE",
        "4111",
    ]
    + ["4111111111111111", "hunter2", "x1", MASK, "[redacted", "redacted]", "***", "None", "true"]
    + list("=:;,&?@/'\"`()[]{}<>\\-_. \n\r\t\x00\x1b\x7f%\u017f\u0130\u0131\u212aéß\ud800")
    + [
        "://",
        "\\n",
        "\\u0070",
        "\\/",
        "%3D",
        "%26",
        "&quot;",
        "\x1b[33m",
        "\u2028",
        "-----BEGIN",
        "\ufb06",
    ]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=3), max_size=8).map("".join)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
    | st.sampled_from([4111111111111111, 378282246310005]),
    lambda items: st.lists(items, max_size=4) | st.dictionaries(TEXTS, items, max_size=4),
    max_leaves=8,
)  # fmt: skip
ANYTHING = st.recursive(
    PLAIN | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary()
    | TEXTS.map(Opaque) | TEXTS.map(ValueError) | st.builds(Mute) | st.decimals() | st.complex_numbers()
    | st.builds(Login, TEXTS, TEXTS) | st.builds(Hostile) | st.datetimes(),
    lambda items: st.lists(items, max_size=4) | st.tuples(items, items)
    | st.dictionaries(st.integers() | TEXTS | st.binary() | st.none(), items, max_size=4),
    max_leaves=8,
)  # fmt: skip
FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def shown(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"


@FUZZ
@given(PLAIN, st.booleans())
@example({"pin": "1", "a": "\\u0010\x104111111111111111"}, False)
def test_the_prefilter_misses_nothing(value: Any, strip: bool) -> None:
    """With the prefilter the result is that without, for values, for JSON and for text."""
    pii: Any = "strip" if strip else "keep"
    filtered, unfiltered = Redactor(pii=pii), Unfiltered(pii=pii)
    forms: list[Any] = [value, repr(value), json.dumps(value), json.dumps(value).encode()]
    forms += [json.dumps(value, ensure_ascii=False), json.dumps(json.dumps(value), indent=1)]
    for form in forms:
        assert shown(filtered.redact(form)) == shown(unfiltered.redact(form))


@FUZZ
@given(ANYTHING)
def test_nothing_makes_it_raise_and_twice_is_once(value: Any) -> None:
    """Whatever it is given it returns, and its result is redacted no further."""
    redactor = Redactor(pii="strip")
    once = redactor.redact(value)
    redactor.counts.clear()
    assert repr(redactor.redact(copy.copy(once))) == repr(once)


@FUZZ
@given(TEXTS, TEXTS)
def test_texts_are_redacted_once_for_all(before: str, after: str) -> None:
    """A text's second redaction changes nothing and counts nothing."""
    redactor = Redactor()
    once = redactor.redact_text(f"{before} password=hunter2 {after}")
    assert redactor.redact_text(once) == once


@FUZZ
@given(
    st.sampled_from(["password", "x-api-key", "Authorization", "clientSecret", "user.token"]), PLAIN
)
def test_what_stands_under_a_secret_name_is_gone(name: str, neighbour: Any) -> None:
    """A canary under a secret name is in no form of the result, whatever surrounds it."""
    canary = "zq7Xw2Kf"
    value = {"a": neighbour, "b": [{name: canary, "c": neighbour}]}
    for form in (value, json.dumps(value), repr(value), json.dumps({"body": json.dumps(value)})):
        assert canary not in repr(redact(form))


def test_letters_that_fold_into_ascii_are_never_trusted() -> None:
    """Each letter that lower case or IGNORECASE takes for an ASCII one makes a text suspect."""
    ascii_letter = re.compile("[a-z]", re.IGNORECASE)
    folding = [chr(code) for code in range(128, 0x110000) if ascii_letter.fullmatch(chr(code))]
    folding += [chr(code) for code in range(128, 0x110000) if chr(code).lower()[:1].isascii()]
    assert set(folding) == set("\u017f\u0130\u0131\u212a")
    assert all(Redactor().suspects(letter.encode()) for letter in folding)


def test_the_public_names_use_all_rules() -> None:
    """`redact` and `redact_text` are those of a redactor with every rule, and keep personal data."""
    assert redact("bob@mail.test password=x1") == f"bob@mail.test password={MASK}"
    assert redact_text("bob@mail.test password=x1") == f"bob@mail.test password={MASK}"
    assert set(RULES) == {*KEY_RULES, *TEXT_RULES}
