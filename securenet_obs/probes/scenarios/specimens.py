"""Generates fake secrets of every kind that must be masked, each with a marker to search for.

They are invented and grant no access. Their formats are the vendors' published ones, defined here
independently of the redactor's own rules, so that they can reveal a missing rule.
"""

import base64
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass

_LETTERS = string.ascii_letters
_HEX = "0123456789abcdef"
_ALNUM = string.ascii_letters + string.digits
_CAPITALS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class FakeSecret:
    """A secret to plant: `kind` is its type or its place; `marker` must not appear in any sink."""

    kind: str
    text: str
    marker: str


def _generate_random_text(length: int, alphabet: str = _ALNUM) -> str:
    """Return random characters, with upper case, lower case and digits if the alphabet has them."""
    groups = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    first = [secrets.choice(group) for group in groups if set(group) <= set(alphabet)]
    rest = [secrets.choice(alphabet) for _ in range(length - len(first))]
    return "".join(first + rest)


# Kind -> the text around the secret part, and that part's length and alphabet.
_SHAPES: dict[str, tuple[str, int, str]] = {
    "private_key": (
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
        64,
        _ALNUM,
    ),
    "url_password": ("cannot reach postgresql://app:{}@db.example/securenet", 20, _ALNUM),
    "url_token": ("cloning https://{}@git.example/rules.git", 40, _ALNUM),
    "webhook_url": ("posting to https://hooks.slack.com/services/T0/B0/{}", 24, _ALNUM),
    "query_secret": ("GET /geocode?key={} failed", 24, _ALNUM),
    "bearer": ("sent Bearer {} upstream", 24, _ALNUM),
    "jwt": ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.{}", 43, _ALNUM),
    "google_key": ("using AIza{}", 35, _ALNUM),
    "openai_key": ("using sk-{}", 32, _ALNUM),
    "aws_key": ("using AKIA{}", 16, _CAPITALS),
    "azure_secret": ("using abc8Q~{}", 34, _ALNUM),
    "databricks_token": ("using dapi{}", 32, _HEX),
    "digitalocean_token": ("using dop_v1_{}", 64, _HEX),
    "docker_token": ("using dckr_pat_{}", 27, _ALNUM),
    "github_token": ("using ghp_{}", 36, _ALNUM),
    "gitlab_token": ("using glpat-{}", 20, _ALNUM),
    "google_token": ("using ya29.{}", 40, _ALNUM),
    "grafana_token": ("using glsa_{}", 32, _ALNUM),
    "huggingface_token": ("using hf_{}", 34, _LETTERS),
    "linear_token": ("using lin_api_{}", 40, _ALNUM),
    "mailgun_key": ("using key-{}", 32, _HEX),
    "newrelic_key": ("using NRAK-{}", 27, _CAPITALS),
    "npm_token": ("using npm_{}", 36, _ALNUM),
    "postman_key": ("using PMAK-0123456789abcdef01234567-{}", 34, _HEX),
    "pypi_token": ("using pypi-AgEIcHlwaS5vcmc{}", 64, _ALNUM),
    "sendgrid_key": ("using SG.abcdefghijklmnopqrstuv.{}", 43, _ALNUM),
    "sentry_token": ("using sntryu_{}", 64, _HEX),
    "shopify_token": ("using shpat_{}", 32, _HEX),
    "slack_token": ("using xoxb-1234567890-{}", 24, _ALNUM),
    "square_token": ("using sq0atp-{}", 22, _ALNUM),
    "stripe_key": ("using sk_live_{}", 24, _ALNUM),
    "telegram_token": ("using 123456789:AA{}", 33, _ALNUM),
    "twilio_key": ("using SK{}", 32, _HEX),
    "vault_token": ("using hvs.{}", 28, _ALNUM),
    "age_key": ("using AGE-SECRET-KEY-1{}", 58, _CAPITALS),
    "securenet_key": ("using snk_{}", 43, _ALNUM),
    "ai_token": ("using gsk_{}", 52, _ALNUM),
    "cloud_token": ("using pul-{}", 40, _HEX),
    "code_token": ("using ntn_{}", 46, _ALNUM),
    "message_token": ("using mlsn.{}", 64, _ALNUM),
    "payment_token": ("using EZAK{}", 54, _ALNUM),
    "labelled_token": ("using acme_secret_{}", 32, _ALNUM),
    "vendor_key": ("datadog => {}", 32, _HEX),
    "scheme": ("sent GenieKey {} upstream", 40, _HEX),
    "password_hash": ("bob:$2y$05${}", 53, _ALNUM),
    "netrc_password": ("machine git.example login ann password {}", 20, _LETTERS),
    "pgpass_line": ("db.example:5432:app:ann:{}", 20, _ALNUM),
    "config_password": ("requirepass {}", 20, _ALNUM),
    "static_key": ("ca LS0tLS1CRUdJTi{}", 64, _ALNUM),
    "command_line": ("curl -u ann:{} https://git.example", 20, _ALNUM),
    "statement_parameters": ("[SQL: SELECT 1]\n[parameters: ('{}',)]", 20, _ALNUM),
    "statement_row": ("DETAIL:  Failing row contains (7, {}).", 20, _ALNUM),
    "statement_insert": (
        "INSERT INTO users (name, password) VALUES ('ann', '{}')",
        20,
        _ALNUM,
    ),
    "statement_password": ("CREATE USER ann IDENTIFIED BY '{}'", 20, _ALNUM),
    "netloc": ("SplitResult(scheme='https', netloc='ann:{}@h', path='/')", 20, _ALNUM),
    "password_word": ("set password {} for ann", 20, _ALNUM),
}

