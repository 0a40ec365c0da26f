"""Settings of a SecureNet process or of a target, validated, from environment variables.

A target is the same set of variables, so an env file that configures a deployment also points
validations to it. Secrets are `SecretStr`: they do not appear in a repr, a log or a traceback.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from securenet_obs import __version__
from securenet_obs.errors import SettingsError

TENANT_ID = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""Pattern of a tenant's id."""

SECURENET_RELEASE = f"securenet@{__version__}"
"""Release of SecureNet's own processes unless a variable names another."""

TRACES_SAMPLE_RATE = 0.1
"""Fraction of requests and tasks that are traced unless a setting changes it."""

_LONGEST_D = 3650

MAX_BODY_BYTES = 16 * 1024 * 1024
"""Maximum size of a request's body unless a setting changes it."""

_CRONTAB = re.compile(r"(?:[0-9A-Za-z*/,-]+ ){4}[0-9A-Za-z*/,-]+")

LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Settings(BaseSettings):
    """One field per environment variable; the variable's name is the field's in upper case."""

    model_config = SettingsConfigDict(
        env_file=None,
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    environment: str = Field("development", description="Name of the deployment.")
    service_name: str = Field("securenet", description="Name of the process in its log lines.")
    log_level: LogLevel = Field("INFO", description="Minimum level of log lines.")
    log_format: Literal["json", "console"] = Field(
        "json", description="`json` for JSON lines, `console` for coloured text."
    )
    log_schema_waivers: str = Field(
        "", description="TOML file of accepted changes of the log schema: id, reason, expires."
    )
    log_source: str = Field("", description="Log files of the target: a file, a folder or a glob.")

    sentry_dsn: str = Field("", description="DSN for error events; if empty, none are sent.")
    sentry_release: str = Field(SECURENET_RELEASE, description="Release in events and log lines.")
    securenet_release: str = Field(
        "", description="Release of the target's SecureNet; by default SENTRY_RELEASE."
    )
    securenet_commit: str = Field(
        "",
        description="Commit of SecureNet's code, in an event's runbook; by default as installed.",
    )
    sentry_traces_sample_rate: float = Field(
        TRACES_SAMPLE_RATE,
        ge=0,
        le=1,
        description="Fraction of requests and tasks that are traced.",
    )
    sentry_traces_rates: str = Field(
        "",
        description="Trace fractions for operations: name prefix=fraction, comma-separated.",
    )
    sentry_backend: Literal["sentry", "bugsink", "glitchtip"] = Field(
        "sentry", description="API for reading events back: `sentry`, `bugsink` or `glitchtip`."
    )
    sentry_url: str = Field("https://sentry.io", description="Address of the API and dashboard.")
    sentry_relay_url: str = Field(
        "", description="Address of a relay that stores the data that the backend drops."
    )
    sentry_org: str = Field("", description="Organisation slug.")
    sentry_project: str = Field("", description="Project slug, or Bugsink's project number.")
    sentry_auth_token: SecretStr = Field(
        SecretStr(""), description="Token for reading events back."
    )

    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="Broker of the Celery queues."
    )
    result_url: SecretStr = Field(
        SecretStr(""),
        description="Redis database of task results; by default the one after the broker's.",
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///securenet.sqlite3"), description="SQLAlchemy URL of the store."
    )

    schedule_canary_s: float = Field(
        300.0,
        gt=0,
        description="Interval in seconds at which beat sends a canary for every tenant.",
    )

    retention_results_d: float = Field(
        1.0,
        gt=0,
        le=_LONGEST_D,
        description="Days for which finished batches and their results are kept.",
    )
    retention_effects_d: float = Field(
        7.0,
        ge=2,
        le=_LONGEST_D,
        description="Days for which the results of scheduled tasks are kept, against reruns.",
    )
    retention_processed_d: float = Field(
        7.0,
        ge=2,
        le=_LONGEST_D,
        description="Days for which the ids of counted batches are kept, against redeliveries.",
    )
    retention_dead_letters_d: float = Field(
        90.0,
        ge=1,
        le=_LONGEST_D,
        description="Days for which dead letters and their batches are kept.",
    )
    retention_minutes_d: float = Field(
        400.0,
        ge=60,
        le=_LONGEST_D,
        description="Days for which a tenant's metrics by minute are kept.",
    )
    retention_findings_d: float = Field(
        365.0,
        ge=1,
        le=_LONGEST_D,
        description="Days for which resolved findings are kept; open ones always are.",
    )
    retention_inventories_d: float = Field(
        90.0,
        ge=1,
        le=_LONGEST_D,
        description="Days for which an inventory is kept after another one has replaced it.",
    )
    retention_evidence_d: float = Field(
        90.0,
        ge=1,
        le=_LONGEST_D,
        description="Days for which `securenet-obs evidence prune` keeps evidence.",
    )

    advisories_source: str = Field(
        "",
        description="Folder, archive or API of advisories that beat synchronises daily, if any.",
    )
    advisories_max_age_d: float = Field(
        30.0,
        ge=1,
        le=36_500,
        description="Days after which advisories are too old for a synchronisation or a scan.",
    )
    exploited_source: str = Field(
        "", description="File of CISA's known exploited vulnerabilities, read with them, if any."
    )

    runbook_actions: str = Field(
        "", description="TOML file of the commands by which runbooks act on the target, if any."
    )
    oncall_contacts: str = Field(
        "",
        description="Contacts that a runbook names, such as `Redis: +49 30 1234, API: #team-api`.",
    )
    dossiers_folder: str = Field(
        "evidence/dossiers", description="Folder of the dossiers that `oncall serve` writes."
    )

    notify_urls: SecretStr = Field(
        SecretStr(""),
        description="Addresses, as apprise's URLs, that are notified when a verdict changes.",
    )
    notify_after_s: float = Field(
        0.0,
        ge=0,
        description="Seconds that a new verdict must last, over several runs, to be notified.",
    )
    validation_broker_url: SecretStr = Field(
        SecretStr(""),
        description="Redis database of distributed validations; by default two after the broker's.",
    )
    validation_evidence: str = Field(
        "", description="Shared place of their evidence: `file:///...` or `s3://bucket/prefix`."
    )
    validation_schedule: str = Field(
        "",
        description="Crontab of validations, in UTC: beat sends them, runs check in with Sentry.",
    )
    validation_targets: str = Field(
        "", description="Folder of a validation worker with NAME.env of each target, if any."
    )

    worker_stop_s: float = Field(
        45.0,
        gt=0,
        description="Seconds that running tasks have to finish when a worker is stopped.",
    )

    api_url: str = Field("http://127.0.0.1:8000", description="Address of the target's API.")
    api_keys: SecretStr = Field(
        SecretStr(""),
        description="The keys of the tenants for validations: tenant=key, comma-separated.",
    )
    max_body_bytes: int = Field(
        MAX_BODY_BYTES,
        ge=1024,
        le=256 * 1024 * 1024,
        description="Maximum size of a request's body in bytes; a larger one is answered 413.",
    )
    sentry_hook_secret: SecretStr = Field(
        SecretStr(""),
        description="The client secret of Sentry's integration, which signs POST /v1/alerts.",
    )
    alertmanager_token: SecretStr = Field(
        SecretStr(""), description="Bearer token of Alertmanager's alerts to POST /v1/alerts."
    )
    metrics_enabled: bool = Field(
        False, description="Whether GET /metrics is available, to any caller of the API."
    )
    diagnostics_enabled: bool = Field(
        False, description="Whether POST /v1/diagnostics/error is available."
    )
    diagnostics_key: SecretStr = Field(
        SecretStr(""), description="Required value of X-Diagnostics-Key in requests to it."
    )

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Strip values, since stored secrets end with a line break; a blank value is not set."""
        trimmed = {
            name: value.strip() if isinstance(value, str) else value
            for name, value in given.items()
        }
        return {name: value for name, value in trimmed.items() if value != ""}

    @field_validator("sentry_traces_rates")
    @classmethod
    def _are_rates(cls, text: str) -> str:
        _rates(text)
        return text

    @field_validator("validation_schedule")
    @classmethod
    def _is_crontab(cls, text: str) -> str:
        if text and not _CRONTAB.fullmatch(text):
            raise ValueError("it is not a crontab of five fields, such as 0 * * * *")
        return text

    @field_validator("api_keys")
    @classmethod
    def _are_pairs(cls, text: SecretStr) -> SecretStr:
        for place, tenant_id in enumerate(_pairs(text.get_secret_value(), "tenant=key"), 1):
            if not re.fullmatch(TENANT_ID, tenant_id):
                raise ValueError(f"the name of entry {place} is not a valid tenant id")
        return text

    @property
    def target_release(self) -> str:
        """Release of the target's SecureNet, in its events: SECURENET_RELEASE or SENTRY_RELEASE."""
        return self.securenet_release or self.sentry_release

    @property
    def traces_rates(self) -> dict[str, float]:
        """Share of traces to keep, 0 to 1, by prefix of the operation's name."""
        return _rates(self.sentry_traces_rates)

    @property
    def tenant_keys(self) -> dict[str, SecretStr]:
        """API keys by tenant."""
        pairs = _pairs(self.api_keys.get_secret_value(), "tenant=key")
        return {tenant_id: SecretStr(key) for tenant_id, key in pairs.items()}

    @property
    def results(self) -> SecretStr:
        """URL of the result backend: `RESULT_URL`, or the Redis database after the broker's."""
        if self.result_url.get_secret_value():
            return self.result_url
        return _database_after(self.redis_url, 1)

    @property
    def validation_broker(self) -> SecretStr:
        """URL of the validations' queue: `VALIDATION_BROKER_URL`, or two after the broker's."""
        if self.validation_broker_url.get_secret_value():
            return self.validation_broker_url
        return _database_after(self.redis_url, 2)


