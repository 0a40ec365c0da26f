"""Bugsink, the stack's Sentry server: creates credentials, writes its files, creates its part."""

import secrets
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.bugsink_install import BugsinkInstallation
from securenet_obs.stack.parts.readiness import BUGSINK_PROJECT, is_bugsink_ready

# It sends nothing out: no e-mail, no usage report, no web hook.
_CONFIGURATION = """\
from bugsink.settings.default import *

SECRET_KEY = {secret_key!r}
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES["default"]["NAME"] = {database!r}
DATABASES["snappea"]["NAME"] = {queue!r}
SNAPPEA = {{"TASK_ALWAYS_EAGER": True}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
TIME_ZONE = "UTC"
BUGSINK = {{
    "BASE_URL": {url!r},
    "SITE_TITLE": "Bugsink of a local SecureNet stack",
    "SINGLE_USER": True,
    "SINGLE_TEAM": True,
    "PHONEHOME": False,
    "ALERTS_WEBHOOK_OUTBOUND_MODE": "allowlist_only",
    "INGEST_STORE_BASE_DIR": {ingest!r},
    "MAX_EVENTS_PER_5_MINUTES": 1_000_000,
    "MAX_EVENTS_PER_HOUR": 1_000_000,
    "MAX_EVENTS_PER_PROJECT_PER_5_MINUTES": 1_000_000,
    "MAX_EVENTS_PER_PROJECT_PER_HOUR": 1_000_000,
}}
"""


@dataclass(frozen=True)
class BugsinkAccess:
    """Address and credentials of a stack's Bugsink; the secrets are random and last as it does."""

    port: int
    email: str = "admin@securenet.example"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    token: str = field(default_factory=lambda: secrets.token_hex(20))
    sentry_key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def url(self) -> str:
        """Address of the dashboard, and of the API below `/api/canonical/0/`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        """DSN of the stack's project."""
        return f"http://{self.sentry_key}@127.0.0.1:{self.port}/{BUGSINK_PROJECT}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for sending and reading events."""
        return {
            "SENTRY_BACKEND": "bugsink",
            "SENTRY_DSN": self.dsn,
            "SENTRY_URL": self.url,
            # Bugsink has no organisations; this overrides the user's own variable.
            "SENTRY_ORG": "local",
            "SENTRY_PROJECT": BUGSINK_PROJECT,
            "SENTRY_AUTH_TOKEN": self.token,
        }


def create_bugsink_part(
    folder: Path, access: BugsinkAccess, installation: BugsinkInstallation, guard: Guard
) -> Part:
    """Return a Bugsink with one account, one token and one project, not yet started."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = folder / "bugsink.sqlite3"
    shutil.copyfile(installation.template, database)
    configuration = folder / "bugsink_conf.py"
    configuration.touch(mode=0o600)
    configuration.write_text(
        _CONFIGURATION.format(
            secret_key=secrets.token_urlsafe(50),
            database=str(database),
            queue=str(folder / "queue.sqlite3"),
            ingest=str(folder / "ingestion"),
            url=access.url,
        )
    )
    return Part(
        "bugsink",
        [str(installation.python), str(Path(__file__).with_name("bugsink_server.py"))],
        folder=folder,
        log=folder / "bugsink.log",
        environment={
            "DJANGO_SETTINGS_MODULE": "bugsink_conf",
            "PYTHONPATH": str(folder),
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
            "LOCAL_BIND": f"127.0.0.1:{access.port}",
            "LOCAL_EMAIL": access.email,
            "LOCAL_PASSWORD": access.password,
            "LOCAL_TOKEN": access.token,
            "LOCAL_SENTRY_KEY": access.sentry_key,
        },
        ready=lambda since: is_bugsink_ready(access.environment, since),
        address=access.url,
        guard=guard,
    )
