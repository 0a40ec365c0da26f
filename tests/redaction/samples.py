# ruff: noqa: D102, D105, E501
"""Samples for the redactor's tests: a row per rule, harmless texts, and hostile values."""

import base64
import collections
import dataclasses
import enum
import json
import uuid
from typing import Any

from hypothesis import strategies as st

from securenet_obs.redaction import (
    MASK,
    Redactor,
)
from securenet_obs.redaction.rules.plan import Selection
from tests.searching import examples

HEX = "0123456789abcdef" * 4


RANDOM_HEX = "3f0c9a71be52d84e6c0f7b19a2d35e8846c1f09b7ad2e5830c6f41b9e7a8d25c"


B62 = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA" * 3


BASIC = base64.b64encode(b"aladdin:opensesame").decode()


PEM = f"-----BEGIN RSA PRIVATE KEY-----\nMIIE{B62}\n{B62}=\n-----END RSA PRIVATE KEY-----"


JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{B62[:43]}"


# At least one row per rule: the rule that masks, the value, the value masked.
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
    ("api_key", [[["x-api-key", "abc"], ["a", "b"]]], [[["x-api-key", MASK], ["a", "b"]]]),
    ("api_key", {"name": "X-Api-Key", "value": "abc"}, {"name": "X-Api-Key", "value": MASK}),
    ("api_key", [(b"x-api-key", b"abc")], [(b"x-api-key", MASK.encode())]),
    ("key_material", {"privateKey": "abc"}, {"privateKey": MASK}),
    ("authorization", {"HTTP_AUTHORIZATION": "Negotiate abc"}, {"HTTP_AUTHORIZATION": MASK}),
    ("authorization", 'Authorization: Digest username="a", response="b"\nHost: x', f"Authorization: {MASK}\nHost: x"),
    ("netloc", {"netloc": "u:hunter2@h:80"}, {"netloc": MASK}),
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
    ("securenet_key", f"snk_{B62[:43]}", MASK),
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
    ("ai_token", f"got gsk_{B62[:52]} in its output", f"got {MASK} in its output"),
    ("cloud_token", f"fm2_{B62[:60]}", MASK),
    ("code_token", f"got ntn_{B62[:46]} in its output", f"got {MASK} in its output"),
    ("message_token", f"facebook 1503948571620394|{B62[:27]}", f"facebook {MASK}"),
    ("payment_token", f"got EZAK{B62[:54]}.", f"got {MASK}."),
    ("labelled_token", f"got acme_secret_v2_{B62[:32]}!", f"got {MASK}!"),
    ("vendor_key", {"datadog": RANDOM_HEX[:32]}, {"datadog": MASK}),
    ("vendor_key", f'airtable := "key{B62[:14]}"', f'airtable := "{MASK}"'),
    ("api_key", {"deployKey": B62[:32]}, {"deployKey": MASK}),
    ("scheme", f"sent Token {RANDOM_HEX[:40]} upstream", f"sent Token {MASK} upstream"),
    ("scheme", f"sent SSWS {RANDOM_HEX[:40]} upstream", f"sent SSWS {MASK} upstream"),
    ("token", f"access_token: Token {HEX[:40]}", f"access_token: {MASK}"),
    ("api_key", "X-Api-Key: Key gpt-9075-zucv", f"X-Api-Key: {MASK}"),
    ("api_key", "the API key: hunter2x is old", f"the API key: {MASK} is old"),
    ("password", "password: |\n  hunter 2\nnext: 1", f"password: |\n  {MASK}\nnext: 1"),
    ("password", "<u>bob</u><ns:password a='1'>x1</ns:password>", f"<u>bob</u><ns:password a='1'>{MASK}</ns:password>"),
    ("password", '<add key="Password" value="x1"/>', f'<add key="Password" value="{MASK}"/>'),
    ("password_hash", "bob:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", f"bob:{MASK}"),
    ("netrc_password", "machine example.org login bob password hunter2", f"machine example.org login bob password {MASK}"),
    ("netrc_password", "machine example.org login bob password open", f"machine example.org login bob password {MASK}"),
    ("pgpass_line", "db.example:5432:app:bob:hunter2", f"db.example:5432:app:bob:{MASK}"),
    ("config_password", "CONFIG SET requirepass hunter2x99", f"CONFIG SET requirepass {MASK}"),
    ("static_key", f"ca: LS0tLS1CRUdJTi{B62[:60]}==", f"ca: {MASK}"),
    ("command_line", "curl -u elastic:P4ssw0rd1x https://h:9200", f"curl -u elastic:{MASK} https://h:9200"),
    ("command_line", ["mysqldump", "-u", "root", "-phunter2x99", "db"], ["mysqldump", "-u", "root", f"-p{MASK}", "db"]),
    ("password", {"sys.argv": ["celery", "--broker-password", "topsecret99"]}, {"sys.argv": ["celery", "--broker-password", MASK]}),
    ("password_word", "now set password hunter2 there", f"now set password {MASK} there"),
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
    """A redactor without a prefilter, which applies every rule to every value."""

    def may_match(self, data: bytes) -> bool:
        return True

    def redact(self, value: object) -> object:
        return self.walk(value)

    def selection(self, text: str) -> Selection:
        return self._text_rules, True, True


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


FUZZ = examples(50, hostile=True)