def _database_after(url: SecretStr, distance: int) -> SecretStr:
    """Return the URL of another database of the same Redis.

    Raises:
        SettingsError: the URL does not end with the number of a database.
    """
    parts = urlsplit(url.get_secret_value())
    number = parts.path.strip("/") or "0"
    if not number.isdigit():
        # The value is not repeated: if a password contains a /, it is half of the password.
        raise SettingsError(
            "REDIS_URL: the database behind the host is not a number; end the URL with /0 and "
            "write / in a password as %2F, or set RESULT_URL as well."
        )
    return SecretStr(urlunsplit(parts._replace(path=f"/{int(number) + distance}")))


def _pairs(text: str, shape: str) -> dict[str, str]:
    """Parse comma-separated pairs; errors give only positions, since the text may be a secret."""
    pairs: dict[str, str] = {}
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    for place, entry in enumerate(entries, 1):
        name, sign, value = (part.strip() for part in entry.rpartition("="))
        if not (name and sign and value):
            raise ValueError(f"entry {place} is not of the form {shape}")
        if name in pairs:
            raise ValueError(f"entry {place} has the name of an earlier entry")
        pairs[name] = value
    return pairs


def _rates(text: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for place, (name, value) in enumerate(_pairs(text, "operation=fraction").items(), 1):
        try:
            rates[name] = float(value)
        except ValueError:
            raise ValueError(f"the fraction of entry {place} is not a number") from None
        if not 0 <= rates[name] <= 1:
            raise ValueError(f"the fraction of entry {place} is not between 0 and 1")
    return rates


class _ExplicitSettings(Settings):
    """Settings from the given variables alone, without this process's environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the given variables as the only source."""
        return (init_settings,)


def settings_of(variables: Mapping[str, str]) -> Settings:
    """Return the settings that these variables alone describe; they must be valid."""
    return _ExplicitSettings.model_validate(
        {name.lower(): value for name, value in variables.items()}
    )


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a value cannot be used; the message names every problem.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(f"{name}: {reason}" for name, reason in _reasons(error).items())
        raise SettingsError(f"environment: {problems}") from None


def settings_from(variables: Mapping[str, str]) -> Settings:
    """Return the settings in the given variables alone, without this process's environment.

    Raises:
        SettingsError: a value cannot be used; the message names every problem.
    """
    given = {name.lower(): value for name, value in variables.items()}
    try:
        return _ExplicitSettings.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{name}: {reason}" for name, reason in _reasons(error).items())
        raise SettingsError(f"the target: {problems}") from None


def invalid_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a reason for each variable that cannot be used; no reason repeats the value."""
    given = {name.lower(): value for name, value in variables.items()}
    invalid = {
        name.upper(): reason
        for name, value in given.items()
        if name in Settings.model_fields and (reason := _transport_problem(name, value))
    }
    try:
        settings = _ExplicitSettings.model_validate(given)
        _ = settings.results
    except ValidationError as error:
        return invalid | _reasons(error)
    except SettingsError as error:
        return invalid | {"REDIS_URL": str(error).removeprefix("REDIS_URL: ").rstrip(".")}
    return invalid


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_FIELDS = ("sentry_auth_token", "diagnostics_key", "api_keys", "alertmanager_token")


def _transport_problem(name: str, value: str) -> str:
    """Return why a value cannot be part of a line or a header, empty if it can."""
    # The entries of a list may be on separate lines.
    if any(_CONTROL.search(entry.strip()) for entry in value.split(",")):
        return "it contains a line break or another control character"
    if name in _HEADER_FIELDS and not value.isascii():
        return "it contains a character that is not ASCII, for instance a typographic quote"
    return ""


def _reasons(error: ValidationError) -> dict[str, str]:
    return {
        ".".join(map(str, row["loc"])).upper(): row["msg"].removeprefix("Value error, ")
        for row in error.errors()
    }


@cache
def get_settings() -> Settings:
    """Return this process's settings; the environment is read once."""
    return load_settings()