_FIELDS = {
    "password": "db_password",
    "pwd": "user_pwd",
    "secret": "sharedSecret",
    "token": "refresh-token",
    "api_key": "X_Api_Key",
    "key_material": "psk",
    "authorization": "Authorization",
    "auth": "auth",
    "cookie": "Set-Cookie",
    "session": "sessionid",
    "credential": "credentials",
    "signature": "x-hub-signature",
    "one_time_code": "totp",
    "card_field": "cvv",
    "sql_parameters": "db.query.params",
}
"""Kind -> a field name that makes any value a secret."""


def generate_text_secrets() -> list[FakeSecret]:
    """Return a fresh secret of each kind that must be masked in any text, in any context."""
    shaped = (_generate(kind, *shape) for kind, shape in _SHAPES.items())
    return [*shaped, _generate_basic(), _generate_card()]


def generate_field_secrets() -> list[tuple[str, FakeSecret]]:
    """Return a field name of each secret kind, with a fresh secret as its value."""
    return [(name, _generate(kind, "{}", 20, _ALNUM)) for kind, name in _FIELDS.items()]


def generate_place_secrets(places: Iterable[str]) -> list[FakeSecret]:
    """Return for each place a fresh secret without a recognisable format."""
    return [_generate(place, "{}", 24, _ALNUM) for place in places]


def _generate(kind: str, template: str, length: int, alphabet: str) -> FakeSecret:
    marker = _generate_random_text(length, alphabet)
    return FakeSecret(kind, template.format(marker), marker)


def _generate_basic() -> FakeSecret:
    marker = base64.b64encode(f"ann:{_generate_random_text(20)}".encode()).decode()
    return FakeSecret("basic", f"sent Basic {marker} upstream", marker)


def _generate_card() -> FakeSecret:
    """Return a card number with a valid check digit (Luhn, ISO/IEC 7812)."""
    digits = "4" + _generate_random_text(14, string.digits)
    doubled = [int(digit) * 2 for digit in digits[::2]]
    total = sum(n - 9 if n > 9 else n for n in doubled) + sum(map(int, digits[1::2]))
    marker = f"{digits}{-total % 10}"
    return FakeSecret("card_number", f"charged {marker} twice", marker)
